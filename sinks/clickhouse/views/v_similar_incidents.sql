-- Formula: like it are main incidents of the same scope that began earlier, opened by
-- the same alert on the same service, or with an occurrence of the same problem.
-- Filter by incident_id: what comes often is like very many others.
CREATE OR REPLACE VIEW v_similar_incidents
(
    incident_id  String COMMENT 'A main incident; one row for it and each like it',
    scope        LowCardinality(String),
    similar_id   String COMMENT 'The one of before',
    title        String COMMENT 'Of the one of before, as is what follows',
    severity     LowCardinality(String),
    status       LowCardinality(String),
    began_at     DateTime64(3, 'UTC'),
    same_problem Bool COMMENT 'Both are occurrences of the same problem',
    acknowledge_seconds Nullable(Float64) COMMENT 'acknowledged_at - detected_at, in seconds; NULL: nobody did, or imported',
    resolve_seconds Nullable(Float64) COMMENT 'resolved_at - started_at, in seconds; NULL: not resolved',
    assignee     String COMMENT 'Who had it, or empty',
    resolution   String COMMENT 'What its timeline says of how it was resolved the last time, or empty',
    resolved_by  String COMMENT 'Who said so; empty: its alerts recovered',
    likely_cause String COMMENT 'The change or maintenance that most likely caused it (a probability of at least 0.5, not confirmed), or empty',
    actions_done Array(String) COMMENT 'Actions that followed from it and were done'
)
AS SELECT
    x.incident_id AS incident_id, x.scope AS scope, x.similar_id AS similar_id, b.title AS title, b.severity AS severity, b.status AS status, b.began AS began_at,
    x.same_problem AS same_problem,
    dateDiff('millisecond', nullIf(b.detected_at, toDateTime64(0, 3, 'UTC')), nullIf(b.acknowledged_at, toDateTime64(0, 3, 'UTC'))) / 1000 AS acknowledge_seconds,
    dateDiff('millisecond', nullIf(b.started_at, toDateTime64(0, 3, 'UTC')), nullIf(b.resolved_at, toDateTime64(0, 3, 'UTC'))) / 1000 AS resolve_seconds,
    b.assignee AS assignee, t.resolution AS resolution, t.by AS resolved_by, b.cause AS likely_cause, a.done AS actions_done
FROM
(
    SELECT n.incident_id AS incident_id, n.scope AS scope, o.incident_id AS similar_id, max(startsWith(n.key, 'problem')) AS same_problem
    FROM
    (
        SELECT incident_id, scope, began, arrayJoin(arrayFilter(k -> k != '', [if(problem_id = '', '', 'problem ' || problem_id), if(opened_by_name = '', '', 'alert ' || opened_by_name || '\0' || opened_by_service)])) AS key
        FROM incidents FINAL WHERE parent_id = ''
    ) AS n
    INNER JOIN
    (
        SELECT incident_id, scope, began, arrayJoin(arrayFilter(k -> k != '', [if(problem_id = '', '', 'problem ' || problem_id), if(opened_by_name = '', '', 'alert ' || opened_by_name || '\0' || opened_by_service)])) AS key
        FROM incidents FINAL WHERE parent_id = ''
    ) AS o ON o.scope = n.scope AND o.key = n.key
    WHERE toUnixTimestamp(o.began) < toUnixTimestamp(n.began)
    GROUP BY incident_id, scope, similar_id
) AS x
INNER JOIN
(
    SELECT incident_id, title, severity, status, began, detected_at, acknowledged_at, started_at, resolved_at, assignee,
        arrayElement(arrayReverseSort(c -> c.2, arrayFilter(c -> ifNull(c.2, 0) >= 0.5, JSONExtract(candidates, 'Array(Tuple(title String, probability Nullable(Float64)))'))), 1).1 AS cause
    FROM incidents FINAL WHERE parent_id = ''
) AS b ON b.incident_id = x.similar_id
LEFT JOIN (SELECT incident_id, argMax(text, seq) AS resolution, argMax(t.by, seq) AS by FROM timeline AS t FINAL WHERE type = 'resolved' GROUP BY incident_id) AS t ON t.incident_id = x.similar_id
LEFT JOIN (SELECT incident_id, arraySort(groupArray(what)) AS done FROM actions FINAL WHERE status = 'done' GROUP BY incident_id) AS a ON a.incident_id = x.similar_id
COMMENT 'Incidents of before that are like a main incident, and what resolved them';
