-- name: cursors
SELECT source, cursor FROM cursors WHERE org = $1 AND starts_with(source, $2);

-- name: put_aside
-- A message that comes again is the same letter.
INSERT INTO dead_letters (org, part, position, reason, payload) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (org, part, position) DO UPDATE SET reason = excluded.reason;

-- name: letters
SELECT part, position, reason, payload, since FROM dead_letters WHERE org = $1 ORDER BY since, part, position;

-- name: count
SELECT count(*) FROM dead_letters WHERE org = $1;

-- name: remove
DELETE FROM dead_letters WHERE org = $1 AND part = $2 AND position = $3;
