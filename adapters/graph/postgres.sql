-- name: put_refs
INSERT INTO graph_projects (org, ref, canonical) SELECT $1, ref, ref FROM unnest($2::text[]) AS ref
ON CONFLICT DO NOTHING;

-- name: drop_links
DELETE FROM graph_links WHERE org = $1 AND origin = $2;

-- name: put_links
INSERT INTO graph_links (org, origin, left_ref, right_ref) SELECT $1, $2, $2, unnest($3::text[]) ON CONFLICT DO NOTHING;

-- name: all_refs
SELECT ref, canonical FROM graph_projects WHERE org = $1;

-- name: all_links
SELECT DISTINCT left_ref, right_ref FROM graph_links WHERE org = $1;

-- name: set_canonical
UPDATE graph_projects SET canonical = known.canonical
FROM unnest($2::text[], $3::text[]) AS known (ref, canonical)
WHERE graph_projects.org = $1 AND graph_projects.ref = known.ref;

-- name: put_contributions
INSERT INTO graph_contributions (org, account, project, first_at, last_at)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
ON CONFLICT (org, account, project) DO UPDATE
SET first_at = least(graph_contributions.first_at, excluded.first_at),
    last_at = greatest(graph_contributions.last_at, excluded.last_at);

-- name: put_skills
INSERT INTO graph_skills (org, account, skill, first_at, last_at)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
ON CONFLICT (org, account, skill) DO UPDATE
SET first_at = least(graph_skills.first_at, excluded.first_at),
    last_at = greatest(graph_skills.last_at, excluded.last_at);

-- name: newer_state
INSERT INTO graph_states (org, project, path, changed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (org, project, path) DO UPDATE SET changed_at = excluded.changed_at
WHERE graph_states.changed_at <= excluded.changed_at
RETURNING true;

-- name: drop_provides
DELETE FROM graph_provides WHERE org = $1 AND project = $2 AND path = $3;

-- name: put_provides
INSERT INTO graph_provides (org, project, path, package) SELECT $1, $2, $3, unnest($4::text[]) ON CONFLICT DO NOTHING;

-- name: drop_requires
DELETE FROM graph_requires WHERE org = $1 AND project = $2 AND path = $3 AND NOT package = ANY ($4::text[]);

-- name: put_requires
INSERT INTO graph_requires (org, project, path, package, spec, scope, first_seen, last_seen)
SELECT $1, $2, $3, package, spec, scope, $4, $4 FROM unnest($5::text[], $6::text[], $7::text[]) AS r (package, spec, scope)
ON CONFLICT (org, project, path, package) DO UPDATE
SET spec = excluded.spec, scope = excluded.scope,
    first_seen = least(graph_requires.first_seen, excluded.first_seen),
    last_seen = greatest(graph_requires.last_seen, excluded.last_seen);

-- name: drop_declared
DELETE FROM graph_declared WHERE org = $1 AND origin = $2 AND NOT needed = ANY ($3::text[]);

-- name: put_declared
INSERT INTO graph_declared (org, origin, dependent, needed, evidence, first_seen, last_seen)
SELECT $1, $2, $2, needed, $3, $4, $4 FROM unnest($5::text[]) AS needed
ON CONFLICT (org, origin, needed) DO UPDATE
SET evidence = excluded.evidence,
    first_seen = least(graph_declared.first_seen, excluded.first_seen),
    last_seen = greatest(graph_declared.last_seen, excluded.last_seen);

-- name: contributors
SELECT account, project, first_at, last_at FROM graph_contributions
WHERE org = $1 AND project = ANY ($2::text[]) ORDER BY last_at DESC, account COLLATE "C", project COLLATE "C";

-- name: contributions
SELECT account, project, first_at, last_at FROM graph_contributions
WHERE org = $1 AND account = ANY ($2::text[]) ORDER BY last_at DESC, account COLLATE "C", project COLLATE "C";

-- name: dependents
-- What needs the projects of $2, up to $3 steps away. Projects are walked by what they stand for, edges told by reference.
-- Edges are looked up project by project (LATERAL): joined as a view, all of them would be read at every step.
WITH RECURSIVE walk (canonical, hop) AS (
    SELECT DISTINCT canonical, 0 FROM graph_projects WHERE org = $1 AND ref = ANY ($2::text[])
    UNION
    SELECT theirs.canonical, walk.hop + 1
    FROM walk
    JOIN graph_projects ours ON ours.org = $1 AND ours.canonical = walk.canonical
    CROSS JOIN LATERAL (
        SELECT r.project AS ref
        FROM graph_provides p
        JOIN graph_requires r ON r.org = $1 AND r.package = p.package AND r.project <> p.project
        WHERE p.org = $1 AND p.project = ours.ref
        UNION ALL
        SELECT dependent FROM graph_declared WHERE org = $1 AND needed = ours.ref
    ) d
    JOIN graph_projects theirs ON theirs.org = $1 AND theirs.ref = d.ref
    WHERE walk.hop < $3
), inner_nodes AS (SELECT DISTINCT canonical FROM walk WHERE hop < $3)
SELECT DISTINCT d.*
FROM inner_nodes
JOIN graph_projects ours ON ours.org = $1 AND ours.canonical = inner_nodes.canonical
CROSS JOIN LATERAL (
    SELECT r.project AS dependent, p.project AS needed, r.scope AS kind,
               r.path || ' requires ' || r.package || CASE WHEN r.spec = '' THEN '' ELSE ' ' || r.spec END AS evidence,
               r.first_seen, r.last_seen
        FROM graph_provides p
        JOIN graph_requires r ON r.org = $1 AND r.package = p.package AND r.project <> p.project
        WHERE p.org = $1 AND p.project = ours.ref
        UNION ALL
        SELECT dependent, needed, 'declared', evidence, first_seen, last_seen
        FROM graph_declared WHERE org = $1 AND needed = ours.ref
    ) d
LIMIT $4;

-- name: needs
-- What the projects of $2 need, likewise.
WITH RECURSIVE walk (canonical, hop) AS (
    SELECT DISTINCT canonical, 0 FROM graph_projects WHERE org = $1 AND ref = ANY ($2::text[])
    UNION
    SELECT theirs.canonical, walk.hop + 1
    FROM walk
    JOIN graph_projects ours ON ours.org = $1 AND ours.canonical = walk.canonical
    CROSS JOIN LATERAL (
        SELECT p.project AS ref
        FROM graph_requires r
        JOIN graph_provides p ON p.org = $1 AND p.package = r.package AND p.project <> r.project
        WHERE r.org = $1 AND r.project = ours.ref
        UNION ALL
        SELECT needed FROM graph_declared WHERE org = $1 AND dependent = ours.ref
    ) d
    JOIN graph_projects theirs ON theirs.org = $1 AND theirs.ref = d.ref
    WHERE walk.hop < $3
), inner_nodes AS (SELECT DISTINCT canonical FROM walk WHERE hop < $3)
SELECT DISTINCT d.*
FROM inner_nodes
JOIN graph_projects ours ON ours.org = $1 AND ours.canonical = inner_nodes.canonical
CROSS JOIN LATERAL (
    SELECT r.project AS dependent, p.project AS needed, r.scope AS kind,
               r.path || ' requires ' || r.package || CASE WHEN r.spec = '' THEN '' ELSE ' ' || r.spec END AS evidence,
               r.first_seen, r.last_seen
        FROM graph_requires r
        JOIN graph_provides p ON p.org = $1 AND p.package = r.package AND p.project <> r.project
        WHERE r.org = $1 AND r.project = ours.ref
        UNION ALL
        SELECT dependent, needed, 'declared', evidence, first_seen, last_seen
        FROM graph_declared WHERE org = $1 AND dependent = ours.ref
    ) d
LIMIT $4;
