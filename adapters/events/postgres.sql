-- name: insert_events
INSERT INTO events (org, id, type, source, occurred_at, entity, project, account, title, event)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::text[])
ON CONFLICT DO NOTHING;

-- name: insert_words
INSERT INTO event_words (org, word, occurred_at, event, project)
SELECT $1, word, at, hashtextextended(id, 0), project
FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[]) AS e (id, at, project, text),
     unnest(tsvector_to_array(to_tsvector('english', text))) AS word
ON CONFLICT DO NOTHING;

-- name: insert_touches
INSERT INTO touches (org, event_id, account, path, entity, project, skill, occurred_at)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: commits
SELECT id, event FROM events
WHERE org = $1 AND entity_hash = hashtextextended($2, 0) AND entity = $2 AND project = $3 AND type = 'commit';

-- name: drop_words
DELETE FROM event_words USING
    (SELECT id, at, word FROM unnest($2::text[], $3::timestamptz[], $4::text[]) AS e (id, at, text),
                              unnest(tsvector_to_array(to_tsvector('english', text))) AS word) AS said
WHERE event_words.org = $1 AND event_words.word = said.word AND event_words.occurred_at = said.at
  AND event_words.event = hashtextextended(said.id, 0);

-- name: drop_commit
WITH dropped AS (
    DELETE FROM events
    WHERE org = $1 AND entity_hash = hashtextextended($2, 0) AND entity = $2 AND project = $3 AND type = 'commit'
    RETURNING id
)
DELETE FROM touches USING dropped WHERE touches.org = $1 AND touches.event_id = dropped.id;

-- name: activity
-- $5..$8 are groups: keys and what they count as, or NULL for the keys themselves.
SELECT account, project, type, count(*) AS n, min(first_at) AS first_at, max(last_at) AS last_at
FROM (
    SELECT coalesce(a.counts_as, e.account) AS account, coalesce(p.counts_as, e.project) AS project, e.type,
           min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at
    FROM events e
    LEFT JOIN unnest($5::text[], $6::text[]) AS a (key, counts_as) ON a.key = e.account
    LEFT JOIN unnest($7::text[], $8::text[]) AS p (key, counts_as) ON p.key = e.project
    WHERE e.org = $1 AND e.type = ANY ($2::text[]) AND e.occurred_at >= $3 AND e.occurred_at < $4
      AND e.account IS NOT NULL
      AND ($5::text[] IS NULL OR e.account = ANY ($5::text[]))
      AND ($7::text[] IS NULL OR e.project = ANY ($7::text[]))
    GROUP BY 1, 2, 3, e.entity_hash
) AS things
GROUP BY account, project, type ORDER BY account, project, type;

-- name: last_seen
SELECT a.counts_as, max(seen.at) AS at
FROM unnest($2::text[], $3::text[]) AS a (key, counts_as),
     LATERAL (SELECT max(occurred_at) AS at FROM events e
              WHERE e.org = $1 AND e.account = a.key AND e.type <> ALL ($4::text[])) AS seen
WHERE seen.at IS NOT NULL GROUP BY a.counts_as;

-- name: touches
-- A commit seen through two sources is one entity; its weight is taken once. Sums are rounded: the order in which
-- they are made must not decide which of two equal ones comes first. $8 places, and what is below them: from their names
-- with a slash, $9, up to what comes after those, $10; $11 half-life in seconds.
SELECT account, project, path, count(*) AS commits, round(sum(weight) * 1e9) / 1e9 AS weight, max(at) AS last_at
FROM (
    SELECT account, project, path, at, power(0.5, date_part('epoch', $3::timestamptz - at) / $11::float8) AS weight
    FROM (
        SELECT coalesce(a.counts_as, t.account) AS account, coalesce(p.counts_as, t.project) AS project, t.path,
               max(t.occurred_at) AS at
        FROM touches t
        LEFT JOIN unnest($4::text[], $5::text[]) AS a (key, counts_as) ON a.key = t.account
        LEFT JOIN unnest($6::text[], $7::text[]) AS p (key, counts_as) ON p.key = t.project
        WHERE t.org = $1 AND t.occurred_at >= $2 AND t.occurred_at < $3
          AND ($4::text[] IS NULL OR t.account = ANY ($4::text[]))
          AND ($6::text[] IS NULL OR t.project = ANY ($6::text[]))
          AND $near
        GROUP BY 1, 2, t.path, t.entity_hash
    ) AS commits
) AS weighted
GROUP BY account, project, path ORDER BY weight DESC, account, path, project LIMIT $12;

-- name: skills
SELECT account, skill, count(*) AS commits, max(last_at) AS last_at
FROM (
    SELECT coalesce(a.counts_as, t.account) AS account, t.skill, max(t.occurred_at) AS last_at
    FROM touches t
    LEFT JOIN unnest($4::text[], $5::text[]) AS a (key, counts_as) ON a.key = t.account
    WHERE t.org = $1 AND t.skill IS NOT NULL AND t.occurred_at >= $2 AND t.occurred_at < $3
      AND ($4::text[] IS NULL OR t.account = ANY ($4::text[]))
      AND ($6::text[] IS NULL OR t.skill = ANY ($6::text[]))
    GROUP BY 1, 2, t.entity_hash
) AS commits
GROUP BY account, skill ORDER BY commits DESC, account, skill LIMIT $7;

-- name: words
-- How common each word of a text is. Counting stops at $3: beyond that a word tells nothing apart.
SELECT lexeme, (SELECT count(*) FROM (
           SELECT 1 FROM event_words w WHERE w.org = $1 AND w.word = lexeme LIMIT $3) AS few) AS n
FROM unnest(tsvector_to_array(to_tsvector('english', $2))) AS lexeme;

-- name: find_work
-- $5 words and $6 their worth. Of each word its $8 latest events, and what happened at the moment of the last of them; of
-- all those the $9 best, and as good ones. One row an entity: its best event. `looked_at`: how many events that were.
SELECT account, project, type, entity, title, at, score, looked_at FROM (
    SELECT DISTINCT ON (e.entity) e.account, e.project, e.type, e.entity, e.title, e.occurred_at AS at, best.score,
           count(*) OVER () AS looked_at
    FROM (
        SELECT latest.event, latest.occurred_at, sum(asked.worth)::bigint AS score
        FROM unnest($5::text[], $6::bigint[]) AS asked (word, worth), LATERAL (
            SELECT w.event, w.occurred_at FROM event_words w
            WHERE w.org = $1 AND w.word = asked.word AND w.occurred_at >= $3 AND w.occurred_at < $4
              AND ($2::text[] IS NULL OR w.project = ANY ($2::text[]))
            ORDER BY w.occurred_at DESC FETCH FIRST $8 ROWS WITH TIES
        ) AS latest
        GROUP BY latest.event, latest.occurred_at
        ORDER BY score DESC, latest.occurred_at DESC FETCH FIRST $9 ROWS WITH TIES
    ) AS best
    JOIN events e ON e.org = $1 AND e.id_hash = best.event AND e.title IS NOT NULL
    ORDER BY e.entity, best.score DESC, e.occurred_at DESC, e.id
) AS one_each
ORDER BY score DESC, at DESC, entity LIMIT $7;

-- name: read
SELECT id, event FROM events WHERE org = $1 AND id = ANY ($2::text[]);

-- name: found
SELECT id FROM events
WHERE org = $1 AND type = ANY ($2::text[]) AND occurred_at >= $3 AND occurred_at < $4
  AND ($5::text[] IS NULL OR project = ANY ($5::text[]))
ORDER BY occurred_at, id LIMIT $6;

-- name: happened
SELECT event FROM events
WHERE org = $1 AND ($2::text[] IS NULL OR id = ANY ($2::text[]))
  AND ($3::text IS NULL OR (entity_hash = hashtextextended($3, 0) AND entity = $3))
ORDER BY occurred_at DESC, id DESC LIMIT $4;
