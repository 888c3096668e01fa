package correlate

import (
	"bytes"
	"testing"

	"pinkstar/schemas"
)

// A year ahead and put back: what was opened meanwhile recovers, resolves and
// closes as anything else does, and what comes a day later opens anew.
func TestClockPutBack(t *testing.T) {
	const year = 365 * schemas.Day
	run := func(putBack bool) (*Engine, *Output) {
		e := New(nil, nil)
		var out Output
		step := func(s *schemas.Signal, at schemas.Time) { e.Step(s, at, &out) }
		step(signal("Down", "before", schemas.StatusFiring, t0, t0), t0)
		bad := t0.Add(year)
		for i := range int64(4) {
			at := bad.Add(i * schemas.Second)
			step(signal("Down", string(rune('a'+i)), schemas.StatusFiring, t0.Add(schemas.Minute+i), at), at)
		}
		now := t0.Add(2 * schemas.Minute)
		if putBack {
			step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &schemas.Activation{What: "clock", Text: now.String()}}, now)
			var snap bytes.Buffer
			if err := e.st.Snapshot(&snap); err != nil {
				t.Fatal(err)
			}
			restored, err := Restore(&snap)
			if err != nil {
				t.Fatal(err)
			}
			e = restored
		}
		for i := range int64(4) {
			at := now.Add((1 + i) * schemas.Second)
			step(signal("Down", string(rune('a'+i)), schemas.StatusResolved, t0.Add(schemas.Minute+i), at), at)
		}
		next := now.Add(schemas.Day)
		step(&schemas.Signal{Kind: schemas.KindTick}, next)
		return e, &out
	}
	e, out := run(true)
	if got, want := e.Now(), t0.Add(2*schemas.Minute+schemas.Day); got != want {
		t.Errorf("log time is %s, want %s", got, want)
	}
	if n := e.Stats().Incidents; n != 0 {
		t.Errorf("%d incidents are still open a day after everything recovered", n)
	}
	ended := map[string]schemas.Incident{}
	for _, in := range out.Incidents {
		ended[in.ID] = in
	}
	for id, in := range ended {
		if in.Status != schemas.IncidentClosed {
			t.Errorf("%s is %s", id, in.Status)
		}
	}
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, e.Now().Add(60*schemas.Day), out)
	if s := e.Stats(); s.KnownSignals != 0 || s.Wakes != 0 {
		t.Errorf("two months later %d signals and %d timers are still held", s.KnownSignals, s.Wakes)
	}
	// The control: without the command they never end.
	if e, _ := run(false); e.Stats().Incidents == 0 {
		t.Error("without the command everything ends as well: the test sees nothing")
	}
}
