package process_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// counter is an engine small enough to be checked by eye: one incident for
// each scope and service, which counts its signals and their repeats. It is a
// function of its inputs, flushes counts by log time, and snapshots as JSON.
type counter struct {
	S state
}

type state struct {
	Now       schemas.Time
	Wake      schemas.Time
	Known     map[string]*entry
	Incidents map[string]*schemas.Incident
	Dirty     map[string]bool // known signals whose repeats are not told yet
	Active    map[string]string
}

type entry struct {
	Scope, Incident string
	Revision        int64
	Repeats         int64
	At, LastAt      schemas.Time
}

const flushAfter = schemas.Second

func newCounter() *counter {
	return &counter{state{Known: map[string]*entry{}, Incidents: map[string]*schemas.Incident{}, Dirty: map[string]bool{}, Active: map[string]string{}}}
}

func (c *counter) advance(at schemas.Time, out *process.Output) {
	for c.S.Wake != 0 && c.S.Wake <= at {
		now := c.S.Wake
		c.S.Wake = 0
		touched := map[string]bool{}
		for _, id := range slices.Sorted(maps.Keys(c.S.Dirty)) {
			e := c.S.Known[id]
			e.Revision++
			touched[e.Incident] = true
			out.Decisions = append(out.Decisions, c.decision(id, e, nil))
		}
		clear(c.S.Dirty)
		for _, id := range slices.Sorted(maps.Keys(touched)) {
			c.incident(id, now, out)
		}
	}
	c.S.Now = max(c.S.Now, at)
}

func (c *counter) incident(id string, at schemas.Time, out *process.Output) {
	in := c.S.Incidents[id]
	in.Revision++
	in.UpdatedAt = at
	out.Incidents = append(out.Incidents, *in)
}

func (c *counter) decision(id string, e *entry, s *schemas.Signal) schemas.Decision {
	return schemas.Decision{SignalID: id, Revision: e.Revision, Scope: e.Scope, Kind: schemas.KindAlert, Verdict: schemas.VerdictPlaced,
		IncidentID: e.Incident, Reason: "counted", At: e.At, Repeats: e.Repeats, LastAt: e.LastAt, Rules: c.S.Active["rules"], Signal: s}
}

func (c *counter) Repeat(id schemas.ID, at schemas.Time, out *process.Output) bool {
	c.advance(at, out)
	e := c.S.Known[id.String()]
	if e == nil {
		return false
	}
	c.repeat(id.String(), e)
	return true
}

func (c *counter) repeat(id string, e *entry) {
	e.Repeats++
	e.LastAt = c.S.Now
	c.S.Incidents[e.Incident].RepeatCount++
	c.S.Dirty[id] = true
	if c.S.Wake == 0 {
		c.S.Wake = c.S.Now.Add(flushAfter)
	}
}

func (c *counter) Step(s *schemas.Signal, at schemas.Time, out *process.Output) {
	c.advance(at, out)
	switch s.Kind {
	case schemas.KindTick:
		return
	case schemas.KindActivation:
		c.S.Active[s.Activation.What] = s.Activation.Version
		return
	}
	if e := c.S.Known[s.ID]; e != nil {
		c.repeat(s.ID, e)
		return
	}
	key := s.Scope + "|" + s.Service
	in := c.S.Incidents[key]
	if in == nil {
		id, _ := schemas.ParseID(s.ID)
		in = &schemas.Incident{ID: schemas.IncidentID(s.Scope, id, c.S.Now), Scope: s.Scope, Status: schemas.IncidentOpen, Services: []string{s.Service}, DetectedAt: c.S.Now}
		c.S.Incidents[key] = in
		out.Timeline = append(out.Timeline, schemas.TimelineEntry{IncidentID: in.ID, Seq: 1, Scope: s.Scope, At: c.S.Now, Type: "opened"})
	}
	in.SignalCount++
	e := &entry{Scope: s.Scope, Incident: key, Revision: 1, At: c.S.Now, LastAt: c.S.Now}
	c.S.Known[s.ID] = e
	out.Decisions = append(out.Decisions, c.decision(s.ID, e, s))
	c.incident(key, c.S.Now, out)
}

func (c *counter) NextWake() schemas.Time       { return c.S.Wake }
func (c *counter) Now() schemas.Time            { return c.S.Now }
func (c *counter) Stats() correlate.Stats       { return correlate.Stats{} }
func (c *counter) Active(what string) string    { return c.S.Active[what] }
func (c *counter) Snapshot(w io.Writer) error   { return json.NewEncoder(w).Encode(c.S) }
func (counters) New() (process.Engine, error)   { return newCounter(), nil }
func (c counters) Wanted() []schemas.Activation { return c.wanted }
func (counters) Restore(r io.Reader) (process.Engine, error) {
	c := newCounter()
	return c, json.NewDecoder(r).Decode(&c.S)
}

// counters makes them.
type counters struct{ wanted []schemas.Activation }

// correlates makes the engine that Pinkstar runs. What open incidents cost is not
// told again and again: with nothing new in the log there is nothing new to say,
// so that a test can compare the two.
type correlates struct{}

type adapted struct{ *correlate.Engine }

func (a adapted) Active(what string) string {
	if what == "rules" {
		return a.RulesVersion()
	}
	return a.TopologyVersion()
}

func (correlates) New() (process.Engine, error) {
	set := rules.Default()
	set.Lifecycle.FlushCosts = rules.Duration(7 * schemas.Day)
	if err := set.Seal(); err != nil {
		return nil, err
	}
	return adapted{correlate.New(set, nil)}, nil
}

func (correlates) Restore(r io.Reader) (process.Engine, error) {
	e, err := correlate.Restore(r)
	return adapted{e}, err
}
func (correlates) Wanted() []schemas.Activation { return nil }

// outcome is what topics say in the end: the latest revision of everything.
type outcome struct {
	Decisions map[string]schemas.Decision
	Incidents map[string]schemas.Incident
	Timeline  map[string]schemas.TimelineEntry
	Problems  map[string]schemas.Problem
	// Seen counts each event id: with exactly once it is 1 everywhere.
	Seen map[string]int
}

func newOutcome() *outcome {
	return &outcome{map[string]schemas.Decision{}, map[string]schemas.Incident{}, map[string]schemas.TimelineEntry{}, map[string]schemas.Problem{}, map[string]int{}}
}

func (o *outcome) add(out *process.Output) {
	for _, d := range out.Decisions {
		o.Seen[fmt.Sprintf("d/%s/%d", d.SignalID, d.Revision)]++
		if d.Revision > o.Decisions[d.SignalID].Revision {
			o.Decisions[d.SignalID] = d
		}
	}
	for _, in := range out.Incidents {
		o.Seen[fmt.Sprintf("i/%s/%d", in.ID, in.Revision)]++
		if in.Revision > o.Incidents[in.ID].Revision {
			o.Incidents[in.ID] = in
		}
	}
	for _, p := range out.Problems {
		o.Seen[fmt.Sprintf("p/%s/%d", p.ID, p.Revision)]++
		if p.Revision > o.Problems[p.ID].Revision {
			o.Problems[p.ID] = p
		}
	}
	for _, e := range out.Timeline {
		o.Seen[fmt.Sprintf("t/%s/%d", e.IncidentID, e.Seq)]++
		o.Timeline[fmt.Sprintf("%s/%d", e.IncidentID, e.Seq)] = e
	}
}

// diff says how o differs from want, at most a few lines.
func (o *outcome) diff(want *outcome) []string {
	var lines []string
	add := func(format string, args ...any) {
		if len(lines) < 12 {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(o.Seen)) {
		if o.Seen[id] != 1 {
			add("%s is there %d times", id, o.Seen[id])
		}
		if want.Seen[id] == 0 {
			add("%s should not be there", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want.Seen)) {
		if o.Seen[id] == 0 {
			add("%s is missing", id)
		}
	}
	compare(add, "decision", o.Decisions, want.Decisions)
	compare(add, "incident", o.Incidents, want.Incidents)
	compare(add, "timeline", o.Timeline, want.Timeline)
	compare(add, "problem", o.Problems, want.Problems)
	return lines
}

func compare[K cmp.Ordered, V any](add func(string, ...any), what string, got, want map[K]V) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		g, _ := json.Marshal(got[k])
		w, _ := json.Marshal(want[k])
		if string(g) != string(w) {
			add("%s %v:\n  got  %s\n  want %s", what, k, g, w)
		}
	}
}
