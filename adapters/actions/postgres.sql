-- name: offer
INSERT INTO confirmations (org, key, handle_hash, principal, digest, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + $6);

-- name: spend
-- Only one caller can change the row; everything that the handle was bound to must be the same.
UPDATE confirmations SET settled = true
WHERE org = $1 AND handle_hash = $2 AND principal = $3 AND digest = $4 AND NOT settled AND expires_at > now()
RETURNING key;

-- name: look
SELECT principal, digest, settled, expires_at <= now() AS expired FROM confirmations WHERE org = $1 AND handle_hash = $2;

-- name: close_expired
UPDATE confirmations SET settled = true
WHERE org = $1 AND principal = $2 AND digest = $3 AND handle_hash IS NULL AND NOT settled AND expires_at <= now();

-- name: ask
INSERT INTO confirmations (org, key, principal, digest, expires_at) VALUES ($1, $2, $3, $4, now() + $5)
ON CONFLICT (org, principal, digest) WHERE handle_hash IS NULL AND NOT settled DO UPDATE SET principal = excluded.principal
RETURNING key;

-- name: settle
UPDATE confirmations SET settled = true WHERE org = $1 AND key = $2 AND NOT settled;

-- name: put
INSERT INTO outbox (org, key, draft, principal) VALUES ($1, $2, $3::jsonb, $4) ON CONFLICT (org, key) DO NOTHING;

-- name: entry
SELECT key, draft, principal, state, url, receipt, reason, created_at FROM outbox WHERE org = $1 AND key = $2;

-- name: start
UPDATE outbox SET state = 'in_flight', changed_at = now() WHERE org = $1 AND key = $2 AND state = 'pending';

-- name: finish
UPDATE outbox SET state = $3, url = $4, receipt = $5, reason = $6, changed_at = now() WHERE org = $1 AND key = $2
RETURNING draft, principal;

-- name: entries
SELECT key, draft, principal, state, url, receipt, reason, created_at FROM outbox
WHERE org = $1 AND state = ANY ($2::text[]) ORDER BY created_at, key;

-- name: record
INSERT INTO audit (org, principal, action, target, outcome, details) VALUES ($1, $2, $3, $4, $5, $6::jsonb);

-- name: audited
SELECT at, principal, action, target, outcome, details FROM audit WHERE org = $1 ORDER BY id DESC LIMIT $2;

-- name: counts
SELECT state, count(*) AS n FROM outbox WHERE org = $1 GROUP BY state;
