-- Filling: identities ------------------------------------------------------------------------------------------

-- name: known_identities
SELECT key, source, external_id, username, username_at, name, name_at, email, email_at, bot
FROM identities WHERE org = $1 AND key = ANY ($2::text[]);

-- name: put_identities
INSERT INTO identities (org, key, source, external_id, suffix, slug, username, username_at, name, name_at, email,
                        email_at, bot)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
                         $9::text[], $10::timestamptz[], $11::text[], $12::timestamptz[], $13::boolean[])
ON CONFLICT (org, key) DO UPDATE SET
    username = excluded.username, username_at = excluded.username_at,
    name = excluded.name, name_at = excluded.name_at, slug = excluded.slug,
    email = excluded.email, email_at = excluded.email_at,
    bot = excluded.bot;

-- name: identities_of
SELECT key, source, external_id, username, name, email, bot, person_id FROM identities
WHERE org = $1 AND key = ANY ($2::text[]);

-- name: drop_signs
DELETE FROM identity_signs WHERE org = $1 AND key = ANY ($2::text[]) RETURNING sign;

-- name: put_signs
INSERT INTO identity_signs (org, sign, key) SELECT $1, * FROM unnest($2::text[], $3::text[]);

-- name: signed
SELECT DISTINCT key FROM identity_signs WHERE org = $1 AND sign = ANY ($2::text[]);

-- name: tied
-- Accounts that share a sign, a link, a word of somebody's or an owner with some.
SELECT other.key FROM identity_signs s JOIN identity_signs other ON other.org = s.org AND other.sign = s.sign
WHERE s.org = $1 AND s.key = ANY ($2::text[])
UNION SELECT right_key FROM identity_links WHERE org = $1 AND left_key = ANY ($2::text[])
UNION SELECT left_key FROM identity_links WHERE org = $1 AND right_key = ANY ($2::text[])
UNION SELECT right_key FROM identity_decisions WHERE org = $1 AND left_key = ANY ($2::text[])
UNION SELECT left_key FROM identity_decisions WHERE org = $1 AND right_key = ANY ($2::text[])
UNION SELECT other.key FROM identities i JOIN identities other ON other.org = i.org AND other.person_id = i.person_id
WHERE i.org = $1 AND i.key = ANY ($2::text[]);

-- name: drop_links
DELETE FROM identity_links WHERE org = $1 AND origin = $2 RETURNING left_key, right_key;

-- name: put_links
INSERT INTO identity_links (org, origin, left_key, right_key) SELECT $1, $2, * FROM unnest($3::text[], $4::text[])
ON CONFLICT DO NOTHING;

-- name: links_of
SELECT DISTINCT left_key, right_key FROM identity_links WHERE org = $1 AND left_key = ANY ($2::text[]);

-- name: put_decision
INSERT INTO identity_decisions (org, left_key, right_key, same, decided_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (org, left_key, right_key) DO UPDATE SET same = excluded.same, decided_at = excluded.decided_at
WHERE identity_decisions.decided_at <= excluded.decided_at;

-- name: decisions_of
SELECT left_key AS left, right_key AS right, same, decided_at FROM identity_decisions
WHERE org = $1 AND left_key = ANY ($2::text[]);

-- name: put_terms
INSERT INTO terms (org, key, terms, described_at) VALUES ($1, $2, $3::jsonb, $4)
ON CONFLICT (org, key) DO UPDATE SET terms = excluded.terms, described_at = excluded.described_at
WHERE terms.described_at <= excluded.described_at
RETURNING key;

-- name: terms_of
SELECT key, terms FROM terms WHERE org = $1 AND key = ANY ($2::text[]);

-- name: people_before
SELECT id, name, email, bot, terms FROM people WHERE org = $1 AND id = ANY ($2::text[]);

-- name: drop_people
DELETE FROM people WHERE org = $1 AND id = ANY ($2::text[]);

-- name: put_people
INSERT INTO people (org, id, slug, name, email, bot, terms)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::jsonb[])
ON CONFLICT (org, id) DO UPDATE
SET slug = excluded.slug, name = excluded.name, email = excluded.email, bot = excluded.bot, terms = excluded.terms;

-- name: assign_identities
UPDATE identities SET person_id = owned.person_id
FROM unnest($2::text[], $3::text[]) AS owned (key, person_id)
WHERE identities.org = $1 AND identities.key = owned.key;

-- name: drop_names
DELETE FROM names WHERE org = $1 AND kind = $2 AND id = ANY ($3::text[]);

-- name: put_names
INSERT INTO names (org, kind, id, name, trigrams)
SELECT $1, $2, id, name, string_to_array(trigrams, ' ') FROM unnest($3::text[], $4::text[], $5::text[]) AS n (id, name, trigrams)
ON CONFLICT DO NOTHING;

-- Filling: teams -----------------------------------------------------------------------------------------------

-- name: put_membership
INSERT INTO memberships (org, team, team_name, key, origin, member, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (org, team, key) DO UPDATE
SET team_name = excluded.team_name, origin = excluded.origin, member = excluded.member, changed_at = excluded.changed_at
WHERE memberships.changed_at <= excluded.changed_at;

-- name: drop_memberships
DELETE FROM memberships WHERE org = $1 AND origin = $2;

-- Filling: projects --------------------------------------------------------------------------------------------

-- name: put_refs
INSERT INTO project_refs (org, ref) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING RETURNING ref;

-- name: describe_ref
INSERT INTO project_refs (org, ref, description, described_at) VALUES ($1, $2, $3::jsonb, $4)
ON CONFLICT (org, ref) DO UPDATE SET description = excluded.description, described_at = excluded.described_at
WHERE project_refs.described_at IS NULL OR project_refs.described_at <= excluded.described_at
RETURNING ref;

-- name: drop_project_links
DELETE FROM project_links WHERE org = $1 AND origin = $2;

-- name: put_project_links
INSERT INTO project_links (org, origin, left_ref, right_ref) SELECT $1, $2, $2, unnest($3::text[]) ON CONFLICT DO NOTHING;

-- name: all_refs
SELECT ref, description FROM project_refs WHERE org = $1;

-- name: all_project_links
SELECT DISTINCT left_ref, right_ref FROM project_links WHERE org = $1;

-- name: drop_projects
DELETE FROM projects WHERE org = $1 AND NOT id = ANY ($2::text[]);

-- name: put_projects
INSERT INTO projects (org, id, project) SELECT $1, * FROM unnest($2::text[], $3::jsonb[])
ON CONFLICT (org, id) DO UPDATE SET project = excluded.project;

-- name: assign_refs
UPDATE project_refs SET project_id = owned.project_id
FROM unnest($2::text[], $3::text[]) AS owned (ref, project_id)
WHERE project_refs.org = $1 AND project_refs.ref = owned.ref;

-- Filling: work and documents ----------------------------------------------------------------------------------

-- name: put_work
-- `told_done_at` is the source's own time of completion; where it tells none, the first time that it was seen done.
INSERT INTO work_items (org, key, kind, project, title, status, category, label, author, assignee, reviewers, priority,
                        points, created_at, updated_at, done_at, told_done_at, url, deleted)
SELECT $1, key, kind, project, title, status, category, label, author, assignee, reviewers, priority, points,
       created_at, updated_at, CASE WHEN category = 'done' THEN coalesce(completed_at, updated_at) END, completed_at,
       url, deleted
FROM jsonb_to_recordset($2::jsonb) AS told (
    key text, kind text, project text, title text, status text, category text, label text, author text, assignee text,
    reviewers text[], priority text, points float8, created_at timestamptz, updated_at timestamptz,
    completed_at timestamptz, url text, deleted boolean)
ON CONFLICT (org, key) DO UPDATE SET
    kind = excluded.kind, project = excluded.project, title = excluded.title, status = excluded.status,
    category = excluded.category, label = excluded.label, author = excluded.author, assignee = excluded.assignee,
    reviewers = excluded.reviewers, priority = excluded.priority, points = excluded.points,
    created_at = excluded.created_at, updated_at = excluded.updated_at,
    done_at = CASE WHEN excluded.category = 'done'
                   THEN coalesce(excluded.told_done_at, work_items.done_at, excluded.done_at) END,
    told_done_at = excluded.told_done_at,
    url = excluded.url, deleted = work_items.deleted OR excluded.deleted
WHERE work_items.updated_at <= excluded.updated_at;

-- name: put_document
INSERT INTO documents (org, id, title, project, source, url, changed_at, removed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (org, id) DO UPDATE
SET title = excluded.title, project = excluded.project, source = excluded.source, url = excluded.url,
    changed_at = excluded.changed_at, removed = excluded.removed
WHERE documents.changed_at <= excluded.changed_at
RETURNING id;

-- name: put_owner_rules
INSERT INTO owner_rules (org, project, path, rules, changed_at) VALUES ($1, $2, $3, $4::jsonb, $5)
ON CONFLICT (org, project) DO UPDATE SET path = excluded.path, rules = excluded.rules, changed_at = excluded.changed_at
WHERE owner_rules.changed_at <= excluded.changed_at;

-- Reading ------------------------------------------------------------------------------------------------------

-- name: people
-- Their accounts and teams are gathered for all of them at once: one by one takes four times as long.
SELECT p.id, p.name, p.email, p.bot, p.terms, theirs.identities, belongs.teams
FROM people p
LEFT JOIN (
    SELECT i.person_id,
           json_agg(json_build_object('source', i.source, 'external_id', i.external_id, 'username', i.username,
                                      'name', i.name, 'email', i.email, 'bot', i.bot) ORDER BY i.key) AS identities
    FROM identities i
    WHERE i.org = $1 AND ($2::text[] IS NULL OR i.person_id = ANY ($2::text[])) GROUP BY i.person_id
) AS theirs ON theirs.person_id = p.id
LEFT JOIN (
    SELECT i.person_id, array_agg(DISTINCT m.team) AS teams
    FROM identities i JOIN memberships m ON m.org = i.org AND m.key = i.key
    WHERE i.org = $1 AND ($2::text[] IS NULL OR i.person_id = ANY ($2::text[])) AND m.member GROUP BY i.person_id
) AS belongs ON belongs.person_id = p.id
WHERE p.org = $1 AND ($2::text[] IS NULL OR p.id = ANY ($2::text[]))
ORDER BY p.id;

-- name: owners_of_accounts
SELECT DISTINCT person_id FROM identities WHERE org = $1 AND key = ANY ($2::text[]) AND person_id IS NOT NULL;

-- name: find_people
-- Each kind of match has a rank; the caller keeps the lowest one that anybody has.
-- $2 the text as given, $3 the suffix of an id or NULL, $4 the text as a slug (empty if it has no Latin letters).
SELECT person_id, min(rank) AS rank FROM (
    SELECT person_id, 0 AS rank FROM identities WHERE org = $1 AND suffix = $3
    UNION ALL SELECT person_id, 1 FROM identities WHERE org = $1 AND (key = $2 OR external_id = $2)
    UNION ALL SELECT person_id, 2 FROM identities WHERE org = $1 AND email = lower($2)
    -- `grace` may be a handle, a mailbox or a first name, of different people; `@grace` is a handle.
    UNION ALL SELECT person_id, CASE WHEN $2 LIKE '@%' THEN 2 ELSE 5 END FROM identities
              WHERE org = $1 AND lower(username) = lower(ltrim($2, '@'))
    UNION ALL SELECT person_id, 5 FROM identities
              WHERE org = $1 AND split_part(email, '@', 1) = lower($2) AND email LIKE '%@%'
    UNION ALL SELECT id, 2 FROM people WHERE org = $1 AND lower(email) = lower($2)
    -- A full name before a part of one; a single word is always a part.
    UNION ALL SELECT id, CASE WHEN $4 LIKE '%-%' THEN 3 ELSE 5 END FROM people
              WHERE org = $1 AND (slug = $4 AND $4 <> '' OR lower(name) = lower($2))
    UNION ALL SELECT person_id, CASE WHEN $4 LIKE '%-%' THEN 4 ELSE 5 END FROM identities
              WHERE org = $1 AND (slug = $4 AND $4 <> '' OR lower(name) = lower($2))
    UNION ALL SELECT id, 5 FROM people
              WHERE org = $1 AND $4 <> '' AND (left(slug, length($4) + 1) = $4 || '-' OR right(slug, length($4) + 1) = '-' || $4)
    UNION ALL SELECT person_id, 5 FROM identities
              WHERE org = $1 AND $4 <> '' AND (left(slug, length($4) + 1) = $4 || '-' OR right(slug, length($4) + 1) = '-' || $4)
) AS found WHERE person_id IS NOT NULL GROUP BY person_id ORDER BY rank, person_id;

-- name: projects
SELECT project FROM projects WHERE org = $1 AND ($2::text[] IS NULL OR id = ANY ($2::text[])) ORDER BY id;

-- name: projects_of_refs
SELECT DISTINCT project_id FROM project_refs WHERE org = $1 AND ref = ANY ($2::text[]) AND project_id IS NOT NULL;

-- name: find_projects
-- $3 the text as a pattern for LIKE, $4 as a slug.
SELECT id, min(rank) AS rank FROM (
    SELECT id, 0 AS rank FROM projects WHERE org = $1 AND id = $2
    UNION ALL SELECT project_id, 1 FROM project_refs
              WHERE org = $1 AND (lower(ref) = lower($2) OR lower(substr(ref, strpos(ref, ':') + 1)) = lower($2))
    UNION ALL SELECT id, 2 FROM projects WHERE org = $1 AND $4 <> '' AND $4 IN (
                  trim('-' FROM regexp_replace(lower(id), '[^a-z0-9]+', '-', 'g')),
                  trim('-' FROM regexp_replace(lower(project ->> 'name'), '[^a-z0-9]+', '-', 'g')))
    UNION ALL SELECT id, 2 FROM projects WHERE org = $1 AND lower(project ->> 'name') = lower($2)
    UNION ALL SELECT project_id, 3 FROM project_refs WHERE org = $1 AND lower(ref) LIKE '%/' || lower($3)
) AS found WHERE id IS NOT NULL GROUP BY id ORDER BY rank, id;

-- name: teams
SELECT m.team AS id, max(m.team_name) AS name,
       coalesce(array_agg(DISTINCT i.person_id ORDER BY i.person_id) FILTER (WHERE m.member AND i.person_id IS NOT NULL), '{}')
           AS members
FROM memberships m LEFT JOIN identities i ON i.org = m.org AND i.key = m.key
WHERE m.org = $1 AND ($2::text[] IS NULL OR m.team = ANY ($2::text[]))
GROUP BY m.team ORDER BY m.team;

-- name: find_teams
-- $3 the text as a slug, without the word "team" at its end.
SELECT DISTINCT team FROM memberships
WHERE org = $1 AND (lower(team) = lower($2) OR lower(team_name) = lower($2) OR team = $3
                    OR trim('-' FROM regexp_replace(lower(team_name), '[^a-z0-9]+', '-', 'g')) = $3)
ORDER BY team;

-- name: search
-- pg_trgm's similarity, by hand: shared pieces over all pieces. `display` is what the thing is properly called.
SELECT n.kind, n.id, n.name, shared::float8 / nullif(cardinality(trigrams) + cardinality($2::text[]) - shared, 0) AS likeness,
       CASE n.kind WHEN 'person' THEN (SELECT p.name FROM people p WHERE p.org = n.org AND p.id = n.id)
                   WHEN 'project' THEN (SELECT p.project ->> 'name' FROM projects p WHERE p.org = n.org AND p.id = n.id)
       END AS display
FROM names n, LATERAL (SELECT count(*) AS shared FROM unnest(trigrams) AS t WHERE t = ANY ($2::text[])) AS s
WHERE n.org = $1 AND trigrams && $2::text[] AND n.kind = ANY ($3::text[])
ORDER BY likeness DESC, n.kind, n.id, n.name LIMIT $4;

-- name: search_work
SELECT w.kind, w.key AS id, w.key || ' ' || w.title AS name,
       w.status || coalesce(', ' || w.priority, '')
           || coalesce(', assigned to ' || (SELECT p.name FROM identities i JOIN people p ON p.org = i.org AND p.id = i.person_id
                                            WHERE i.org = w.org AND i.key = w.assignee), '')
           || ', updated ' || to_char(w.updated_at, 'YYYY-MM-DD') AS stands,
       found.likeness
FROM search_work($2, $3::text[], $4::int) AS found JOIN work_items w ON w.org = $1 AND w.key = found.key
ORDER BY found.likeness DESC, w.updated_at DESC, w.key LIMIT $4;

-- name: open_work
SELECT kind, key, project, title, status, category, label, author, assignee, reviewers, priority, points, created_at,
       updated_at, done_at, url
FROM work_items
WHERE org = $1 AND category <> 'done' AND NOT deleted
  AND ($2::text[] IS NULL OR assignee = ANY ($2::text[]) OR author = ANY ($2::text[]) OR reviewers && $2::text[])
  AND ($3::text[] IS NULL OR project = ANY ($3::text[]))
ORDER BY updated_at, key;

-- name: done_issues
SELECT kind, key, project, title, status, category, label, author, assignee, reviewers, priority, points, created_at,
       updated_at, done_at, url
FROM work_items
WHERE org = $1 AND kind = 'issue' AND NOT deleted AND assignee = ANY ($2::text[]) AND done_at >= $3 AND done_at < $4
ORDER BY done_at, key;

-- name: work_items
SELECT kind, key, project, title, status, category, label, author, assignee, reviewers, priority, points, created_at,
       updated_at, done_at, url
FROM work_items WHERE org = $1 AND NOT deleted AND key = ANY ($2::text[]) ORDER BY key;

-- name: owner_rules
SELECT project, rules FROM owner_rules WHERE org = $1 AND project = ANY ($2::text[]);

-- name: documents
SELECT id, title, project, source, url, changed_at FROM documents
WHERE org = $1 AND NOT removed AND id = ANY ($2::text[]) ORDER BY id;
