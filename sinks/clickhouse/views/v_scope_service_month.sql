-- Formulas: each duration is averaged over main incidents that have both times;
-- the *_n beside it says how many. Costs and minutes are sums over main incidents.
-- Excluded: children (they are inside their main incident), alerts that recovered
-- (only their firing counts; days of which nothing is news are counted once, in
-- alert_days), and from times to detect and to acknowledge imported
-- incidents, which have no detected_at. Of durations prefer medians: a few long
-- incidents move every mean.
CREATE OR REPLACE VIEW v_scope_service_month
(
    scope              LowCardinality(String),
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
    x.scope AS scope,
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
        toString(scope) AS scope,
        toString(if(root_service != '', root_service, services[1])) AS service,
        toStartOfMonth(began_at) AS month,
        'root' AS what, toUInt64(1) AS n,
        dateDiff('millisecond', started_at, detected_at) / 1000 AS ttd,
        dateDiff('millisecond', detected_at, acknowledged_at) / 1000 AS tta,
        dateDiff('millisecond', started_at, resolved_at) / 1000 AS ttr,
        minutes, toString(currency) AS currency, lost_low, lost_likely, lost_high, cost_low, cost_likely, cost_high
    FROM v_incidents WHERE is_main
    UNION ALL
    SELECT
        toString(scope) AS scope,
        toString(arrayJoin(arrayDistinct(arrayFilter(s -> s != '', arrayConcat(services, [root_service]))))) AS service,
        toStartOfMonth(began_at) AS month,
        'affected', 1, NULL, NULL, NULL, 0, '', 0, 0, 0, 0, 0, 0
    FROM v_incidents WHERE is_main
    UNION ALL
    SELECT
        toString(scope) AS scope,
        toString(service) AS service, toStartOfMonth(day) AS month,
        'alerts', sum(n.alerts), NULL, NULL, NULL, 0, '', 0, 0, 0, 0, 0, 0
    FROM alert_days AS n FINAL WHERE day NOT IN (SELECT day FROM alert_days_open)
    GROUP BY scope, service, month
    UNION ALL
    SELECT
        toString(scope) AS scope,
        toString(service) AS service, toStartOfMonth(started) AS month,
        'alerts', uniqExact(source, fingerprint, started), NULL, NULL, NULL, 0, '', 0, 0, 0, 0, 0, 0
    FROM signals FINAL WHERE kind = 'alert' AND status = 'firing' AND toDate(started) IN (SELECT day FROM alert_days_open)
    GROUP BY scope, service, month
) AS x
WHERE x.month IS NOT NULL
GROUP BY x.scope, x.service, x.month
COMMENT 'Per scope, service and month: how many incidents and alerts, how fast they were detected, acknowledged and resolved, and what they cost';
