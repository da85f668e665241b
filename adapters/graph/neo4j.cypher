// The graph of an organisation in Neo4j. Every node is found by its organisation and its key; $org is in every statement.
//
//   (:User)-[:CONTRIBUTES_TO]->(:Project)    (:User)-[:HAS_SKILL]->(:Skill)    (:Team)-[:OWNS]->(:Project)
//   (:Project)-[:SAME_AS]->(:Project)        (:Project)-[:HAS]->(:Manifest)-[:PROVIDES|REQUIRES]->(:Package)
//   (:Project)-[:DEPENDS_ON]->(:Project)
//
// A Project is a reference; `canonical` names the one that stands for the whole project. Dependencies lead from whole
// project to whole project, so that they can be walked in one go, and carry the references that they were told by.

// name: enter
// The store is locked by the write to it, before anything is read: one transaction at a time fills an organisation.
MERGE (store:Store {org: $org}) ON CREATE SET store.token = 0
SET store.entered_at = datetime()
MERGE (place:Position {org: $org, lane: $lane}) ON CREATE SET place.position = 0, place.again_upto = 0
RETURN store.token, coalesce(store.emptying, false), place.position

// name: move
MATCH (store:Store {org: $org}), (place:Position {org: $org, lane: $lane})
SET place.position = $upto, store.token = CASE WHEN $token > store.token THEN $token ELSE store.token END

// name: standing
MATCH (place:Position {org: $org}) WHERE place.lane IS NOT NULL
RETURN place.lane, place.position, place.again_upto

// name: rewind
MATCH (place:Position {org: $org}) WHERE place.lane IS NOT NULL AND place.position > $position
SET place.again_upto = CASE WHEN place.position > place.again_upto THEN place.position ELSE place.again_upto END,
    place.position = $position

// name: forget_released
MATCH (released:Released {org: $org}) WHERE released.lane IS NOT NULL AND released.position > $position
DELETE released

// name: was_released
MATCH (released:Released {org: $org, lane: $lane, position: $position}) RETURN true

// name: put_released
CREATE (:Released {org: $org, lane: $lane, position: $position})

// name: emptying
MATCH (store:Store {org: $org}) SET store.emptying = true

// name: emptied
// The token is forgotten, too: whoever fills it from the beginning may count leases from the beginning again.
MATCH (store:Store {org: $org}) SET store.token = 0 REMOVE store.emptying

// name: empty
// Outside a transaction of ours: it makes its own, because what a whole organisation holds is too much for one.
MATCH (n:`LABEL` {org: $org}) WHERE `KNOWN`
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 2000 ROWS

// name: put_refs
UNWIND $refs AS ref
MERGE (p:Project {org: $org, ref: ref}) ON CREATE SET p.canonical = ref

// name: put_contributions
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row[1]})
MERGE (u:User {org: $org, account: row[0]})
MERGE (u)-[c:CONTRIBUTES_TO]->(p) ON CREATE SET c.first_at = row[2], c.last_at = row[3]
SET c.first_at = CASE WHEN row[2] < c.first_at THEN row[2] ELSE c.first_at END,
    c.last_at = CASE WHEN row[3] > c.last_at THEN row[3] ELSE c.last_at END

// name: put_skills
UNWIND $rows AS row
MERGE (u:User {org: $org, account: row[0]})
MERGE (s:Skill {org: $org, name: row[1]})
MERGE (u)-[h:HAS_SKILL]->(s) ON CREATE SET h.first_at = row[2], h.last_at = row[3]
SET h.first_at = CASE WHEN row[2] < h.first_at THEN row[2] ELSE h.first_at END,
    h.last_at = CASE WHEN row[3] > h.last_at THEN row[3] ELSE h.last_at END

// name: manifests
UNWIND $keys AS key
MATCH (m:Manifest {org: $org, project: key[0], path: key[1]})
RETURN m.project, m.path, m.changed_at, [(m)-[:PROVIDES]->(p:Package) | p.name],
    [(m)-[r:REQUIRES]->(p:Package) | [p.name, r.spec, r.scope, r.first_seen, r.last_seen]]

// name: put_manifests
UNWIND $rows AS row
MATCH (project:Project {org: $org, ref: row.project})
MERGE (m:Manifest {org: $org, project: row.project, path: row.path})
SET m.changed_at = row.changed_at
MERGE (project)-[:HAS]->(m)

// name: drop_provides
UNWIND $rows AS row
MATCH (:Manifest {org: $org, project: row.project, path: row.path})-[r:PROVIDES]->(:Package {org: $org, name: row.package})
DELETE r

// name: put_provides
UNWIND $rows AS row
MATCH (m:Manifest {org: $org, project: row.project, path: row.path})
MERGE (p:Package {org: $org, name: row.package})
MERGE (m)-[:PROVIDES]->(p)

// name: drop_requires
UNWIND $rows AS row
MATCH (:Manifest {org: $org, project: row.project, path: row.path})-[r:REQUIRES]->(:Package {org: $org, name: row.package})
DELETE r

// name: put_requires
UNWIND $rows AS row
MATCH (m:Manifest {org: $org, project: row.project, path: row.path})
MERGE (p:Package {org: $org, name: row.package})
MERGE (m)-[r:REQUIRES]->(p)
SET r.spec = row.spec, r.scope = row.scope, r.first_seen = row.first_seen, r.last_seen = row.last_seen

// name: drop_packages
UNWIND $names AS name
MATCH (p:Package {org: $org, name: name}) WHERE NOT EXISTS { (p)--() }
DELETE p

// name: unlink_provided
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row.project})
WHERE NOT EXISTS { (:Package {org: $org, name: row.package})<-[:PROVIDES]-(:Manifest {org: $org, project: row.project}) }
MATCH (:Project {org: $org, ref: p.canonical})<-[d:DEPENDS_ON]-()
WHERE d.needed = row.project AND d.package = row.package
DELETE d

// name: unlink_required
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row.project})
MATCH (:Project {org: $org, ref: p.canonical})-[d:DEPENDS_ON]->()
WHERE d.dependent = row.project AND d.path = row.path AND d.package = row.package
DELETE d

// name: link_required
UNWIND $rows AS row
MATCH (:Package {org: $org, name: row.package})<-[:PROVIDES]-(provider:Manifest) WHERE provider.project <> row.project
WITH DISTINCT row, provider.project AS needed
MATCH (a:Project {org: $org, ref: row.project})
MATCH (b:Project {org: $org, ref: needed})
MATCH (from:Project {org: $org, ref: a.canonical})
MATCH (to:Project {org: $org, ref: b.canonical})
MERGE (from)-[d:DEPENDS_ON {dependent: row.project, needed: needed, path: row.path, package: row.package}]->(to)
SET d.kind = row.scope, d.evidence = row.evidence, d.first_seen = row.first_seen, d.last_seen = row.last_seen

// name: link_provided
UNWIND $rows AS row
MATCH (:Package {org: $org, name: row.package})<-[r:REQUIRES]-(m:Manifest) WHERE m.project <> row.project
MATCH (a:Project {org: $org, ref: m.project})
MATCH (b:Project {org: $org, ref: row.project})
MATCH (from:Project {org: $org, ref: a.canonical})
MATCH (to:Project {org: $org, ref: b.canonical})
MERGE (from)-[d:DEPENDS_ON {dependent: m.project, needed: row.project, path: m.path, package: row.package}]->(to)
SET d.kind = r.scope, d.first_seen = r.first_seen, d.last_seen = r.last_seen,
    d.evidence = m.path + ' requires ' + row.package + CASE r.spec WHEN '' THEN '' ELSE ' ' + r.spec END

// name: descriptions
UNWIND $refs AS ref
MATCH (p:Project {org: $org, ref: ref}) WHERE p.described_at IS NOT NULL
RETURN p.ref, p.described_at, [(p)-[:SAME_AS]->(other:Project) | other.ref],
    [(t:Team)-[:OWNS]->(p) | [t.id, t.name]],
    COLLECT {
        MATCH (:Project {org: $org, ref: p.canonical})-[d:DEPENDS_ON {kind: 'declared'}]->() WHERE d.dependent = p.ref
        RETURN [d.needed, d.evidence, d.first_seen, d.last_seen]
    }

// name: describe
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row.ref})
SET p.described_at = row.changed_at

// name: drop_same
UNWIND $rows AS row
MATCH (:Project {org: $org, ref: row.ref})-[same:SAME_AS]->(:Project {org: $org, ref: row.other})
DELETE same

// name: put_same
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row.ref})
MATCH (other:Project {org: $org, ref: row.other})
MERGE (p)-[:SAME_AS]->(other)

// name: drop_owners
UNWIND $refs AS ref
MATCH (:Team)-[owns:OWNS]->(:Project {org: $org, ref: ref})
DELETE owns

// name: drop_teams
UNWIND $ids AS id
MATCH (t:Team {org: $org, id: id}) WHERE NOT EXISTS { (t)--() }
DELETE t

// name: put_owners
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row.ref})
MERGE (t:Team {org: $org, id: row.id})
SET t.name = row.name
MERGE (t)-[:OWNS]->(p)

// name: wholes
// Every reference of the projects that $refs belong to, with what it is said to be the same as.
MATCH (told:Project {org: $org}) WHERE told.ref IN $refs
WITH DISTINCT told.canonical AS whole
MATCH (p:Project {org: $org, canonical: whole})
RETURN p.ref, p.canonical, [(p)-[:SAME_AS]->(other:Project) | other.ref]

// name: set_canonical
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row.ref})
SET p.canonical = row.to

// name: move_dependents
UNWIND $rows AS row
MATCH (:Project {org: $org, ref: row.was})-[d:DEPENDS_ON]->(needed) WHERE d.dependent = row.ref
MATCH (to:Project {org: $org, ref: row.to})
CREATE (to)-[moved:DEPENDS_ON]->(needed)
SET moved = properties(d)
DELETE d

// name: move_needed
UNWIND $rows AS row
MATCH (dependent)-[d:DEPENDS_ON]->(:Project {org: $org, ref: row.was}) WHERE d.needed = row.ref
MATCH (to:Project {org: $org, ref: row.to})
CREATE (dependent)-[moved:DEPENDS_ON]->(to)
SET moved = properties(d)
DELETE d

// name: drop_declared
UNWIND $rows AS row
MATCH (p:Project {org: $org, ref: row.ref})
MATCH (:Project {org: $org, ref: p.canonical})-[d:DEPENDS_ON {kind: 'declared'}]->()
WHERE d.dependent = row.ref AND d.needed = row.needed
DELETE d

// name: put_declared
UNWIND $rows AS row
MATCH (a:Project {org: $org, ref: row.ref})
MATCH (b:Project {org: $org, ref: row.needed})
MATCH (from:Project {org: $org, ref: a.canonical})
MATCH (to:Project {org: $org, ref: b.canonical})
MERGE (from)-[d:DEPENDS_ON {dependent: row.ref, needed: row.needed, kind: 'declared'}]->(to)
SET d.evidence = row.evidence, d.first_seen = row.first_seen, d.last_seen = row.last_seen

// name: contributors
// Moments cross as microseconds, and rows as one: the driver takes ten times as long to read them otherwise.
MATCH (u:User)-[c:CONTRIBUTES_TO]->(p:Project {org: $org}) WHERE p.ref IN $keys
RETURN collect([u.account, p.ref, c.first_at.epochSeconds * 1000000 + c.first_at.microsecond,
    c.last_at.epochSeconds * 1000000 + c.last_at.microsecond])

// name: contributions
MATCH (u:User {org: $org})-[c:CONTRIBUTES_TO]->(p:Project) WHERE u.account IN $keys
RETURN collect([u.account, p.ref, c.first_at.epochSeconds * 1000000 + c.first_at.microsecond,
    c.last_at.epochSeconds * 1000000 + c.last_at.microsecond])

// name: dependents
// Met once each, however many ways lead there: `DISTINCT inner` makes the walk a breadth-first one that prunes.
MATCH (told:Project {org: $org}) WHERE told.ref IN $refs
WITH DISTINCT told.canonical AS whole
MATCH (start:Project {org: $org, ref: whole})
MATCH (start)<-[:DEPENDS_ON*0..`STEPS`]-(inner)
WITH DISTINCT inner
MATCH (inner)<-[d:DEPENDS_ON]-()
WITH DISTINCT d.dependent AS dependent, d.needed AS needed, d.kind AS kind, d.evidence AS evidence,
    d.first_seen AS first_seen, d.last_seen AS last_seen
LIMIT $limit
RETURN collect([dependent, needed, kind, evidence, first_seen.epochSeconds * 1000000 + first_seen.microsecond,
    last_seen.epochSeconds * 1000000 + last_seen.microsecond])

// name: needs
MATCH (told:Project {org: $org}) WHERE told.ref IN $refs
WITH DISTINCT told.canonical AS whole
MATCH (start:Project {org: $org, ref: whole})
MATCH (start)-[:DEPENDS_ON*0..`STEPS`]->(inner)
WITH DISTINCT inner
MATCH (inner)-[d:DEPENDS_ON]->()
WITH DISTINCT d.dependent AS dependent, d.needed AS needed, d.kind AS kind, d.evidence AS evidence,
    d.first_seen AS first_seen, d.last_seen AS last_seen
LIMIT $limit
RETURN collect([dependent, needed, kind, evidence, first_seen.epochSeconds * 1000000 + first_seen.microsecond,
    last_seen.epochSeconds * 1000000 + last_seen.microsecond])

// name: tally
CALL () { MATCH (n:Project {org: $org}) WHERE n.ref IS NOT NULL RETURN count(n) AS projects }
CALL () { MATCH (n:User {org: $org}) WHERE n.account IS NOT NULL RETURN count(n) AS users }
CALL () { MATCH (n:User {org: $org})-[r:CONTRIBUTES_TO]->() WHERE n.account IS NOT NULL RETURN count(r) AS contributions }
CALL () { MATCH (n:User {org: $org})-[r:HAS_SKILL]->() WHERE n.account IS NOT NULL RETURN count(r) AS skills }
CALL () { MATCH (n:Manifest {org: $org}) WHERE n.project IS NOT NULL AND n.path IS NOT NULL RETURN count(n) AS manifests }
CALL () { MATCH (n:Project {org: $org})-[r:DEPENDS_ON]->() WHERE n.ref IS NOT NULL RETURN count(r) AS dependencies }
RETURN projects, users, contributions, skills, manifests, dependencies
