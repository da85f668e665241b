-- What the router needs beside positions: who waits behind poison, what is a replay, how consumers are doing.

ALTER TABLE quarantine
    ADD COLUMN entity text NOT NULL DEFAULT '',
    ADD COLUMN waiting boolean NOT NULL DEFAULT false;
CREATE INDEX quarantine_entity ON quarantine (org, store, entity, position);

-- Where the lane was when somebody asked for a replay: up to there nothing is news.
ALTER TABLE positions ADD COLUMN again_upto bigint NOT NULL DEFAULT 0;

CREATE TABLE consumers (
    org text NOT NULL,
    store text NOT NULL,
    holder text NOT NULL,
    breaker text NOT NULL,
    why text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org, store)
);
SELECT protect('consumers');

-- Moves a lane's position, for the transaction that applies the batch; every batch begins so, hence one round trip.
-- Gives the entities that have something in quarantine (nearly always none), or NULL if the batch must not be applied.
-- The advisory lock is the store's: what one event does may depend on rows that events of other lanes wrote.
CREATE FUNCTION begin_batch(
    my_org text, my_store text, my_lane int, starts bigint, ends bigint, lease text, lease_token bigint
) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(my_org || '/' || my_store, 0)) THEN
        RETURN NULL;
    END IF;
    IF lease IS NOT NULL THEN
        PERFORM FROM leases
        WHERE org = my_org AND name = lease AND token = lease_token AND expires_at > clock_timestamp();
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    -- A table that stays locked is told as the store's trouble, where nothing stricter is set.
    IF current_setting('lock_timeout') = '0' THEN
        PERFORM set_config('lock_timeout', '5s', true);
    END IF;
    -- A crash may lose effect and position together: the log has the batch still, and it is applied again.
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE positions SET position = ends
    WHERE org = my_org AND store = my_store AND lane = my_lane AND position = starts;
    IF NOT FOUND THEN
        IF starts <> 0 THEN
            RETURN NULL;
        END IF;
        INSERT INTO positions (org, store, lane, position) VALUES (my_org, my_store, my_lane, ends)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    RETURN ARRAY(
        SELECT DISTINCT entity FROM quarantine
        WHERE org = my_org AND store = my_store AND lane = my_lane AND entity <> ''
    );
END $$;
