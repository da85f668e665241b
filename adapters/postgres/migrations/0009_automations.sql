-- The outbox carries what rules decide too: who is at an entry, how often it was tried, when it is due.

ALTER TABLE outbox
    ADD COLUMN rule text,
    ADD COLUMN event_id text,
    ADD COLUMN upstream text GENERATED ALWAYS AS (
        CASE WHEN draft ->> 'action' = 'notify_slack' THEN 'slack' ELSE 'jira' END
    ) STORED,
    ADD COLUMN attempts int NOT NULL DEFAULT 0,
    ADD COLUMN next_at timestamptz NOT NULL DEFAULT now(),
    -- When the request may have left for the first time: what is looked for upstream is no older than this.
    ADD COLUMN sent_at timestamptz,
    -- Who is at it, and until when nobody else may be. A name that has changed meanwhile fences the former holder off.
    ADD COLUMN claimed_by text,
    ADD COLUMN claimed_until timestamptz,
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check CHECK (
        state IN ('pending', 'in_flight', 'unknown', 'done', 'failed', 'parked', 'held', 'dropped')
    );

-- A rule does one thing to one target because of one event, once.
CREATE UNIQUE INDEX outbox_rule ON outbox (org, rule, event_id, (draft ->> 'action'), (draft ->> 'target'))
    WHERE rule IS NOT NULL;
CREATE INDEX outbox_due ON outbox (org, next_at) WHERE state IN ('pending', 'in_flight', 'unknown');
CREATE INDEX outbox_lately ON outbox (org, rule, created_at) WHERE rule IS NOT NULL;

-- What is known of Jira and Slack: the accounts that we write with, and until when they asked us to be quiet.
CREATE TABLE upstreams (
    org text NOT NULL,
    upstream text NOT NULL,
    accounts text[] NOT NULL DEFAULT '{}',
    paused_until timestamptz,
    PRIMARY KEY (org, upstream)
);
SELECT protect('upstreams');
