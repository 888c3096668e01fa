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
    began_at    DateTime64(3, 'UTC') COMMENT 'starts_at, or received_at where that is not known. Filter by it or by received_at: that leads to few rows',
    ends_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL while firing',
    received_at DateTime64(3, 'UTC') COMMENT 'When Pinkstar first took it',
    summary     String,
    description String,
    labels      Map(LowCardinality(String), String),
    annotations Map(LowCardinality(String), String),
    url         String COMMENT 'Where to see it at its source',
    runbook     String,
    flags       Array(LowCardinality(String)) COMMENT 'Remarks on data quality, for example starts_at_in_future',
    imported    Bool COMMENT 'History that was brought in: received_at is when it was received then, as far as it says'
)
AS SELECT
    signal_id, fingerprint, status, service, name, severity, source, tenant, environment, scope, team, instance, host,
    nullIf(starts_at, toDateTime64(0, 3, 'UTC')) AS starts_at,
    started AS began_at,
    nullIf(ends_at, toDateTime64(0, 3, 'UTC')) AS ends_at,
    received_at, summary, description, labels, annotations, url, runbook, flags, imported = 1 AS imported
FROM signals FINAL
WHERE kind = 'alert'
COMMENT 'Alerts: one row per signal id, that is per (scope, source, fingerprint, start, status). Repeats are counted in v_decisions.repeats';
