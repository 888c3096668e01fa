package eval

import (
	"testing"

	"pinkstar/cmd/evaluate/sim"
)

func TestProblems(t *testing.T) {
	if testing.Short() {
		t.Skip("forty simulated days, several times")
	}
	var p, r []float64
	for _, seed := range sim.TuningSeeds()[:6] {
		s, err := JudgeProblems(seed, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %+v", seed, s)
		p, r = append(p, s.Precision), append(r, s.Recall)
	}
	t.Logf("precision %.2f recall %.2f", IntervalOf(p).Mean, IntervalOf(r).Mean)
	if m := IntervalOf(p).Mean; m < 0.9 {
		t.Errorf("precision %.2f, want 0.9", m)
	}
	if m := IntervalOf(r).Mean; m < 0.8 {
		t.Errorf("recall %.2f, want 0.8", m)
	}
}

func TestMost(t *testing.T) {
	if got := most(map[string]int{"": 1, "b": 2, "a": 2}); got != "a" {
		t.Errorf("got %q, want a", got)
	}
	if got := most(nil); got != "" {
		t.Errorf("got %q of nothing", got)
	}
}
