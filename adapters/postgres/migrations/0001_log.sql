-- The log, the cursors of its sources, the positions of its consumers, and what they could not apply.

CREATE TABLE migrations (
    version int PRIMARY KEY,
    taken_at timestamptz NOT NULL DEFAULT now()
);

-- Every table belongs to organisations: a row is seen and changed only by a transaction that names its own.
-- FORCE holds the owner to it too, so a forgotten SET ROLE shows nothing instead of everything.
CREATE FUNCTION protect(target regclass, may text DEFAULT 'SELECT, INSERT, UPDATE, DELETE') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY own_org ON %s USING (org = current_setting(''engintel.org'', true)) '
        'WITH CHECK (org = current_setting(''engintel.org'', true))', target);
    EXECUTE format('GRANT %s ON %s TO engintel_app', may, target);
END $$;

GRANT USAGE ON SCHEMA engintel TO engintel_app;

-- `head` is the last position given out. Appending takes the lane's row lock, so positions are contiguous and become
-- visible in order: a reader that has seen position n can never miss a smaller one.
CREATE TABLE lanes (
    org text NOT NULL,
    lane smallint NOT NULL,
    head bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (org, lane)
);
SELECT protect('lanes');

CREATE TABLE log (
    org text NOT NULL,
    lane smallint NOT NULL,
    position bigint NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    payload text NOT NULL,
    PRIMARY KEY (org, lane, position)
);
CREATE UNIQUE INDEX log_event ON log (org, event_id);
SELECT protect('log', 'SELECT, INSERT');

CREATE TABLE cursors (
    org text NOT NULL,
    source text NOT NULL,
    cursor jsonb NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org, source)
);
SELECT protect('cursors');

CREATE TABLE positions (
    org text NOT NULL,
    store text NOT NULL,
    lane smallint NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (org, store, lane)
);
SELECT protect('positions');

CREATE TABLE quarantine (
    org text NOT NULL,
    store text NOT NULL,
    lane smallint NOT NULL,
    position bigint NOT NULL,
    event_id text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org, store, lane, position)
);
SELECT protect('quarantine');
