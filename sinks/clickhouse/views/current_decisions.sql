CREATE OR REPLACE VIEW current_decisions
AS SELECT * FROM decisions FINAL
-- The first condition is worked out once: as long as no signal was decided on
-- anew, the ids of all others need not be read.
WHERE (SELECT count() FROM decided_again) = 0
    OR signal_id NOT IN (SELECT signal_id FROM decided_again)
    -- Those stand at several times: the newest revision of all holds, wherever it is.
    OR (signal_id, revision) IN
    (
        SELECT signal_id, max(revision) FROM decisions
        WHERE signal_id IN (SELECT signal_id FROM decided_again)
        GROUP BY signal_id
    )
COMMENT 'The decisions in force. Not for reports: v_decisions is';
