package correlate

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// pastProblem runs an outage that comes back three times and returns what the
// engine then knows.
func pastProblem(t *testing.T) []schemas.KnownProblem {
	t.Helper()
	e := New(nil, nil)
	var out Output
	for i, day := range []int64{0, 5, 12, 20} {
		at := t0.Add(day*schemas.Day + int64(i*i)*7*schemas.Hour)
		outage(e, at, &out)
		e.Step(&schemas.Signal{Kind: schemas.KindTick}, at.Add(schemas.Day), &out)
	}
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, t0.Add(300*schemas.Day), &out) // what was learnt fades, and how it fails does not
	outageOf(e, "shop", t0.Add(300*schemas.Day), &out)
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, t0.Add(302*schemas.Day), &out)
	known := e.KnownProblems()
	if len(known) != 1 || known[0].Problem.Service != "db" || len(known[0].Alerts) != 2 || len(known[0].Starts) != 4 {
		t.Fatalf("known: %+v", known)
	}
	return known
}

func outage(e *Engine, at schemas.Time, out *Output) { outageOf(e, "db", at, out) }

func outageOf(e *Engine, service string, at schemas.Time, out *Output) {
	for _, name := range []string{"DiskFull", "SlowWrites"} {
		e.Step(signal(name, service, schemas.StatusFiring, at, at), at, out)
	}
	end := at.Add(20 * schemas.Minute)
	for _, name := range []string{"DiskFull", "SlowWrites"} {
		e.Step(signal(name, service, schemas.StatusResolved, at, end), end, out)
	}
}

func activation(t *testing.T, known []schemas.KnownProblem) *schemas.Signal {
	t.Helper()
	text, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	return &schemas.Signal{Kind: schemas.KindActivation, Activation: &schemas.Activation{What: schemas.WhatProblems, Text: string(text)}}
}

func TestAProblemOfThePastIsRecognised(t *testing.T) {
	known := pastProblem(t)
	known[0].Problem.Imported = true
	now := t0.Add(400 * schemas.Day)
	e := New(nil, nil)
	var out Output
	e.Step(activation(t, known), now, &out)
	e.Step(activation(t, known), now, &out) // a second import
	if !out.Empty() || e.Stats().BadActivations != 0 || len(e.KnownProblems()) != 1 {
		t.Fatalf("being told of a problem said %+v; it knows %+v", out, e.KnownProblems())
	}
	var snapshot bytes.Buffer
	if err := e.Snapshot(&snapshot); err != nil {
		t.Fatal(err)
	}
	restored, err := Restore(&snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Engine{e, restored} {
		out.Reset()
		outage(e, now.Add(schemas.Hour), &out)
		if n := len(out.Problems); n == 0 {
			t.Fatal("the outage is not recognised")
		}
		p := out.Problems[len(out.Problems)-1]
		if p.ID != known[0].Problem.ID || p.Imported || p.Count != 5 || p.Revision <= known[0].Problem.Revision || p.FirstSeenAt != known[0].Problem.FirstSeenAt {
			t.Errorf("got %+v", p)
		}
		told := false
		for _, l := range out.Timeline {
			told = told || strings.Contains(l.Text, "an occurrence of the known problem "+p.ID)
		}
		if !told {
			t.Error("nobody is told")
		}
	}
	// Control: who was not told does not know.
	out.Reset()
	outage(New(nil, nil), now.Add(schemas.Hour), &out)
	if len(out.Problems) != 0 {
		t.Errorf("a single outage is a problem: %+v", out.Problems)
	}
}

func TestWhatIsKnownStaysWhenThePastIsTold(t *testing.T) {
	known := pastProblem(t)
	e := New(nil, nil)
	var out Output
	now := t0.Add(400 * schemas.Day)
	outage(e, now, &out) // once, live: a pattern, and no problem yet
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, now.Add(schemas.Day), &out)
	e.Step(activation(t, known), now.Add(schemas.Day), &out)
	if after := e.KnownProblems(); len(after) != 1 || after[0].Problem.ID != known[0].Problem.ID || len(after[0].Starts) != 5 {
		t.Errorf("known: %+v", after)
	}
	for _, bad := range []string{"", "{}", `[{"problem":{}}]`} {
		before := e.Stats().BadActivations
		e.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &schemas.Activation{What: schemas.WhatProblems, Text: bad}}, now.Add(schemas.Day), &out)
		if e.Stats().BadActivations != before+1 {
			t.Errorf("%q is taken", bad)
		}
	}
}
