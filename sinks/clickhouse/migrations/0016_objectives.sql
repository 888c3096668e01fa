-- What services are to reach, as the settings have it: error budgets are worked
-- out from it.

CREATE TABLE IF NOT EXISTS objectives
(
    set_at         DateTime64(3, 'UTC') COMMENT 'The rows of the latest are in force; one without a service: there are none',
    scope          String COMMENT 'Empty: every scope',
    service        String,
    objective      Float64 COMMENT 'Share of the time that it is to be available',
    window_seconds Int64,
    severities     Array(String) COMMENT 'Of incidents whose minutes count'
)
ENGINE = ReplacingMergeTree
ORDER BY (set_at, service, scope)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Service level objectives, each set as it was configured';
