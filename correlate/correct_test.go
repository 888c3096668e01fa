package correlate

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// What an operator separated is never linked again and what was moved away
// never comes back by scoring, whatever arrives later and wherever the engine
// is written down and read back.
func TestCorrectionsAreHonoured(t *testing.T) {
	pairs, moved := 0, 0
	for seed := uint64(1); seed <= seeds(); seed++ {
		e := newTestEngine()
		r := rand.New(rand.NewPCG(seed, 5))
		var out Output
		for i, x := range logOf(seed, 1200) {
			out.Reset()
			e.Step(x.s, x.at, &out)
			if r.IntN(100) == 0 {
				var err error
				if e, err = Restore(bytes.NewReader(snapshotOf(t, e))); err != nil {
					t.Fatal(err)
				}
			}
			sc := e.st.Scopes[x.s.Scope]
			if sc == nil {
				continue
			}
			for c := range sc.Corrections.All() {
				if c.Kind != state.Unlinked {
					continue
				}
				if pairs++; c.Incident.Main() == c.Other.Main() {
					t.Fatalf("seed %d, record %d (%s): %s and %s were separated and are in one tree", seed, i, x.s.Name, c.Incident.Pub.ID, c.Other.Pub.ID)
				}
			}
			moved += checkMoved(t, sc, &x, &out)
		}
	}
	if pairs == 0 || moved == 0 {
		t.Fatalf("%d separated pairs and %d alerts moved away seen: the logs are too tame for this test", pairs, moved)
	}
}

// checkMoved looks at what an alert's first decision does with an order to keep
// it away, and returns 1 when there was one.
func checkMoved(t *testing.T, sc *state.Scope, x *entry, out *Output) int {
	t.Helper()
	key, seen := state.KeyOf(x.s.Source, x.s.Fingerprint), 0
	for c := range sc.Corrections.All() {
		if x.s.Kind != schemas.KindAlert || c.Key != key || c.Kind != state.CannotLink || !sc.Corrections.InForce(c) {
			continue
		}
		seen = 1
		for i := range out.Decisions {
			d := &out.Decisions[i]
			if d.SignalID == x.id.String() && d.Revision == 1 && d.Score > 0 && d.IncidentID == c.Incident.Pub.ID {
				t.Fatalf("%s of %s was moved away from %s and joined it again: %s", x.s.Name, x.s.Service, d.IncidentID, d.Reason)
			}
		}
	}
	return seen
}
