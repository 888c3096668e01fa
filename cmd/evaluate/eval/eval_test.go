package eval

import (
	"math"
	"os"
	"testing"

	"pinkstar/cmd/evaluate/sim"
)

func firstSeeds(n uint64) []uint64 {
	var s []uint64
	for i := uint64(1); i <= n; i++ {
		s = append(s, i)
	}
	return s
}

// The figures of the notes come from an independent script: the same methods on
// the same data must score alike here, or this harness measures wrongly.
func TestBaselinesOnMicroSS(t *testing.T) {
	tab, err := Run(Options{Seeds: firstSeeds(20), MicroSS: true, Fresh: Comparators})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]float64{ // native F1, overlay F1
		"tumbling 300s": {.903, 0}, "session 60s": {.975, .776},
		"alertmanager group_by service, 300s": {.303, 0}, "alec dbscan": {.729, 0}, "topology 2 hops 60s cap 10m": {.966, 0},
	}
	for _, r := range tab.Rows {
		w, ok := want[r.Assigner]
		if !ok {
			continue
		}
		t.Logf("%-22s %-36s F1 %.3f B3F %.3f (%.2f to %.2f)", r.Data, r.Assigner, r.PairF.Mean, r.BF.Mean, r.BF.Min, r.BF.Max)
		if r.Data == "MicroSS native" && r.Assigner == "session 60s" && math.Abs(r.PairF.Mean-w[0]) > .01 {
			t.Errorf("session 60s native F1 %.3f, want %.3f", r.PairF.Mean, w[0])
		}
		if r.Data != "MicroSS native" && r.Assigner == "session 60s" && (math.Abs(r.PairF.Mean-.776) > .05 || math.Abs(r.BF.Mean-.856) > .03) {
			t.Errorf("session 60s overlay F1 %.3f B3F %.3f, want about .776 and .856", r.PairF.Mean, r.BF.Mean)
		}
	}
}

func TestComparatorsOnSimulation(t *testing.T) {
	n := uint64(3)
	if os.Getenv("PINKSTAR_EVAL_FULL") != "" {
		n = 20
	}
	tab, err := Run(Options{Seeds: firstSeeds(n), Levels: sim.Levels, Fresh: Comparators})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tab.Rows {
		if r.Assigner == "oracle" && r.BF.Mean < .9 {
			t.Errorf("%s: even the oracle has B-cubed F %.3f", r.Data, r.BF.Mean)
		}
	}
}
