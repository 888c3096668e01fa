-- Decisions and incidents in the order of their times, by month: until now their
-- keys were random ids, so that every question read every row.
--
-- The keys hold the log time at which a signal was first decided on, and at which
-- an incident opened: no revision changes them. (A signal that was decided on,
-- forgotten and told again has another: decided_again notes it.) What is sought by
-- id or by incident is found by indexes.
--
-- Each table is copied into one of the new form, which takes its place. The file
-- may run again from its beginning: a table is whole at every moment, and the form
-- begins empty. What was written into the old one meanwhile is copied too.

CREATE TABLE IF NOT EXISTS decided_again
(
    signal_id String,
    revision  Int64,
    at        DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY signal_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Signals that were decided on anew after they had been forgotten: since that revision, at that time. And imported ones, which give way';

DROP TABLE IF EXISTS decisions_by_time;

CREATE TABLE decisions_by_time AS decisions
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(at)
ORDER BY (toStartOfHour(at), signal_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What happened to each signal, and why';

ALTER TABLE decisions_by_time ADD INDEX IF NOT EXISTS signal signal_id TYPE bloom_filter(0.001) GRANULARITY 1;

INSERT INTO decisions_by_time SELECT * FROM decisions FINAL SETTINGS max_partitions_per_insert_block = 0;

EXCHANGE TABLES decisions AND decisions_by_time;

INSERT INTO decisions SELECT * FROM decisions_by_time FINAL
WHERE (signal_id, revision) NOT IN (SELECT signal_id, revision FROM decisions)
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO decided_again SELECT signal_id, revision, at FROM decisions WHERE revision < 0;

DROP TABLE decisions_by_time;

DROP TABLE IF EXISTS incidents_by_time;

CREATE TABLE incidents_by_time AS incidents
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(detected_at)
ORDER BY (toStartOfDay(detected_at), incident_id)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024
COMMENT 'The latest state of every incident, main ones and children';

ALTER TABLE incidents_by_time
    ADD COLUMN IF NOT EXISTS began DateTime64(3, 'UTC') MATERIALIZED if(started_at = toDateTime64(0, 3, 'UTC'), detected_at, started_at) COMMENT 'started_at, or detected_at where that is not known',
    ADD COLUMN IF NOT EXISTS main_id String MATERIALIZED if(parent_id = '', incident_id, parent_id) COMMENT 'The outermost incident above, or itself',
    ADD INDEX IF NOT EXISTS began began TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS id incident_id TYPE bloom_filter(0.001) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS main main_id TYPE bloom_filter(0.001) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS parent parent_id TYPE bloom_filter(0.001) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS problem problem_id TYPE bloom_filter(0.01) GRANULARITY 1;

INSERT INTO incidents_by_time SELECT * FROM incidents FINAL SETTINGS max_partitions_per_insert_block = 0;

EXCHANGE TABLES incidents AND incidents_by_time;

INSERT INTO incidents SELECT * FROM incidents_by_time FINAL
WHERE (incident_id, revision) NOT IN (SELECT incident_id, revision FROM incidents)
SETTINGS max_partitions_per_insert_block = 0;

DROP TABLE incidents_by_time;
