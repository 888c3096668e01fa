-- Formulas: those of v_scope_service_month, over all scopes. Means are weighted by
-- how many there are in each.
CREATE OR REPLACE VIEW v_service_month
(
    service            LowCardinality(String) COMMENT 'A main incident counts once, for its suspected root, or for its first service when there is none',
    month              Date COMMENT 'First day of the month in which the incident, or the alert, started (UTC)',
    incidents          UInt64 COMMENT 'Main incidents; children are inside them and not counted',
    incidents_affected UInt64 COMMENT 'Main incidents that touched the service, whatever their root: do not add these up over services',
    alerts             UInt64 COMMENT 'Distinct alerts of the service that fired, without repeats and resolves',
    mttd_seconds       Nullable(Float64) COMMENT 'Mean time to detect, avg(detected_at - started_at), in seconds',
    mttd_n             UInt64 COMMENT 'Incidents in that mean; imported ones are not, since nobody saw them when they happened',
    mtta_seconds       Nullable(Float64) COMMENT 'Mean time to acknowledge, avg(acknowledged_at - detected_at), in seconds',
    mtta_n             UInt64 COMMENT 'Incidents in that mean: those that somebody acknowledged',
    mttr_seconds       Nullable(Float64) COMMENT 'Mean time to resolve, avg(resolved_at - started_at), in seconds',
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
    m.service AS service,
    m.month AS month,
    sum(m.incidents) AS incidents,
    sum(m.incidents_affected) AS incidents_affected,
    sum(m.alerts) AS alerts,
    sum(ifNull(m.mttd_seconds, 0) * m.mttd_n) / nullIf(sum(m.mttd_n), 0) AS mttd_seconds,
    sum(m.mttd_n) AS mttd_n,
    sum(ifNull(m.mtta_seconds, 0) * m.mtta_n) / nullIf(sum(m.mtta_n), 0) AS mtta_seconds,
    sum(m.mtta_n) AS mtta_n,
    sum(ifNull(m.mttr_seconds, 0) * m.mttr_n) / nullIf(sum(m.mttr_n), 0) AS mttr_seconds,
    sum(m.mttr_n) AS mttr_n,
    sum(m.minutes) AS minutes,
    if(uniqExactIf(m.currency, m.currency != '') > 1, 'mixed', max(m.currency)) AS currency,
    sum(m.lost_low) AS lost_low, sum(m.lost_likely) AS lost_likely, sum(m.lost_high) AS lost_high,
    sum(m.cost_low) AS cost_low, sum(m.cost_likely) AS cost_likely, sum(m.cost_high) AS cost_high
FROM v_scope_service_month AS m
GROUP BY m.service, m.month
COMMENT 'Per service and month: how many incidents and alerts, how fast they were detected, acknowledged and resolved, and what they cost';
