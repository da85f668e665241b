-- What answers rest on in a large organisation: a question reads what it is about, from an index that has all of it.

-- A thing, and an event, as a number: of ten million two have the same one with a probability of 3 in a million.
ALTER TABLE events
    ADD COLUMN entity_hash bigint GENERATED ALWAYS AS (hashtextextended(entity, 0)) STORED,
    ADD COLUMN id_hash bigint GENERATED ALWAYS AS (hashtextextended(id, 0)) STORED;
ALTER TABLE touches ADD COLUMN entity_hash bigint GENERATED ALWAYS AS (hashtextextended(entity, 0)) STORED;
DROP INDEX events_commit, events_project, events_account, touches_path, touches_skill;
CREATE INDEX events_commit ON events (org, entity_hash) WHERE type = 'commit';
CREATE INDEX events_titled ON events (org, id_hash) WHERE title IS NOT NULL;
CREATE INDEX events_project ON events (org, project, type, occurred_at) INCLUDE (account, entity_hash);
CREATE INDEX events_account ON events (org, account, type, occurred_at) INCLUDE (project, entity_hash);
CREATE INDEX touches_skill ON touches (org, skill, account, occurred_at) INCLUDE (entity_hash) WHERE skill IS NOT NULL;
-- Row-level security keeps LIKE from an index: what begins with something is asked for by what it lies between.
CREATE INDEX touches_path ON touches (org, path text_pattern_ops, occurred_at, project);

-- Words with when and where: the latest events of a word, everywhere or in some projects, are found without reading all
-- that have it. An event has ten of them, so it stands there as its number.
CREATE TABLE dated_words (
    org text NOT NULL,
    word text NOT NULL,
    occurred_at timestamptz NOT NULL,
    event bigint NOT NULL,
    project text,
    PRIMARY KEY (org, word, occurred_at, event) INCLUDE (project)
);
-- Whoever owns the tables is under row-level security, too.
ALTER TABLE event_words NO FORCE ROW LEVEL SECURITY;
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
INSERT INTO dated_words (org, word, occurred_at, event, project)
SELECT w.org, w.word, e.occurred_at, e.id_hash, e.project
FROM event_words w JOIN events e ON e.org = w.org AND e.id = w.event_id
WHERE e.account IS NOT NULL
ORDER BY w.org, w.word, e.occurred_at, e.id_hash
ON CONFLICT DO NOTHING;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
DROP TABLE event_words;
ALTER TABLE dated_words RENAME TO event_words;
ALTER INDEX dated_words_pkey RENAME TO event_words_pkey;
SELECT protect('event_words');
