-- Everything that happened, what it touched, and what is added up from it.
--
-- Every row can come more than once: what is read without FINAL must not mind that, and nothing may be summed that is
-- not told apart by a key. `position` is the event's place in its lane of the log; of two rows with one key the later
-- one stays. An empty project or account is none. What is dropped stays in its table and is left out when read: see
-- `dropped`.
--
-- A question reads a few rows here and a few there, for each type and project and month: where less is read at once than
-- ClickHouse's own 8,192 rows, and of no more pieces, it takes a third of the time.

-- What an earlier version made. The log has all that was in it: an engine that is born anew is filled from there.
DROP VIEW IF EXISTS words_of_works;
DROP VIEW IF EXISTS acts_of_events;
DROP VIEW IF EXISTS skill_uses_of_touches;
DROP VIEW IF EXISTS dated_words_of_works;
DROP VIEW IF EXISTS word_counts_of_works;
DROP VIEW IF EXISTS seen_of_events;
DROP VIEW IF EXISTS activity_hourly_of_events;
DROP VIEW IF EXISTS activity_daily_of_events;
DROP TABLE IF EXISTS words SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS births SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS fillings SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS events SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS acts SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS dropped SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS touches SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS skill_uses SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS works SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS dated_words SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS word_counts SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS seen SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS activity_hourly SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS activity_daily SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS samples SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS samples_hourly SETTINGS max_table_size_to_drop = 0;
DROP TABLE IF EXISTS samples_daily SETTINGS max_table_size_to_drop = 0;

-- An identity of this engine, made once: positions in the log belong to it.
CREATE TABLE IF NOT EXISTS births (
    birth String,
    born_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = MergeTree ORDER BY born_at;

-- How often an organisation's events were removed to be filled in again: a batch that comes again after that is new.
CREATE TABLE IF NOT EXISTS fillings (
    org LowCardinality(String),
    filling UInt64
) ENGINE = ReplacingMergeTree(filling) ORDER BY org;

CREATE TABLE IF NOT EXISTS events (
    org LowCardinality(String),
    type LowCardinality(String),
    project LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    id String,
    source LowCardinality(String),
    entity String,
    entity_hash UInt64,
    account LowCardinality(String),
    position UInt64,
    event String CODEC(ZSTD(1)),
    INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_entity entity_hash TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = ReplacingMergeTree(position)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (org, type, project, occurred_at, id)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024;

-- The same by account, without what they say: who did what, when and where.
CREATE TABLE IF NOT EXISTS acts (
    org LowCardinality(String),
    account LowCardinality(String),
    type LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    project LowCardinality(String),
    entity_hash UInt64,
    position UInt64
) ENGINE = ReplacingMergeTree(position)
PARTITION BY toYear(occurred_at)
ORDER BY (org, account, type, occurred_at, project, entity_hash)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS acts_of_events TO acts AS
SELECT org, account, type, occurred_at, project, entity_hash, position FROM events WHERE account != '';

-- Commits that a rewritten history no longer contains, a row for each row of `events` that is hidden by that, and one
-- at position 0 for those of which there was none any more. A row that is not hidden (`dropped_at` 0) is a commit that
-- came back.
CREATE TABLE IF NOT EXISTS dropped (
    org LowCardinality(String),
    project LowCardinality(String),
    entity_hash UInt64,
    position UInt64,
    dropped_at UInt64,
    account LowCardinality(String)
) ENGINE = ReplacingMergeTree(dropped_at) ORDER BY (org, project, entity_hash, position);

-- A row for every file and every author of a commit.
CREATE TABLE IF NOT EXISTS touches (
    org LowCardinality(String),
    project LowCardinality(String),
    path String,
    account LowCardinality(String),
    entity_hash UInt64,
    skill LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    position UInt64,
    folders Array(LowCardinality(String)),
    INDEX by_path path TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_folder folders TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(position)
PARTITION BY toYear(occurred_at)
ORDER BY (org, project, path, account, entity_hash)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024;

-- The same without the files: which skills a commit took.
CREATE TABLE IF NOT EXISTS skill_uses (
    org LowCardinality(String),
    skill LowCardinality(String),
    account LowCardinality(String),
    entity_hash UInt64,
    project LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    position UInt64
) ENGINE = ReplacingMergeTree(position)
PARTITION BY toYear(occurred_at)
ORDER BY (org, skill, account, entity_hash, project)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS skill_uses_of_touches TO skill_uses AS
SELECT org, skill, account, entity_hash, project, occurred_at, position FROM touches
WHERE skill != '' GROUP BY org, skill, account, entity_hash, project, occurred_at, position;

-- What can be found by its words, under the lexemes that PostgreSQL makes of them.
CREATE TABLE IF NOT EXISTS works (
    org LowCardinality(String),
    entity_hash UInt64,
    id String,
    type LowCardinality(String),
    project LowCardinality(String),
    account String, -- to read one of thousands would take reading all of them
    entity String,
    occurred_at DateTime64(6, 'UTC'),
    title String,
    words Array(String),
    position UInt64
) ENGINE = ReplacingMergeTree(position)
PARTITION BY toYear(occurred_at)
ORDER BY (org, entity_hash, id)
-- They are read one by one, from anywhere: a piece that is unpacked for one of them has to be small.
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 64, min_compress_block_size = 2048;

-- In the order of time, so that the latest events of a word are found without reading all that have it.
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

CREATE MATERIALIZED VIEW IF NOT EXISTS dated_words_of_works TO dated_words AS
SELECT org, arrayJoin(works.words) AS word, occurred_at, entity_hash, toUInt32(sipHash64(id)) AS id_hash, project, position
FROM works WHERE account != '';

-- About how many events have a word: enough to know which words are too common to be counted.
CREATE TABLE IF NOT EXISTS word_counts (
    org LowCardinality(String),
    word String,
    events AggregateFunction(uniq, UInt64, UInt32)
) ENGINE = AggregatingMergeTree ORDER BY (org, word)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 256;

CREATE MATERIALIZED VIEW IF NOT EXISTS word_counts_of_works TO word_counts AS
SELECT org, arrayJoin(works.words) AS word, uniqState(entity_hash, toUInt32(sipHash64(id))) AS events
FROM works GROUP BY org, word;

-- When an account was last seen at what.
CREATE TABLE IF NOT EXISTS seen (
    org LowCardinality(String),
    account LowCardinality(String),
    type LowCardinality(String),
    last_at SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
) ENGINE = AggregatingMergeTree ORDER BY (org, account, type)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS seen_of_events TO seen AS
SELECT org, account, type, max(occurred_at) AS last_at FROM events
WHERE account != '' GROUP BY org, account, type;

-- Activity by the hour and by the day, for as long as the events themselves are not kept. Entities are a set, not a
-- number: it can be joined over hours, accounts and projects, takes a doubled row without harm, and gives up what was
-- dropped.
CREATE TABLE IF NOT EXISTS activity_hourly (
    org LowCardinality(String),
    type LowCardinality(String),
    project LowCardinality(String),
    account LowCardinality(String),
    hour DateTime('UTC'),
    entities AggregateFunction(groupBitmap, UInt64),
    first_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_at SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
) ENGINE = AggregatingMergeTree
PARTITION BY toYear(hour)
ORDER BY (org, type, project, account, hour)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS activity_hourly_of_events TO activity_hourly AS
SELECT org, type, project, account, toStartOfHour(occurred_at) AS hour, groupBitmapState(entity_hash) AS entities,
       min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM events WHERE account != '' GROUP BY org, type, project, account, hour;

CREATE TABLE IF NOT EXISTS activity_daily (
    org LowCardinality(String),
    type LowCardinality(String),
    project LowCardinality(String),
    account LowCardinality(String),
    day Date,
    entities AggregateFunction(groupBitmap, UInt64),
    first_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_at SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
) ENGINE = AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (org, type, project, account, day)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS activity_daily_of_events TO activity_daily AS
SELECT org, type, project, account, toDate(occurred_at) AS day, groupBitmapState(entity_hash) AS entities,
       min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM events WHERE account != '' GROUP BY org, type, project, account, day;

-- Measurements, and what they add up to by the hour and by the day. Sums and quantiles do not bear a doubled row, so
-- an hour is added up anew from its measurements whenever one comes in. Measurements never go away but by age: of two
-- rows of one hour the one that rests on more (`n`) is right.
CREATE TABLE IF NOT EXISTS samples (
    org LowCardinality(String),
    metric LowCardinality(String),
    series UInt64,
    occurred_at DateTime64(6, 'UTC'),
    project LowCardinality(String),
    labels String CODEC(ZSTD(1)),
    value Float64,
    position UInt64
) ENGINE = ReplacingMergeTree(position)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (org, metric, series, occurred_at)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS samples_hourly (
    org LowCardinality(String),
    metric LowCardinality(String),
    series UInt64,
    hour DateTime('UTC'),
    project LowCardinality(String),
    labels String CODEC(ZSTD(1)),
    n UInt64,
    total AggregateFunction(sum, Float64),
    least AggregateFunction(min, Float64),
    most AggregateFunction(max, Float64),
    latest AggregateFunction(argMax, Float64, DateTime64(6, 'UTC')),
    spread AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Float64)
) ENGINE = ReplacingMergeTree(n)
PARTITION BY toYear(hour)
ORDER BY (org, metric, series, hour);

CREATE TABLE IF NOT EXISTS samples_daily (
    org LowCardinality(String),
    metric LowCardinality(String),
    series UInt64,
    day Date,
    project LowCardinality(String),
    labels String CODEC(ZSTD(1)),
    n UInt64,
    total AggregateFunction(sum, Float64),
    least AggregateFunction(min, Float64),
    most AggregateFunction(max, Float64),
    latest AggregateFunction(argMax, Float64, DateTime64(6, 'UTC')),
    spread AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Float64)
) ENGINE = ReplacingMergeTree(n)
PARTITION BY toYear(day)
ORDER BY (org, metric, series, day);
