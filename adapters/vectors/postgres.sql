-- name: hold
INSERT INTO embeddings (org, namespace, id, embedder, embedding)
SELECT $1, namespace, id, $2, embedding::vector FROM unnest($3::text[], $4::text[], $5::text[]) AS v (namespace, id, embedding)
ON CONFLICT (org, namespace, id) DO UPDATE
SET embedder = excluded.embedder, embedding = excluded.embedding, settled = false;

-- name: let_go
DELETE FROM embeddings WHERE org = $1 AND namespace = $2 AND id = ANY ($3::text[]);

-- name: begin_anew
DELETE FROM embeddings e WHERE e.org = $1
AND NOT EXISTS (SELECT FROM texts t WHERE t.org = e.org AND t.namespace = e.namespace AND t.id = e.id);

-- name: near
SELECT id, likeness FROM near($1, $2, $3::vector, $4);

-- name: near_having
SELECT e.id, 1 - (e.embedding <=> $4::vector) AS likeness
FROM texts_with($2, $5) AS t JOIN embeddings e ON e.org = $1 AND e.namespace = $2 AND e.id = t.id
WHERE e.embedder = $3 ORDER BY likeness DESC, e.id LIMIT $6;

-- name: likeness
SELECT id, 1 - (embedding <=> $4::vector) AS likeness FROM embeddings
WHERE org = $1 AND namespace = $2 AND embedder = $3 AND id = ANY ($5::text[]);

-- name: unsettled
SELECT count(*) FROM (SELECT FROM embeddings WHERE org = $1 AND namespace = $2 AND NOT settled LIMIT $3) AS few;

-- name: settle
-- Those that lie longest, which is where rows that change do not stay.
UPDATE embeddings SET settled = true WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM embeddings WHERE org = $1 AND namespace = $2 AND embedder = $3 AND NOT settled ORDER BY ctid LIMIT $4));

-- name: any_settled
SELECT EXISTS (SELECT FROM embeddings WHERE org = $1 AND namespace = $2 AND embedder = $3 AND settled);

-- name: has_graph
SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1);

-- name: tally
SELECT namespace, count(*) AS n FROM embeddings WHERE org = $1 AND embedder = $2 GROUP BY namespace;
