-- name: written
-- What a namespace will show once it shows everything; since when it does not is told from the first of it.
INSERT INTO vector_tides (org, namespace, written) VALUES ($1, $2, $3)
ON CONFLICT (org, namespace) DO UPDATE SET
    written = greatest(vector_tides.written, excluded.written),
    written_at = CASE WHEN vector_tides.written > vector_tides.shown THEN vector_tides.written_at ELSE clock_timestamp() END;

-- name: shown
UPDATE vector_tides SET shown = greatest(shown, $3) WHERE org = $1 AND namespace = $2;

-- name: unshown
SELECT namespace FROM vector_tides WHERE org = $1 AND written > shown ORDER BY namespace;
