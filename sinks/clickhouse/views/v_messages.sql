CREATE OR REPLACE VIEW v_messages
(
    delivery_id String COMMENT 'What the other system recognises a second attempt by',
    effect_id   String COMMENT 'What was to be said: v_effects',
    incident_id String COMMENT 'The main incident',
    seq         Int64 COMMENT 'n-th effect of the incident',
    kind        LowCardinality(String) COMMENT 'As in v_effects',
    target      LowCardinality(String) COMMENT 'Name in the settings, and the address after a colon',
    person      LowCardinality(String) COMMENT 'Who is called, or empty',
    state       LowCardinality(String) COMMENT 'waiting, sending, unknown (the answer was lost), sent, confirmed (found in the other system), failed, superseded (a later message says it, or nothing to do)',
    decided_at  Nullable(DateTime64(3, 'UTC')) COMMENT 'Log time at which the engine decided it',
    noted_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first taken up, by the clock of who delivers',
    updated_at  Nullable(DateTime64(3, 'UTC')) COMMENT 'When the state became this one, by the clock of who delivers',
    tried_at    Nullable(DateTime64(3, 'UTC')) COMMENT 'Start of the latest attempt',
    next_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'When something is done next',
    attempts    Int64,
    error       String COMMENT 'Why the latest attempt was not taken',
    ref         String COMMENT 'What the other system calls it: a ticket''s key, a message''s id',
    url         String,
    scope       LowCardinality(String)
)
AS SELECT
    delivery_id, effect_id, incident_id, seq, kind, target, person, state,
    nullIf(decided_at, toDateTime64(0, 3, 'UTC')) AS decided_at,
    nullIf(noted_at, toDateTime64(0, 3, 'UTC')) AS noted_at,
    nullIf(at, toDateTime64(0, 3, 'UTC')) AS updated_at,
    nullIf(tried_at, toDateTime64(0, 3, 'UTC')) AS tried_at,
    nullIf(next_at, toDateTime64(0, 3, 'UTC')) AS next_at,
    attempts, error, ref, url, scope
FROM deliveries FINAL
COMMENT 'Messages to people and other systems, one row for each target, and how they went';
