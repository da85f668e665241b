-- Everything that happened, and which files it touched.

CREATE TABLE events (
    org text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    occurred_at timestamptz NOT NULL,
    entity text NOT NULL,
    project text,
    account text,
    title text,
    event jsonb NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX events_project ON events (org, project, type, occurred_at);
CREATE INDEX events_account ON events (org, account, type, occurred_at);
CREATE INDEX events_seen ON events (org, account, occurred_at);
CREATE INDEX events_type ON events (org, type, occurred_at);
CREATE INDEX events_entity ON events (org, entity);
SELECT protect('events');

-- The words that an event can be found by, a row each. A text search index would be smaller, but row-level security
-- keeps the server from using one: its operators are not leakproof, those of a plain column are.
CREATE TABLE event_words (
    org text NOT NULL,
    word text NOT NULL,
    event_id text NOT NULL,
    PRIMARY KEY (org, word, event_id)
);
CREATE INDEX event_words_event ON event_words (org, event_id);
SELECT protect('event_words');

CREATE TABLE touches (
    org text NOT NULL,
    event_id text NOT NULL,
    account text NOT NULL,
    path text NOT NULL,
    entity text NOT NULL,
    project text NOT NULL,
    skill text,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (org, event_id, account, path)
);
CREATE INDEX touches_path ON touches (org, project, path text_pattern_ops);
CREATE INDEX touches_skill ON touches (org, skill, account, occurred_at) WHERE skill IS NOT NULL;
CREATE INDEX touches_account ON touches (org, account, occurred_at) WHERE skill IS NOT NULL;
SELECT protect('touches');
