-- Words in the order of time, so that the latest events of a word are found without reading all that have it.

CREATE TABLE IF NOT EXISTS dated_words (
    org LowCardinality(String),
    word String,
    occurred_at DateTime64(6, 'UTC'),
    entity_hash UInt64,
    id_hash UInt32,
    project LowCardinality(String),
    position UInt64
) ENGINE = ReplacingMergeTree(position)
PARTITION BY toYear(occurred_at)
ORDER BY (org, word, occurred_at, entity_hash, id_hash)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 2048;

DROP VIEW IF EXISTS words_of_works;

CREATE MATERIALIZED VIEW IF NOT EXISTS dated_words_of_works TO dated_words AS
SELECT org, arrayJoin(works.words) AS word, occurred_at, entity_hash, toUInt32(sipHash64(id)) AS id_hash, project, position
FROM works WHERE account != '';

-- What was there so far; should this come twice, a row that is there already is the same one.
INSERT INTO dated_words
SELECT org, arrayJoin(works.words) AS word, occurred_at, entity_hash, toUInt32(sipHash64(id)) AS id_hash, project, position
FROM works WHERE account != '';

DROP TABLE IF EXISTS words;
