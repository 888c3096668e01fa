package eval

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"pinkstar/cmd/evaluate/sim"
)

// PINKSTAR_REPORT=1 writes testdata/report.txt anew: the whole table on the
// report seeds, then the ablations on tuning seeds.
func TestWriteReport(t *testing.T) {
	if os.Getenv("PINKSTAR_REPORT") == "" {
		t.Skip("set PINKSTAR_REPORT=1 to write testdata/report.txt")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Report seeds %d to %d; nothing was tuned on them.\n", sim.ReportFirst, sim.ReportLast)
	section := func(o Options) {
		tab, err := Run(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := tab.WriteText(&b); err != nil {
			t.Fatal(err)
		}
	}
	section(Options{Seeds: sim.ReportSeeds(), Levels: sim.Levels, MicroSS: true, Fresh: Everything, Workers: 2})
	fmt.Fprintf(&b, "\n\nWhat each kind of evidence is worth: tuning seeds 1 to 8.\n")
	section(Options{Seeds: sim.TuningSeeds()[:8], Levels: []sim.Level{sim.Standard, sim.Hard}, MicroSS: true, Fresh: Ablations, Workers: 2})
	fmt.Fprintf(&b, "\n\nWhere the rest is lost: the engine, and with the truth at its elbow, on tuning seeds 1 to 20.\n")
	section(Options{Seeds: sim.TuningSeeds(), Levels: sim.Levels, Fresh: func() []Assigner {
		return []Assigner{Engine{}, &Helped{Links: true}, &Helped{Choices: true}, &Helped{Choices: true, Links: true}, &Oracle{}}
	}, Workers: 2})
	worst, err := os.ReadFile("testdata/worst.txt")
	if err != nil {
		t.Fatal(err)
	}
	b.Write(worst)
	if err := os.WriteFile("testdata/report.txt", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
