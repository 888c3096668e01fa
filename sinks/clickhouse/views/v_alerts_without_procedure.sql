-- Formula: incidents without a procedure, by the alert that opened them. An alert
-- that only ever joins incidents which others opened is not here: they have a
-- procedure, or are here under who opened them.
CREATE OR REPLACE VIEW v_alerts_without_procedure
(
    scope         LowCardinality(String),
    service       LowCardinality(String) COMMENT 'Of the alert that opened the incidents, as the sender named it',
    name          LowCardinality(String) COMMENT 'Name of the alert',
    incidents     UInt64 COMMENT 'Incidents that it opened and for which no procedure is configured, children included',
    with_runbook  UInt64 COMMENT 'Of these, those for which the alert at least names a runbook',
    worst         LowCardinality(String) COMMENT 'Worst severity of them',
    alerts        Int64 COMMENT 'Alerts in them',
    minutes       Float64 COMMENT 'Disruption in them, in minutes. Children overlap their main incident',
    first_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'Earliest start of one',
    last_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'Latest start of one',
    last_incident String COMMENT 'The one that started last'
)
AS SELECT
    scope, opened_by_service AS service, opened_by_name AS name,
    count() AS incidents,
    countIf(runbook != '' OR alert_runbook != '') AS with_runbook,
    argMax(severity, indexOf(['info', 'warning', 'major', 'critical'], toString(severity))) AS worst,
    sum(i.alerts) AS alerts,
    sum(i.minutes) AS minutes,
    nullIf(min(started_at), toDateTime64(0, 3, 'UTC')) AS first_at,
    nullIf(max(started_at), toDateTime64(0, 3, 'UTC')) AS last_at,
    argMax(incident_id, started_at) AS last_incident
FROM incidents AS i FINAL
WHERE opened_by_name != '' AND i.alerts > 0 AND (procedure = '' OR startsWith(procedure, 'runbook of '))
GROUP BY scope, service, name
COMMENT 'Alerts for which no procedure is configured: one row per alert name and service, by what they opened';
