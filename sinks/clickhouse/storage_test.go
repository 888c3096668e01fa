package clickhouse

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// Rows go when they are as old as the configuration says, open incidents stay,
// and what is as it should be is left alone.
func TestRowsAreKeptAsLongAsSaid(t *testing.T) {
	conn := migrated(t)
	now := schemas.TimeOf(time.Now())
	old := now.Add(-10 * schemas.Day)
	at := func(n int, at schemas.Time) *schemas.Decision {
		d := sampleDecision(n)
		d.At, d.LastAt, d.Signal.ReceivedAt = at, at, at
		return d
	}
	inc := func(id string, closed schemas.Time, status schemas.IncidentStatus) *schemas.Incident {
		return &schemas.Incident{ID: id, Revision: 1, StartedAt: old, Status: status, ClosedAt: closed}
	}
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, at(1, old)), record(1, schemas.TypeDecision, at(2, now)),
		record(2, schemas.TypeIncident, inc("INC-OPEN", 0, schemas.IncidentOpen)),
		record(3, schemas.TypeIncident, inc("INC-OLD", old, schemas.IncidentClosed)),
		record(4, schemas.TypeIncident, inc("INC-NEW", now, schemas.IncidentClosed)),
	}}))
	set := func(s Storage, want ...string) {
		t.Helper()
		if changed, err := SetStorage(t.Context(), conn, s); err != nil || !slices.Equal(changed, want) {
			t.Errorf("changed %v, %v; want %v", changed, err, want)
		}
	}
	set(Storage{})
	week := Storage{Keep: Keep{Signals: 7 * 24 * time.Hour, Incidents: 7 * 24 * time.Hour}, Policy: "default"}
	set(week, "signals", "incidents", "impact_revisions")
	set(week)
	for _, table := range []string{"signals", "decisions", "incidents"} {
		if err := do(t, conn, "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			t.Fatal(err)
		}
	}
	expectRows(t, conn, map[string]string{
		"SELECT count() FROM signals": "(1)", "SELECT count() FROM decisions": "(2)",
		"SELECT incident_id FROM incidents ORDER BY incident_id": "('INC-NEW') ('INC-OPEN')",
	})
	set(Storage{Keep: Keep{Signals: 48 * time.Hour}}, "signals", "incidents", "impact_revisions")
	set(Storage{}, "signals")
	set(Storage{})
	if _, err := SetStorage(t.Context(), conn, Storage{Policy: "it's none"}); err == nil || !strings.Contains(err.Error(), "signals") {
		t.Errorf("a policy that is none: %v", err)
	}
}

func TestShortSpansAreRefused(t *testing.T) {
	s := Storage{Keep: Keep{Shadow: time.Hour, Signals: minKeep}}
	if err := s.Validate(); err == nil || !strings.HasPrefix(err.Error(), "keep.shadow: 1h0m0s is under") || strings.Contains(err.Error(), "signals") {
		t.Errorf("%v", err)
	}
}
