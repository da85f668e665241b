-- Who and what there is. Facts as sources state them, and the people and projects that are derived from them.

CREATE TABLE identities (
    org text NOT NULL,
    key text NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    username text,
    username_at timestamptz,
    name text,
    name_at timestamptz,
    email text,
    email_at timestamptz,
    bot boolean NOT NULL DEFAULT false,
    suffix text NOT NULL,
    slug text NOT NULL,
    person_id text,
    PRIMARY KEY (org, key)
);
CREATE INDEX identities_person ON identities (org, person_id);
CREATE INDEX identities_suffix ON identities (org, suffix);
CREATE INDEX identities_username ON identities (org, lower(username));
CREATE INDEX identities_email ON identities (org, email);
CREATE INDEX identities_mailbox ON identities (org, split_part(email, '@', 1));
CREATE INDEX identities_external ON identities (org, external_id);
CREATE INDEX identities_slug ON identities (org, slug);
SELECT protect('identities');

-- One row a pair and origin: a mailmap or a roster row replaces everything that it said before.
CREATE TABLE identity_links (
    org text NOT NULL,
    origin text NOT NULL,
    left_key text NOT NULL,
    right_key text NOT NULL,
    PRIMARY KEY (org, origin, left_key, right_key)
);
SELECT protect('identity_links');

CREATE TABLE identity_decisions (
    org text NOT NULL,
    left_key text NOT NULL,
    right_key text NOT NULL,
    same boolean NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (org, left_key, right_key)
);
SELECT protect('identity_decisions');

CREATE TABLE terms (
    org text NOT NULL,
    key text NOT NULL,
    terms jsonb NOT NULL,
    described_at timestamptz NOT NULL,
    PRIMARY KEY (org, key)
);
SELECT protect('terms');

CREATE TABLE people (
    org text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    email text,
    bot boolean NOT NULL,
    terms jsonb NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX people_slug ON people (org, slug);
SELECT protect('people');

CREATE TABLE memberships (
    org text NOT NULL,
    team text NOT NULL,
    team_name text NOT NULL,
    key text NOT NULL,
    origin text NOT NULL,
    member boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (org, team, key)
);
CREATE INDEX memberships_key ON memberships (org, key);
SELECT protect('memberships');

CREATE TABLE project_refs (
    org text NOT NULL,
    ref text NOT NULL,
    description jsonb,
    described_at timestamptz,
    project_id text,
    PRIMARY KEY (org, ref)
);
CREATE INDEX project_refs_project ON project_refs (org, project_id);
SELECT protect('project_refs');

CREATE TABLE project_links (
    org text NOT NULL,
    origin text NOT NULL,
    left_ref text NOT NULL,
    right_ref text NOT NULL,
    PRIMARY KEY (org, origin, left_ref, right_ref)
);
SELECT protect('project_links');

CREATE TABLE projects (
    org text NOT NULL,
    id text NOT NULL,
    project jsonb NOT NULL,
    PRIMARY KEY (org, id)
);
SELECT protect('projects');

CREATE TABLE work_items (
    org text NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    project text,
    title text NOT NULL,
    status text NOT NULL,
    category text NOT NULL,
    label text NOT NULL DEFAULT '',
    author text,
    assignee text,
    reviewers text[] NOT NULL DEFAULT '{}',
    priority text,
    points double precision,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    done_at timestamptz,
    url text,
    deleted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org, key)
);
CREATE INDEX work_items_open ON work_items (org, kind) WHERE category <> 'done' AND NOT deleted;
CREATE INDEX work_items_assignee ON work_items (org, assignee, done_at);
SELECT protect('work_items');

CREATE TABLE documents (
    org text NOT NULL,
    id text NOT NULL,
    title text NOT NULL,
    project text,
    source text NOT NULL,
    url text,
    changed_at timestamptz NOT NULL,
    removed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org, id)
);
SELECT protect('documents');

CREATE TABLE owner_rules (
    org text NOT NULL,
    project text NOT NULL,
    path text NOT NULL,
    rules jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (org, project)
);
SELECT protect('owner_rules');

-- What can be looked up by a part of its name: pg_trgm is not in every server, an array of trigrams is.
CREATE TABLE names (
    org text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    trigrams text[] NOT NULL,
    PRIMARY KEY (org, kind, id, name)
);
CREATE INDEX names_trigrams ON names USING gin (trigrams);
SELECT protect('names');
