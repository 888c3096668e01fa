-- Formula: an incident is like another of the same scope when the same alert on the
-- same service opened both, or both are occurrences of the same problem. Counted are
-- main incidents that began in a second before it: within n by problem, by alert, and by both,
-- the first two less the third. Imported history counts.
CREATE OR REPLACE VIEW v_rarity
(
    incident_id String COMMENT 'One row per main incident',
    scope       LowCardinality(String),
    rarity      LowCardinality(String) COMMENT 'new: none like it before; frequent: three or more in the 30 days before; else rare',
    in_30_days  Int64 COMMENT 'Main incidents like it that began in the 30 days before it',
    ever        Int64 COMMENT 'Main incidents like it that began before it'
)
AS SELECT
    incident_id, scope,
    multiIf(ever = 0, 'new', in_30_days >= 3, 'frequent', 'rare') AS rarity,
    if(problem_id != '', count() OVER problem_30, 0) + if(opened_by_name != '', count() OVER alert_30, 0)
        - if(problem_id != '' AND opened_by_name != '', count() OVER both_30, 0) AS in_30_days,
    if(problem_id != '', count() OVER problem_ever, 0) + if(opened_by_name != '', count() OVER alert_ever, 0)
        - if(problem_id != '' AND opened_by_name != '', count() OVER both_ever, 0) AS ever
FROM (SELECT incident_id, scope, problem_id, opened_by_name, opened_by_service, toInt64(toUnixTimestamp(began)) AS at FROM incidents FINAL WHERE parent_id = '')
WINDOW
    problem_30 AS (PARTITION BY scope, problem_id ORDER BY at RANGE BETWEEN 2592000 PRECEDING AND 1 PRECEDING),
    alert_30 AS (PARTITION BY scope, opened_by_name, opened_by_service ORDER BY at RANGE BETWEEN 2592000 PRECEDING AND 1 PRECEDING),
    both_30 AS (PARTITION BY scope, problem_id, opened_by_name, opened_by_service ORDER BY at RANGE BETWEEN 2592000 PRECEDING AND 1 PRECEDING),
    problem_ever AS (PARTITION BY scope, problem_id ORDER BY at RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    alert_ever AS (PARTITION BY scope, opened_by_name, opened_by_service ORDER BY at RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    both_ever AS (PARTITION BY scope, problem_id, opened_by_name, opened_by_service ORDER BY at RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
COMMENT 'How often what a main incident shows came before';
