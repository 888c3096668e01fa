package effect

import (
	"slices"

	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Urgency is how soon something is to be said.
type Urgency int

// The urgencies.
const (
	Nothing Urgency = iota // there is nothing to say
	Soon                   // with the next message
	Now
)

// Look says whether there may be something to say of main. It is asked whenever
// the incident or one below it is written, so it compares little.
func Look(st *state.State, main *state.Incident) Urgency {
	t := &main.Talk
	if main.Parent != nil {
		if t.Opened && t.Parent != main.Main().Pub.ID {
			return Now
		}
		return Nothing
	}
	tr := treeOf(main)
	if !t.Opened {
		switch {
		case !worthy(st, main, tr):
			return Nothing
		case notices(tr, t) > 0:
			return Now
		}
		return Soon
	}
	switch {
	case t.Parent != "", tr.severity.Rank() > t.Severity.Rank(), over(t.Status) && !main.Over(), notices(tr, t) > 0:
		return Now
	case t.Via != "" && (statusOf(main) != t.Status || main.Pub.Assignee != t.Assignee):
		return Now // a person's word: whoever is still called, or looks elsewhere, waits for it
	case statusOf(main) != t.Status, tr.severity != t.Severity, tr.by != t.SeverityBy, main.Pub.Assignee != t.Assignee, tr.looked != t.Looked:
		return Soon
	}
	return Nothing
}

func over(s schemas.IncidentStatus) bool {
	return s == schemas.IncidentResolved || s == schemas.IncidentClosed
}

// statusOf is the status as people tell it: an incident that has left the engine
// was resolved before.
func statusOf(inc *state.Incident) schemas.IncidentStatus {
	if inc.Pub.Status == schemas.IncidentClosed {
		return schemas.IncidentResolved
	}
	return inc.Pub.Status
}

// worthy reports whether people are to hear of an incident of which they have
// not heard: one that is over before it was told of is none, and neither is
// history, nor what is below the rule set's severity.
func worthy(st *state.State, main *state.Incident, tr *tree) bool {
	if main.Over() || main.Pub.Imported {
		return false
	}
	from := st.Rules.Messages.From.Rank()
	return tr.severity.Rank() >= from || tr.severity.Rank() == 0 && tr.alerts > 0
}

// notices counts the teams that have to be asked.
func notices(tr *tree, t *state.Talk) int {
	n := 0
	for _, x := range tr.all {
		for i := range x.Pub.Notices {
			if toAsk(&x.Pub.Notices[i], t) {
				n++
			}
		}
	}
	return n
}

// Known is what people have heard of an incident of which they need not be told
// as it is now: before messages were in force they watched it in another way.
func Known(st *state.State, inc *state.Incident) state.Talk {
	t := inc.Talk.Clone()
	if t.Opened {
		return t
	}
	tr := treeOf(inc)
	t.Opened, t.Status, t.Severity, t.SeverityBy, t.Assignee, t.Looked = true, statusOf(inc), tr.severity, tr.by, inc.Pub.Assignee, tr.looked
	t.Types = tr.types()
	slices.Sort(t.Types)
	t.Targets = channels(st, tr)
	if inc.Parent != nil {
		t.Parent = inc.Main().Pub.ID
	}
	return t
}
