-- Rows that were written since the days were counted last: their days are counted
-- as they are asked for. Before the first time that are all days.
CREATE OR REPLACE VIEW alert_days_open
AS SELECT DISTINCT toDate(started) AS day FROM signals
WHERE kind = 'alert' AND status = 'firing' AND written_at >=
(
    SELECT argMax(until, at) FROM rolled
    WHERE name = 'alert_days' AND (SELECT count() FROM alert_days) > 0 -- which may have been lost
)
COMMENT 'Days of which alert_days does not have all alerts. Not for reports: v_service_month is';
