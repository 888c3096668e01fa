CREATE OR REPLACE VIEW v_shadow_diff
(
    signal_id       String COMMENT 'A signal that the shadow decides in another way',
    kind            LowCardinality(String) COMMENT 'alert or ticket',
    name            LowCardinality(String),
    service         LowCardinality(String),
    at              DateTime64(3, 'UTC') COMMENT 'Log time of the decision',
    decision        LowCardinality(String) COMMENT 'The decision in force',
    shadow_decision LowCardinality(String) COMMENT 'What the shadow decided',
    parent_id       String COMMENT 'The main incident it is in, or empty',
    shadow_parent_id String COMMENT 'The main incident the shadow puts it into; an incident opened by the same signal has the same id',
    reason          String,
    shadow_reason   String,
    rules           LowCardinality(String) COMMENT 'Version of the rule set in force',
    shadow_rules    LowCardinality(String) COMMENT 'Version of the shadow''s',
    scope           LowCardinality(String)
)
AS SELECT
    a.signal_id AS signal_id, a.kind AS kind, s.name AS name, s.service AS service, a.at AS at,
    a.decision AS decision, b.decision AS shadow_decision, a.parent_id AS parent_id, b.parent_id AS shadow_parent_id,
    a.reason AS reason, b.reason AS shadow_reason, a.rules AS rules, b.rules AS shadow_rules,
    a.scope AS scope
FROM
(
    SELECT d.*, if(i.parent_id = '', d.incident_id, i.parent_id) AS parent_id
    FROM (SELECT * FROM current_decisions WHERE kind IN ('alert', 'ticket')) AS d
    LEFT JOIN (SELECT incident_id, parent_id FROM incidents FINAL) AS i ON i.incident_id = d.incident_id
) AS a
INNER JOIN
(
    SELECT d.*, if(i.parent_id = '', d.incident_id, i.parent_id) AS parent_id
    FROM (SELECT * FROM shadow_decisions FINAL WHERE kind IN ('alert', 'ticket')) AS d
    LEFT JOIN (SELECT incident_id, parent_id FROM shadow_incidents FINAL) AS i ON i.incident_id = d.incident_id
) AS b ON a.signal_id = b.signal_id
LEFT JOIN (SELECT signal_id, name, service FROM signals LIMIT 1 BY signal_id) AS s ON s.signal_id = a.signal_id
WHERE a.decision != b.decision OR a.parent_id != b.parent_id
COMMENT 'Signals that the shadow rule set decides in another way: one row per signal. Empty when no shadow runs';
