-- name: put
-- The head's row lock is held until the commit, so positions are contiguous and become visible in order.
WITH moved AS (
    INSERT INTO inbox_heads AS heads (org, head) VALUES ($1, 1)
    ON CONFLICT (org) DO UPDATE SET head = heads.head + 1
    RETURNING head
), kept AS (
    INSERT INTO inbox (org, position, deliveries, sack) SELECT $1, head, $2, $3 FROM moved
)
SELECT pg_notify('engintel_inbox', $1);

-- name: read
-- As many as hold $3 deliveries. What is counted first is small: a sack itself is only fetched if it is wanted.
SELECT position, sack FROM inbox WHERE org = $1 AND position IN (
    SELECT position FROM (
        SELECT position, sum(deliveries) OVER (ORDER BY position) - deliveries AS before
        FROM (SELECT position, deliveries FROM inbox WHERE org = $1 AND position > $2 ORDER BY position LIMIT $3)
            AS following
    ) AS counted WHERE before < $3
) ORDER BY position;

-- name: forget
DELETE FROM inbox WHERE org = $1 AND position <= $2;

-- name: head
SELECT coalesce(max(head), 0) FROM inbox_heads WHERE org = $1;

-- name: waiting_since
SELECT received_at FROM inbox WHERE org = $1 AND position > $2 ORDER BY position LIMIT 1;

-- name: refuse
INSERT INTO refused_deliveries (org, source, key, reason, since, delivery) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (org, source, key) DO UPDATE SET reason = excluded.reason;

-- name: refusals
SELECT id, source, key, reason, since FROM refused_deliveries WHERE org = $1 ORDER BY id;

-- name: refused_count
SELECT count(*) FROM refused_deliveries WHERE org = $1;

-- name: refused
SELECT delivery FROM refused_deliveries WHERE org = $1 AND id = $2;

-- name: drop
DELETE FROM refused_deliveries WHERE org = $1 AND id = $2;
