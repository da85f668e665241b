-- name: upsert
INSERT INTO vectors (org, namespace, id, embedder, embedding, text, metadata)
SELECT $1, $2, id, $3, embedding::vector, text, metadata
FROM unnest($4::text[], $5::text[], $6::text[], $7::jsonb[]) AS v (id, embedding, text, metadata)
ON CONFLICT (org, namespace, id) DO UPDATE
SET embedder = excluded.embedder, embedding = excluded.embedding, text = excluded.text, metadata = excluded.metadata;

-- name: newer_document
INSERT INTO vector_documents (org, id, changed_at) VALUES ($1, $2, $3)
ON CONFLICT (org, id) DO UPDATE SET changed_at = excluded.changed_at
WHERE vector_documents.changed_at <= excluded.changed_at
RETURNING id;

-- name: drop_document
DELETE FROM vectors WHERE org = $1 AND namespace = 'project_docs' AND metadata @> jsonb_build_object('doc_id', $2::text);

-- name: put_pieces
INSERT INTO profile_pieces (org, account, entity, text, occurred_at)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT (org, account, entity) DO UPDATE SET text = excluded.text, occurred_at = excluded.occurred_at
WHERE (profile_pieces.occurred_at, profile_pieces.text) < (excluded.occurred_at, excluded.text);

-- name: drop_piece
DELETE FROM profile_pieces WHERE org = $1 AND entity = $2 RETURNING account;

-- name: trim_pieces
-- Only the newest $3 of each account are kept, in an order that does not depend on when they arrived.
DELETE FROM profile_pieces USING (
    SELECT account, entity, row_number() OVER (PARTITION BY account ORDER BY occurred_at DESC, entity) AS age
    FROM profile_pieces WHERE org = $1 AND account = ANY ($2::text[])) AS aged
WHERE profile_pieces.org = $1 AND profile_pieces.account = aged.account AND profile_pieces.entity = aged.entity
  AND aged.age > $3;

-- name: pieces
SELECT account, string_agg(text, E'\n' ORDER BY occurred_at DESC, entity) AS text
FROM profile_pieces WHERE org = $1 AND account = ANY ($2::text[]) GROUP BY account ORDER BY account;

-- name: put_due
INSERT INTO profiles_due (org, account) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING;

-- name: due
SELECT account FROM profiles_due WHERE org = $1;

-- name: take_due
DELETE FROM profiles_due WHERE org = $1 AND account = ANY ($2::text[]) RETURNING account;

-- name: take_old
-- All of them, once the oldest is so old: by the clock of the server, which is the same for every process.
DELETE FROM profiles_due WHERE org = $1
AND (SELECT min(since) FROM profiles_due WHERE org = $1) <= clock_timestamp() - $2::interval
RETURNING account;

-- name: drop_profiles
DELETE FROM vectors WHERE org = $1 AND namespace = 'developer_profiles' AND id = ANY ($2::text[]);

-- name: words
-- How many texts of a namespace hold each word of a question, and how many there are; counting stops at $4.
SELECT lexeme, (SELECT count(*) FROM (
           SELECT 1 FROM vectors v WHERE v.org = $1 AND v.namespace = $2 AND v.words @@ (quote_literal(lexeme)::tsquery)
           LIMIT $4) AS few) AS n
FROM unnest(tsvector_to_array(to_tsvector('english', $3))) AS lexeme;

-- name: search
-- The closest vectors and the best word matches, $6 of each; both are measured for all of them.
-- $7 metadata to have, $8 words, $9 what each is worth (adding up to 1). A word in a title or heading counts half more.
WITH near AS (
    SELECT id FROM vectors
    WHERE org = $1 AND namespace = $2 AND embedder = $4 AND ($7::jsonb[] IS NULL OR metadata @> ANY ($7::jsonb[]))
    ORDER BY embedding <=> $3::vector LIMIT $6
), matches AS (
    SELECT v.id, sum(w.worth * CASE WHEN v.words @@ (quote_literal(w.lexeme) || ':AB')::tsquery THEN 1.5 ELSE 1 END) AS worded
    FROM unnest($8::text[], $9::float8[]) AS w (lexeme, worth)
    JOIN vectors v ON v.org = $1 AND v.namespace = $2 AND v.words @@ (quote_literal(w.lexeme)::tsquery)
    WHERE $7::jsonb[] IS NULL OR v.metadata @> ANY ($7::jsonb[])
    GROUP BY v.id ORDER BY worded DESC, v.id LIMIT $6
)
SELECT v.id, v.text, v.metadata, least(coalesce(m.worded, 0), 1) AS worded,
       greatest(0, 1 - (v.embedding <=> $3::vector)) AS likeness,
       coalesce(m.worded, 0) * $5::float8 + greatest(0, 1 - (v.embedding <=> $3::vector)) * (1 - $5::float8) AS score
FROM (SELECT id FROM near UNION SELECT id FROM matches) AS found
JOIN vectors v ON v.org = $1 AND v.namespace = $2 AND v.id = found.id
LEFT JOIN matches m ON m.id = v.id
ORDER BY score DESC, v.id LIMIT $10;
