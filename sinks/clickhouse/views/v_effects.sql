CREATE OR REPLACE VIEW v_effects
(
    effect_id   String,
    incident_id String COMMENT 'The main incident',
    seq         Int64 COMMENT 'n-th of the incident, from 1',
    kind        LowCardinality(String) COMMENT 'opened, alert_type, severity, owner, page, escalated, mitigated, resolved, reopened, linked, unlinked, change_notice, mail_announce, mail_close, window_ended, ticket_link, ticket_unlink, expired, report (of a month, about no incident)',
    at          DateTime64(3, 'UTC') COMMENT 'Log time at which the engine decided it',
    reason      String COMMENT 'What changed, and why it is said',
    severity    LowCardinality(String) COMMENT 'Of the incident at that moment',
    status      LowCardinality(String) COMMENT 'Of the incident at that moment',
    title       String,
    step        Int64 COMMENT 'page, escalated: step of the escalation, from 1; else 0',
    answer_by   Nullable(DateTime64(3, 'UTC')) COMMENT 'page: when the next step is taken unless somebody acknowledges',
    targets     Array(LowCardinality(String)) COMMENT 'Channels it is for',
    team        LowCardinality(String) COMMENT 'Team it concerns, or empty',
    people      Array(LowCardinality(String)) COMMENT 'Who is called',
    company     Bool COMMENT 'For everybody, by mail',
    ask         String COMMENT 'change_notice: what the team is asked to do',
    signal_id   String COMMENT 'The ticket, change, window or command it is about, or empty',
    by          LowCardinality(String) COMMENT 'Whose word it is, or empty for the engine',
    via         LowCardinality(String) COMMENT 'The system that word came from',
    scope       LowCardinality(String),
    rules       LowCardinality(String) COMMENT 'Version of the rule set that chose to say it'
)
AS SELECT
    effect_id, incident_id, seq, kind, at, reason, severity, status, title, step,
    nullIf(answer_by, toDateTime64(0, 3, 'UTC')) AS answer_by,
    targets, team, people, company = 1 AS company, ask, signal_id, by, via, scope, rules
FROM effects FINAL
COMMENT 'What was to be said to people or done in other systems; how it went is the messages'' business';
