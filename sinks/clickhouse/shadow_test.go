package clickhouse

import (
	"testing"

	"pinkstar/schemas"
)

func TestShadowIsComparedAndChangesNothing(t *testing.T) {
	conn := migrated(t)
	w := writer(conn)
	write(t, w, decisions(0, 10))
	shadow := NewShadowWriter(conn, DefaultWriterConfig(), nil)
	b := decisions(0, 10)
	b.Topic = "pinkstar.shadow.decisions"
	other, quiet := sampleDecision(3), sampleDecision(4)
	other.IncidentID, other.Reason, other.Rules = "INC-ELSEWHERE", "joined another", "ffffffffffff"
	quiet.Verdict, quiet.IncidentID = schemas.VerdictSuppressed, ""
	b.Records[3] = record(b.Records[3].Offset, schemas.TypeDecision, other)
	b.Records[4] = record(b.Records[4].Offset, schemas.TypeDecision, quiet)
	write(t, shadow, b)
	write(t, shadow, b) // again: no harm
	if n := count(t, conn, "SELECT count() FROM v_shadow_diff"); n != 2 {
		t.Errorf("%d signals differ, want 2", n)
	}
	if n := count(t, conn, "SELECT count() FROM v_shadow_diff WHERE shadow_parent_id = 'INC-ELSEWHERE' AND parent_id = 'INC-000000000003' AND shadow_reason = 'joined another' AND name = 'Alert3' AND shadow_rules = 'ffffffffffff'"); n != 1 {
		t.Error("the signal that goes elsewhere is not told")
	}
	if n := count(t, conn, "SELECT count() FROM v_shadow_diff WHERE decision = 'placed' AND shadow_decision = 'suppressed'"); n != 1 {
		t.Error("the signal that is suppressed is not told")
	}
	if n := count(t, conn, "SELECT count() FROM v_decisions WHERE incident_id = 'INC-ELSEWHERE'"); n != 0 {
		t.Error("the shadow's decision is among those in force")
	}
	if n := count(t, conn, "SELECT count() FROM signals"); n != 10 {
		t.Errorf("%d signals, want 10", n)
	}
}
