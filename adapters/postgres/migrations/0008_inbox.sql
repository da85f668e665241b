-- Deliveries that were acknowledged and not yet read into the log, and those that nobody can read.

CREATE TABLE inbox_heads (
    org text PRIMARY KEY,
    head bigint NOT NULL
);
SELECT protect('inbox_heads');

-- One row is what became durable together. It is compressed where it is made, so the server need not try.
CREATE TABLE inbox (
    org text NOT NULL,
    position bigint NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    deliveries int NOT NULL,
    sack bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (org, position)
);
SELECT protect('inbox', 'SELECT, INSERT, DELETE');

CREATE TABLE refused_deliveries (
    org text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    source text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    delivery bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (org, id),
    UNIQUE (org, source, key)
);
SELECT protect('refused_deliveries');
