-- The day by way of the hour: the table is in the order of hours, and a condition on
-- toDate(at) would not be seen to follow it (ClickHouse 26.7).
CREATE OR REPLACE VIEW v_intake
(
    day      Date COMMENT 'Of the log time of the decision (UTC). Filter by it: it leads to few rows',
    scope    LowCardinality(String),
    kind     LowCardinality(String) COMMENT 'alert, ticket, maintenance, change, impact or command; empty when it could not be read',
    decision LowCardinality(String) COMMENT 'placed, duplicate, suppressed, late or refused',
    signals  UInt64 COMMENT 'Distinct signals',
    taken    Int64 COMMENT 'Signals taken: with their further deliveries, sum(1 + repeats)',
    imported Bool COMMENT 'Of history that was brought in'
)
AS SELECT toDate(toStartOfHour(at)) AS day, scope, kind, decision, count() AS signals, sum(1 + d.repeats) AS taken, d.revision < 0 AS imported
FROM current_decisions AS d
GROUP BY day, scope, kind, decision, imported
COMMENT 'What became of the signals of each day: in = sum of decisions';
