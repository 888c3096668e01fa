package clickhouse

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pinkstar/schemas"
)

// The calendar shows each change once, as it was told last, and what lasts
// between two times.
func TestChangesAreShownAsToldLast(t *testing.T) {
	conn := migrated(t)
	noon := schemas.TimeOf(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
	hour := func(n int) schemas.Time { return noon.Add(int64(n) * schemas.Hour) }
	n := 0
	told := func(id string, kind schemas.Kind, status schemas.Status, starts, ends schemas.Time, typ string) schemas.Record {
		s := sampleSignal(n)
		s.Kind, s.Source, s.Fingerprint, s.Status, s.Scope, s.Team = kind, "cal", id, status, "s", "data"
		s.StartsAt, s.EndsAt, s.ReceivedAt, s.Service, s.Labels = starts, ends, noon.Add(int64(n)), "db", nil
		s.Change = &schemas.Change{Type: typ, Services: []string{"db", "cache"}, Matchers: []string{`a="b"`}}
		s.ID = schemas.SignalID(s).String()
		n++
		return record(int64(n), schemas.TypeDecision, &schemas.Decision{SignalID: s.ID, Revision: 1, Scope: "s", Kind: kind, Verdict: schemas.VerdictPlaced, At: s.ReceivedAt, Signal: s})
	}
	m, c := schemas.KindMaintenance, schemas.KindChange
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		told("moved", m, schemas.StatusPlanned, hour(1), hour(2), "calendar"),
		told("moved", m, schemas.StatusPlanned, hour(5), hour(6), "calendar"),
		told("past", m, schemas.StatusPlanned, hour(-3), hour(-2), "calendar"),
		told("endless", m, schemas.StatusStarted, hour(-9), 0, "calendar"),
		told("deployed", c, schemas.StatusFinished, hour(-1), hour(-1), "deployment"),
		told("all that is left", m, schemas.StatusPlanned, hour(1), hour(9), "calendar_set"),
	}}))
	for name, x := range map[string]struct {
		f    ChangeFilter
		want []string
	}{
		"all":      {ChangeFilter{}, []string{"endless", "past", "deployed", "moved"}},
		"from now": {ChangeFilter{From: noon}, []string{"endless", "moved"}},
		"between":  {ChangeFilter{From: hour(-4), To: hour(0)}, []string{"endless", "past", "deployed"}},
		"changes":  {ChangeFilter{Kind: c}, []string{"deployed"}},
		"by id":    {ChangeFilter{ID: "moved"}, []string{"moved"}},
		"service":  {ChangeFilter{Service: "cache", Limit: 1}, []string{"endless"}},
		"no such":  {ChangeFilter{Service: "none"}, nil},
		"team":     {ChangeFilter{Team: "data", Scope: "s", To: hour(-3)}, []string{"endless"}},
	} {
		list, err := NewQueries(conn).Changes(t.Context(), x.f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, l := range list {
			got = append(got, l.Signal.Fingerprint)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %v; want %v", name, got, x.want)
		}
	}
	list, err := NewQueries(conn).Changes(t.Context(), ChangeFilter{ID: "moved"})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if l := list[0]; l.FirstHeard != noon || l.Signal.StartsAt != hour(5) || fmt.Sprint(l.Signal.Change.Matchers) != `[a="b"]` || l.Signal.Tenant == "" {
		t.Errorf("%+v %+v", l, l.Signal.Change)
	}
}

// What was planned, or done in a window that was, is announced; what was imported
// is not judged.
func TestUnannouncedChangesAreCountedByTeam(t *testing.T) {
	conn := migrated(t)
	noon := schemas.TimeOf(time.Date(2026, 10, 30, 12, 0, 0, 0, time.UTC))
	n := 0
	told := func(id, service string, kind schemas.Kind, status schemas.Status, heard, starts, ends int, typ string) schemas.Record {
		s := sampleSignal(n)
		s.Kind, s.Source, s.Fingerprint, s.Status, s.Scope, s.Team, s.Service = kind, "cd", id, status, "s", "data", service
		at := func(m int) schemas.Time { return noon.Add(int64(m) * schemas.Minute) }
		s.StartsAt, s.EndsAt, s.ReceivedAt, s.Labels = at(starts), at(ends), at(heard), nil
		s.Change, s.Imported = &schemas.Change{Type: typ}, id == "imported"
		s.ID = schemas.SignalID(s).String()
		n++
		return record(int64(n), schemas.TypeDecision, &schemas.Decision{SignalID: s.ID, Revision: 1, Scope: "s", Kind: kind, Verdict: schemas.VerdictPlaced, At: s.ReceivedAt, Signal: s})
	}
	m, c := schemas.KindMaintenance, schemas.KindChange
	hidden := told("hidden", "db", c, schemas.StatusFinished, 1, 0, 1, "deployment")
	decided, err := schemas.Decisions.Decode(hidden.Value)
	if err != nil {
		t.Fatal(err)
	}
	id := decided.SignalID
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		hidden,
		told("planned", "db", c, schemas.StatusPlanned, -60, 5, 6, "deployment"),
		told("planned", "db", c, schemas.StatusFinished, 6, 5, 6, "deployment"),
		told("window", "api", m, schemas.StatusPlanned, -60, 0, 30, "calendar"),
		told("within", "api", c, schemas.StatusFinished, 11, 10, 11, "deployment"),
		told("outside", "api", c, schemas.StatusFinished, 41, 40, 41, "deployment"),
		told("told late", "web", m, schemas.StatusStarted, 20, 0, 60, "announced"),
		told("in what was told late", "web", c, schemas.StatusFinished, 11, 10, 11, "deployment"),
		told("silence", "api", m, schemas.StatusStarted, 20, 0, 60, "silence"),
		told("imported", "db", c, schemas.StatusFinished, 99, 0, 1, "deployment"),
		told("off", "db", c, schemas.StatusCancelled, 99, 0, 1, "deployment"),
		record(90, schemas.TypeIncident, &schemas.Incident{ID: "INC-1", Revision: 1, Scope: "s", DetectedAt: noon, Candidates: []schemas.Candidate{{SignalID: id}}}),
	}}))
	const want = "SELECT count() FROM v_unannounced_changes WHERE month = '2026-10-01' AND scope = 's' AND team = 'data' AND changes = 7 AND unannounced = 4 AND explaining = 1"
	if count(t, conn, want) != 1 {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT toString(groupArray(tuple(*))) FROM v_unannounced_changes").Scan(&got); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s; want 7 changes in October, 4 unannounced, 1 of these explaining", got)
	}
	october, november := schemas.TimeOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)), schemas.TimeOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	for _, x := range []struct {
		from        schemas.Time
		scope, team string
		want        []Unannounced
	}{
		{october, "", "", []Unannounced{{october, "s", "data", 7, 4, 1}}},
		{october, "s", "data", []Unannounced{{october, "s", "data", 7, 4, 1}}},
		{october, "s", "web", nil}, {october, "t", "", nil}, {november, "", "", nil},
	} {
		got, err := NewQueries(conn).Unannounced(t.Context(), x.from, x.from.Add(31*schemas.Day), x.scope, x.team, 10)
		if err != nil || !slices.Equal(got, x.want) {
			t.Errorf("from %v, scope %q, team %q: %+v, %v; want %+v", x.from, x.scope, x.team, got, err, x.want)
		}
	}
}
