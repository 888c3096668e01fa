CREATE OR REPLACE VIEW v_incident_causes
(
    incident_id  String COMMENT 'The incident that it may explain; one row per incident and candidate',
    parent_id    String COMMENT 'The outermost incident above; equal to incident_id for a main one',
    scope        LowCardinality(String),
    rank         UInt32 COMMENT 'From 1, the best first',
    signal_id    String COMMENT 'The first signal about the change or maintenance. Joins v_decisions.signal_id',
    kind         String COMMENT 'change or maintenance',
    title        String,
    service      String COMMENT 'What it works on',
    team         String COMMENT 'Whose it is, or empty',
    status       String COMMENT 'planned, started, finished or cancelled, when the incident was last written',
    started_at   Nullable(DateTime64(3, 'UTC')),
    ends_at      Nullable(DateTime64(3, 'UTC')),
    in_progress  Bool COMMENT 'It was under way when the incident was last written',
    lag_seconds  Nullable(Float64) COMMENT 'incident started_at - started_at of the change, in seconds; below 0: the change began after the incident',
    score        Int64 COMMENT 'By which the candidates of an incident were found: the nearer and the later, the higher',
    probability  Nullable(Float64) COMMENT 'That it caused the incident, 0 to 1: how often changes come to the service anyway, against how long before it began and whether the incident started there. Those of an incident and no_change sum to 1. NULL: written before it was worked out',
    likely       Nullable(Bool) COMMENT 'A likely cause: probability of at least 0.5. The others were also changed',
    reason       String COMMENT 'Why it is a candidate, in one sentence',
    incident_started_at Nullable(DateTime64(3, 'UTC')) COMMENT 'started_at of the incident',
    imported     Bool COMMENT 'Of history that was brought in'
)
AS SELECT
    t.incident_id AS incident_id, t.parent_id AS parent_id, t.scope AS scope, toUInt32(n) AS rank,
    c.1 AS signal_id, c.2 AS kind, c.3 AS title, c.4 AS service, c.5 AS team, c.6 AS status,
    nullIf(parseDateTime64BestEffortOrZero(c.7, 3, 'UTC'), toDateTime64(0, 3, 'UTC')) AS started_at,
    nullIf(parseDateTime64BestEffortOrZero(c.8, 3, 'UTC'), toDateTime64(0, 3, 'UTC')) AS ends_at,
    c.9 AS in_progress,
    dateDiff('millisecond', started_at, incident_started_at) / 1000 AS lag_seconds,
    c.10 AS score, c.12 AS probability, probability >= 0.5 AS likely, c.11 AS reason,
    nullIf(t.begin, toDateTime64(0, 3, 'UTC')) AS incident_started_at,
    t.imported = 1 AS imported
FROM
(
    SELECT incident_id, i.main_id AS parent_id, scope, i.started_at AS begin, imported,
        JSONExtract(candidates, 'Array(Tuple(signal_id String, kind String, title String, service String, team String, status String, started_at String, ends_at String, in_progress Bool, score Int64, reason String, probability Nullable(Float64)))') AS cs
    FROM incidents AS i FINAL
    WHERE candidates != ''
) AS t
ARRAY JOIN t.cs AS c, arrayEnumerate(t.cs) AS n
COMMENT 'Candidate causes: one row per incident and change or maintenance that may explain it. They are candidates, never "the cause"';
