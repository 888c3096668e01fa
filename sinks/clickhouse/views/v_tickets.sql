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
