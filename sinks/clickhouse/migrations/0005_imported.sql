-- History that `pinkstar import` brought in.

ALTER TABLE signals ADD COLUMN IF NOT EXISTS imported UInt8 COMMENT 'History: not seen when it happened';

ALTER TABLE incidents ADD COLUMN IF NOT EXISTS imported UInt8 COMMENT 'History: not seen when it happened, and not priced';

ALTER TABLE shadow_incidents ADD COLUMN IF NOT EXISTS imported UInt8 COMMENT 'History: not seen when it happened, and not priced';

ALTER TABLE problems ADD COLUMN IF NOT EXISTS imported UInt8 COMMENT 'Of imported incidents alone';
