-- Since when reports are sent regularly: of months before nobody gets any.

CREATE TABLE IF NOT EXISTS report_schedules
(
    name  String COMMENT 'Of the schedule in the settings',
    since DateTime64(3, 'UTC') COMMENT 'When it was first seen; of several rows the earliest holds'
)
ENGINE = MergeTree
ORDER BY (name, since)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'When each schedule of reports was configured'
