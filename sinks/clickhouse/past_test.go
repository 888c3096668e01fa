package clickhouse

import (
	"reflect"
	"testing"

	"pinkstar/schemas"
)

// What is stored comes back as it went in, in the order of the decisions.
func TestStoredSignalsComeBack(t *testing.T) {
	conn := migrated(t)
	write(t, writer(conn), story(), decisions(0, 300))
	q := NewQueries(conn)
	var got []*schemas.Signal
	last := schemas.Time(0)
	err := q.Signals(t.Context(), PastFilter{Scope: "default/production", Since: t0.Add(60)}, func(s *schemas.Signal, at schemas.Time) error {
		if at < last || at < t0.Add(60) {
			t.Errorf("%s was decided at %s, after one of %s", s.ID, at, last)
		}
		last = at
		got = append(got, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 301 { // the story's change is in this scope, too
		t.Fatalf("%d signals, want 301", len(got))
	}
	want := sampleSignal(7)
	for _, s := range got {
		if g, w := string(schemas.AppendSignal(nil, s)), string(schemas.AppendSignal(nil, want)); s.ID == want.ID && g != w {
			t.Errorf("got  %s\nwant %s", g, w)
		}
		if s.Kind == schemas.KindMaintenance && (s.Change == nil || !s.Change.Suppress || s.Change.Contact != "#shield") {
			t.Errorf("the window came back as %+v", s.Change)
		}
	}
	n := 0
	if err := q.Signals(t.Context(), PastFilter{Limit: 5}, func(*schemas.Signal, schemas.Time) error { n++; return nil }); err != nil || n != 5 {
		t.Errorf("limit 5: %d, %v", n, err)
	}
}

func TestDecisionsForExplanations(t *testing.T) {
	conn := migrated(t)
	write(t, writer(conn), story(), decisions(0, 300))
	q := NewQueries(conn)
	want := sampleDecision(7)
	got, found, err := q.Decision(t.Context(), want.SignalID)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if got.Signal.Name != want.Signal.Name || got.AnchorID != want.AnchorID || got.Score != want.Score || !reflect.DeepEqual(got.Evidence, want.Evidence) ||
		got.Topology != want.Topology || got.At != want.At || got.Signal.StartsAt != want.Signal.StartsAt {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	list, err := q.DecisionsOf(t.Context(), want.IncidentID, 0)
	if err != nil || len(list) != 3 { // 7, 107, 207
		t.Fatalf("%d decisions, %v; want 3", len(list), err)
	}
	if _, found, err = q.Decision(t.Context(), "none"); found || err != nil {
		t.Error(found, err)
	}
}
