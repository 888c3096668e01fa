-- What an incident says of who acts, what may explain it, and who was to be told.
-- What is there already says it in body.

ALTER TABLE incidents
    ADD COLUMN IF NOT EXISTS procedure LowCardinality(String) DEFAULT JSONExtractString(body, 'procedure', 'name') COMMENT 'Name of the procedure, or empty' AFTER candidate_ids,
    ADD COLUMN IF NOT EXISTS procedure_owner LowCardinality(String) DEFAULT JSONExtractString(body, 'procedure', 'owner') AFTER procedure,
    ADD COLUMN IF NOT EXISTS on_call LowCardinality(String) DEFAULT JSONExtractString(body, 'procedure', 'on_call') AFTER procedure_owner,
    ADD COLUMN IF NOT EXISTS emergency_channel LowCardinality(String) DEFAULT JSONExtractString(body, 'procedure', 'emergency_channel') AFTER on_call,
    ADD COLUMN IF NOT EXISTS runbook String DEFAULT JSONExtractString(body, 'procedure', 'runbook') CODEC(ZSTD(1)) AFTER emergency_channel,
    ADD COLUMN IF NOT EXISTS alert_runbook String DEFAULT JSONExtractString(body, 'procedure', 'alert_runbook') CODEC(ZSTD(1)) AFTER runbook,
    ADD COLUMN IF NOT EXISTS candidates String DEFAULT JSONExtractRaw(body, 'candidate_causes') COMMENT 'JSON, or empty' CODEC(ZSTD(1)) AFTER alert_runbook,
    ADD COLUMN IF NOT EXISTS notices String DEFAULT JSONExtractRaw(body, 'notices') COMMENT 'JSON, or empty' CODEC(ZSTD(1)) AFTER candidates,
    ADD COLUMN IF NOT EXISTS opened_by String DEFAULT JSONExtractString(body, 'opening_signal_id') COMMENT 'Signal id' CODEC(ZSTD(1)) AFTER notices,
    ADD COLUMN IF NOT EXISTS opened_by_name LowCardinality(String)
        DEFAULT JSONExtractString(arrayFirst(m -> JSONExtractString(m, 'signal_id') = JSONExtractString(body, 'opening_signal_id'), JSONExtractArrayRaw(body, 'members')), 'name') AFTER opened_by,
    ADD COLUMN IF NOT EXISTS opened_by_service LowCardinality(String)
        DEFAULT JSONExtractString(arrayFirst(m -> JSONExtractString(m, 'signal_id') = JSONExtractString(body, 'opening_signal_id'), JSONExtractArrayRaw(body, 'members')), 'service') AFTER opened_by_name;

ALTER TABLE shadow_incidents
    ADD COLUMN IF NOT EXISTS procedure LowCardinality(String) COMMENT 'Name of the procedure, or empty' AFTER candidate_ids,
    ADD COLUMN IF NOT EXISTS procedure_owner LowCardinality(String) AFTER procedure,
    ADD COLUMN IF NOT EXISTS on_call LowCardinality(String) AFTER procedure_owner,
    ADD COLUMN IF NOT EXISTS emergency_channel LowCardinality(String) AFTER on_call,
    ADD COLUMN IF NOT EXISTS runbook String CODEC(ZSTD(1)) AFTER emergency_channel,
    ADD COLUMN IF NOT EXISTS alert_runbook String CODEC(ZSTD(1)) AFTER runbook,
    ADD COLUMN IF NOT EXISTS candidates String COMMENT 'JSON, or empty' CODEC(ZSTD(1)) AFTER alert_runbook,
    ADD COLUMN IF NOT EXISTS notices String COMMENT 'JSON, or empty' CODEC(ZSTD(1)) AFTER candidates,
    ADD COLUMN IF NOT EXISTS opened_by String COMMENT 'Signal id' CODEC(ZSTD(1)) AFTER notices,
    ADD COLUMN IF NOT EXISTS opened_by_name LowCardinality(String) AFTER opened_by,
    ADD COLUMN IF NOT EXISTS opened_by_service LowCardinality(String) AFTER opened_by_name;

ALTER TABLE incidents
    MATERIALIZE COLUMN procedure, MATERIALIZE COLUMN procedure_owner, MATERIALIZE COLUMN on_call, MATERIALIZE COLUMN emergency_channel,
    MATERIALIZE COLUMN runbook, MATERIALIZE COLUMN alert_runbook, MATERIALIZE COLUMN candidates, MATERIALIZE COLUMN notices,
    MATERIALIZE COLUMN opened_by, MATERIALIZE COLUMN opened_by_name, MATERIALIZE COLUMN opened_by_service;
