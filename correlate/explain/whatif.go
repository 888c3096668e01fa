package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
)

// Change is one setting with another value.
type Change struct {
	Path string `json:"path"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// WhatIf is what an incident would be under other settings.
type WhatIf struct {
	Changes []Change `json:"changes"`
	// IncidentID is the incident under the other settings: the one that its
	// opening signal is in.
	IncidentID string `json:"incident_id"`
	Before     int    `json:"members_before"`
	After      int    `json:"members_after"`
	Gained     []Step `json:"gained"` // as they would be placed
	Lost       []Step `json:"lost"`
	// Elsewhere is how many other signals of the log would end elsewhere.
	Elsewhere int `json:"elsewhere"`
}

// Apply carries out changes written as key=value on rules or, with the prefix
// "topology.", on the topology of a setup.
func Apply(setup history.Setup, changes []string) (history.Setup, []Change, error) {
	if setup.Rules == nil {
		setup.Rules = rules.Default()
	}
	if setup.Topology == nil {
		setup.Topology = rules.EmptyTopology()
	}
	var done []Change
	for _, c := range changes {
		path, value, ok := strings.Cut(c, "=")
		if path = strings.TrimSpace(path); !ok || path == "" {
			return setup, nil, fmt.Errorf("%q: want a setting and its value, such as correlation.join=1500 or rules[0].window=15m", c)
		}
		ch := Change{Path: path, New: strings.TrimSpace(value)}
		var err error
		if p, ok := strings.CutPrefix(path, "topology."); ok {
			setup.Topology, ch.Old, err = setup.Topology.With(p, ch.New)
			setup.FixTopology = true
		} else {
			setup.Rules, ch.Old, err = setup.Rules.With(path, ch.New)
			setup.FixRules = true
		}
		if err != nil {
			return setup, nil, err
		}
		done = append(done, ch)
	}
	return setup, done, nil
}

// FindWhatIf runs the log under the changed setup and compares what the
// incident with that id, or of that signal, would have as members.
func FindWhatIf(ctx context.Context, run *history.Run, setup history.Setup, id string, changes []Change) (*WhatIf, error) {
	incID := id
	if d := run.Decisions.Get(id); d != nil {
		incID = d.IncidentID
	}
	inc := run.Incidents.Get(incID)
	if inc == nil {
		return nil, fmt.Errorf("%s is in no incident: there is nothing whose members could change", id)
	}
	other, err := run.Log.Play(ctx, setup)
	if err != nil {
		return nil, err
	}
	w := &WhatIf{Changes: changes, Gained: []Step{}, Lost: []Step{}}
	if d := other.Decisions.Get(inc.Opening); d != nil {
		w.IncidentID = d.IncidentID
		if inc.ParentID == "" { // asked about a whole: answered with a whole
			w.IncidentID = other.Main(d.IncidentID)
		}
	}
	before, after := run.TreeMembers(incID), other.TreeMembers(w.IncidentID)
	w.Before, w.After = len(before), len(after)
	w.Gained = steps(other, minus(after, before))
	w.Lost = steps(other, minus(before, after))
	w.Elsewhere = elsewhere(run, other) - len(w.Gained) - len(w.Lost)
	w.Elsewhere = max(w.Elsewhere, 0)
	return w, nil
}

func minus(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, id := range b {
		in[id] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(id string) bool { return in[id] })
}

func steps(run *history.Run, ids []string) []Step {
	out := make([]Step, 0, len(ids))
	for _, id := range ids {
		if d := run.Decisions.Get(id); d != nil {
			out = append(out, stepOf(OfRun(run), d))
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int { return int(a.At - b.At) })
	return out
}

// elsewhere counts the signals whose main incident began with another signal.
func elsewhere(a, b *history.Run) int {
	opening := func(r *history.Run, id string) string {
		if inc := r.Incidents.Get(r.Group(id)); inc != nil {
			return inc.Opening
		}
		return ""
	}
	n := 0
	for _, id := range a.Taken {
		if history.Grouped(a.Decisions.Get(id)) && opening(a, id) != opening(b, id) {
			n++
		}
	}
	return n
}
