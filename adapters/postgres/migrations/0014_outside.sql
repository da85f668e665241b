-- Positions of stores that are not in PostgreSQL, whose effect and position cannot move in one step.

-- Where the batch ends that was begun: after a crash the very same one is put again, and known again.
ALTER TABLE positions ADD COLUMN begun bigint NOT NULL DEFAULT 0;

-- Whether a lease counts still; without one nobody else can be there.
CREATE FUNCTION may_fill(my_org text, lease text, lease_token bigint) RETURNS boolean LANGUAGE sql AS $$
    SELECT lease IS NULL OR EXISTS (
        SELECT FROM leases
        WHERE org = my_org AND name = lease AND token = lease_token AND expires_at > clock_timestamp()
    )
$$;

-- Writes down the bounds of a batch before anything of it is put. Committed by itself, and durable.
-- `my_place` is the store in this very engine; the lease is the store's.
-- Gives the entities that have something in quarantine, or NULL if the batch must not be put.
CREATE FUNCTION begin_outside(
    my_org text, my_place text, my_store text, my_lane int, starts bigint, ends bigint, lease text, lease_token bigint
) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    IF NOT may_fill(my_org, lease, lease_token) THEN
        RETURN NULL;
    END IF;
    IF starts = 0 THEN
        INSERT INTO positions (org, store, lane) VALUES (my_org, my_place, my_lane) ON CONFLICT DO NOTHING;
    END IF;
    UPDATE positions SET begun = ends
    WHERE org = my_org AND store = my_place AND lane = my_lane AND position = starts;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(
        SELECT DISTINCT entity FROM quarantine
        WHERE org = my_org AND store = my_store AND lane = my_lane AND entity <> ''
    );
END $$;

-- Moves the position, for the transaction during which the batch is put: nobody else puts anything meanwhile.
CREATE FUNCTION end_outside(
    my_org text, my_place text, my_store text, my_lane int, starts bigint, ends bigint, lease text, lease_token bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(my_org || '/' || my_store, 0)) THEN
        RETURN false;
    END IF;
    IF NOT may_fill(my_org, lease, lease_token) THEN
        RETURN false;
    END IF;
    -- The engine takes its time while this transaction waits.
    PERFORM set_config('idle_in_transaction_session_timeout', '120s', true);
    -- A crash may lose the position: the bounds are kept, and the same batch is put again.
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE positions SET position = ends
    WHERE org = my_org AND store = my_place AND lane = my_lane AND position = starts AND begun = ends;
    RETURN FOUND;
END $$;
