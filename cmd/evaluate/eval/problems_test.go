package eval

import (
	"testing"

	"pinkstar/cmd/evaluate/sim"
)

// Causes are found though other services suffer each time, jobs and single faults
// are not taken for them, and later occurrences say what they are.
func TestProblems(t *testing.T) {
	if testing.Short() {
		t.Skip("sixty simulated days, several times")
	}
	t.Parallel()
	rows, err := RunProblems(sim.TuningSeeds()[:3], []sim.Manner{sim.Cascades}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]float64{"precision": 0.75, "recall": 0.75, "carry": 0.8} {
		if m := rows[0].Figures[name].Mean; m < least {
			t.Errorf("%s %.2f, want %.2f", name, m, least)
		}
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
