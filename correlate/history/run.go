package history

import (
	"pinkstar/correlate"
	"pinkstar/schemas"
)

// Run is what came out of a log.
type Run struct {
	Log       *Log
	Decisions *schemas.Newest[schemas.Decision] // about each signal
	Incidents *schemas.Newest[schemas.Incident] // in order of opening
	Taken     []string                          // signals, in order of their first decision

	// Moves are the signals that an operator moved, in order.
	Moves []Move

	members map[string][]string // of each incident, directly
}

// Move is a signal that went from one incident to another.
type Move struct{ SignalID, From, To string }

func newRun(l *Log) *Run {
	return &Run{Log: l, Decisions: schemas.Decisions.Newest(), Incidents: schemas.Incidents.Newest()}
}

// take keeps what a step said; the engine reuses out.
func (r *Run) take(out *correlate.Output) {
	for i := range out.Decisions {
		d := out.Decisions[i]
		d.Signal = nil
		switch old, taken := r.Decisions.Put(&d); {
		case old == nil:
			r.Taken = append(r.Taken, d.SignalID)
		case taken && old.IncidentID != d.IncidentID && old.IncidentID != "" && d.IncidentID != "":
			r.Moves = append(r.Moves, Move{d.SignalID, old.IncidentID, d.IncidentID})
		}
	}
	r.Incidents.Take(out)
	out.Reset()
}

// Main returns the outermost incident above id, which may be id itself.
func (r *Run) Main(id string) string {
	if inc := r.Incidents.Get(id); inc != nil && inc.ParentID != "" {
		return inc.ParentID
	}
	return id
}

// Group returns the main incident a signal ended in, "" for none.
func (r *Run) Group(signalID string) string {
	if d := r.Decisions.Get(signalID); d != nil && d.IncidentID != "" {
		return r.Main(d.IncidentID)
	}
	return ""
}

// Grouped reports whether a decision is about something that is correlated:
// an alert or a ticket, not an order or a change.
func Grouped(d *schemas.Decision) bool {
	return d.Kind == schemas.KindAlert || d.Kind == schemas.KindTicket
}

// Members returns the alerts and tickets that are directly in an incident, in
// the order in which they were taken.
func (r *Run) Members(incidentID string) []string {
	if r.members == nil {
		r.members = map[string][]string{}
		for _, id := range r.Taken {
			if d := r.Decisions.Get(id); d.IncidentID != "" && Grouped(d) {
				r.members[d.IncidentID] = append(r.members[d.IncidentID], id)
			}
		}
	}
	return r.members[incidentID]
}

// Tree returns an incident and everything below it.
func (r *Run) Tree(incidentID string) []string {
	out := []string{incidentID}
	for i := 0; i < len(out); i++ {
		if inc := r.Incidents.Get(out[i]); inc != nil {
			out = append(out, inc.Children...)
		}
	}
	return out
}

// TreeMembers returns the members of an incident and of everything below it.
func (r *Run) TreeMembers(incidentID string) []string {
	var out []string
	for _, id := range r.Tree(incidentID) {
		out = append(out, r.Members(id)...)
	}
	return out
}
