-- The contract: names and meanings of v_* stay. Each shows one row per thing,
-- however often it was written.

CREATE OR REPLACE VIEW v_alerts
(
    signal_id   String COMMENT 'Identity of this state of the alert; one row each. Joins v_decisions.signal_id',
    fingerprint String COMMENT 'Identity of the alert at its source; its firing and its resolved rows share it',
    status      LowCardinality(String) COMMENT 'firing or resolved',
    service     LowCardinality(String) COMMENT 'As the sender named it',
    name        LowCardinality(String) COMMENT 'Name of the alert',
    severity    LowCardinality(String) COMMENT 'critical, major, warning, info, or empty when not known',
    source      LowCardinality(String) COMMENT 'Sending system',
    tenant      LowCardinality(String),
    environment LowCardinality(String),
    scope       LowCardinality(String) COMMENT 'Correlation scope: nothing correlates across scopes',
    team        LowCardinality(String),
    instance    String COMMENT 'Pod, process or device, without a port',
    host        String,
    starts_at   Nullable(DateTime64(3, 'UTC')) COMMENT 'When it began, by the sender''s clock, never after received_at by more than 2 minutes',
    ends_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL while firing',
    received_at DateTime64(3, 'UTC') COMMENT 'When Pinkstar first took it',
    summary     String,
    description String,
    labels      Map(LowCardinality(String), String),
    annotations Map(LowCardinality(String), String),
    url         String COMMENT 'Where to see it at its source',
    runbook     String,
    flags       Array(LowCardinality(String)) COMMENT 'Remarks on data quality, for example starts_at_in_future'
)
AS SELECT
    signal_id, fingerprint, status, service, name, severity, source, tenant, environment, scope, team, instance, host,
    nullIf(starts_at, toDateTime64(0, 3, 'UTC')) AS starts_at,
    nullIf(ends_at, toDateTime64(0, 3, 'UTC')) AS ends_at,
    received_at, summary, description, labels, annotations, url, runbook, flags
FROM signals FINAL
WHERE kind = 'alert'
COMMENT 'Alerts: one row per signal id, that is per (scope, source, fingerprint, start, status). Repeats are counted in v_decisions.repeats';

CREATE OR REPLACE VIEW v_decisions
(
    signal_id   String COMMENT 'The signal; one row each, refused records included',
    decision    LowCardinality(String) COMMENT 'placed, duplicate, suppressed, late or refused',
    incident_id String COMMENT 'The incident it is a direct member of, or empty',
    parent_id   String COMMENT 'The outermost incident above; equal to incident_id when there is none',
    reason      String COMMENT 'Why, in one sentence',
    repeats     Int64 COMMENT 'Further deliveries of the same signal: sum(1 + repeats) is the number of signals taken',
    kind        LowCardinality(String) COMMENT 'alert, ticket, maintenance, change, impact or command; empty when it could not be read',
    scope       LowCardinality(String),
    at          DateTime64(3, 'UTC') COMMENT 'Log time of the decision',
    last_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'Log time of the latest delivery',
    score       Int64 COMMENT 'Evidence for the chosen incident, in thousandths of a natural log-odds; 0 when there was nothing to weigh',
    threshold   Int64 COMMENT 'What the score had to reach',
    evidence    String COMMENT 'JSON: [{kind, points, detail}], which sum to the score',
    anchor_id   String COMMENT 'The member signal it was linked to',
    runner_up   String COMMENT 'JSON: the best incident that was not chosen, and what it lacked',
    window_id   String COMMENT 'Suppressed: the signal id of the window',
    rules       LowCardinality(String) COMMENT 'Version of the rule set',
    topology    LowCardinality(String) COMMENT 'Version of the topology',
    learnt      LowCardinality(String) COMMENT 'Version of the learnt statistics',
    candidates  Int32 COMMENT 'How many incidents were considered',
    revision    Int64 COMMENT 'Grows when the decision is corrected or its repeats are counted'
)
AS SELECT
    d.signal_id AS signal_id, d.decision AS decision, d.incident_id AS incident_id,
    if(p.parent_id != '', p.parent_id, d.incident_id) AS parent_id,
    d.reason AS reason, d.repeats AS repeats, d.kind AS kind, d.scope AS scope, d.at AS at,
    nullIf(d.last_at, toDateTime64(0, 3, 'UTC')) AS last_at,
    d.score AS score, d.threshold AS threshold, d.evidence AS evidence, d.anchor_id AS anchor_id,
    d.runner_up AS runner_up, d.window_id AS window_id, d.rules AS rules, d.topology AS topology,
    d.learnt AS learnt, d.candidates AS candidates, d.revision AS revision
FROM (SELECT * FROM decisions FINAL) AS d
LEFT JOIN
(
    SELECT incident_id, argMax(parent_id, revision) AS parent_id
    FROM incidents GROUP BY incident_id HAVING parent_id != ''
) AS p ON p.incident_id = d.incident_id
COMMENT 'What happened to every signal: one row per signal id';

CREATE OR REPLACE VIEW v_incidents
(
    incident_id     String COMMENT 'One row each, children included: count main ones with is_main',
    parent_id       String COMMENT 'The outermost incident above; equal to incident_id for a main one',
    is_main         Bool COMMENT 'No incident above it. Sum counts and costs over main incidents only',
    status          LowCardinality(String) COMMENT 'open, acknowledged, mitigated, resolved (may reopen) or closed',
    severity        LowCardinality(String),
    title           String,
    scope           LowCardinality(String),
    services        Array(LowCardinality(String)) COMMENT 'Affected, sorted',
    teams           Array(LowCardinality(String)) COMMENT 'Owners of those services',
    root_service    LowCardinality(String) COMMENT 'First of the suspected roots, or empty',
    root_score      Int64 COMMENT 'Thousandths of the whole',
    root_reason     String,
    assignee        String,
    started_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'Earliest start of a member, by the senders'' clocks',
    detected_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'When Pinkstar opened it',
    acknowledged_at Nullable(DateTime64(3, 'UTC')),
    mitigated_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'The effect on users ended',
    resolved_at     Nullable(DateTime64(3, 'UTC')),
    closed_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'It can no longer reopen',
    updated_at      Nullable(DateTime64(3, 'UTC')),
    signals         Int64 COMMENT 'Distinct signals placed here',
    repeats         Int64 COMMENT 'Further deliveries of them',
    alerts          Int64 COMMENT 'Distinct alerts',
    active_alerts   Int64 COMMENT 'Of these, firing now',
    reopens         Int64,
    flaps           Int64,
    tickets         Array(String) COMMENT 'Keys of linked tickets',
    problem_id      String COMMENT 'The recurring problem it is an occurrence of, or empty',
    currency        LowCardinality(String),
    lost_low        Float64 COMMENT 'Lost revenue, low estimate',
    lost_likely     Float64 COMMENT 'Lost revenue, likely',
    lost_high       Float64 COMMENT 'Lost revenue, high estimate',
    cost_low        Float64 COMMENT 'Staff and repair, low estimate',
    cost_likely     Float64 COMMENT 'Staff and repair, likely',
    cost_high       Float64 COMMENT 'Staff and repair, high estimate',
    minutes         Float64 COMMENT 'Disruption so far, in minutes',
    measured        Bool COMMENT 'A reported figure replaced the model''s',
    formula         String COMMENT 'How the impact was worked out, with the numbers used',
    rules           LowCardinality(String) COMMENT 'Version of the rules it was opened under',
    topology        LowCardinality(String) COMMENT 'Version of the topology it was opened under',
    revision        Int64
)
AS SELECT
    incident_id,
    if(parent_id = '', incident_id, parent_id) AS parent_id,
    i.parent_id = '' AS is_main,
    status, severity, title, scope, services, teams, root_service, root_score, root_reason, assignee,
    nullIf(started_at, toDateTime64(0, 3, 'UTC')) AS started_at,
    nullIf(detected_at, toDateTime64(0, 3, 'UTC')) AS detected_at,
    nullIf(acknowledged_at, toDateTime64(0, 3, 'UTC')) AS acknowledged_at,
    nullIf(mitigated_at, toDateTime64(0, 3, 'UTC')) AS mitigated_at,
    nullIf(resolved_at, toDateTime64(0, 3, 'UTC')) AS resolved_at,
    nullIf(closed_at, toDateTime64(0, 3, 'UTC')) AS closed_at,
    nullIf(updated_at, toDateTime64(0, 3, 'UTC')) AS updated_at,
    signals, repeats, alerts, active_alerts, reopens, flaps, tickets, problem_id, currency,
    lost_low, lost_likely, lost_high, cost_low, cost_likely, cost_high, minutes,
    measured = 1 AS measured, formula, rules, topology, revision
FROM incidents AS i FINAL
COMMENT 'The latest state of every incident. A main incident already contains its children: never add both';

CREATE OR REPLACE VIEW v_incident_timeline
(
    incident_id String,
    seq         Int64 COMMENT 'From 1; (incident_id, seq) is unique',
    at          DateTime64(3, 'UTC') COMMENT 'Log time',
    event_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'When what it tells happened, when known',
    type        LowCardinality(String) COMMENT 'opened, joined, ticket, change, severity, acknowledged, linked, resolved, ...',
    text        String,
    signal_id   String,
    by          String COMMENT 'An operator, or empty',
    scope       LowCardinality(String)
)
AS SELECT incident_id, seq, at, nullIf(event_at, toDateTime64(0, 3, 'UTC')) AS event_at, type, text, signal_id, by, scope
FROM timeline FINAL
COMMENT 'The story of each incident, line by line';

CREATE OR REPLACE VIEW v_tickets
(
    ticket_key  String COMMENT 'For example OPS-123; one row per source and key',
    source      LowCardinality(String),
    scope       LowCardinality(String),
    status      LowCardinality(String) COMMENT 'open, updated, closed or deleted: the latest',
    state       String COMMENT 'As the tracker names it',
    title       String,
    service     LowCardinality(String),
    severity    LowCardinality(String),
    project     String,
    type        String,
    assignee    String,
    reporter    String,
    priority    String,
    url         String,
    created_at  Nullable(DateTime64(3, 'UTC')) COMMENT 'Earliest start that the tracker told',
    updated_at  DateTime64(3, 'UTC') COMMENT 'When Pinkstar took the latest state',
    updates     UInt64 COMMENT 'Distinct states taken',
    incident_id String COMMENT 'The incident that it is linked to, or empty',
    parent_id   String COMMENT 'The outermost incident above that one',
    signal_id   String COMMENT 'Of the latest state'
)
AS SELECT
    s.fingerprint AS ticket_key, s.source AS source, s.scope AS scope,
    argMax(s.status, (s.received_at, s.signal_id)) AS status,
    argMax(JSONExtractString(s.detail, 'state'), (s.received_at, s.signal_id)) AS state,
    argMax(if(s.summary != '', s.summary, s.name), (s.received_at, s.signal_id)) AS title,
    argMax(s.service, (s.received_at, s.signal_id)) AS service,
    argMax(s.severity, (s.received_at, s.signal_id)) AS severity,
    argMax(JSONExtractString(s.detail, 'project'), (s.received_at, s.signal_id)) AS project,
    argMax(JSONExtractString(s.detail, 'type'), (s.received_at, s.signal_id)) AS type,
    argMax(JSONExtractString(s.detail, 'assignee'), (s.received_at, s.signal_id)) AS assignee,
    argMax(JSONExtractString(s.detail, 'reporter'), (s.received_at, s.signal_id)) AS reporter,
    argMax(JSONExtractString(s.detail, 'priority'), (s.received_at, s.signal_id)) AS priority,
    argMax(s.url, (s.received_at, s.signal_id)) AS url,
    nullIf(min(s.starts_at), toDateTime64(0, 3, 'UTC')) AS created_at,
    max(s.received_at) AS updated_at,
    count() AS updates,
    argMaxIf(d.incident_id, (s.received_at, s.signal_id), d.incident_id != '') AS incident_id,
    argMaxIf(d.parent_id, (s.received_at, s.signal_id), d.incident_id != '') AS parent_id,
    argMax(s.signal_id, (s.received_at, s.signal_id)) AS signal_id
FROM (SELECT * FROM signals FINAL WHERE kind = 'ticket') AS s
LEFT JOIN (SELECT signal_id, incident_id, parent_id FROM v_decisions WHERE kind = 'ticket') AS d ON d.signal_id = s.signal_id
GROUP BY s.source, s.scope, s.fingerprint
COMMENT 'Tickets: the latest state of each, and the incident it is linked to';

CREATE OR REPLACE VIEW v_changes
(
    change_id   String COMMENT 'Identity at its source; one row per source and id',
    kind        LowCardinality(String) COMMENT 'change or maintenance',
    source      LowCardinality(String),
    scope       LowCardinality(String),
    status      LowCardinality(String) COMMENT 'planned, started, finished or cancelled: the latest',
    title       String,
    service     LowCardinality(String),
    services    Array(String) COMMENT 'Everything else it touches',
    team        LowCardinality(String),
    type        String COMMENT 'deployment, rollback, config, silence, calendar, ...',
    version     String,
    by          String,
    contact     String COMMENT 'Where its team is reached at once',
    suppress    Bool COMMENT 'Alerts that match are expected during the window',
    starts_at   Nullable(DateTime64(3, 'UTC')),
    ends_at     Nullable(DateTime64(3, 'UTC')),
    received_at DateTime64(3, 'UTC') COMMENT 'When Pinkstar took the latest state',
    url         String,
    signal_id   String COMMENT 'Of the latest state'
)
AS SELECT
    s.fingerprint AS change_id, any(s.kind) AS kind, s.source AS source, s.scope AS scope,
    argMax(s.status, (s.received_at, s.signal_id)) AS status,
    argMax(s.name, (s.received_at, s.signal_id)) AS title,
    argMax(s.service, (s.received_at, s.signal_id)) AS service,
    argMax(JSONExtract(s.detail, 'services', 'Array(String)'), (s.received_at, s.signal_id)) AS services,
    argMax(s.team, (s.received_at, s.signal_id)) AS team,
    argMax(JSONExtractString(s.detail, 'type'), (s.received_at, s.signal_id)) AS type,
    argMax(JSONExtractString(s.detail, 'version'), (s.received_at, s.signal_id)) AS version,
    argMax(JSONExtractString(s.detail, 'by'), (s.received_at, s.signal_id)) AS by,
    argMax(JSONExtractString(s.detail, 'contact'), (s.received_at, s.signal_id)) AS contact,
    argMax(JSONExtractBool(s.detail, 'suppress'), (s.received_at, s.signal_id)) AS suppress,
    nullIf(argMax(s.starts_at, (s.received_at, s.signal_id)), toDateTime64(0, 3, 'UTC')) AS starts_at,
    nullIf(argMax(s.ends_at, (s.received_at, s.signal_id)), toDateTime64(0, 3, 'UTC')) AS ends_at,
    max(s.received_at) AS received_at,
    argMax(s.url, (s.received_at, s.signal_id)) AS url,
    argMax(s.signal_id, (s.received_at, s.signal_id)) AS signal_id
FROM (SELECT * FROM signals FINAL WHERE kind IN ('change', 'maintenance')) AS s
GROUP BY s.source, s.scope, s.fingerprint
COMMENT 'Changes and maintenance: the latest state of each';

CREATE OR REPLACE VIEW v_problems
(
    problem_id    String,
    status        LowCardinality(String) COMMENT 'open, solved (root cause declared fixed) or returned (came back after that)',
    title         String,
    signature     String COMMENT 'What recurs',
    scope         LowCardinality(String),
    owner         LowCardinality(String) COMMENT 'Team',
    service       LowCardinality(String),
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
    revision      Int64
)
AS SELECT
    problem_id, status, title, signature, scope, owner, service, incidents, incident_ids,
    nullIf(first_seen_at, toDateTime64(0, 3, 'UTC')) AS first_seen_at,
    nullIf(last_seen_at, toDateTime64(0, 3, 'UTC')) AS last_seen_at,
    nullIf(flagged_at, toDateTime64(0, 3, 'UTC')) AS flagged_at,
    nullIf(solved_at, toDateTime64(0, 3, 'UTC')) AS solved_at,
    solved_by,
    nullIf(returned_at, toDateTime64(0, 3, 'UTC')) AS returned_at,
    declared_by, currency, lost_low, lost_likely, lost_high, cost_low, cost_likely, cost_high, minutes,
    JSONExtractRaw(body, 'evidence') AS evidence,
    nullIf(updated_at, toDateTime64(0, 3, 'UTC')) AS updated_at,
    rules, revision
FROM problems FINAL
COMMENT 'Recurring patterns of incidents, until their root cause is fixed';

CREATE OR REPLACE VIEW v_service_month
(
    service            LowCardinality(String) COMMENT 'A main incident counts once, for its suspected root, or for its first service when there is none',
    month              Date COMMENT 'First day of the month in which the incident, or the alert, started (UTC)',
    incidents          UInt64 COMMENT 'Main incidents; children are inside them and not counted',
    incidents_affected UInt64 COMMENT 'Main incidents that touched the service, whatever their root: do not add these up over services',
    alerts             UInt64 COMMENT 'Distinct alerts of the service that fired, without repeats and resolves',
    mttd_seconds       Nullable(Float64) COMMENT 'Mean of detected_at - started_at',
    mttd_n             UInt64 COMMENT 'Incidents in that mean',
    mtta_seconds       Nullable(Float64) COMMENT 'Mean of acknowledged_at - detected_at',
    mtta_n             UInt64 COMMENT 'Incidents in that mean: those that somebody acknowledged',
    mttr_seconds       Nullable(Float64) COMMENT 'Mean of resolved_at - started_at',
    mttr_n             UInt64 COMMENT 'Incidents in that mean: those resolved',
    minutes            Float64 COMMENT 'Sum of disruption, in minutes',
    currency           String COMMENT 'mixed when incidents of the month name more than one: then the sums mean nothing',
    lost_low           Float64 COMMENT 'Sum of lost revenue, low, of main incidents only: a main one includes its children',
    lost_likely        Float64 COMMENT 'Sum of lost revenue, likely',
    lost_high          Float64 COMMENT 'Sum of lost revenue, high',
    cost_low           Float64 COMMENT 'Sum of staff and repair, low, of main incidents only',
    cost_likely        Float64 COMMENT 'Sum of staff and repair, likely',
    cost_high          Float64 COMMENT 'Sum of staff and repair, high'
)
AS SELECT
    x.service AS service,
    x.month AS month,
    countIf(x.what = 'root') AS incidents,
    countIf(x.what = 'affected') AS incidents_affected,
    sumIf(x.n, x.what = 'alerts') AS alerts,
    avgOrNullIf(x.ttd, x.what = 'root' AND x.ttd IS NOT NULL) AS mttd_seconds,
    countIf(x.what = 'root' AND x.ttd IS NOT NULL) AS mttd_n,
    avgOrNullIf(x.tta, x.what = 'root' AND x.tta IS NOT NULL) AS mtta_seconds,
    countIf(x.what = 'root' AND x.tta IS NOT NULL) AS mtta_n,
    avgOrNullIf(x.ttr, x.what = 'root' AND x.ttr IS NOT NULL) AS mttr_seconds,
    countIf(x.what = 'root' AND x.ttr IS NOT NULL) AS mttr_n,
    sum(x.minutes) AS minutes,
    if(uniqExactIf(x.currency, x.currency != '') > 1, 'mixed', max(x.currency)) AS currency,
    sum(x.lost_low) AS lost_low, sum(x.lost_likely) AS lost_likely, sum(x.lost_high) AS lost_high,
    sum(x.cost_low) AS cost_low, sum(x.cost_likely) AS cost_likely, sum(x.cost_high) AS cost_high
FROM
(
    SELECT
        toString(if(root_service != '', root_service, services[1])) AS service,
        toStartOfMonth(ifNull(started_at, detected_at)) AS month,
        'root' AS what, toUInt64(1) AS n,
        dateDiff('millisecond', started_at, detected_at) / 1000 AS ttd,
        dateDiff('millisecond', detected_at, acknowledged_at) / 1000 AS tta,
        dateDiff('millisecond', started_at, resolved_at) / 1000 AS ttr,
        minutes, toString(currency) AS currency, lost_low, lost_likely, lost_high, cost_low, cost_likely, cost_high
    FROM v_incidents WHERE is_main
    UNION ALL
    SELECT
        toString(arrayJoin(arrayDistinct(arrayFilter(s -> s != '', arrayConcat(services, [root_service]))))) AS service,
        toStartOfMonth(ifNull(started_at, detected_at)) AS month,
        'affected', 1, NULL, NULL, NULL, 0, '', 0, 0, 0, 0, 0, 0
    FROM v_incidents WHERE is_main
    UNION ALL
    SELECT
        toString(service) AS service, toStartOfMonth(ifNull(starts_at, received_at)) AS month,
        'alerts', uniqExact(scope, source, fingerprint, starts_at), NULL, NULL, NULL, 0, '', 0, 0, 0, 0, 0, 0
    FROM v_alerts WHERE status = 'firing'
    GROUP BY service, month
) AS x
WHERE x.month IS NOT NULL
GROUP BY x.service, x.month
COMMENT 'Per service and month: how many incidents and alerts, how fast they were detected, acknowledged and resolved, and what they cost';

CREATE OR REPLACE VIEW v_dead_letters
(
    signal_id String COMMENT 'The id under which v_decisions tells of it',
    topic     LowCardinality(String) COMMENT 'Where the record stood',
    partition Int32,
    offset    Int64,
    at        Nullable(DateTime64(3, 'UTC')),
    stage     LowCardinality(String) COMMENT 'normalise, correlate or write',
    reason    String COMMENT 'What, where and what to do',
    value     String COMMENT 'The record, cut at 64 KiB',
    size      Int64 COMMENT 'Bytes before the cut'
)
AS SELECT signal_id, topic, partition, offset, nullIf(at, toDateTime64(0, 3, 'UTC')) AS at, stage, reason, value, size
FROM dead_letters FINAL
COMMENT 'Records that could not be taken, with the reason';
