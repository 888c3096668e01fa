package correlate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// rapidly checks a property on a few logs: a log of the usual kinds of signals,
// cut to a length and with one step of it picked. What fails is shrunk to the
// shortest log and the earliest step.
func rapidly(t *testing.T, property func(t *rapid.T, log []entry, at int)) {
	t.Parallel()
	logs := map[uint64][]entry{}
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(1, 40).Draw(t, "seed")
		if logs[seed] == nil {
			logs[seed] = logOf(seed, 150)
		}
		n := min(1+rapid.IntRange(0, 1000).Draw(t, "entries"), len(logs[seed]))
		at := rapid.IntRange(0, 1000).Draw(t, "after") % n
		property(t, logs[seed][:n], at)
	})
}

// activatedAgain is the log with activations of what holds after one of its steps.
func activatedAgain(e *Engine, log []entry, after int, out *Output, texts func(e *Engine) map[string]string) {
	feed(e, log[:after+1], out)
	all := texts(e)
	for _, what := range schemas.Activatable {
		if text, ok := all[what]; ok {
			e.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &schemas.Activation{What: what, Version: rules.VersionOf([]byte(text)), Text: text}},
				e.Now(), out)
		}
	}
	feed(e, log[after+1:], out)
}

func inForce(e *Engine) map[string]string {
	return map[string]string{schemas.WhatRules: string(e.st.Rules.Text), schemas.WhatTopology: string(e.st.Topology.Source.Text),
		schemas.WhatLearnt: e.st.Learnt.Text}
}

// Putting in force what is in force changes nothing, wherever in the log.
func TestIdenticalActivationChangesNothing(t *testing.T) {
	rapidly(t, func(t *rapid.T, log []entry, after int) {
		var want, got Output
		plain, again := newTestEngine(), newTestEngine()
		feed(plain, log, &want)
		activatedAgain(again, log, after, &got, inForce)
		if w, g := jsonOf(&want), jsonOf(&got); w != g {
			t.Fatal(firstDifference(w, g))
		}
		var a, b bytes.Buffer
		if plain.Snapshot(&a) != nil || again.Snapshot(&b) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatal("the states differ")
		}
	})
}

// A topology that says the same in other words, or more of what nothing of the
// log is about, changes only what version decisions name.
func TestTopologyThatSaysTheSameChangesNothing(t *testing.T) {
	rapidly(t, func(t *rapid.T, log []entry, after int) {
		var want, got Output
		plain, again := newTestEngine(), newTestEngine()
		log = slices.DeleteFunc(slices.Clone(log), func(x entry) bool { return x.s.Kind == schemas.KindActivation })
		if after >= len(log) {
			t.Skip("nothing is left")
		}
		feed(plain, log, &want)
		activatedAgain(again, log, after, &got, func(e *Engine) map[string]string {
			return map[string]string{schemas.WhatTopology: string(e.st.Topology.Source.Text) + "\n# the same\n"}
		})
		if again.TopologyVersion() == plain.TopologyVersion() {
			t.Fatal("nothing was activated")
		}
		for _, o := range []*Output{&want, &got} {
			for i := range o.Incidents {
				o.Incidents[i].Topology = ""
			}
			for i := range o.Decisions {
				o.Decisions[i].Topology = ""
			}
		}
		if w, g := jsonOf(&want), jsonOf(&got); w != g {
			t.Fatal(firstDifference(w, g))
		}
	})
}

// A move changes nothing but what it moves: what the others tell of the incident
// that is left stays as it was.
func TestMoveLeavesTheRestAsItWas(t *testing.T) {
	moved := 0
	rapidly(t, func(t *rapid.T, log []entry, after int) {
		var out Output
		e := newTestEngine()
		feed(e, log, &out)
		var snap bytes.Buffer
		if err := e.Snapshot(&snap); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			back, err := Restore(bytes.NewReader(snap.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			n := rapid.IntRange(0, 1000).Draw(t, "alert")
			a := memberOf(back, n)
			if a == nil {
				return
			}
			moved++
			moveAway(t, back, a)
		}
	})
	if moved == 0 {
		t.Error("nothing was moved")
	}
}

// memberOf is one of the alerts that are in incidents.
func memberOf(e *Engine, n int) *state.Alert {
	var all, beside []*state.Alert // beside what only a text named, or another's namespace
	for _, sc := range e.st.Order {
		for _, inc := range sc.Live {
			for _, a := range inc.Alerts {
				if a.First() != nil && len(inc.AffectedOrder) > 1 {
					all = append(all, a)
					if slices.ContainsFunc(inc.AffectedOrder, func(p *state.Affected) bool {
						return p.Mentioned || p.Entity.Key.Kind == state.EntityNamespace && p.Entity.Key.Name != a.Namespace
					}) {
						beside = append(beside, a)
					}
				}
			}
		}
	}
	if len(beside) > 0 && n%2 == 0 {
		all = beside
	}
	if len(all) == 0 {
		return nil
	}
	return all[n%len(all)]
}

// moveAway moves a out of its incident and checks what stays.
func moveAway(t *rapid.T, e *Engine, a *state.Alert) {
	inc := a.Incident
	own := map[string]bool{}
	for _, name := range []string{a.Service, a.Host, a.Machine, a.Instance, a.Namespace} {
		own[name] = true
	}
	before := affectedOf(inc, own)
	s := &schemas.Signal{Kind: schemas.KindCommand, Source: "web", Name: "move", Scope: inc.Scope.Name, Occurrence: "of the test",
		Command: &schemas.Command{Action: schemas.ActionMove, By: "ona", SignalID: a.First().ID.String()}}
	s.ID = schemas.SignalID(s).String()
	var out Output
	e.Step(s, e.Now(), &out)
	if a.Incident == inc {
		t.Fatalf("not moved: %+v", out.Decisions)
	}
	if got := affectedOf(inc, own); got != before {
		t.Fatalf("%s on %q left %s:\n%s", a.Name, a.Service, inc.Pub.ID, firstDifference(before, got))
	}
	checkConsistent(t, e)
}

// affectedOf says what inc affects besides some names.
func affectedOf(inc *state.Incident, but map[string]bool) string {
	var b bytes.Buffer
	for _, p := range inc.AffectedOrder {
		if !but[p.Entity.Key.Name] {
			fmt.Fprintf(&b, "%d %s %v %v %v %d %t %t %d\n", p.Entity.Key.Kind, p.Entity.Key.Name, p.First, p.Last, p.LastID, p.Count, p.Mentioned, p.Primary(), inc.FiringAt(p))
		}
	}
	return b.String()
}

// checkConsistent holds the lists of an incident against each other.
func checkConsistent(t *rapid.T, e *Engine) {
	for _, sc := range e.st.Order {
		for _, inc := range sc.Live {
			if len(inc.Affected) != len(inc.AffectedOrder) || len(inc.Services) != len(inc.Firing) {
				t.Fatalf("%s: its lists differ in length", inc.Pub.ID)
			}
			for i, p := range inc.Services {
				if int(p.Nth) != i+1 || inc.Affected[p.Entity] != p || inc.Firing[i] < 0 {
					t.Fatalf("%s: %s is number %d of its services, at %d, firing %d", inc.Pub.ID, p.Entity.Key.Name, p.Nth, i, inc.Firing[i])
				}
			}
			for _, p := range inc.AffectedOrder {
				if p.Count <= 0 || !slices.Contains(inc.RecentIn, p.Entity) {
					t.Fatalf("%s: %s count %d", inc.Pub.ID, p.Entity.Key.Name, p.Count)
				}
			}
		}
	}
}

func jsonOf(out *Output) string {
	var b bytes.Buffer
	for _, d := range out.Decisions {
		d.Signal = nil
		line(&b, d)
	}
	for _, x := range out.Incidents {
		line(&b, x)
	}
	for _, x := range out.Timeline {
		line(&b, x)
	}
	for _, x := range out.Problems {
		line(&b, x)
	}
	return b.String()
}

func line(b *bytes.Buffer, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	b.Write(text)
	b.WriteByte('\n')
}

// Each calendar of shifts has a text of its own in force, known by its key; it
// outlives a snapshot.
func TestShiftsAreKnownByTheirCalendar(t *testing.T) {
	t.Parallel()
	e := New(rules.Released(), nil)
	var out Output
	keys := map[string]string{}
	for _, name := range []string{"nights", "days"} {
		text := "calendar: " + name + "\nshifts: [{from: '2026-11-22T20:00:00Z', to: '2026-11-23T06:00:00Z', people: [kim]}]\n"
		a := schemas.Activation{What: schemas.WhatShifts, Name: name, Version: rules.VersionOf([]byte(text)), Text: text}
		if e.Active(a.Key()) != "" {
			t.Errorf("%s is in force before it is told", a.Key())
		}
		keys[a.Key()] = a.Version
		e.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &a}, 1000, &out)
	}
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Restore(&b)
	if err != nil {
		t.Fatal(err)
	}
	for key, version := range keys {
		if e.Active(key) != version || again.Active(key) != version {
			t.Errorf("%s: %q, restored %q; want %q", key, e.Active(key), again.Active(key), version)
		}
	}
}
