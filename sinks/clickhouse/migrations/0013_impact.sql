-- How lost revenue was found, what came back later, and what was paid; and every
-- state of what incidents cost, so that what was told then can be told now.

ALTER TABLE incidents
    ADD COLUMN IF NOT EXISTS basis LowCardinality(String) COMMENT 'What lost revenue was found by: model, figures or reported' AFTER measured,
    ADD COLUMN IF NOT EXISTS caught_low Float64 COMMENT 'What customers bought later instead, low' AFTER basis,
    ADD COLUMN IF NOT EXISTS caught_likely Float64 COMMENT 'What customers bought later instead, likely' AFTER caught_low,
    ADD COLUMN IF NOT EXISTS caught_high Float64 COMMENT 'What customers bought later instead, high' AFTER caught_likely,
    ADD COLUMN IF NOT EXISTS direct_cost Float64 COMMENT 'Of the cost, what was paid' AFTER caught_high,
    ADD COLUMN IF NOT EXISTS users Int64 COMMENT 'People affected' AFTER direct_cost,
    ADD COLUMN IF NOT EXISTS expected Float64 COMMENT 'By figures: the revenue that was to come' AFTER users,
    ADD COLUMN IF NOT EXISTS actual Float64 COMMENT 'By figures: the revenue that came' AFTER expected,
    ADD COLUMN IF NOT EXISTS known Int64 COMMENT 'By figures: thousandths of the expected for which they were told' AFTER actual,
    ADD COLUMN IF NOT EXISTS placebos Int64 COMMENT 'Undisturbed windows that the interval was found from' AFTER known,
    ADD COLUMN IF NOT EXISTS trials_held Int64 COMMENT 'Intervals at undisturbed times that held the truth' AFTER placebos,
    ADD COLUMN IF NOT EXISTS trials Int64 COMMENT 'of so many' AFTER trials_held,
    ADD COLUMN IF NOT EXISTS shared UInt8 COMMENT 'Others are charged with a part of the same loss' AFTER trials,
    ADD COLUMN IF NOT EXISTS final UInt8 COMMENT 'All figures of it have been told' AFTER shared;

ALTER TABLE shadow_incidents
    ADD COLUMN IF NOT EXISTS basis LowCardinality(String) COMMENT 'What lost revenue was found by: model, figures or reported' AFTER measured,
    ADD COLUMN IF NOT EXISTS caught_low Float64 COMMENT 'What customers bought later instead, low' AFTER basis,
    ADD COLUMN IF NOT EXISTS caught_likely Float64 COMMENT 'What customers bought later instead, likely' AFTER caught_low,
    ADD COLUMN IF NOT EXISTS caught_high Float64 COMMENT 'What customers bought later instead, high' AFTER caught_likely,
    ADD COLUMN IF NOT EXISTS direct_cost Float64 COMMENT 'Of the cost, what was paid' AFTER caught_high,
    ADD COLUMN IF NOT EXISTS users Int64 COMMENT 'People affected' AFTER direct_cost,
    ADD COLUMN IF NOT EXISTS expected Float64 COMMENT 'By figures: the revenue that was to come' AFTER users,
    ADD COLUMN IF NOT EXISTS actual Float64 COMMENT 'By figures: the revenue that came' AFTER expected,
    ADD COLUMN IF NOT EXISTS known Int64 COMMENT 'By figures: thousandths of the expected for which they were told' AFTER actual,
    ADD COLUMN IF NOT EXISTS placebos Int64 COMMENT 'Undisturbed windows that the interval was found from' AFTER known,
    ADD COLUMN IF NOT EXISTS trials_held Int64 COMMENT 'Intervals at undisturbed times that held the truth' AFTER placebos,
    ADD COLUMN IF NOT EXISTS trials Int64 COMMENT 'of so many' AFTER trials_held,
    ADD COLUMN IF NOT EXISTS shared UInt8 COMMENT 'Others are charged with a part of the same loss' AFTER trials,
    ADD COLUMN IF NOT EXISTS final UInt8 COMMENT 'All figures of it have been told' AFTER shared;

CREATE TABLE IF NOT EXISTS impact_revisions
(
    incident_id   String,
    revision      Int64,
    scope         LowCardinality(String),
    parent_id     String,
    at            DateTime64(3, 'UTC'),
    began         DateTime64(3, 'UTC'),
    status        LowCardinality(String),
    severity      LowCardinality(String),
    currency      LowCardinality(String),
    basis         LowCardinality(String),
    lost_low      Float64,
    lost_likely   Float64,
    lost_high     Float64,
    caught_likely Float64,
    cost_low      Float64,
    cost_likely   Float64,
    cost_high     Float64,
    minutes       Float64,
    imported      UInt8,
    INDEX moment at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(began)
ORDER BY (toStartOfDay(began), incident_id, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What each incident was said to cost, each time it was written';
