-- Formula: budget = (1 - objective) x window; bad = length of the union of its
-- incidents, from begin until mitigated, else resolved, else now, within the window
-- that ends now; burned = bad / budget. An estimate: every minute of an incident of
-- such a severity counts as unavailable, whatever part of the users it was for, and
-- minutes of bad service that nobody alerted on do not. Main incidents that touch the service
-- count; those of other severities do not.
CREATE OR REPLACE VIEW v_error_budgets
(
    scope          String COMMENT 'Whose incidents count; empty: those of every scope',
    service        String COMMENT 'One row per scope and service with an objective (settings, objectives)',
    objective      Float64 COMMENT 'Share of the time that it is to be available, such as 0.999',
    window_days    Float64,
    severities     Array(String) COMMENT 'Of incidents whose minutes count',
    budget_minutes Float64 COMMENT 'What the objective allows to be bad in the window',
    bad_minutes    Float64 COMMENT 'Of incidents, those that overlap counted once: an estimate',
    burned         Float64 COMMENT 'bad_minutes / budget_minutes; over 1: the objective is missed',
    left_minutes   Float64 COMMENT 'budget_minutes - bad_minutes, not below 0',
    incidents      UInt64 COMMENT 'Main incidents in it'
)
AS SELECT
    o.scope AS scope, o.service AS service, o.objective AS objective, o.window_seconds / 86400 AS window_days, o.severities AS severities,
    (1 - o.objective) * o.window_seconds / 60 AS budget_minutes, b.bad / 60000 AS bad_minutes,
    bad_minutes / budget_minutes AS burned, greatest(budget_minutes - bad_minutes, 0) AS left_minutes, b.n AS incidents
FROM current_objectives AS o
LEFT JOIN
(
    SELECT c.scope AS scope, c.service AS service, uniqExact(i.incident_id) AS n,
        intervalLengthSum(toUnixTimestamp64Milli(greatest(i.began, now64(3, 'UTC') - toIntervalSecond(c.window_seconds))), toUnixTimestamp64Milli(i.ended)) AS bad
    FROM
    (
        SELECT incident_id, scope, severity, began, arrayJoin(services) AS service,
            multiIf(toUnixTimestamp(mitigated_at) > 0, mitigated_at, toUnixTimestamp(resolved_at) > 0, resolved_at, now64(3, 'UTC')) AS ended
        FROM incidents FINAL WHERE parent_id = ''
    ) AS i
    INNER JOIN current_objectives AS c ON c.service = i.service
    WHERE (c.scope = '' OR c.scope = i.scope) AND has(c.severities, toString(i.severity)) AND i.ended > now64(3, 'UTC') - toIntervalSecond(c.window_seconds) AND i.ended > i.began
    GROUP BY scope, service
) AS b ON b.scope = o.scope AND b.service = o.service
COMMENT 'How much of each service''s error budget is used, as incidents tell';
