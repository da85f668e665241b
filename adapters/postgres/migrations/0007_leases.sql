-- Who may do what only one may do at a time. A row stays when its lease ends, so that its token never goes back.

CREATE TABLE leases (
    org text NOT NULL,
    name text NOT NULL,
    holder text NOT NULL,
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (org, name)
);
SELECT protect('leases');
