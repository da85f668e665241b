-- What lets a whole batch of events be taken in with one statement, and what only cost time.

-- A statement over many rows can look back on a row only through its columns.
ALTER TABLE work_items ADD COLUMN told_done_at timestamptz;

-- Words of an event are forgotten with it: they are in its text, so nothing need be looked up by event.
DROP INDEX event_words_event;

-- Nobody looks into an event in here: reading its parts would cost on every way in.
ALTER TABLE events ALTER COLUMN event TYPE text;

-- Only commits are ever looked up by what they are.
DROP INDEX events_entity;
CREATE INDEX events_commit ON events (org, entity) WHERE type = 'commit';

-- Profiles that are to be written again, once nobody is in a hurry.
CREATE TABLE profiles_due (
    org text NOT NULL,
    account text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (org, account)
);
SELECT protect('profiles_due');

-- Profiles are few and change all the time: comparing them all costs less than keeping a graph of them.
DROP INDEX vectors_embedding;
CREATE INDEX vectors_embedding ON vectors USING hnsw (embedding vector_cosine_ops)
    WHERE namespace <> 'developer_profiles';
