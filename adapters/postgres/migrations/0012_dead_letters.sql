-- What came on a stream and can never become an entry of the log.

CREATE TABLE dead_letters (
    org text NOT NULL,
    part text NOT NULL,
    position text NOT NULL,
    reason text NOT NULL,
    payload bytea NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org, part, position)
);
SELECT protect('dead_letters');
