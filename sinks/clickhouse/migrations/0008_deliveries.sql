-- How the bringing of each message went.

CREATE TABLE IF NOT EXISTS deliveries
(
    delivery_id  String,
    revision     Int64,
    effect_id    String,
    incident_id  String,
    seq          Int64,
    scope        LowCardinality(String),
    kind         LowCardinality(String),
    target       LowCardinality(String),
    person       LowCardinality(String),
    state        LowCardinality(String),
    decided_at   DateTime64(3, 'UTC'),
    noted_at     DateTime64(3, 'UTC'),
    at           DateTime64(3, 'UTC'),
    tried_at     DateTime64(3, 'UTC'),
    next_at      DateTime64(3, 'UTC'),
    attempts     Int64,
    error        String,
    ref          String,
    url          String,
    INDEX moment decided_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (incident_id, delivery_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'How far the bringing of each effect to each target has come';
