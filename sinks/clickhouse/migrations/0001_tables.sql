-- What Pinkstar keeps. These tables may change; the views v_* are the contract.
--
-- Every table collapses rows with the same key: the highest revision stays, so
-- that a batch written twice does no harm. Keys hold only what never changes
-- about the thing. A time of 1970-01-01 means "not known"; the views show NULL.

CREATE TABLE IF NOT EXISTS signals
(
    signal_id   String CODEC(ZSTD(1)),
    kind        LowCardinality(String),
    source      LowCardinality(String),
    fingerprint String CODEC(ZSTD(1)),
    status      LowCardinality(String),
    occurrence  String,
    tenant      LowCardinality(String),
    environment LowCardinality(String),
    scope       LowCardinality(String),
    name        LowCardinality(String),
    severity    LowCardinality(String),
    service     LowCardinality(String),
    instance    String,
    host        String,
    team        LowCardinality(String),
    starts_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ends_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    summary     String CODEC(ZSTD(1)),
    description String CODEC(ZSTD(1)),
    url         String CODEC(ZSTD(1)),
    runbook     String CODEC(ZSTD(1)),
    labels      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    annotations Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    flags       Array(LowCardinality(String)),
    detail      String COMMENT 'JSON of what a ticket, change, impact or command adds' CODEC(ZSTD(1)),
    INDEX label_names mapKeys(labels) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX label_values mapValues(labels) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX service service TYPE set(100) GRANULARITY 1,
    INDEX ids signal_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (kind, toStartOfHour(received_at), signal_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every signal, once: what arrived, translated';

CREATE TABLE IF NOT EXISTS decisions
(
    signal_id   String CODEC(ZSTD(1)),
    revision    Int64,
    scope       LowCardinality(String),
    kind        LowCardinality(String),
    decision    LowCardinality(String),
    incident_id String CODEC(ZSTD(1)),
    reason      String CODEC(ZSTD(1)),
    at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    repeats     Int64,
    last_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    score       Int64,
    threshold   Int64,
    evidence    String COMMENT 'JSON' CODEC(ZSTD(1)),
    anchor_id   String CODEC(ZSTD(1)),
    runner_up   String COMMENT 'JSON, or empty' CODEC(ZSTD(1)),
    window_id   String CODEC(ZSTD(1)),
    rules       LowCardinality(String),
    topology    LowCardinality(String),
    learnt      LowCardinality(String),
    candidates  Int32,
    INDEX incident incident_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY signal_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What happened to each signal, and why';

CREATE TABLE IF NOT EXISTS incidents
(
    incident_id     String,
    revision        Int64,
    scope           LowCardinality(String),
    parent_id       String,
    status          LowCardinality(String),
    severity        LowCardinality(String),
    title           String,
    services        Array(LowCardinality(String)),
    teams           Array(LowCardinality(String)),
    root_service    LowCardinality(String),
    root_score      Int64,
    root_reason     String,
    assignee        String,
    started_at      DateTime64(3, 'UTC'),
    detected_at     DateTime64(3, 'UTC'),
    acknowledged_at DateTime64(3, 'UTC'),
    mitigated_at    DateTime64(3, 'UTC'),
    resolved_at     DateTime64(3, 'UTC'),
    closed_at       DateTime64(3, 'UTC'),
    updated_at      DateTime64(3, 'UTC'),
    signals         Int64,
    repeats         Int64,
    alerts          Int64,
    active_alerts   Int64,
    reopens         Int64,
    flaps           Int64,
    tickets         Array(String),
    problem_id      String,
    currency        LowCardinality(String),
    lost_low        Float64,
    lost_likely     Float64,
    lost_high       Float64,
    cost_low        Float64,
    cost_likely     Float64,
    cost_high       Float64,
    minutes         Float64,
    measured        UInt8,
    formula         String,
    rules           LowCardinality(String),
    topology        LowCardinality(String),
    body            String COMMENT 'the whole incident as JSON' CODEC(ZSTD(1)),
    INDEX started started_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY incident_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The latest state of every incident, main ones and children';

CREATE TABLE IF NOT EXISTS timeline
(
    incident_id String,
    seq         Int64,
    scope       LowCardinality(String),
    at          DateTime64(3, 'UTC'),
    event_at    DateTime64(3, 'UTC'),
    type        LowCardinality(String),
    text        String CODEC(ZSTD(1)),
    signal_id   String,
    by          String
)
ENGINE = ReplacingMergeTree
ORDER BY (incident_id, seq)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The story of each incident, line by line';

CREATE TABLE IF NOT EXISTS problems
(
    problem_id    String,
    revision      Int64,
    scope         LowCardinality(String),
    signature     String,
    title         String,
    status        LowCardinality(String),
    owner         LowCardinality(String),
    service       LowCardinality(String),
    incident_ids  Array(String),
    incidents     Int64,
    first_seen_at DateTime64(3, 'UTC'),
    last_seen_at  DateTime64(3, 'UTC'),
    flagged_at    DateTime64(3, 'UTC'),
    solved_at     DateTime64(3, 'UTC'),
    solved_by     String,
    returned_at   DateTime64(3, 'UTC'),
    declared_by   String,
    updated_at    DateTime64(3, 'UTC'),
    currency      LowCardinality(String),
    lost_low      Float64,
    lost_likely   Float64,
    lost_high     Float64,
    cost_low      Float64,
    cost_likely   Float64,
    cost_high     Float64,
    minutes       Float64,
    rules         LowCardinality(String),
    body          String COMMENT 'the whole problem as JSON' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY problem_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The latest state of every recurring problem';

CREATE TABLE IF NOT EXISTS dead_letters
(
    signal_id String,
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    at        DateTime64(3, 'UTC'),
    stage     LowCardinality(String),
    reason    String,
    value     String CODEC(ZSTD(1)),
    size      Int64
)
ENGINE = ReplacingMergeTree
ORDER BY signal_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Records that could not be taken';

CREATE TABLE IF NOT EXISTS written_ranges
(
    topic     LowCardinality(String),
    topic_id  String,
    partition Int32,
    first     Int64,
    last      Int64,
    done      UInt8,
    version   Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (topic, topic_id, partition)
COMMENT 'Per topic partition: the latest batch of offsets that was begun, and whether it was finished';
