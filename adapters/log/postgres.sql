-- name: make_lanes
-- A lane's row exists before it is locked; $2 lanes.
INSERT INTO lanes (org, lane) SELECT $1, unnest($2::smallint[]) ON CONFLICT DO NOTHING;

-- name: lock_lanes
-- In lane order, so that two writers never wait for each other in a circle.
SELECT lane, head, now() FROM lanes WHERE org = $1 AND lane = ANY ($2::smallint[]) ORDER BY lane FOR UPDATE;

-- name: known_ids
-- An id always hashes to the same lane, and that lane is locked: nobody can add one of these meanwhile.
-- One by one: asked for all at once of a table that nobody has counted yet, the whole organisation would be read.
SELECT found.event_id FROM unnest($2::text[]) AS told (id)
CROSS JOIN LATERAL (SELECT event_id FROM log WHERE org = $1 AND event_id = told.id LIMIT 1) AS found;

-- name: insert_entries
INSERT INTO log (org, lane, position, event_id, payload)
SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::text[], $5::text[]);

-- name: move_heads
UPDATE lanes SET head = moved.head
FROM unnest($2::smallint[], $3::bigint[]) AS moved (lane, head)
WHERE lanes.org = $1 AND lanes.lane = moved.lane;

-- name: move_cursor
-- A cursor may carry the token of the lease under which it moves (`fence`). Whoever lost that lease without noticing
-- comes with a smaller one, and moves nothing.
INSERT INTO cursors (org, source, cursor) VALUES ($1, $2, $3::jsonb)
ON CONFLICT (org, source) DO UPDATE SET cursor = excluded.cursor, moved_at = now()
WHERE coalesce((cursors.cursor ->> 'fence')::bigint, 0) <= coalesce((excluded.cursor ->> 'fence')::bigint, 0);

-- name: announce
SELECT pg_notify('engintel_log', $1);

-- name: read_lane
SELECT position, received_at, payload FROM log
WHERE org = $1 AND lane = $2 AND position > $3 ORDER BY position LIMIT $4;

-- name: heads
SELECT lane, head FROM lanes WHERE org = $1;

-- name: cursor
SELECT cursor FROM cursors WHERE org = $1 AND source = $2;

-- name: waiting_since
SELECT received_at FROM log WHERE org = $1 AND lane = $2 AND position = $3 + 1;
