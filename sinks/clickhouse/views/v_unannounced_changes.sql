-- Formula: a change or a piece of work counts as announced when it was heard of
-- before it began, or began within a maintenance window that touches one of its
-- services in its scope and was heard of before. Silences are no work. What was
-- imported was not heard of when it happened, and is left out.
CREATE OR REPLACE VIEW v_unannounced_changes
(
    month       Date COMMENT 'In which it began, UTC',
    scope       LowCardinality(String),
    team        LowCardinality(String) COMMENT 'Whose it is, as it was told last; empty: not known',
    changes     UInt64 COMMENT 'Changes and maintenance that began',
    unannounced UInt64 COMMENT 'Of these, those that nobody announced',
    explaining  UInt64 COMMENT 'Of the unannounced, those that may explain an incident'
)
AS SELECT
    toStartOfMonth(began) AS month, scope, team, count() AS changes,
    countIf(NOT ahead AND NOT within) AS unannounced,
    countIf(NOT ahead AND NOT within AND explains) AS explaining
FROM
(
    SELECT
        c.source AS source, c.scope AS scope, c.change_id AS change_id, any(c.team) AS team, any(c.began) AS began,
        any(c.heard <= c.began) AS ahead, any(c.explains) AS explains,
        max(w.service != '' AND w.began <= c.began AND c.began <= w.ended AND w.heard <= c.began AND (w.source, w.change_id) != (c.source, c.change_id)) AS within
    FROM
    (
        SELECT source, scope, change_id, team, assumeNotNull(starts_at) AS began, first_received_at AS heard, notEmpty(incident_ids) AS explains,
            arrayJoin(arrayDistinct(arrayConcat([toString(service)], services))) AS service
        FROM v_changes
        WHERE starts_at <= now64(3) AND status != 'cancelled' AND (kind = 'maintenance' OR status != 'planned') AND type != 'silence'
            AND signal_id NOT IN (SELECT signal_id FROM signals WHERE kind IN ('change', 'maintenance') AND imported)
    ) AS c
    LEFT JOIN
    (
        SELECT source, scope, change_id, assumeNotNull(starts_at) AS began, ifNull(ends_at, now64(3)) AS ended, first_received_at AS heard,
            arrayJoin(arrayDistinct(arrayConcat([toString(service)], services))) AS service
        FROM v_changes
        WHERE kind = 'maintenance' AND status != 'cancelled' AND type != 'silence' AND starts_at IS NOT NULL
    ) AS w ON w.scope = c.scope AND w.service = c.service
    GROUP BY source, scope, change_id
)
GROUP BY month, scope, team
COMMENT 'Changes that nobody announced, by month and team';
