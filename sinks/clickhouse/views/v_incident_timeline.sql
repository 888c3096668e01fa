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
COMMENT 'The story of each incident, line by line; that of a main one with all below it: WHERE incident_id IN (SELECT incident_id FROM v_incidents WHERE parent_id = the main one)';
