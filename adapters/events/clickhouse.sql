-- Every statement of the events in ClickHouse. Wherever a table is read, its organisation is named: a test holds that.
-- Nothing is read with FINAL: what may stand there twice is told apart by what is counted, or by LIMIT 1 BY.

-- `$kept` stands for: it was not dropped; see `clickhouse_dropped`.

-- name: kept
(entity_hash, position) NOT IN (
    SELECT entity_hash, position FROM dropped WHERE org = {org:String} AND dropped_at > 0
);

-- name: hidden
SELECT count() AS rows, groupArray({few:UInt32})((entity_hash, position)) AS named
FROM dropped WHERE org = {org:String} AND dropped_at > 0;

-- name: birth
-- org: none, it is the engine's own.
SELECT birth FROM births ORDER BY born_at, birth LIMIT 1;

-- name: filling
SELECT max(filling) FROM fillings WHERE org = {org:String};

-- name: tally
SELECT 'events' AS kind, uniqExact(id) AS n FROM events WHERE org = {org:String}
  AND $kept
UNION ALL
SELECT 'touches', uniqExact(project, path, account, entity_hash) FROM touches WHERE org = {org:String}
  AND $kept
UNION ALL
SELECT 'samples', uniqExact(metric, series, occurred_at) FROM samples WHERE org = {org:String};

-- name: to_hide
-- The commits of these things, whether hidden already or not.
SELECT DISTINCT project, entity_hash, position, account FROM events
WHERE org = {org:String} AND type = 'commit' AND entity_hash IN {entities:Array(UInt64)};

-- name: come_back
-- Which of these things were dropped at some time.
SELECT DISTINCT project, entity_hash FROM dropped
WHERE org = {org:String} AND entity_hash IN {entities:Array(UInt64)};

-- name: add_up_hours
INSERT INTO samples_hourly
SELECT org, metric, series, toStartOfHour(at) AS hour, any(project_), any(labels_), count() AS n, sumState(value_),
       minState(value_), maxState(value_), argMaxState(value_, at), quantilesTDigestState(0.5, 0.9, 0.99)(value_)
FROM (
    SELECT org, metric, series, occurred_at AS at, argMax(project, position) AS project_,
           argMax(labels, position) AS labels_, argMax(value, position) AS value_
    FROM samples
    WHERE org = {org:String} AND metric IN {metrics:Array(String)} AND series IN {series:Array(UInt64)}
      AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
    GROUP BY org, metric, series, occurred_at
)
GROUP BY org, metric, series, hour;

-- name: add_up_days
INSERT INTO samples_daily
SELECT org, metric, series, toDate(hour) AS day, any(project), any(labels), sum(n) AS total_n, sumMergeState(total),
       minMergeState(least), maxMergeState(most), argMaxMergeState(latest),
       quantilesTDigestMergeState(0.5, 0.9, 0.99)(spread)
FROM (
    SELECT * FROM samples_hourly
    WHERE org = {org:String} AND metric IN {metrics:Array(String)} AND series IN {series:Array(UInt64)}
      AND hour >= {since:DateTime64(6, 'UTC')} AND hour < {until:DateTime64(6, 'UTC')}
    ORDER BY n DESC LIMIT 1 BY org, metric, series, hour
)
GROUP BY org, metric, series, day;

-- name: measured_hourly
SELECT project, labels, hour AS at, n, sumMerge(total) AS total, minMerge(least) AS least, maxMerge(most) AS most,
       argMaxMerge(latest) AS latest, quantilesTDigestMerge(0.5, 0.9, 0.99)(spread) AS quantiles
FROM (
    SELECT * FROM samples_hourly
    WHERE org = {org:String} AND metric = {metric:String}
      AND hour >= {since:DateTime64(6, 'UTC')} AND hour < {until:DateTime64(6, 'UTC')}
    ORDER BY n DESC LIMIT 1 BY series, hour
)
GROUP BY project, labels, series, at, n ORDER BY at, project, labels;

-- name: measured_daily
SELECT project, labels, toDateTime(day, 'UTC') AS at, n, sumMerge(total) AS total, minMerge(least) AS least,
       maxMerge(most) AS most, argMaxMerge(latest) AS latest,
       quantilesTDigestMerge(0.5, 0.9, 0.99)(spread) AS quantiles
FROM (
    SELECT * FROM samples_daily
    WHERE org = {org:String} AND metric = {metric:String}
      AND day >= toDate({since:DateTime64(6, 'UTC')}) AND day < toDate({until:DateTime64(6, 'UTC')})
    ORDER BY n DESC LIMIT 1 BY series, day
)
GROUP BY project, labels, series, at, n ORDER BY at, project, labels;

-- name: activity
-- Accounts and projects are groups: keys and what they count as, or any and themselves.
SELECT transform(account, {accounts:Array(String)}, {people:Array(String)}, toString(account)) AS who,
       transform(project, {projects:Array(String)}, {places:Array(String)}, toString(project)) AS place, type AS kind,
       uniqExact(entity_hash) AS n, min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM events
WHERE org = {org:String} AND type IN {types:Array(String)} AND account != ''
  AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
  AND ({any_account:Bool} OR account IN {accounts:Array(String)})
  AND ({any_project:Bool} OR project IN {projects:Array(String)})
  AND $kept
GROUP BY who, place, kind ORDER BY who, place, kind;

-- name: activity_of_accounts
-- The same, from where it lies by account.
SELECT transform(account, {accounts:Array(String)}, {people:Array(String)}, toString(account)) AS who,
       transform(project, {projects:Array(String)}, {places:Array(String)}, toString(project)) AS place, type AS kind,
       uniqExact(entity_hash) AS n, min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM acts
WHERE org = {org:String} AND type IN {types:Array(String)}
  AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
  AND account IN {accounts:Array(String)}
  AND ({any_project:Bool} OR project IN {projects:Array(String)})
  AND $kept
GROUP BY who, place, kind ORDER BY who, place, kind;

-- name: activity_over_tiers
-- The same where events are kept for {hot_days} days: before that, from hours and days. What came into being on the
-- day at which they begin is taken from there, too.
WITH toDate(now('UTC')) - {hot_days:UInt32} + 1 AS horizon,
     toDate({since:DateTime64(6, 'UTC')}) AS first_day, toDate({until:DateTime64(6, 'UTC')}) AS last_day,
     gone AS (
         SELECT project, groupBitmapState(entity_hash) AS entities FROM (
             SELECT project, entity_hash FROM dropped WHERE org = {org:String} GROUP BY project, entity_hash
             HAVING max(dropped_at) > maxIf(position, dropped_at = 0)
         ) GROUP BY project
     )
SELECT transform(account, {accounts:Array(String)}, {people:Array(String)}, toString(account)) AS who,
       transform(cells.project, {projects:Array(String)}, {places:Array(String)}, toString(cells.project)) AS place,
       type AS kind, groupBitmapOr(bitmapAndnot(cells.entities, gone.entities)) AS n, min(cells.first_at) AS first_at,
       max(cells.last_at) AS last_at
FROM (
    SELECT type, project, account, groupBitmapState(entity_hash) AS entities, min(occurred_at) AS first_at,
           max(occurred_at) AS last_at
    FROM events
    WHERE org = {org:String} AND type IN {types:Array(String)} AND account != '' AND occurred_at >= toDateTime(horizon, 'UTC')
      AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
      AND $kept
    GROUP BY type, project, account
    UNION ALL
    SELECT type, project, account, groupBitmapMergeState(entities) AS entities, min(first_at) AS first_at,
           max(last_at) AS last_at
    FROM activity_daily
    WHERE org = {org:String} AND type IN {types:Array(String)} AND day > first_day AND day < last_day AND day < horizon
    GROUP BY type, project, account, day
    UNION ALL
    SELECT type, project, account, groupBitmapMergeState(entities) AS entities, min(first_at) AS first_at,
           max(last_at) AS last_at
    FROM activity_hourly
    WHERE org = {org:String} AND type IN {types:Array(String)} AND toDate(hour) IN (first_day, last_day)
      AND hour >= toStartOfHour({since:DateTime64(6, 'UTC')}) AND hour < {until:DateTime64(6, 'UTC')}
      AND hour < toDateTime(horizon, 'UTC')
    GROUP BY type, project, account, hour
) AS cells
LEFT JOIN gone ON gone.project = cells.project
WHERE bitmapAndnotCardinality(cells.entities, gone.entities) > 0
  AND ({any_account:Bool} OR account IN {accounts:Array(String)})
  AND ({any_project:Bool} OR cells.project IN {projects:Array(String)})
GROUP BY who, place, kind ORDER BY who, place, kind;

-- name: last_seen
-- From what was added up, while nothing is hidden.
SELECT account, max(last_at) AS last_at FROM seen
WHERE org = {org:String} AND ({any_account:Bool} OR account IN {accounts:Array(String)})
  AND type NOT IN {types:Array(String)}
GROUP BY account;

-- name: last_seen_of_kept
-- Of accounts that had a commit dropped, their commits are looked at one by one.
SELECT account, max(at) AS last_at
FROM (
    SELECT account, last_at AS at FROM seen
    WHERE org = {org:String} AND ({any_account:Bool} OR account IN {accounts:Array(String)})
      AND type NOT IN {types:Array(String)} AND NOT (type = 'commit' AND account IN (
          SELECT account FROM dropped WHERE org = {org:String} AND dropped_at > 0
      ))
    UNION ALL
    SELECT account, max(occurred_at) AS at FROM acts
    WHERE org = {org:String} AND account IN (SELECT account FROM dropped WHERE org = {org:String} AND dropped_at > 0)
      AND type = 'commit' AND ({any_account:Bool} OR account IN {accounts:Array(String)}) AND $kept
    GROUP BY account
)
GROUP BY account;

-- name: touches
-- A commit seen through two sources is one entity; its weight is taken once.
SELECT who, place, path, count() AS commits,
       round(sum(pow(0.5, dateDiff('microsecond', at, {until:DateTime64(6, 'UTC')}) / 1e6 / {half_life:Float64})), 9)
           AS weight,
       max(at) AS last_at
FROM (
    SELECT transform(account, {accounts:Array(String)}, {people:Array(String)}, toString(account)) AS who,
           transform(project, {projects:Array(String)}, {places:Array(String)}, toString(project)) AS place, path,
           max(occurred_at) AS at
    FROM touches
    WHERE org = {org:String} AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
      AND ({any_account:Bool} OR account IN {accounts:Array(String)})
      AND ({any_project:Bool} OR project IN {projects:Array(String)})
      AND ({any_path:Bool} OR path IN {near:Array(String)} OR hasAny(folders, {near:Array(String)}))
      AND $kept
    GROUP BY who, place, path, entity_hash
)
GROUP BY who, place, path ORDER BY weight DESC, who, path, place LIMIT {limit:UInt32};

-- name: skills
-- Who used the skill $n in how many commits. Of one skill at a time, by accounts as they are where they need not be
-- grouped ($who): that takes two thirds of the time of all at once.
SELECT who, $n AS nth, commits, last_at FROM (
    SELECT $who AS who, length(arrayDistinct(groupArray(entity_hash))) AS commits, max(occurred_at) AS last_at
    FROM skill_uses
    WHERE org = {org:String} AND skill = {skills:Array(String)}[$n]
      AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
      AND ({any_account:Bool} OR account IN {accounts:Array(String)}) AND $kept
    GROUP BY who ORDER BY commits DESC, who LIMIT {limit:UInt32}
);

-- name: all_skills
SELECT transform(account, {accounts:Array(String)}, {people:Array(String)}, toString(account)) AS who, skill,
       uniqExact(entity_hash) AS commits, max(occurred_at) AS last_at
FROM skill_uses
WHERE org = {org:String} AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
  AND ({any_account:Bool} OR account IN {accounts:Array(String)})
  AND $kept
GROUP BY who, skill ORDER BY commits DESC, who, skill LIMIT {limit:UInt32};

-- name: about_words
-- About how many events have each word, those that were dropped since among them.
SELECT word, uniqMerge(events) AS n FROM word_counts
WHERE org = {org:String} AND word IN {words:Array(String)} GROUP BY word;

-- name: exact_words
SELECT word, uniqExact(entity_hash, id_hash) AS n FROM dated_words
WHERE org = {org:String} AND word IN {words:Array(String)}
  AND $kept
GROUP BY word;

-- name: latest_of_word
-- When the {many}th latest event of the word $n was, or what it has for oldest, and how many that are.
SELECT min(occurred_at) AS at, count() AS found, $n AS word FROM (
    SELECT occurred_at FROM dated_words
    WHERE org = {org:String} AND word = {words:Array(String)}[$n]
      AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
      AND ({any_project:Bool} OR project IN {projects:Array(String)}) AND $kept
    ORDER BY occurred_at DESC LIMIT 1 BY occurred_at, entity_hash, id_hash LIMIT {many:UInt32}
);

-- name: find_entities
-- The things of which an event has the best words, more than {limit} where several are equally good; each with the score
-- and the time of that event, and which of that time's events it is. A word is read from `reach` on, and of what is read
-- the {many} latest count, and those of the same moment as the last of them.
SELECT entity_hash, best.1 AS score, best.2 AS at, arrayMap(e -> e.3, arrayFilter(e -> (e.1, e.2) = best, told)) AS ids
FROM (
    SELECT entity_hash, max((score, at)) AS best, groupArray((score, at, id_hash)) AS told
    FROM (
        SELECT entity_hash, id_hash, at,
               round(sum(transform(word, {words:Array(String)}, {weights:Array(Float64)}, 0.)), 12) AS score
        FROM (
            SELECT word, entity_hash, id_hash, at, rank() OVER (PARTITION BY word ORDER BY at DESC) AS place
            FROM (
                SELECT DISTINCT word, occurred_at AS at, entity_hash, id_hash FROM dated_words
                WHERE org = {org:String} AND word IN {words:Array(String)}
                  AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
                  AND occurred_at >= transform(word, {words:Array(String)}, {reach:Array(DateTime64(6, 'UTC'))},
                                               {since:DateTime64(6, 'UTC')})
                  AND ({any_project:Bool} OR project IN {projects:Array(String)}) AND $kept
            )
        )
        WHERE place <= {many:UInt32}
        GROUP BY entity_hash, id_hash, at
    )
    GROUP BY entity_hash
)
ORDER BY best DESC LIMIT {limit:UInt32} WITH TIES;

-- name: works
SELECT id, toUInt32(sipHash64(id)) AS id_hash, entity_hash, account, project, type, entity, title, occurred_at FROM works
WHERE org = {org:String} AND entity_hash IN {entities:Array(UInt64)} AND account != ''
  AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
  AND ({any_project:Bool} OR project IN {projects:Array(String)})
  AND $kept
LIMIT 1 BY id;

-- name: found
SELECT id FROM (
    SELECT occurred_at, id FROM events
    WHERE org = {org:String} AND type IN {types:Array(String)}
      AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
      AND ({any_project:Bool} OR project IN {projects:Array(String)})
      AND $kept
    ORDER BY occurred_at, id LIMIT 1 BY occurred_at, id LIMIT {limit:UInt32}
);

-- name: read
-- Those of what `found` found that are asked for, or all of it.
SELECT id, event FROM events
WHERE org = {org:String} AND type IN {types:Array(String)}
  AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
  AND ({any_project:Bool} OR project IN {projects:Array(String)})
  AND id IN {ids:Array(String)}
LIMIT 1 BY id;

-- name: happened
SELECT event FROM (
    SELECT occurred_at, id, event FROM events
    WHERE org = {org:String} AND ({any_id:Bool} OR id IN {ids:Array(String)})
      AND ({any_entity:Bool} OR (entity_hash = {entity_hash:UInt64} AND entity = {entity:String}))
      AND $kept
    ORDER BY occurred_at DESC, id DESC LIMIT 1 BY occurred_at, id LIMIT {limit:UInt32}
)
ORDER BY occurred_at DESC, id DESC;
