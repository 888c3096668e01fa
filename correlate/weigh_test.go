package correlate

import (
	"bytes"
	"testing"

	"pinkstar/correlate/internal/scoring"
	"pinkstar/schemas"
)

// Weighing changes nothing, and says what the engine then does.
func TestWeighIsWhatStepDoes(t *testing.T) {
	weighed, joined := 0, 0
	for seed := uint64(1); seed <= 4; seed++ {
		e := newTestEngine()
		var out Output
		for i, x := range logOf(seed, 700) {
			out.Reset()
			e.Step(&schemas.Signal{Kind: schemas.KindTick}, x.at, &out)
			if x.s.Kind != schemas.KindAlert && x.s.Kind != schemas.KindTicket || e.st.FindSignal(x.id) != nil {
				e.Step(x.s, x.at, &out)
				continue
			}
			all := map[string]scoring.Weighing{}
			var before []byte
			if i%20 == 0 {
				before = snapshotOf(t, e)
			}
			if sc := e.st.Scopes[x.s.Scope]; sc != nil {
				for _, inc := range sc.Live {
					w, ok := e.weigher.Weigh(x.s, inc.Pub.ID)
					if !ok {
						t.Fatalf("seed %d, record %d: %s is live and not weighed", seed, i, inc.Pub.ID)
					}
					all[inc.Pub.ID] = w
					weighed++
				}
			}
			if before != nil && !bytes.Equal(before, snapshotOf(t, e)) {
				t.Fatalf("seed %d, record %d: weighing changed the state", seed, i)
			}
			out.Reset()
			e.Step(x.s, x.at, &out)
			d := out.Decisions[len(out.Decisions)-1]
			w, live := all[d.IncidentID]
			if !live || d.Score == 0 || d.SignalID != x.id.String() {
				continue
			}
			joined++
			if w.Score != d.Score || w.Veto != "" || w.NotWeighed || !w.Linked || w.Score < w.Join && !w.Decisive {
				t.Fatalf("seed %d, record %d joined %s with %d points (%+v); weighed: %+v", seed, i, d.IncidentID, d.Score, d.Evidence, w)
			}
		}
	}
	if weighed < 1000 || joined < 100 {
		t.Fatalf("%d weighed, %d joined: the logs are too tame for this test", weighed, joined)
	}
}

func TestWeighUnknownIncident(t *testing.T) {
	if _, ok := newTestEngine().weigher.Weigh(&schemas.Signal{Scope: "x"}, "INC-NONE"); ok {
		t.Fatal("weighed against nothing")
	}
}
