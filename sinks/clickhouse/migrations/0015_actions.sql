-- What is to be done after incidents and about problems.

CREATE TABLE IF NOT EXISTS actions
(
    action_id   String,
    revision    Int64,
    scope       LowCardinality(String),
    what        String,
    owner       LowCardinality(String),
    due_at      DateTime64(3, 'UTC'),
    status      LowCardinality(String),
    incident_id String,
    problem_id  String,
    created_at  DateTime64(3, 'UTC'),
    created_by  LowCardinality(String),
    ended_at    DateTime64(3, 'UTC'),
    ended_by    LowCardinality(String),
    note        String,
    updated_at  DateTime64(3, 'UTC'),
    body        String COMMENT 'the whole action as JSON' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY action_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The latest state of every action of a post-mortem';
