-- name: newer_document
-- How many passages there were, if what comes now is no older than what is known.
WITH before AS (SELECT passages FROM vector_documents WHERE org = $1 AND id = $2),
put AS (
    INSERT INTO vector_documents (org, id, changed_at, passages) VALUES ($1, $2, $3, $4)
    ON CONFLICT (org, id) DO UPDATE SET changed_at = excluded.changed_at, passages = excluded.passages
    WHERE vector_documents.changed_at <= excluded.changed_at
    RETURNING id)
SELECT coalesce((SELECT passages FROM before), 0) FROM put;

-- name: put_texts
-- A text that is there already, word for word, is not owed to anybody again.
WITH put AS (
    INSERT INTO texts (org, namespace, id, text, metadata)
    SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::jsonb[])
    ON CONFLICT (org, namespace, id) DO UPDATE SET text = excluded.text, metadata = excluded.metadata
    WHERE (texts.text, texts.metadata) IS DISTINCT FROM (excluded.text, excluded.metadata)
    RETURNING id)
INSERT INTO texts_owed (org, namespace, id) SELECT $1, $2, id FROM put
ON CONFLICT (org, namespace, id) DO UPDATE SET mark = excluded.mark;

-- name: drop_texts
WITH gone AS (DELETE FROM texts WHERE org = $1 AND namespace = $2 AND id = ANY ($3::text[]) RETURNING id)
INSERT INTO texts_owed (org, namespace, id) SELECT $1, $2, id FROM gone
ON CONFLICT (org, namespace, id) DO UPDATE SET mark = excluded.mark;

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
