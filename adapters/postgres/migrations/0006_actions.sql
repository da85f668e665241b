-- What was shown and confirmed, what is on its way, what was done.

CREATE TABLE confirmations (
    org text NOT NULL,
    key text NOT NULL,
    handle_hash text,
    principal text NOT NULL,
    digest text NOT NULL,
    expires_at timestamptz NOT NULL,
    settled boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org, key)
);
CREATE UNIQUE INDEX confirmations_handle ON confirmations (org, handle_hash) WHERE handle_hash IS NOT NULL;
-- One open question for each draft and principal: it reads the same in every round.
CREATE UNIQUE INDEX confirmations_open ON confirmations (org, principal, digest)
    WHERE handle_hash IS NULL AND NOT settled;
SELECT protect('confirmations');

CREATE TABLE outbox (
    org text NOT NULL,
    key text NOT NULL,
    draft jsonb NOT NULL,
    principal text NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'in_flight', 'done', 'failed', 'unknown')),
    url text,
    receipt text,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org, key)
);
CREATE INDEX outbox_state ON outbox (org, state, created_at);
SELECT protect('outbox');

CREATE TABLE audit (
    org text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    principal text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    outcome text NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (org, id)
);
SELECT protect('audit', 'SELECT, INSERT');

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
