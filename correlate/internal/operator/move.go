package operator

import (
	"bytes"
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/lifecycle"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

func (op *Operator) moveAlert(a *state.Alert, from, to *state.Incident, by string) {
	from.Alerts = slices.DeleteFunc(from.Alerts, func(x *state.Alert) bool { return x == a })
	if from.Names[a.Name]--; from.Names[a.Name] <= 0 {
		delete(from.Names, a.Name)
		from.Order = slices.DeleteFunc(from.Order, func(n string) bool { return n == a.Name })
	}
	from.Pub.AlertCount--
	from.Pub.SignalCount -= int64(a.Signals.Len())
	op.LeaveAlert(from, a)
	if a.Firing {
		from.Active--
	}
	a.Incident = to
	to.Alerts = append(to.Alerts, a)
	to.Pub.AlertCount++
	to.Pub.SignalCount += int64(a.Signals.Len())
	op.affectMoved(to, a)
	op.Raise(to, int(a.Severity), a.Name, nil)
	if a.StartsAt < to.Pub.StartedAt || to.Pub.AlertCount == 1 {
		to.Pub.StartedAt = a.StartsAt
	}
	if a.Firing {
		to.Active++
		op.Fires(to, a, 1)
		op.ReopenBy(to, a.Name+" was moved here", by)
		op.WatchQuiet(to)
	} else {
		to.Ended(a.EndsAt)
		op.ScheduleResolve(to)
	}
	op.Timeline(from, "moved", 0, a.Name+" on "+phrase.OrUnknown(a.Service)+" was moved to "+to.Pub.ID, a.First(), by)
	op.Timeline(to, "moved", 0, a.Name+" on "+phrase.OrUnknown(a.Service)+" was moved here from "+from.Pub.ID, a.First(), by)
	for r := range a.Signals.All() {
		op.Decide(r, nil, r.Verdict, to, &evidence.Reason{Text: "moved here from " + from.Pub.ID + " by " + phrase.OrNone(by), Service: a.Service})
	}
	op.EmitNow(from)
	op.EmitNow(to)
	op.leftBehind(from, to, by)
}

// affectMoved notes where an alert that was moved in is.
func (op *Operator) affectMoved(inc *state.Incident, a *state.Alert) {
	sub := identity.SubjectOf(op.State, inc.Scope, a)
	op.Touch(inc, &sub, a.StartsAt, a.FirstID(), lifecycle.Touching{})
	op.AddName(inc, a.Name)
}

// move puts a signal's alert or ticket into another incident, or a new one.
func (op *Operator) move(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	c := s.Command
	id, err := schemas.ParseID(c.SignalID)
	if err != nil {
		op.Refuse(r, s, "move: "+err.Error())
		return
	}
	m := op.FindSignal(id)
	if m == nil || m.Scope != sc {
		op.Refuse(r, s, "move: signal "+c.SignalID+" is not known here (any more)")
		return
	}
	a, t := m.Alert, sc.TicketOf(m)
	if t == nil && (a == nil || a.Incident == nil) {
		op.Refuse(r, s, "move: signal "+c.SignalID+" is neither an alert nor a ticket of an open incident")
		return
	}
	var what string
	var from *state.Incident
	if t != nil {
		what, from = "ticket "+t.Key, t.Incident
	} else {
		what, from = a.Name, a.Incident
	}
	to := sc.Incidents[c.IncidentID]
	switch {
	case to == nil && c.IncidentID != "":
		op.Refuse(r, s, "move: incident "+c.IncidentID+" is not open in scope "+sc.Name)
		return
	case to == from:
		op.Refuse(r, s, "move: "+what+" is in "+from.Pub.ID+" already")
		return
	case to == nil:
		if to = op.openMoved(sc, a, t, s, r); to == nil {
			return
		}
	}
	if t != nil {
		op.moveTicket(t, from, to, c.By)
		op.KeepApart(sc, from, to)
	} else {
		op.moveAlert(a, from, to, c.By)
		op.CorrectMove(sc, a, from, to)
	}
	op.Count(to)
	op.Decide(r, s, state.Placed, to, &evidence.Reason{Text: "move by " + phrase.OrNone(c.By) + ": " + what + " from " + from.Pub.ID + " to " + to.Pub.ID})
}

// openMoved opens an incident for what is moved out of another.
func (op *Operator) openMoved(sc *state.Scope, a *state.Alert, t *state.Ticket, s *schemas.Signal, r *state.SeenSignal) *state.Incident {
	like := *s
	like.Team, like.Runbook = "", ""
	sub := identity.Subject{}
	if t != nil {
		like.Name, like.StartsAt, sub.Service = t.Key, t.StartsAt, t.Service
	} else {
		like.Name, like.StartsAt = a.Name, a.StartsAt
		sub = identity.Subject{Service: a.Service, Instance: a.Instance, Host: a.Host}
	}
	return op.OpenIncident(sc, &like, r, &sub, scoring.Placement{Reason: &evidence.Reason{}})
}

func (op *Operator) moveTicket(t *state.Ticket, from, to *state.Incident, by string) {
	records := op.recordsOf(t)
	from.Tickets = slices.DeleteFunc(from.Tickets, func(x *state.Ticket) bool { return x == t })
	from.Pub.SignalCount -= int64(len(records))
	mentioned := op.LeaveTicket(from, t)
	t.Incident, t.Reason = to, "moved here from "+from.Pub.ID+" by "+phrase.OrNone(by)
	to.Tickets = append(to.Tickets, t)
	to.Pub.SignalCount += int64(len(records))
	if t.Service != "" {
		sub := identity.Subject{Service: t.Service, Entity: op.Entity(to.Scope, state.EntityService, t.Service, true)}
		op.Touch(to, &sub, t.StartsAt, t.First, lifecycle.Touching{})
	}
	if len(to.Alerts) == 0 { // alerts that come later can join what the text names
		for _, name := range mentioned {
			sub := identity.Subject{Service: name, Entity: op.Entity(to.Scope, state.EntityService, name, true)}
			op.Touch(to, &sub, t.StartsAt, t.First, lifecycle.Touching{Mentioned: true})
		}
	}
	op.Raise(to, 0, t.Key+" "+t.Title, nil)
	if t.StartsAt < to.Pub.StartedAt {
		to.Pub.StartedAt = t.StartsAt
	}
	to.SeenAt = op.Now
	if t.Open {
		op.ReopenBy(to, "ticket "+t.Key+" was moved here", by)
	}
	op.WatchQuiet(to)
	first := op.FindSignal(t.First)
	op.Timeline(from, "moved", 0, "ticket "+t.Key+" was moved to "+to.Pub.ID, first, by)
	op.Timeline(to, "moved", 0, "ticket "+t.Key+" was moved here from "+from.Pub.ID, first, by)
	for _, r := range records {
		op.Decide(r, nil, r.Verdict, to, &evidence.Reason{Text: t.Reason, Anchor: anchorOf(t, r), Service: t.Service})
	}
	op.EmitNow(from)
	op.EmitNow(to)
	op.leftBehind(from, to, by)
}

// recordsOf gathers the signals of a ticket that are still known, in order.
// Nothing points from a ticket to its updates, since only this order, which
// comes rarely, asks for them.
func (op *Operator) recordsOf(t *state.Ticket) []*state.SeenSignal {
	var out []*state.SeenSignal
	for r := range op.Known.All() { // sorted below
		if state.KindNames[r.Kind] == schemas.KindTicket && r.Scope == t.Incident.Scope && (r.ID == t.First || r.Reason.Anchor() == t.First && r.IncidentID() == t.Incident.Pub.ID) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *state.SeenSignal) int {
		if a.At != b.At {
			return int(a.At.Sub(b.At))
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return out
}

// anchorOf keeps an update of a ticket tied to the signal that opened it.
func anchorOf(t *state.Ticket, r *state.SeenSignal) schemas.ID {
	if t.First == r.ID {
		return schemas.ID{}
	}
	return t.First
}

// leftBehind ends an incident whose last member was moved away.
func (op *Operator) leftBehind(from, to *state.Incident, by string) {
	if len(from.Alerts) == 0 && len(from.Tickets) == 0 && !from.Over() {
		op.Resolve(from, op.Now, "resolved: its last member was moved to "+to.Pub.ID, by)
		return
	}
	op.ScheduleResolve(from)
	op.WatchQuiet(from)
}
