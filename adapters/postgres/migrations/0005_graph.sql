-- Who works on what, and what depends on what. Projects are references; `canonical` stands for a whole project.

CREATE TABLE graph_projects (
    org text NOT NULL,
    ref text NOT NULL,
    canonical text NOT NULL,
    PRIMARY KEY (org, ref)
);
CREATE INDEX graph_projects_canonical ON graph_projects (org, canonical);
SELECT protect('graph_projects');

CREATE TABLE graph_links (
    org text NOT NULL,
    origin text NOT NULL,
    left_ref text NOT NULL,
    right_ref text NOT NULL,
    PRIMARY KEY (org, origin, left_ref, right_ref)
);
SELECT protect('graph_links');

CREATE TABLE graph_contributions (
    org text NOT NULL,
    account text NOT NULL,
    project text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (org, account, project)
);
CREATE INDEX graph_contributions_project ON graph_contributions (org, project);
SELECT protect('graph_contributions');

CREATE TABLE graph_skills (
    org text NOT NULL,
    account text NOT NULL,
    skill text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (org, account, skill)
);
SELECT protect('graph_skills');

-- When a manifest (or, with an empty path, a project's description) was last changed: older states are passed over.
CREATE TABLE graph_states (
    org text NOT NULL,
    project text NOT NULL,
    path text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (org, project, path)
);
SELECT protect('graph_states');

-- What manifests provide and require meets in a package's name.
CREATE TABLE graph_provides (
    org text NOT NULL,
    project text NOT NULL,
    path text NOT NULL,
    package text NOT NULL,
    PRIMARY KEY (org, project, path, package)
);
CREATE INDEX graph_provides_package ON graph_provides (org, package);
SELECT protect('graph_provides');

CREATE TABLE graph_requires (
    org text NOT NULL,
    project text NOT NULL,
    path text NOT NULL,
    package text NOT NULL,
    spec text NOT NULL,
    scope text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (org, project, path, package)
);
CREATE INDEX graph_requires_package ON graph_requires (org, package);
SELECT protect('graph_requires');

-- Dependencies that a page declares, page by page.
CREATE TABLE graph_declared (
    org text NOT NULL,
    origin text NOT NULL,
    dependent text NOT NULL,
    needed text NOT NULL,
    evidence text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (org, origin, needed)
);
CREATE INDEX graph_declared_dependent ON graph_declared (org, dependent);
CREATE INDEX graph_declared_needed ON graph_declared (org, needed);
SELECT protect('graph_declared');

CREATE VIEW graph_dependencies WITH (security_invoker = true) AS
SELECT r.org, r.project AS dependent, p.project AS needed, r.scope AS kind,
       r.path || ' requires ' || r.package || CASE WHEN r.spec = '' THEN '' ELSE ' ' || r.spec END AS evidence,
       r.first_seen, r.last_seen
FROM graph_requires r
JOIN graph_provides p ON p.org = r.org AND p.package = r.package AND p.project <> r.project
UNION ALL
SELECT org, dependent, needed, 'declared', evidence, first_seen, last_seen
FROM graph_declared;
GRANT SELECT ON graph_dependencies TO engintel_app;
