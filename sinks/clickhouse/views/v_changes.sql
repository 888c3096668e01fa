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
    first_received_at DateTime64(3, 'UTC') COMMENT 'When Pinkstar first heard of it. Later than starts_at: work that was not announced',
    url         String,
    signal_id   String COMMENT 'Of the latest state; v_decisions.window_id names a window by it',
    incident_ids Array(String) COMMENT 'Main incidents that it may explain, those that began later included: see v_incident_changes'
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
    min(s.received_at) AS first_received_at,
    argMax(s.url, (s.received_at, s.signal_id)) AS url,
    argMax(s.signal_id, (s.received_at, s.signal_id)) AS signal_id,
    arraySort(groupUniqArrayArray(e.mains)) AS incident_ids
FROM (SELECT * FROM signals FINAL WHERE kind IN ('change', 'maintenance')) AS s
LEFT JOIN
(
    SELECT named, groupUniqArray(if(parent_id = '', incident_id, parent_id)) AS mains
    FROM (SELECT incident_id, parent_id, arrayJoin(candidate_ids) AS named FROM incidents FINAL)
    GROUP BY named
) AS e ON e.named = s.signal_id
GROUP BY s.source, s.scope, s.fingerprint
HAVING type != 'calendar_set' -- says what is left of a calendar, and is no window itself
COMMENT 'Changes and maintenance: the latest state of each';
