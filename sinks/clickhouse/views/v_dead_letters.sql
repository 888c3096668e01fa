CREATE OR REPLACE VIEW v_dead_letters
(
    signal_id String COMMENT 'The id under which v_decisions tells of it',
    topic     LowCardinality(String) COMMENT 'Where the record stood',
    partition Int32,
    offset    Int64,
    at        Nullable(DateTime64(3, 'UTC')),
    stage     LowCardinality(String) COMMENT 'normalise, correlate or write',
    reason    String COMMENT 'What, where and what to do',
    value     String COMMENT 'The record, cut at 64 KiB',
    size      Int64 COMMENT 'Bytes before the cut'
)
AS SELECT signal_id, topic, partition, offset, nullIf(at, toDateTime64(0, 3, 'UTC')) AS at, stage, reason, value, size
FROM dead_letters FINAL
COMMENT 'Records that could not be taken, with the reason';
