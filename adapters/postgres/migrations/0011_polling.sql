-- What became of polling each source: when it is due again, and what `engintel doctor` tells of it.

CREATE TABLE polls (
    org text NOT NULL,
    source text NOT NULL,
    tried_at timestamptz NOT NULL,
    reached_at timestamptz,
    failures int NOT NULL DEFAULT 0,
    problem text,
    PRIMARY KEY (org, source)
);
SELECT protect('polls');
