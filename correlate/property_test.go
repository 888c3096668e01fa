package correlate

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// seeds is how many logs each property is tried on; PINKSTAR_SEEDS asks for
// more, -short for fewer.
func seeds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("PINKSTAR_SEEDS"), 10, 32); err == nil {
		return n
	}
	if testing.Short() {
		return 2
	}
	return 6
}

func newTestEngine() *Engine { return New(testRules(), testTopology()) }

// newTightEngine has limits that a small log reaches.
func newTightEngine() *Engine {
	set := testRules()
	set.Limits.Alerts, set.Limits.Incidents, set.Limits.KnownSignals = 40, 25, 300
	set.Limits.Tickets, set.Limits.Changes, set.Limits.Groups, set.Limits.Corrections = 5, 3, 4, 3
	set.Limits.Patterns, set.Limits.Members, set.Limits.JoiningPerMinute = 3, 4, 3
	set.Correlation.MaxSignals, set.Correlation.MaxServices, set.Correlation.MaxChildren = 10, 3, 2
	set.Correlation.Candidates = 3
	if err := set.Seal(); err != nil {
		panic(err)
	}
	return New(set, testTopology())
}

var engines = map[string]func() *Engine{"usual": newTestEngine, "tight": newTightEngine}

// each runs a property on every kind of engine.
func each(t *testing.T, property func(t *testing.T, newEngine func() *Engine)) {
	for name, f := range engines {
		t.Run(name, func(t *testing.T) { property(t, f) })
	}
}

// The same log gives the same bytes, however often the engine is written down
// and read back in between, and the repeats' short way is the long one.
func TestRestoreAnywhereGivesTheSameBytes(t *testing.T) { each(t, restoreAnywhere) }

func restoreAnywhere(t *testing.T, newEngine func() *Engine) {
	for seed := uint64(1); seed <= seeds(); seed++ {
		log := logOf(seed, 1500)
		var want Output
		whole := newEngine()
		feed(whole, log, &want)

		var got Output
		e := newEngine()
		r := rand.New(rand.NewPCG(seed, 99))
		for rest := log; len(rest) > 0; {
			n := min(1+r.IntN(200), len(rest))
			feed(e, rest[:n], &got)
			rest = rest[n:]
			snap := snapshotOf(t, e)
			var err error
			if e, err = Restore(bytes.NewReader(snap)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if again := snapshotOf(t, e); !bytes.Equal(snap, again) {
				t.Fatalf("seed %d: a restored engine writes another snapshot (%d and %d bytes)", seed, len(snap), len(again))
			}
		}
		compare(t, seed, &want, &got)
		if !bytes.Equal(snapshotOf(t, whole), snapshotOf(t, e)) {
			t.Fatalf("seed %d: the states differ at the end", seed)
		}
	}
}

// compare names the first difference.
func compare(t *testing.T, seed uint64, want, got *Output) {
	t.Helper()
	if bytes.Equal(bytesOf(t, want), bytesOf(t, got)) {
		return
	}
	t.Errorf("seed %d: outputs differ: %d and %d decisions, %d and %d incidents, %d and %d timeline entries", seed,
		len(want.Decisions), len(got.Decisions), len(want.Incidents), len(got.Incidents), len(want.Timeline), len(got.Timeline))
	for i := range min(len(want.Timeline), len(got.Timeline)) {
		if want.Timeline[i] != got.Timeline[i] {
			t.Fatalf("timeline %d:\nwant %+v\ngot  %+v", i, want.Timeline[i], got.Timeline[i])
		}
	}
	for i := range min(len(want.Incidents), len(got.Incidents)) {
		w, g := bytesOf(t, &Output{Incidents: want.Incidents[i : i+1]}), bytesOf(t, &Output{Incidents: got.Incidents[i : i+1]})
		if !bytes.Equal(w, g) {
			at := 0
			for at < min(len(w), len(g)) && w[at] == g[at] {
				at++
			}
			at = max(0, at-200)
			t.Fatalf("incident %d, from byte %d:\nwant %.600s\ngot  %.600s", i, at, w[at:], g[at:])
		}
	}
	t.FailNow()
}

// Every signal ends in exactly one decision, whose latest revision counts every
// delivery; a record is never told twice under one revision.
func TestEverySignalHasOneDecision(t *testing.T) { each(t, oneDecision) }

func oneDecision(t *testing.T, newEngine func() *Engine) {
	for seed := uint64(20); seed < 20+seeds(); seed++ {
		log := logOf(seed, 1500)
		var out Output
		e := newEngine()
		feed(e, log, &out)
		// Enough log time for everything to be flushed.
		e.Step(&schemas.Signal{Kind: schemas.KindTick}, e.Now().Add(schemas.Minute), &out)

		// What was told anew under a known identity has one of its own, so counts
		// are compared for all that tells the same state of the same thing.
		delivered, thing := map[string]int64{}, map[string]string{}
		came := map[string]bool{} // what came when, in log time
		var now schemas.Time
		for _, x := range log {
			now = max(now, x.at)
			if !x.control() {
				delivered[thingOf(x.s)]++
				came[thingOf(x.s)+now.String()] = true
			}
		}
		decided := map[string]int64{}
		revisions := map[string]int64{}
		for _, d := range out.Decisions {
			if d.Signal != nil {
				if d.Revision <= revisions[d.SignalID] && d.At.Sub(d.Signal.StartsAt) >= schemas.Day && d.Kind == schemas.KindAlert {
					t.Fatalf("seed %d: what is decided anew of %s would lose to what was: revision %d after %d", seed, d.SignalID, d.Revision, revisions[d.SignalID])
				}
				thing[d.SignalID] = thingOf(d.Signal)
			} else if d.Revision != revisions[d.SignalID]+1 {
				t.Fatalf("seed %d: %s goes from revision %d to %d", seed, d.SignalID, revisions[d.SignalID], d.Revision)
			}
			revisions[d.SignalID] = d.Revision
			switch told := thing[d.SignalID]; {
			case d.Signal != nil && came[told+d.At.String()]: // forgotten and seen anew: counted again
				decided[told] += 1 + d.Repeats
			case d.Signal != nil: // forgotten, and told of once more by the window that held it back
				decided[told] += d.Repeats
			default:
				decided[thing[d.SignalID]] += d.Repeats - lastRepeats(out.Decisions, d)
			}
			if d.Reason == "" {
				t.Fatalf("seed %d: no reason: %+v", seed, d)
			}
			if d.Verdict == schemas.VerdictPlaced && d.Kind == schemas.KindAlert && d.IncidentID == "" {
				t.Fatalf("seed %d: placed nowhere: %+v", seed, d)
			}
		}
		if len(decided) != len(delivered) {
			t.Fatalf("seed %d: %d signals, %d decided", seed, len(delivered), len(decided))
		}
		for id, n := range delivered {
			if decided[id] != n {
				t.Fatalf("seed %d: %s was delivered %d times, its decision counts %d", seed, id, n, decided[id])
			}
		}
	}
}

// thingOf is what a signal is about, and in which state.
func thingOf(s *schemas.Signal) string {
	what := fmt.Sprintf("%s %s %s %q %s", s.Scope, s.Kind, s.Source, s.Fingerprint, s.Status)
	switch s.Kind {
	case schemas.KindAlert, schemas.KindMaintenance, schemas.KindChange:
		return what
	}
	return what + " " + s.ID
}

// lastRepeats is the count of the revision before d.
func lastRepeats(all []schemas.Decision, d schemas.Decision) int64 {
	var n int64
	for i := range all {
		if all[i].SignalID == d.SignalID {
			if all[i].Revision == d.Revision && all[i].Repeats == d.Repeats && all[i].LastAt == d.LastAt {
				return n
			}
			n = all[i].Repeats
		}
	}
	return n
}

// Invariants of the state, after every few records.
func TestStateStaysSound(t *testing.T) { each(t, staysSound) }

func staysSound(t *testing.T, newEngine func() *Engine) {
	for seed := uint64(50); seed < 50+seeds(); seed++ {
		log := logOf(seed, 1200)
		e := newEngine()
		var out Output
		for len(log) > 0 {
			n := min(20, len(log))
			feed(e, log[:n], &out)
			log = log[n:]
			checkState(t, seed, e)
		}
		// With nothing more coming, everything ends and leaves.
		for i := 0; e.NextWake() != 0; i++ {
			if i > 100_000 {
				t.Fatalf("seed %d: never comes to rest", seed)
			}
			e.Step(&schemas.Signal{Kind: schemas.KindTick}, e.NextWake(), &out)
		}
		s := e.Stats()
		if s.Alerts+s.Incidents+s.KnownSignals != 0 {
			t.Fatalf("seed %d: something stays for ever: %+v", seed, s)
		}
		for _, sc := range e.st.Order {
			named := 0
			for _, m := range sc.Entities {
				named += len(m)
			}
			if named+len(sc.Groups)+len(sc.Tickets)+len(sc.Changes)+sc.Corrections.N+sc.Alerts.N+len(sc.Lone)+len(sc.ByKey)+len(e.st.Relays)+len(e.st.Bases) != 0 {
				t.Fatalf("seed %d: scope %s keeps %d entities, %d groups, %d tickets, %d changes, %d facts, %d alerts", seed, sc.Name,
					named, len(sc.Groups), len(sc.Tickets), len(sc.Changes), sc.Corrections.N, sc.Alerts.N)
			}
		}
		last := map[string]schemas.Incident{}
		for _, inc := range out.Incidents {
			if inc.Revision != last[inc.ID].Revision+1 {
				t.Fatalf("seed %d: %s goes from revision %d to %d", seed, inc.ID, last[inc.ID].Revision, inc.Revision)
			}
			last[inc.ID] = inc
		}
		for id, inc := range last {
			if inc.Status != schemas.IncidentClosed {
				t.Fatalf("seed %d: %s is %s at the end", seed, id, inc.Status)
			}
			if p := inc.ParentID; p != "" && last[p].ParentID != "" {
				t.Fatalf("seed %d: the parent of %s, %s, is not the outermost", seed, id, p)
			}
		}
	}
}

func checkState(t *testing.T, seed uint64, e *Engine) {
	t.Helper()
	held := 0
	for _, sc := range e.st.Order {
		for _, inc := range sc.Live {
			active := 0
			for _, a := range inc.Alerts {
				held++
				if a.Firing {
					active++
				}
				if a.Incident != inc || a.Evicted {
					t.Fatalf("seed %d: an alert of %s is not its own", seed, inc.Pub.ID)
				}
			}
			if active != inc.Active {
				t.Fatalf("seed %d: %s counts %d active alerts and has %d", seed, inc.Pub.ID, inc.Active, active)
			}
			if inc.Parent == nil {
				checkTree(t, seed, e, inc)
			}
			if inc.Parent != nil && inc.Main().Closed {
				t.Fatalf("seed %d: %s outlives its parent", seed, inc.Pub.ID)
			}
		}
		for _, ch := range sc.Changes {
			held += len(ch.Suppressed)
		}
		held += len(sc.Lone)
	}
	if held != e.st.Alerts {
		t.Fatalf("seed %d: %d alerts held, %d counted", seed, held, e.st.Alerts)
	}
}

// checkTree holds what a tree was summed up to against what is in it.
func checkTree(t *testing.T, seed uint64, e *Engine, main *state.Incident) {
	t.Helper()
	want, worst := state.Pace{}, main.Severity
	services, teams := map[string]bool{}, map[string]bool{}
	all := main.Tree(nil)
	for _, x := range all {
		if x.Main() != main {
			t.Fatalf("seed %d: %s is below %s and takes %s for its main one", seed, x.Pub.ID, main.Pub.ID, x.Main().Pub.ID)
		}
		want.Alerts, want.Services, want.Active = want.Alerts+len(x.Alerts), want.Services+len(x.Services), want.Active+x.Active
		worst = max(worst, x.Severity)
		for _, s := range x.ServiceNames() {
			services[s] = true
		}
		for _, s := range x.Teams {
			teams[s] = true
		}
	}
	got := main.PaceAt(e.st.Now)
	if got.Level = 0; got != want || main.TreeSize() != len(all) || main.Lead().Severity != worst {
		t.Fatalf("seed %d: %s has %d incidents, severity %d and %+v, and counts %d, %d and %+v", seed, main.Pub.ID, len(all), worst, want, main.TreeSize(), main.Lead().Severity, got)
	}
	if whole := main.Whole(); whole != nil {
		if s, n := whole.ServiceNames(), whole.Teams(); !slices.Equal(s, slices.Sorted(maps.Keys(services))) || !slices.Equal(n, slices.Sorted(maps.Keys(teams))) {
			t.Fatalf("seed %d: %s affects %v and concerns %v, and tells %v and %v", seed, main.Pub.ID, services, teams, s, n)
		}
	}
}

// A damaged snapshot is refused, or read as something else that holds together:
// it can be written again, read again and gone on from, and it never ends the
// process. One that is cut off is always refused.
func TestDamagedSnapshots(t *testing.T) {
	e := newTestEngine()
	var out Output
	feed(e, logOf(3, 300), &out)
	snap := snapshotOf(t, e)
	r := rand.New(rand.NewPCG(1, 2))
	rounds, refused, read := 200, 0, 0
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		b := bytes.Clone(snap)
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] ^= byte(1 << r.IntN(8))
		}
		if other, err := Restore(bytes.NewReader(b)); err != nil {
			refused++
		} else {
			read++
			if _, err := Restore(bytes.NewReader(snapshotOf(t, other))); err != nil {
				t.Fatalf("what was read is refused once it is written again: %v", err)
			}
		}
		if _, err := Restore(bytes.NewReader(snap[:r.IntN(len(snap))])); err == nil {
			t.Fatal("a snapshot that is cut off was taken for whole")
		}
	}
	if refused < rounds/10 || read < rounds/10 {
		t.Errorf("%d were refused and %d read: the damage is too tame, or too wild, for this test", refused, read)
	}
}
