CREATE OR REPLACE VIEW v_incident_notices
(
    incident_id String COMMENT 'One row per incident and notice',
    parent_id   String COMMENT 'The outermost incident above; equal to incident_id for a main one',
    scope       LowCardinality(String),
    team        String COMMENT 'Who was to be told at once',
    contact     String COMMENT 'Where they are reached, or empty',
    text        String COMMENT 'What they were to be told',
    signal_id   String COMMENT 'The change or maintenance it is about, or empty',
    at          Nullable(DateTime64(3, 'UTC')) COMMENT 'Log time of the notice'
)
AS SELECT
    t.incident_id AS incident_id, t.parent_id AS parent_id, t.scope AS scope, n.1 AS team, n.2 AS contact, n.3 AS text, n.4 AS signal_id,
    nullIf(parseDateTime64BestEffortOrZero(n.5, 3, 'UTC'), toDateTime64(0, 3, 'UTC')) AS at
FROM
(
    SELECT incident_id, main_id AS parent_id, scope,
        JSONExtract(notices, 'Array(Tuple(team String, contact String, text String, signal_id String, at String))') AS ns
    FROM incidents FINAL
    WHERE notices != ''
) AS t
ARRAY JOIN t.ns AS n
COMMENT 'Who had to be told what at once, by incident';
