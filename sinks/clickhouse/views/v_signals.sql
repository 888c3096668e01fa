-- What `pinkstar backtest` reads, for users who may only read views.
CREATE OR REPLACE VIEW v_signals
(
    signal_id   String COMMENT 'One row each, of every kind; v_alerts, v_tickets and v_changes show the same by kind',
    kind        LowCardinality(String) COMMENT 'alert, ticket, maintenance, change, impact or command',
    source      LowCardinality(String) COMMENT 'Sending system',
    fingerprint String COMMENT 'Identity at its source',
    status      LowCardinality(String),
    occurrence  String,
    tenant      LowCardinality(String),
    environment LowCardinality(String),
    scope       LowCardinality(String) COMMENT 'Correlation scope: nothing correlates across scopes',
    name        LowCardinality(String),
    severity    LowCardinality(String),
    service     LowCardinality(String),
    instance    String,
    host        String,
    team        LowCardinality(String),
    starts_at   DateTime64(3, 'UTC') COMMENT '1970-01-01 when not known',
    ends_at     DateTime64(3, 'UTC') COMMENT '1970-01-01 when not known',
    received_at DateTime64(3, 'UTC') COMMENT 'When Pinkstar first took it',
    summary     String,
    description String,
    url         String,
    runbook     String,
    labels      Map(LowCardinality(String), String),
    annotations Map(LowCardinality(String), String),
    flags       Array(LowCardinality(String)) COMMENT 'Remarks on data quality',
    detail      String COMMENT 'JSON of what a ticket, change, impact or command adds',
    imported    Bool COMMENT 'Of history that was brought in: not seen when it happened',
    decision    LowCardinality(String) COMMENT 'What was decided on it; see v_decisions',
    decided_at  DateTime64(3, 'UTC') COMMENT 'Log time of the decision'
)
AS SELECT
    s.signal_id AS signal_id, s.kind AS kind, s.source AS source, s.fingerprint AS fingerprint, s.status AS status,
    s.occurrence AS occurrence, s.tenant AS tenant, s.environment AS environment, s.scope AS scope, s.name AS name,
    s.severity AS severity, s.service AS service, s.instance AS instance, s.host AS host, s.team AS team,
    s.starts_at AS starts_at, s.ends_at AS ends_at, s.received_at AS received_at, s.summary AS summary,
    s.description AS description, s.url AS url, s.runbook AS runbook, s.labels AS labels, s.annotations AS annotations,
    s.flags AS flags, s.detail AS detail, s.imported AS imported, d.decision AS decision, d.at AS decided_at
FROM (SELECT * FROM signals FINAL) AS s
INNER JOIN (SELECT signal_id, at, decision FROM current_decisions) AS d ON d.signal_id = s.signal_id
COMMENT 'Every signal with the time and the kind of its decision, in the form in which it is stored';
