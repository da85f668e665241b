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

-- name: were_shown
-- Whether a namespace has texts, and no vector of them is owed to the place $3, or waits to be seen there.
SELECT EXISTS (SELECT FROM texts WHERE org = $1 AND namespace = $2)
   AND EXISTS (SELECT FROM vector_aims WHERE org = $1 AND aim = $3 AND NOT refilling)
   AND NOT EXISTS (SELECT FROM texts_owed WHERE org = $1 AND namespace = $2)
   AND NOT EXISTS (SELECT FROM vector_tides WHERE org = $1 AND namespace = $2 AND written > shown);
