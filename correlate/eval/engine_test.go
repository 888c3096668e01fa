package eval

import (
	"os"
	"testing"

	"pinkstar/correlate/sim"
)

func TestEngineTable(t *testing.T) {
	if os.Getenv("PINKSTAR_EVAL_FULL") == "" {
		t.Skip("set PINKSTAR_EVAL_FULL=1 for the whole table")
	}
	tab, err := Run(Options{Seeds: sim.TuningSeeds(), Levels: sim.Levels, MicroSS: true, Fresh: func() []Assigner {
		return append([]Assigner{Engine{}}, Session{60_000}, &Oracle{})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tab.WriteText(os.Stdout); err != nil {
		t.Fatal(err)
	}
}
