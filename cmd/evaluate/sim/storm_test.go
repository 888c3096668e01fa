package sim

import "testing"

// A storm is on many services of which most never said that they need what
// failed, and other faults lie in it.
func TestStorm(t *testing.T) {
	w := world(t, For(Storm, 1))
	root, needs, declared := w.estate.services[0], 0, 0
	for _, s := range w.estate.services[1:] {
		if len(s.undeclared) > 0 {
			needs++
		}
		for _, d := range s.deps {
			if d == 0 {
				declared++
			}
		}
	}
	if len(root.callers) < 1000 || needs < declared {
		t.Errorf("%d need %s, %d declared it and %d did not", len(root.callers), root.name, declared, needs)
	}
	var storm *Fault
	inside := 0
	for i := range w.Faults {
		if f := &w.Faults[i]; len(f.Touched) > 1000 {
			storm = f
		}
	}
	if storm == nil {
		t.Fatal("no fault touches a thousand services")
	}
	for _, f := range w.Faults {
		if f.ID != storm.ID && f.Start >= storm.Start && f.Start < storm.Start.Add(5*60_000) {
			inside++
			if f.Alerts < 4 {
				t.Errorf("%s, hidden in the storm, has %d alerts", f.ID, f.Alerts)
			}
		}
	}
	if inside < hidden {
		t.Errorf("%d faults lie in the storm, want %d", inside, hidden)
	}
}
