package sim

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"pinkstar/schemas"
)

func world(t *testing.T, p Params) *World {
	t.Helper()
	w, err := Generate(p)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSameSeedSameBytes(t *testing.T) {
	for _, level := range Levels {
		a, b, other := world(t, For(level, 7)), world(t, For(level, 7)), world(t, For(level, 8))
		var x, y, z bytes.Buffer
		for w, to := range map[*World]*bytes.Buffer{a: &x, b: &y, other: &z} {
			if err := WriteReplay(to, w); err != nil {
				t.Fatal(err)
			}
			if err := WriteTruth(to, w); err != nil {
				t.Fatal(err)
			}
			to.Write(w.Topology)
		}
		if !bytes.Equal(x.Bytes(), y.Bytes()) {
			t.Errorf("%s: the same seed gave different worlds", level)
		}
		if bytes.Equal(x.Bytes(), z.Bytes()) {
			t.Errorf("%s: different seeds gave the same world", level)
		}
	}
}

// Changing one part of the parameters must not reshuffle the others.
func TestStreamsAreIndependent(t *testing.T) {
	p := For(Standard, 3)
	q := p
	q.Tickets, q.NoisePerHour = 0, 1
	a, b := world(t, p), world(t, q)
	if !slices.EqualFunc(a.Faults, b.Faults, func(x, y Fault) bool { return x.Root == y.Root && x.Start == y.Start && x.Alerts == y.Alerts }) {
		t.Error("fewer tickets and less noise changed the faults")
	}
}

func TestCalibration(t *testing.T) {
	var sizes, onsets []int
	faults := 0
	for seed := uint64(1); seed <= 10; seed++ {
		w := world(t, For(Standard, seed))
		start := map[string]schemas.Time{}
		for _, f := range w.Faults {
			faults++
			sizes = append(sizes, f.Alerts)
			start[f.ID] = f.Start
		}
		for i := range w.Signals {
			l := &w.Signals[i]
			if l.Fault != "" && l.Scored() && l.Kind == schemas.KindAlert {
				onsets = append(onsets, int(l.StartsAt.Sub(start[l.Fault])/1000))
			}
		}
	}
	slices.Sort(sizes)
	slices.Sort(onsets)
	q := func(s []int, p float64) int { return s[int(float64(len(s)-1)*p)] }
	t.Logf("%d faults, alerts per fault p10 %d p50 %d p90 %d max %d; onset p50 %d s p95 %d s",
		faults, q(sizes, .1), q(sizes, .5), q(sizes, .9), q(sizes, 1), q(onsets, .5), q(onsets, .95))
	if m := q(sizes, .5); m < 3 || m > 9 {
		t.Errorf("half of the faults have more than %d alerts, most should be small", m)
	}
	if m := q(sizes, 1); m < 60 {
		t.Errorf("the largest fault has %d alerts, a few should cascade to a hundred", m)
	}
	if m := q(onsets, .5); m < 18 || m > 120 {
		t.Errorf("onset p50 is %d s", m)
	}
	if m := q(onsets, .95); m < 170 || m > 480 {
		t.Errorf("onset p95 is %d s", m)
	}
}

func TestDisturbancesAreThere(t *testing.T) {
	seen := map[string]int{}
	for seed := uint64(1); seed <= 4; seed++ {
		w := world(t, For(Hard, seed))
		count(w, seen)
	}
	for _, what := range []string{
		"repeat", "reordered", "unresolved", "flapping", "staging", "pod only", "no service", "exporter job",
		"ticket", "causing change", "innocent change", "expected", "window", "adjacent", "name within a name", "edge missing",
	} {
		if seen[what] == 0 {
			t.Errorf("no %s in four hard worlds", what)
		}
	}
	t.Log(seen)
}

func count(w *World, seen map[string]int) {
	var last schemas.Time
	resolved := map[string]bool{}
	occurrences := map[string]map[schemas.Time]bool{}
	for i := range w.Signals {
		l := &w.Signals[i]
		if l.Repeat {
			seen["repeat"]++
			continue
		}
		if l.StartsAt < last-schemas.Time(schemas.Minute) {
			seen["reordered"]++
		}
		last = max(last, l.StartsAt)
		switch l.Kind {
		case schemas.KindTicket:
			seen["ticket"]++
		case schemas.KindMaintenance:
			seen["window"]++
		case schemas.KindChange:
			if l.Fault != "" {
				seen["causing change"]++
			} else {
				seen["innocent change"]++
			}
		case schemas.KindAlert:
			if l.Status == schemas.StatusResolved {
				resolved[l.Fingerprint+l.StartsAt.String()] = true
				break
			}
			if occurrences[l.Fingerprint] == nil {
				occurrences[l.Fingerprint] = map[schemas.Time]bool{}
			}
			occurrences[l.Fingerprint][l.StartsAt] = true
			countAlert(l, seen)
		}
	}
	for fp, at := range occurrences {
		if len(at) > 1 {
			seen["flapping"]++
		}
		for s := range at {
			if !resolved[fp+s.String()] {
				seen["unresolved"]++
			}
		}
	}
	for _, f := range w.Faults {
		if f.Adjacency {
			seen["adjacent"]++
		}
	}
	for _, s := range w.estate.services {
		for _, o := range w.estate.services {
			if s != o && strings.HasPrefix(o.name, s.name+"-") {
				seen["name within a name"]++
			}
		}
	}
	seen["edge missing"] += len(w.FullTopology) - len(w.Topology)
}

func countAlert(l *Labelled, seen map[string]int) {
	if l.Environment == "staging" {
		seen["staging"]++
	}
	if l.Expected {
		seen["expected"]++
	}
	if strings.Contains(l.Labels.Get("job"), "exporter") {
		seen["exporter job"]++
	}
	if l.Service == "" {
		seen["no service"]++
		if l.Instance != "" {
			seen["pod only"]++
		}
	}
}

func TestRecurrence(t *testing.T) {
	w := world(t, ForProblems(2, Alike))
	n := map[string]int{}
	for _, f := range w.Faults {
		if f.Latent != "" {
			n[f.Latent]++
		}
	}
	if len(n) != w.Params.Latent+w.Params.Seasonal {
		t.Fatalf("%d causes recur, want %d: %v", len(n), w.Params.Latent+w.Params.Seasonal, n)
	}
	for _, id := range slices.Sorted(maps.Keys(n)) {
		if n[id] < 3 {
			t.Errorf("%s occurs %d times", id, n[id])
		}
	}
}

func TestParamsAreChecked(t *testing.T) {
	for _, p := range []Params{{}, {Entities: 20, Duration: schemas.Hour, Start: 1}, {Entities: 100, Start: 1}} {
		if _, err := Generate(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}
