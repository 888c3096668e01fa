CREATE OR REPLACE VIEW v_decisions
(
    signal_id   String COMMENT 'The signal; one row each, refused records included',
    decision    LowCardinality(String) COMMENT 'placed, duplicate, suppressed, late or refused',
    incident_id String COMMENT 'The incident it is a direct member of; of a change or maintenance, the one that it may explain, also when that began later; or empty',
    parent_id   String COMMENT 'The outermost incident above; equal to incident_id when there is none',
    reason      String COMMENT 'Why, in one sentence',
    repeats     Int64 COMMENT 'Further deliveries of the same signal: sum(1 + repeats) is the number of signals taken',
    kind        LowCardinality(String) COMMENT 'alert, ticket, maintenance, change, impact or command; empty when it could not be read',
    scope       LowCardinality(String),
    at          DateTime64(3, 'UTC') COMMENT 'Log time of the decision',
    last_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'Log time of the latest delivery',
    score       Int64 COMMENT 'Evidence for the chosen incident, in thousandths of a natural log-odds; 0 when there was nothing to weigh',
    threshold   Int64 COMMENT 'What the score had to reach',
    evidence    String COMMENT 'JSON: [{kind, points, detail}], which sum to the score',
    anchor_id   String COMMENT 'The member signal it was linked to',
    runner_up   String COMMENT 'JSON: the best incident that was not chosen, and what it lacked',
    window_id   String COMMENT 'Suppressed: the window, as signal_id in v_changes has it',
    rules       LowCardinality(String) COMMENT 'Version of the rule set',
    topology    LowCardinality(String) COMMENT 'Version of the topology',
    learnt      LowCardinality(String) COMMENT 'Version of the learnt statistics',
    behaviour   Int64 COMMENT 'Number of the engine''s behaviour; 0: of before there was one',
    candidates  Int32 COMMENT 'How many incidents were considered',
    revision    Int64 COMMENT 'Grows when the decision is corrected or its repeats are counted',
    imported    Bool COMMENT 'Of history that was brought in: made in hindsight, at the history''s own times'
)
AS WITH
(
    -- A window may be told often, each time as another signal: v_changes names it
    -- by the newest, a decision by the one that the engine had first. Looked up at
    -- the scan: a filter that a JOIN of the view by this column brings was applied
    -- to the raw one when it was made above other JOINs (ClickHouse 26.7).
    SELECT mapFromArrays(groupArray(told_as), groupArray(newest))
    FROM
    (
        SELECT arrayJoin(groupArray(signal_id)) AS told_as, argMax(signal_id, (received_at, signal_id)) AS newest
        FROM signals FINAL WHERE kind IN ('change', 'maintenance')
        GROUP BY source, scope, fingerprint HAVING count() > 1
    )
) AS newest_window
SELECT
    -- Imported decisions lie below all others, so that one made live is in force.
    d.signal_id AS signal_id, d.decision AS decision, d.incident_id AS incident_id, if(p.parent_id = '', d.incident_id, p.parent_id) AS parent_id,
    d.reason AS reason, d.repeats AS repeats, d.kind AS kind, d.scope AS scope, d.at AS at,
    nullIf(d.last_at, toDateTime64(0, 3, 'UTC')) AS last_at,
    d.score AS score, d.threshold AS threshold, d.evidence AS evidence, d.anchor_id AS anchor_id,
    d.runner_up AS runner_up, d.window_id AS window_id, d.rules AS rules, d.topology AS topology, d.learnt AS learnt, d.behaviour AS behaviour, d.candidates AS candidates,
    if(d.revision < 0, d.revision + 4294967296, d.revision) AS revision, d.revision < 0 AS imported
FROM (SELECT * EXCEPT (window_id), if(mapContains(newest_window, window_id), newest_window[window_id], window_id) AS window_id FROM current_decisions) AS d
LEFT ANY JOIN (SELECT incident_id, parent_id FROM incidents FINAL WHERE parent_id != '') AS p ON p.incident_id = d.incident_id
WHERE d.kind NOT IN ('change', 'maintenance') OR d.incident_id != ''
-- A change that opened no incident is told with the one that it may explain. Apart
-- from the others, so that a condition on incident_id leads to few of their rows.
UNION ALL
SELECT
    d.signal_id AS signal_id, d.decision AS decision, c.incident_id AS incident_id, c.parent_id AS parent_id,
    d.reason AS reason, d.repeats AS repeats, d.kind AS kind, d.scope AS scope, d.at AS at,
    nullIf(d.last_at, toDateTime64(0, 3, 'UTC')) AS last_at,
    d.score AS score, d.threshold AS threshold, d.evidence AS evidence, d.anchor_id AS anchor_id,
    d.runner_up AS runner_up, d.window_id AS window_id, d.rules AS rules, d.topology AS topology, d.learnt AS learnt, d.behaviour AS behaviour, d.candidates AS candidates,
    if(d.revision < 0, d.revision + 4294967296, d.revision) AS revision, d.revision < 0 AS imported
FROM (SELECT * EXCEPT (window_id), if(mapContains(newest_window, window_id), newest_window[window_id], window_id) AS window_id FROM current_decisions WHERE kind IN ('change', 'maintenance') AND incident_id = '') AS d
LEFT JOIN
(
    -- Incidents name a change by the first signal about it; the others are the
    -- same change. The incident detected first is the one it is told for.
    SELECT s.signal_id AS signal_id,
        argMin(e.incident_id, (e.detected_at, e.incident_id)) AS incident_id,
        argMin(if(e.parent_id = '', e.incident_id, e.parent_id), (e.detected_at, e.incident_id)) AS parent_id
    FROM (SELECT signal_id, source, scope, fingerprint FROM signals FINAL WHERE kind IN ('change', 'maintenance')) AS s
    INNER JOIN (SELECT signal_id, source, scope, fingerprint FROM signals FINAL WHERE kind IN ('change', 'maintenance')) AS f
        ON f.source = s.source AND f.scope = s.scope AND f.fingerprint = s.fingerprint
    INNER JOIN (SELECT incident_id, parent_id, detected_at, arrayJoin(candidate_ids) AS named FROM incidents FINAL) AS e ON e.named = f.signal_id
    GROUP BY s.signal_id
) AS c ON c.signal_id = d.signal_id
COMMENT 'What happened to every signal: one row per signal id';
