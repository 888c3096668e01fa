CREATE OR REPLACE VIEW current_objectives
AS SELECT scope, service, objective, window_seconds, severities
FROM objectives FINAL
WHERE service != '' AND set_at = (SELECT max(set_at) FROM objectives)
COMMENT 'The service level objectives in force. Not for reports: v_error_budgets is';
