-- Excluded: what operators did, changes and maintenance (v_incident_changes has them),
-- and signals that a correction moved away. Filter by incident_id, or by parent_id
-- for a main incident with everything below it.
CREATE OR REPLACE VIEW v_incident_members
(
    incident_id String COMMENT 'The incident it is a direct member of; one row per incident and signal',
    parent_id   String COMMENT 'The outermost incident above; equal to incident_id when there is none',
    scope       LowCardinality(String),
    signal_id   String COMMENT 'Joins v_alerts, v_tickets and v_decisions',
    kind        LowCardinality(String) COMMENT 'alert, ticket or impact',
    source      LowCardinality(String) COMMENT 'Sending system',
    name        String COMMENT 'Of an alert, the alert name',
    service     String COMMENT 'As the sender named it',
    instance    String,
    severity    LowCardinality(String),
    status      LowCardinality(String) COMMENT 'What this signal told: firing or resolved; of a ticket, open, updated or closed',
    starts_at   Nullable(DateTime64(3, 'UTC')),
    ends_at     Nullable(DateTime64(3, 'UTC')),
    at          DateTime64(3, 'UTC') COMMENT 'Log time of the decision',
    repeats     Int64 COMMENT 'Further deliveries of the same signal',
    summary     String COMMENT 'The sender''s words, as is what follows',
    description String,
    runbook     String COMMENT 'Address of what to do',
    url         String COMMENT 'Where to see it at its source',
    labels      Map(LowCardinality(String), String),
    reason      String COMMENT 'Why it is in the incident, in one sentence',
    score       Int64 COMMENT 'In thousandths of a natural log-odds; 0 when there was nothing to weigh',
    threshold   Int64 COMMENT 'What the score had to reach'
)
AS SELECT
    d.incident_id AS incident_id, if(p.parent_id = '', d.incident_id, p.parent_id) AS parent_id, d.scope AS scope, d.signal_id AS signal_id, d.kind AS kind,
    s.source AS source, s.name AS name, s.service AS service, s.instance AS instance, s.severity AS severity, s.status AS status,
    nullIf(s.starts_at, toDateTime64(0, 3, 'UTC')) AS starts_at, nullIf(s.ends_at, toDateTime64(0, 3, 'UTC')) AS ends_at, d.at AS at, d.repeats AS repeats,
    s.summary AS summary, s.description AS description, s.runbook AS runbook, s.url AS url, s.labels AS labels, d.reason AS reason, d.score AS score, d.threshold AS threshold
FROM (SELECT * FROM current_decisions WHERE decision = 'placed' AND kind IN ('alert', 'ticket', 'impact') AND incident_id != '') AS d
INNER JOIN (SELECT * FROM signals FINAL WHERE kind IN ('alert', 'ticket', 'impact')) AS s ON s.signal_id = d.signal_id
LEFT ANY JOIN (SELECT incident_id, parent_id FROM incidents FINAL WHERE parent_id != '') AS p ON p.incident_id = d.incident_id
COMMENT 'What the alerts, tickets and reports in incidents say, in their senders'' words, and why each is there';
