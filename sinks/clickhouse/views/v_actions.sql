-- Formula: completion is countIf(status = 'done') / countIf(status != 'dropped').
CREATE OR REPLACE VIEW v_actions
(
    action_id    String COMMENT 'One row each',
    scope        LowCardinality(String),
    status       LowCardinality(String) COMMENT 'open, done or dropped',
    overdue      Bool COMMENT 'Open, and due before now',
    what         String COMMENT 'What is to be done',
    owner        LowCardinality(String) COMMENT 'Who is to do it: a person or a team; empty: nobody',
    due_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'NULL: no date',
    incident_id  String COMMENT 'The incident it follows from, or empty',
    problem_id   String COMMENT 'The problem it follows from, or that of its incident, or empty',
    created_at   DateTime64(3, 'UTC'),
    created_by   LowCardinality(String),
    ended_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was done or dropped',
    ended_by     LowCardinality(String),
    note         String COMMENT 'How it was done, or why it was dropped',
    days_open    Nullable(Float64) COMMENT 'From created_at to ended_at; NULL while it is open',
    days_late    Float64 COMMENT 'ended_at, or today, beyond due_at, in whole days; 0: in time, or no date',
    updated_at   DateTime64(3, 'UTC')
)
AS SELECT
    a.action_id AS action_id, a.scope AS scope, a.status AS status,
    a.status = 'open' AND toUnixTimestamp(a.due_at) > 0 AND a.due_at < now64(3, 'UTC') AS overdue,
    a.what AS what, a.owner AS owner, nullIf(a.due_at, toDateTime64(0, 3, 'UTC')) AS due_at, a.incident_id AS incident_id,
    if(a.problem_id != '', a.problem_id, i.of_problem) AS problem_id,
    a.created_at AS created_at, a.created_by AS created_by, nullIf(a.ended_at, toDateTime64(0, 3, 'UTC')) AS ended_at, a.ended_by AS ended_by, a.note AS note,
    if(a.status = 'open', NULL, dateDiff('millisecond', a.created_at, a.ended_at) / 86400000) AS days_open,
    toFloat64(if(toUnixTimestamp(a.due_at) = 0, 0, greatest(dateDiff('day', a.due_at, if(a.status = 'open', now64(3, 'UTC'), a.ended_at)), 0))) AS days_late,
    a.updated_at AS updated_at
FROM (SELECT * EXCEPT body FROM actions FINAL) AS a
LEFT JOIN (SELECT incident_id, argMax(x.problem_id, x.revision) AS of_problem FROM incidents AS x WHERE x.problem_id != '' GROUP BY incident_id) AS i ON i.incident_id = a.incident_id
COMMENT 'What is to be done after incidents and about problems: who, until when, and whether it was';
