-- Formula: every candidate cause of a main incident or of one below it, once for
-- each main incident: with its best score in the tree.
-- The change failure rate by this view is an upper bound where all rows count, and
-- an estimate where each counts with its probability: none is a confirmed cause, and
-- DORA counts deployments that needed a remedy.
CREATE OR REPLACE VIEW v_incident_changes
(
    signal_id    String COMMENT 'The first signal about the change; one row per change and main incident',
    kind         String COMMENT 'change or maintenance',
    title        String,
    service      String COMMENT 'What it works on',
    team         String COMMENT 'Whose it is, or empty',
    started_at   Nullable(DateTime64(3, 'UTC')),
    incident_id  String COMMENT 'The main incident that it may have caused',
    scope        LowCardinality(String),
    severity     LowCardinality(String) COMMENT 'Of the incident',
    incident_title String,
    incident_started_at Nullable(DateTime64(3, 'UTC')),
    lag_seconds  Nullable(Float64) COMMENT 'incident_started_at - started_at, in seconds',
    score        Int64 COMMENT 'The best in the tree',
    probability  Nullable(Float64) COMMENT 'That it caused the main incident, 0 to 1; NULL: written before it was worked out',
    likely       Nullable(Bool) COMMENT 'A likely cause: probability of at least 0.5. The others were also changed',
    rank         UInt32 COMMENT 'The best in the tree; 1: nothing explains an incident of the tree better',
    reason       String COMMENT 'Why it is a candidate, of the best',
    minutes      Float64 COMMENT 'Disruption of the main incident, in minutes. An incident with several candidates has several rows: do not add up over changes',
    currency     LowCardinality(String),
    lost_likely  Float64 COMMENT 'Lost revenue of the main incident, likely',
    cost_likely  Float64 COMMENT 'Staff and repair of the main incident, likely',
    imported     Bool COMMENT 'Of history that was brought in'
)
AS SELECT
    c.signal_id AS signal_id, c.kind AS kind, c.title AS title, c.service AS service, c.team AS team, c.started_at AS started_at,
    i.incident_id AS incident_id, i.scope AS scope, i.severity AS severity, i.title AS incident_title,
    nullIf(i.started_at, toDateTime64(0, 3, 'UTC')) AS incident_started_at,
    dateDiff('millisecond', c.started_at, incident_started_at) / 1000 AS lag_seconds,
    c.score AS score, c.probability AS probability, probability >= 0.5 AS likely, c.rank AS rank, c.reason AS reason,
    i.minutes AS minutes, i.currency AS currency, i.lost_likely AS lost_likely, i.cost_likely AS cost_likely, i.imported = 1 AS imported
FROM
(
    SELECT parent_id, signal_id, argMax(v.kind, v.score) AS kind, argMax(v.title, v.score) AS title, argMax(v.service, v.score) AS service,
        argMax(v.team, v.score) AS team, argMax(v.started_at, v.score) AS started_at, argMax(v.reason, v.score) AS reason,
        min(v.rank) AS rank, max(v.score) AS score,
        if(countIf(v.incident_id = v.parent_id) > 0, maxIf(v.probability, v.incident_id = v.parent_id), max(v.probability)) AS probability
    FROM v_incident_causes AS v
    GROUP BY parent_id, signal_id
) AS c
INNER JOIN (SELECT * EXCEPT body FROM incidents FINAL WHERE parent_id = '') AS i ON i.incident_id = c.parent_id
COMMENT 'Changes and maintenance that may have caused main incidents: one row per change and main incident';
