-- What a main incident and everything below it are together.

ALTER TABLE incidents
    ADD COLUMN IF NOT EXISTS tree_incidents Int64 COMMENT 'Of a main incident: itself and everything below it; 0: nothing is below it' AFTER flaps,
    ADD COLUMN IF NOT EXISTS tree_open Int64 COMMENT 'Of these, neither resolved nor closed' AFTER tree_incidents,
    ADD COLUMN IF NOT EXISTS tree_signals Int64 COMMENT 'Distinct signals placed in all of them' AFTER tree_open,
    ADD COLUMN IF NOT EXISTS tree_repeats Int64 COMMENT 'Further deliveries of them' AFTER tree_signals,
    ADD COLUMN IF NOT EXISTS tree_alerts Int64 COMMENT 'Distinct alerts in all of them' AFTER tree_repeats,
    ADD COLUMN IF NOT EXISTS tree_active_alerts Int64 COMMENT 'Of these, firing now' AFTER tree_alerts,
    ADD COLUMN IF NOT EXISTS tree_services Int64 COMMENT 'Distinct services that they affect' AFTER tree_active_alerts;

ALTER TABLE shadow_incidents
    ADD COLUMN IF NOT EXISTS tree_incidents Int64 COMMENT 'Of a main incident: itself and everything below it; 0: nothing is below it' AFTER flaps,
    ADD COLUMN IF NOT EXISTS tree_open Int64 COMMENT 'Of these, neither resolved nor closed' AFTER tree_incidents,
    ADD COLUMN IF NOT EXISTS tree_signals Int64 COMMENT 'Distinct signals placed in all of them' AFTER tree_open,
    ADD COLUMN IF NOT EXISTS tree_repeats Int64 COMMENT 'Further deliveries of them' AFTER tree_signals,
    ADD COLUMN IF NOT EXISTS tree_alerts Int64 COMMENT 'Distinct alerts in all of them' AFTER tree_repeats,
    ADD COLUMN IF NOT EXISTS tree_active_alerts Int64 COMMENT 'Of these, firing now' AFTER tree_alerts,
    ADD COLUMN IF NOT EXISTS tree_services Int64 COMMENT 'Distinct services that they affect' AFTER tree_active_alerts;
