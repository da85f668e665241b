-- An organisation of {people} people and {projects} projects, of whom a few do most: {rows} events of two years, made
-- by ClickHouse itself, as columns. What a row is follows from its number. The first people and projects may be given
-- by name, so that a program that knows them can be asked about them.

-- name: events
INSERT INTO events (org, type, project, occurred_at, id, source, entity, entity_hash, account, position, event)
WITH
    u -> cityHash64(u) / 18446744073709551616. AS share,
    share((number, 'type')) AS t,
    multiIf(t < 0.30, 'commit', t < 0.36, 'pr_opened', t < 0.41, 'pr_merged', t < 0.49, 'pr_reviewed',
            t < 0.55, 'pr_updated', t < 0.58, 'issue_created', t < 0.68, 'issue_updated', t < 0.80, 'workflow_run',
            t < 0.82, 'deployment', t < 0.83, 'alert_firing', 'metric_sample') AS type,
    multiIf(startsWith(type, 'pr_'), 'pull', startsWith(type, 'issue_'), 'issue', 'other') AS kind,
    if(kind = 'other', number, intDiv(number, 64)) AS thing,
    toUInt32({people:UInt32} * pow(share((thing, 'who', kind)), 1.4)) AS owner,
    if(type = 'pr_reviewed', toUInt32({people:UInt32} * pow(share((number, 'reviewer')), 1.4)), owner) AS who,
    if(share((thing, 'home', kind)) < 0.8, owner % {projects:UInt32},
       toUInt32({projects:UInt32} * pow(share((thing, 'where', kind)), 1.3))) AS place,
    toDateTime64('2024-11-21 00:00:00', 6, 'UTC') AS beginning,
    beginning + toIntervalMicrosecond(toUInt64(share((thing, 'when', kind)) * 62900000000000)) AS born,
    born + toIntervalMicrosecond(if(kind = 'other', 0, toUInt64(share((number, 'later')) * 100000000000))) AS at,
    multiIf(type IN ('commit', 'metric_sample'), 'git', kind = 'issue', 'jira', 'github') AS told_by,
    multiIf(type = 'metric_sample', 'prometheus', type = 'alert_firing', 'prometheus', told_by) AS by_source,
    multiIf(told_by = 'git', {gits:Array(String)}, told_by = 'jira', {jiras:Array(String)}, {githubs:Array(String)})
        AS named_projects,
    multiIf(place < length(named_projects), named_projects[place + 1], told_by = 'git',
            concat('git:project-', toString(place)), told_by = 'jira', concat('jira:P', toString(place)),
            concat('github:acme/project-', toString(place))) AS of_project,
    lower(hex(sipHash128(number))) AS sha,
    multiIf(type = 'commit', {authors:Array(String)}, kind = 'issue', {assignees:Array(String)},
            {logins:Array(String)}) AS named_people,
    multiIf(who < length(named_people), named_people[who + 1], type = 'commit', concat('Person ', toString(who), ' <p', toString(who), '@acme.dev>'),
            kind = 'issue', concat('j', toString(who)), toString(who)) AS actor,
    type IN ('workflow_run', 'deployment', 'alert_firing', 'metric_sample') AS nobody,
    ['search', 'retri', 'payout', 'timeout', 'fail', 'faster', 'rank'] AS asked,
    arrayMap(w -> if(w % 16 = 9 AND w < 112, asked[intDiv(w, 16) + 1], concat('w', toString(w))),
             arrayMap(i -> toUInt32(20000 * pow(share((number, i)), 4)), range(7))) AS said,
    formatDateTime(at, '%Y-%m-%dT%H:%i:%S.%fZ') AS moment,
    formatDateTime(born, '%Y-%m-%dT%H:%i:%S.%fZ') AS birth,
    multiIf(
        type = 'commit', concat('commit:', sha), kind = 'pull', concat('pr:', of_project, '#', toString(thing)),
        kind = 'issue', concat('issue:P', toString(place), '-', toString(thing)),
        type = 'metric_sample', concat('series:', toString(place), ':', toString(number % 20)),
        concat(type, ':', toString(number))
    ) AS about,
    multiIf(
        type = 'commit', concat('"sha":"', sha, '","title":"', arrayStringConcat(said, ' '), '","authored_at":"', moment,
                                '","files_total":2'),
        type = 'pr_reviewed', concat('"number":', toString(thing), ',"pr_title":"', arrayStringConcat(said, ' '),
                                     '","verdict":"approved"'),
        kind = 'pull', concat('"number":', toString(thing), ',"title":"', arrayStringConcat(said, ' '), '","state":"',
                              if(type = 'pr_merged', 'merged', 'open'), '","head_sha":"', sha, '","created_at":"', birth,
                              '","updated_at":"', moment, '"', if(type = 'pr_merged',
                              concat(',"merged_at":"', moment, '","merge_sha":"', sha, '"'), '')),
        kind = 'issue', concat('"key":"P', toString(place), '-', toString(thing), '","title":"',
                               arrayStringConcat(said, ' '), '","status":"In Progress","category":"doing","created_at":"',
                               birth, '","updated_at":"', moment, '"'),
        type = 'workflow_run', concat('"run_id":"', toString(number), '","attempt":1,"name":"ci","conclusion":"success",',
                                      '"sha":"', sha, '","started_at":"', moment, '","finished_at":"', moment, '"'),
        type = 'deployment', concat('"deployment_id":"', toString(number), '","environment":"production",',
                                    '"production":true,"outcome":"success","sha":"', sha, '","requested_at":"', moment,
                                    '","finished_at":"', moment, '"'),
        type = 'alert_firing', concat('"fingerprint":"', sha, '","name":"Errors","starts_at":"', moment, '"'),
        concat('"metric":"latency_', toString(number % 20), '","value":', toString(round(share((number, 'value')), 6)))
    ) AS body
SELECT {org:String}, type, of_project, at, concat(told_by, ':', type, ':', toString(number)), by_source, about,
       reinterpretAsUInt64(substring(SHA256(about), 1, 8)), if(nobody, '', concat(told_by, ':', actor)), number + 1,
       concat('{"id":"', told_by, ':', type, ':', toString(number), '","source":"', by_source, '","occurred_at":"', moment,
              '","entity":"', about, '","project":"', of_project, '"', if(nobody, '',
              concat(',"actor":{"source":"', told_by, '","external_id":"', actor, '"}')),
              ',"body":{"type":"', type, '",', body, '}}')
FROM numbers({first:UInt64}, {rows:UInt64});

-- name: touches
INSERT INTO touches (org, project, path, account, entity_hash, skill, occurred_at, position, folders)
WITH
    u -> cityHash64(u) / 18446744073709551616. AS share,
    arrayJoin(range(1 + position % 4)) AS file,
    ['py', 'py', 'ts', 'go', 'java', 'md'][1 + cityHash64(project) % 6] AS suffix,
    concat('area', toString(toUInt32OrZero(extract(project, '([0-9]+)$')) % 300)) AS area,
    concat(area, '/part', toString(toUInt32(20 * pow(share((position, file, 'a')), 2)))) AS part,
    concat(part, '/unit', toString(toUInt32(10 * share((position, file, 'b'))))) AS unit
SELECT org, project, concat(unit, '/file', toString(toUInt32(12 * share((position, file, 'c')))), '.', suffix), account,
       entity_hash, transform(suffix, ['py', 'ts', 'go', 'java'], ['Python', 'TypeScript', 'Go', 'Java'], ''),
       occurred_at, position, [area, part, unit]
FROM events WHERE org = {org:String} AND type = 'commit' AND position > {first:UInt64}
  AND position <= {first:UInt64} + {rows:UInt64} AND id = concat('git:commit:', toString(position - 1));

-- name: works
INSERT INTO works (org, entity_hash, id, type, project, account, entity, occurred_at, title, words, position)
SELECT org, entity_hash, id, type, project, account, entity, occurred_at, JSONExtractString(event, 'body', 'title') AS said,
       arrayDistinct(splitByChar(' ', said)), position
FROM events WHERE org = {org:String} AND type IN ('commit', 'pr_opened', 'pr_merged') AND position > {first:UInt64}
  AND position <= {first:UInt64} + {rows:UInt64} AND endsWith(id, concat(':', type, ':', toString(position - 1)));
