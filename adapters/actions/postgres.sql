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

-- name: begin
-- A person's action is never pending: nobody else may come between.
INSERT INTO outbox (org, key, draft, principal, state, attempts, sent_at, claimed_by, claimed_until)
VALUES ($1, $2, $3::jsonb, $4, 'in_flight', 1, now(), $5, now() + $6::interval)
ON CONFLICT (org, key) DO NOTHING;

-- name: put
-- Each at its own moment, so that they leave in the order in which they were decided.
INSERT INTO outbox (org, key, draft, principal, rule, event_id, state, reason, created_at)
VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, $8, clock_timestamp()) ON CONFLICT DO NOTHING;

-- name: lately
-- What a rule did, or is about to do, in the last hour; what was held does not count.
SELECT count(*) FROM outbox WHERE org = $1 AND rule = $2 AND created_at > now() - interval '1 hour' AND state <> 'held';

-- name: entry
SELECT key, draft, principal, state, rule, event_id, attempts, url, receipt, reason, created_at, sent_at, next_at
FROM outbox WHERE org = $1 AND key = $2;

-- name: due
-- Locked for this transaction alone: two that look at once get different ones.
SELECT key, state FROM outbox
WHERE org = $1 AND upstream = ANY ($2::text[]) AND ($3::text IS NULL OR key = $3) AND next_at <= clock_timestamp()
  AND state IN ('pending', 'in_flight', 'unknown')
  AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
  AND NOT EXISTS (SELECT FROM upstreams u
                  WHERE u.org = outbox.org AND u.upstream = outbox.upstream AND u.paused_until > clock_timestamp())
ORDER BY created_at, key LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: take
UPDATE outbox SET
    state = CASE state WHEN 'pending' THEN 'in_flight' ELSE 'unknown' END,
    attempts = attempts + (state = 'pending')::int,
    sent_at = coalesce(sent_at, clock_timestamp()),
    claimed_by = $3, claimed_until = clock_timestamp() + $4::interval, changed_at = now()
WHERE org = $1 AND key = $2;

-- name: resume
UPDATE outbox SET state = 'in_flight', attempts = attempts + 1, claimed_until = clock_timestamp() + $4::interval,
    changed_at = now()
WHERE org = $1 AND key = $2 AND claimed_by = $3 AND state = 'unknown';

-- name: finish
UPDATE outbox SET state = $4, url = $5, receipt = $6, reason = $7, next_at = clock_timestamp() + $8::interval,
    claimed_by = NULL, claimed_until = NULL, changed_at = now()
WHERE org = $1 AND key = $2 AND state <> 'done' AND (claimed_by = $3 OR $4 = 'done')
RETURNING draft, principal;

-- name: again
UPDATE outbox SET state = 'pending', next_at = now(), created_at = now(), changed_at = now()
WHERE org = $1 AND key = $2 AND state IN ('failed', 'held', 'dropped') AND rule IS NOT NULL;

-- name: look_again
UPDATE outbox SET state = 'unknown', next_at = now(), changed_at = now()
WHERE org = $1 AND key = $2 AND state = 'parked';

-- name: drop
UPDATE outbox SET state = 'dropped', claimed_by = NULL, claimed_until = NULL, changed_at = now()
WHERE org = $1 AND key = $2 AND state IN ('pending', 'unknown', 'failed', 'parked', 'held')
  AND (claimed_until IS NULL OR claimed_until <= now());

-- name: pause
INSERT INTO upstreams (org, upstream, paused_until) VALUES ($1, $2, now() + $3::interval)
ON CONFLICT (org, upstream) DO UPDATE SET paused_until = greatest(upstreams.paused_until, excluded.paused_until);

-- name: remember
INSERT INTO upstreams AS known (org, upstream, accounts) VALUES ($1, $2, $3::text[])
ON CONFLICT (org, upstream) DO UPDATE SET
    accounts = (SELECT array_agg(DISTINCT account) FROM unnest(known.accounts || excluded.accounts) AS account);

-- name: own_accounts
SELECT unnest(accounts) AS account FROM upstreams WHERE org = $1;

-- name: entries
SELECT key, draft, principal, state, rule, event_id, attempts, url, receipt, reason, created_at, sent_at, next_at
FROM outbox WHERE org = $1 AND state = ANY ($2::text[]) ORDER BY created_at, key;

-- name: counts
SELECT state, count(*) AS n FROM outbox WHERE org = $1 GROUP BY state;

-- name: record
INSERT INTO audit (org, principal, action, target, outcome, details) VALUES ($1, $2, $3, $4, $5, $6::jsonb);

-- name: audited
SELECT at, principal, action, target, outcome, details FROM audit WHERE org = $1 ORDER BY id DESC LIMIT $2;

-- name: counts
SELECT state, count(*) AS n FROM outbox WHERE org = $1 GROUP BY state;
