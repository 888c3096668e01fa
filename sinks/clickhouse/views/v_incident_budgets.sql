-- Formula: minutes from its begin until it was mitigated, else resolved, else until
-- now; budget = (1 - objective) x window; share = minutes / budget, which may be more
-- than 1. An estimate: every minute of an incident of such a severity counts as
-- unavailable, whatever part of the users it was for, and minutes of bad service
-- that nobody alerted on do not. Only main incidents count, for each service that they
-- touch. Overlapping incidents each have their own minutes here: v_error_budgets
-- counts them once.
CREATE OR REPLACE VIEW v_incident_budgets
(
    incident_id    String COMMENT 'A main incident; one row for it and each objective of a service that it touches',
    scope          LowCardinality(String),
    service        String COMMENT 'That has the objective',
    objective      Float64 COMMENT 'Share of the time that it is to be available, such as 0.999',
    window_days    Float64,
    budget_minutes Float64 COMMENT 'What the objective allows to be bad in the window',
    minutes        Float64 COMMENT 'Of the incident so far',
    share          Float64 COMMENT 'Of the budget of one window that it used: an estimate'
)
AS SELECT
    i.incident_id AS incident_id, i.scope AS scope, o.service AS service, o.objective AS objective, o.window_seconds / 86400 AS window_days,
    (1 - o.objective) * o.window_seconds / 60 AS budget_minutes,
    greatest(dateDiff('millisecond', i.began, i.ended), 0) / 60000 AS minutes,
    minutes / budget_minutes AS share
FROM
(
    SELECT incident_id, scope, severity, began, arrayJoin(services) AS service,
        multiIf(toUnixTimestamp(mitigated_at) > 0, mitigated_at, toUnixTimestamp(resolved_at) > 0, resolved_at, now64(3, 'UTC')) AS ended
    FROM incidents FINAL WHERE parent_id = ''
) AS i
INNER JOIN current_objectives AS o ON o.service = i.service
WHERE (o.scope = '' OR o.scope = i.scope) AND has(o.severities, toString(i.severity))
COMMENT 'How much of the error budget of a service an incident used, where an objective is configured';
