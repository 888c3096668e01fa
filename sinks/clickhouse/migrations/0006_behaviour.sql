-- Which engine decided.

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS behaviour Int64 COMMENT 'Number of the engine''s behaviour; 0: of before there was one' AFTER learnt;

ALTER TABLE shadow_decisions ADD COLUMN IF NOT EXISTS behaviour Int64 COMMENT 'Number of the engine''s behaviour; 0: of before there was one' AFTER learnt;
