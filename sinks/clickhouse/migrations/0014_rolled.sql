-- Questions about one kind of signal read that kind only: until now the tickets
-- and changes stood between all alerts. And what a month's report counts of
-- alerts is kept by day, so that nobody counts a year of them again.
--
-- Decisions are copied into a table of the new order, which takes its place, as
-- migration 12 did. The file may run again from its beginning.

DROP TABLE IF EXISTS decisions_by_kind;

CREATE TABLE decisions_by_kind AS decisions
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(at)
ORDER BY (kind, toStartOfHour(at), signal_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What happened to each signal, and why';

INSERT INTO decisions_by_kind SELECT * FROM decisions FINAL SETTINGS max_partitions_per_insert_block = 0;

EXCHANGE TABLES decisions AND decisions_by_kind;

INSERT INTO decisions SELECT * FROM decisions_by_kind FINAL
WHERE (signal_id, revision) NOT IN (SELECT signal_id, revision FROM decisions)
SETTINGS max_partitions_per_insert_block = 0;

DROP TABLE decisions_by_kind;

-- When an alert began, as the views say it, and when its row was written.

ALTER TABLE signals
    ADD COLUMN IF NOT EXISTS started DateTime64(3, 'UTC') MATERIALIZED if(starts_at = toDateTime64(0, 3, 'UTC'), received_at, starts_at) COMMENT 'starts_at, or received_at where that is not known' CODEC(Delta, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS written_at DateTime('UTC') MATERIALIZED now('UTC') COMMENT 'When the row was written, by this server''s clock; of rows of before, when the column was added' CODEC(Delta, ZSTD(1));

-- Otherwise it would be the time at which it is asked for.
ALTER TABLE signals MATERIALIZE COLUMN written_at SETTINGS mutations_sync = 2;

-- A list of members seeks many ids at once: of one in a hundred that is found for
-- nothing, twenty are a fifth of all rows.

ALTER TABLE signals
    DROP INDEX IF EXISTS ids,
    ADD INDEX IF NOT EXISTS id signal_id TYPE bloom_filter(0.001) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS fingerprint fingerprint TYPE bloom_filter(0.001) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS started started TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS started_day toDate(started) TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS written written_at TYPE minmax GRANULARITY 1;

ALTER TABLE signals MATERIALIZE INDEX id, MATERIALIZE INDEX fingerprint, MATERIALIZE INDEX started, MATERIALIZE INDEX started_day, MATERIALIZE INDEX written SETTINGS mutations_sync = 0;

CREATE TABLE IF NOT EXISTS alert_days
(
    day     Date COMMENT 'In which the alerts began (UTC)',
    scope   LowCardinality(String),
    service LowCardinality(String),
    alerts  UInt64 COMMENT 'Distinct ones that fired',
    counted DateTime64(3, 'UTC') COMMENT 'When'
)
ENGINE = ReplacingMergeTree(counted)
PARTITION BY toYear(day)
ORDER BY (day, scope, service)
COMMENT 'Alerts by the day in which they began, counted';

CREATE TABLE IF NOT EXISTS rolled
(
    name  LowCardinality(String) COMMENT 'Of the table that is counted',
    until DateTime('UTC') COMMENT 'Rows that were written before are in its counts',
    at    DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'The latest holds'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY name
COMMENT 'How far tables of counts have come';
