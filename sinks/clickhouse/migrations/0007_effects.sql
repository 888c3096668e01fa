-- What the engine has said to people or asked of other systems.

CREATE TABLE IF NOT EXISTS effects
(
    effect_id    String,
    incident_id  String,
    seq          Int64,
    scope        LowCardinality(String),
    kind         LowCardinality(String),
    at           DateTime64(3, 'UTC'),
    reason       String CODEC(ZSTD(1)),
    severity     LowCardinality(String),
    step         Int64,
    answer_by    DateTime64(3, 'UTC'),
    targets      Array(LowCardinality(String)),
    team         LowCardinality(String),
    people       Array(LowCardinality(String)),
    company      UInt8,
    coalesce_key String,
    signal_id    String,
    by           LowCardinality(String),
    via          LowCardinality(String),
    ask          String,
    title        String,
    status       LowCardinality(String),
    rules        LowCardinality(String),
    body         String COMMENT 'the whole effect as JSON' CODEC(ZSTD(1)),
    INDEX moment at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (incident_id, effect_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What was to be said to people or done in other systems, once each';
