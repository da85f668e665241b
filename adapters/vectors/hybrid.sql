-- name: home
-- Written down before anything is put anywhere: whoever dies after that finds what is there to be its own.
INSERT INTO vector_aims (org, aim, refilling) VALUES ($1, '', true)
ON CONFLICT (org) DO UPDATE SET org = excluded.org
RETURNING home;

-- name: aim
SELECT aim, refilling FROM vector_aims WHERE org = $1;

-- name: aim_anew
UPDATE vector_aims SET aim = $2, refilling = true WHERE org = $1;

-- name: forget_tides
DELETE FROM vector_tides WHERE org = $1;

-- name: owe_all
INSERT INTO texts_owed (org, namespace, id) SELECT org, namespace, id FROM texts WHERE org = $1
ON CONFLICT (org, namespace, id) DO UPDATE SET mark = excluded.mark;

-- name: refilled
UPDATE vector_aims SET refilling = false WHERE org = $1 AND refilling;

-- name: owed
-- The oldest debts, with the text as it is now: none where it is gone.
SELECT o.namespace, o.id, o.mark, t.text, t.metadata
FROM (SELECT * FROM texts_owed WHERE org = $1 ORDER BY mark LIMIT $2) AS o
LEFT JOIN texts t ON t.org = o.org AND t.namespace = o.namespace AND t.id = o.id;

-- name: paid
-- What changed meanwhile has another mark, and is owed still.
DELETE FROM texts_owed USING unnest($2::text[], $3::text[], $4::bigint[]) AS paid (namespace, id, mark)
WHERE org = $1 AND texts_owed.namespace = paid.namespace AND texts_owed.id = paid.id AND texts_owed.mark = paid.mark;

-- name: unseen_since
SELECT least((SELECT min(since) FROM texts_owed WHERE org = $1),
             (SELECT min(written_at) FROM vector_tides WHERE org = $1 AND written > shown));

-- name: lexemes
SELECT tsvector_to_array(to_tsvector('english', $1));

-- name: count_words
SELECT word, n FROM count_words($1, $2, $3);

-- name: match_words
SELECT id, worded FROM match_words($1, $2, $3, $4, $5);

-- name: texts
SELECT id, text, metadata FROM texts WHERE org = $1 AND namespace = $2 AND id = ANY ($3::text[]);

-- name: progress
SELECT (SELECT count(*) FROM texts WHERE org = $1) AS whole, (SELECT count(*) FROM texts_owed WHERE org = $1) AS owed;

-- name: tally
SELECT namespace, count(*) AS n FROM texts WHERE org = $1 GROUP BY namespace;
