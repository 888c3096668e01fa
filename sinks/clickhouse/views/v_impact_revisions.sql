-- Formula: what was told at a time T is, of each incident, the row with the greatest
-- revision among those with at <= T: argMax(lost_likely, revision) ... WHERE at <= T.
-- Several states within one batch of the writer may be one row. Rows of before
-- Pinkstar kept them (0.5) are not there.
CREATE OR REPLACE VIEW v_impact_revisions
(
    incident_id   String COMMENT 'One row for each time it was written',
    revision      Int64,
    scope         LowCardinality(String),
    is_main       Bool COMMENT 'It was no part of another then. Sum over main incidents only',
    at            DateTime64(3, 'UTC') COMMENT 'Log time at which it was told',
    began_at      DateTime64(3, 'UTC') COMMENT 'When the incident started, or was detected where that is not known, as was known then',
    status        LowCardinality(String) COMMENT 'Of the incident then',
    severity      LowCardinality(String) COMMENT 'Of the incident then',
    currency      LowCardinality(String),
    basis         LowCardinality(String) COMMENT 'What lost revenue was found by: model, figures or reported',
    lost_low      Float64 COMMENT 'Lost revenue as told then, low',
    lost_likely   Float64 COMMENT 'Lost revenue as told then, likely',
    lost_high     Float64 COMMENT 'Lost revenue as told then, high',
    caught_likely Float64 COMMENT 'What came later instead, as told then, likely',
    cost_low      Float64 COMMENT 'Staff and direct costs as told then, low',
    cost_likely   Float64 COMMENT 'Staff and direct costs as told then, likely',
    cost_high     Float64 COMMENT 'Staff and direct costs as told then, high',
    minutes       Float64 COMMENT 'Disruption as told then, in minutes',
    imported      Bool COMMENT 'Of history that was brought in'
)
AS SELECT
    incident_id, revision, scope, parent_id = '' AS is_main, at, began AS began_at, status, severity, currency, basis,
    lost_low, lost_likely, lost_high, caught_likely, cost_low, cost_likely, cost_high, minutes, imported = 1 AS imported
FROM impact_revisions FINAL
COMMENT 'Every state of what an incident was said to cost: what a report told then can be told now';
