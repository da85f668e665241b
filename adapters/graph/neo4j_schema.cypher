// What every organisation shares: the keys by which things are found, one of each. Racing is safe: IF NOT EXISTS.

// name: store
CREATE CONSTRAINT engintel_store IF NOT EXISTS FOR (n:Store) REQUIRE n.org IS UNIQUE

// name: position
CREATE CONSTRAINT engintel_position IF NOT EXISTS FOR (n:Position) REQUIRE (n.org, n.lane) IS UNIQUE

// name: released
CREATE CONSTRAINT engintel_released IF NOT EXISTS FOR (n:Released) REQUIRE (n.org, n.lane, n.position) IS UNIQUE

// name: user
CREATE CONSTRAINT engintel_user IF NOT EXISTS FOR (n:User) REQUIRE (n.org, n.account) IS UNIQUE

// name: project
CREATE CONSTRAINT engintel_project IF NOT EXISTS FOR (n:Project) REQUIRE (n.org, n.ref) IS UNIQUE

// name: whole_project
CREATE INDEX engintel_whole_project IF NOT EXISTS FOR (n:Project) ON (n.org, n.canonical)

// name: skill
CREATE CONSTRAINT engintel_skill IF NOT EXISTS FOR (n:Skill) REQUIRE (n.org, n.name) IS UNIQUE

// name: team
CREATE CONSTRAINT engintel_team IF NOT EXISTS FOR (n:Team) REQUIRE (n.org, n.id) IS UNIQUE

// name: package
CREATE CONSTRAINT engintel_package IF NOT EXISTS FOR (n:Package) REQUIRE (n.org, n.name) IS UNIQUE

// name: manifest
CREATE CONSTRAINT engintel_manifest IF NOT EXISTS FOR (n:Manifest) REQUIRE (n.org, n.project, n.path) IS UNIQUE

// name: schema
CREATE CONSTRAINT engintel_schema IF NOT EXISTS FOR (n:Schema) REQUIRE n.name IS UNIQUE

// name: await_indexes
CALL db.awaitIndexes(60)
