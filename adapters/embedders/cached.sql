-- name: known
SELECT digest, embedding, used_on < current_date AS old FROM embedding_cache
WHERE org = $1 AND embedder = $2 AND digest = ANY ($3::bytea[]);

-- name: used
UPDATE embedding_cache SET used_on = current_date WHERE org = $1 AND embedder = $2 AND digest = ANY ($3::bytea[]);

-- name: keep
INSERT INTO embedding_cache (org, embedder, digest, embedding) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: forget
DELETE FROM embedding_cache WHERE org = $1 AND used_on < current_date - $2::int;
