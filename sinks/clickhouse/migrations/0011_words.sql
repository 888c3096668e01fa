-- Whose word a severity is, and when the next one is called.

ALTER TABLE incidents ADD COLUMN IF NOT EXISTS severity_by LowCardinality(String) COMMENT 'The person whose word the severity is' AFTER assignee;

ALTER TABLE incidents ADD COLUMN IF NOT EXISTS escalates_at DateTime64(3, 'UTC') COMMENT 'Log time at which the next one is called' AFTER severity_by;

ALTER TABLE shadow_incidents ADD COLUMN IF NOT EXISTS severity_by LowCardinality(String) COMMENT 'The person whose word the severity is' AFTER assignee;

ALTER TABLE shadow_incidents ADD COLUMN IF NOT EXISTS escalates_at DateTime64(3, 'UTC') COMMENT 'Log time at which the next one is called' AFTER severity_by;
