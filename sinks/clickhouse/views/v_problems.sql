CREATE OR REPLACE VIEW v_problems
(
    problem_id    String,
    status        LowCardinality(String) COMMENT 'open, solved (root cause declared fixed) or returned (came back after that)',
    title         String,
    signature     String COMMENT 'What recurs',
    scope         LowCardinality(String),
    owner         LowCardinality(String) COMMENT 'Team',
    service       LowCardinality(String) COMMENT 'Where it recurs',
    machine       String COMMENT 'The same, when that is a machine; service is empty then',
    incidents     Int64 COMMENT 'Incidents that match, in all',
    incident_ids  Array(String) COMMENT 'Of these, the newest 100, newest last',
    first_seen_at Nullable(DateTime64(3, 'UTC')),
    last_seen_at  Nullable(DateTime64(3, 'UTC')),
    flagged_at    Nullable(DateTime64(3, 'UTC')),
    solved_at     Nullable(DateTime64(3, 'UTC')),
    solved_by     String,
    returned_at   Nullable(DateTime64(3, 'UTC')),
    declared_by   String COMMENT 'The operator who declared it, or empty',
    currency      LowCardinality(String),
    lost_low      Float64 COMMENT 'Lost revenue over its incidents so far',
    lost_likely   Float64,
    lost_high     Float64,
    cost_low      Float64 COMMENT 'Staff and repair over its incidents so far',
    cost_likely   Float64,
    cost_high     Float64,
    minutes       Float64 COMMENT 'Disruption over its incidents, in minutes',
    evidence      String COMMENT 'JSON: [{kind, points, detail}]',
    updated_at    Nullable(DateTime64(3, 'UTC')),
    rules         LowCardinality(String),
    revision      Int64,
    imported      Bool COMMENT 'Found in imported history alone',
    actions_open    UInt64 COMMENT 'Actions about it, or that follow from its incidents, that are to be done. Completion is done / (open + done)',
    actions_overdue UInt64 COMMENT 'Of these, due before now',
    actions_done    UInt64,
    actions_dropped UInt64
)
AS SELECT
    p.problem_id AS problem_id, status, title, signature, scope, owner, service, JSONExtractString(body, 'machine') AS machine, incidents, incident_ids,
    nullIf(first_seen_at, toDateTime64(0, 3, 'UTC')) AS first_seen_at,
    nullIf(last_seen_at, toDateTime64(0, 3, 'UTC')) AS last_seen_at,
    nullIf(flagged_at, toDateTime64(0, 3, 'UTC')) AS flagged_at,
    nullIf(solved_at, toDateTime64(0, 3, 'UTC')) AS solved_at,
    solved_by,
    nullIf(returned_at, toDateTime64(0, 3, 'UTC')) AS returned_at,
    declared_by, currency, lost_low, lost_likely, lost_high, cost_low, cost_likely, cost_high, minutes,
    JSONExtractRaw(body, 'evidence') AS evidence,
    nullIf(updated_at, toDateTime64(0, 3, 'UTC')) AS updated_at,
    rules, revision, imported = 1 AS imported,
    a.open AS actions_open, a.overdue AS actions_overdue, a.done AS actions_done, a.dropped AS actions_dropped
FROM (SELECT * FROM problems FINAL) AS p
LEFT JOIN
(
    SELECT problem_id, countIf(status = 'open') AS open, countIf(overdue) AS overdue, countIf(status = 'done') AS done, countIf(status = 'dropped') AS dropped
    FROM v_actions WHERE problem_id != '' GROUP BY problem_id
) AS a ON a.problem_id = p.problem_id
COMMENT 'Recurring patterns of incidents, until their root cause is fixed';
