-- Which changes and windows may explain an incident, so that v_decisions finds
-- the incident of one that came before it. What is there already says it in body.

ALTER TABLE incidents ADD COLUMN IF NOT EXISTS candidate_ids Array(String)
    DEFAULT arrayMap(c -> JSONExtractString(c, 'signal_id'), JSONExtractArrayRaw(body, 'candidate_causes'))
    COMMENT 'Signal ids of the candidate causes' AFTER tickets;

ALTER TABLE shadow_incidents ADD COLUMN IF NOT EXISTS candidate_ids Array(String)
    DEFAULT arrayMap(c -> JSONExtractString(c, 'signal_id'), JSONExtractArrayRaw(body, 'candidate_causes'))
    COMMENT 'Signal ids of the candidate causes' AFTER tickets;

ALTER TABLE incidents MATERIALIZE COLUMN candidate_ids;
