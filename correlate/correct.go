package correlate

import (
	"bytes"
	"slices"

	"pinkstar/schemas"
)

// unlinkByHand makes an incident stand alone again. With an incident it is not
// part of, the order says that the two are not related and must stay apart.
func (e *Engine) unlinkByHand(inc *incident, c *schemas.Command, note string) string {
	other := inc.sc.incidents[c.ParentID]
	switch {
	case c.ParentID != "" && other == nil:
		return "incident " + c.ParentID + " is not open in scope " + inc.sc.name
	case other == inc:
		return "an incident can't be kept apart from itself"
	case other != nil && other.main() != inc.main():
		e.keepApart(inc.sc, inc, other)
		text := " is not related, says " + orNone(c.By) + note
		e.timeline(inc, "separated", 0, other.pub.ID+text, nil, c.By)
		e.timeline(other, "separated", 0, inc.pub.ID+text, nil, c.By)
		e.urge(other)
		return ""
	case inc.parent == nil:
		return "incident " + inc.pub.ID + " has no parent"
	case other != nil && !other.above(inc):
		return "incident " + inc.pub.ID + " is not below " + other.pub.ID
	}
	parent := inc.parent
	e.unlink(inc, "separated by "+orNone(c.By)+note, c.By)
	e.keepApart(inc.sc, inc, parent)
	return ""
}

// above reports whether inc is somewhere above below.
func (inc *incident) above(below *incident) bool {
	for p := below.parent; p != nil; p = p.parent {
		if p == inc {
			return true
		}
	}
	return false
}

// move puts a signal's alert or ticket into another incident, or a new one.
func (e *Engine) move(sc *scope, s *schemas.Signal, r *record) {
	c := s.Command
	id, err := schemas.ParseID(c.SignalID)
	if err != nil {
		e.refuse(r, s, "move: "+err.Error())
		return
	}
	m := e.find(id)
	if m == nil || m.sc != sc {
		e.refuse(r, s, "move: signal "+c.SignalID+" is not known here (any more)")
		return
	}
	a, t := m.alert, sc.ticketOf(m)
	if t == nil && (a == nil || a.inc == nil) {
		e.refuse(r, s, "move: signal "+c.SignalID+" is neither an alert nor a ticket of an open incident")
		return
	}
	var what string
	var from *incident
	if t != nil {
		what, from = "ticket "+t.key, t.inc
	} else {
		what, from = a.name, a.inc
	}
	to := sc.incidents[c.IncidentID]
	switch {
	case to == nil && c.IncidentID != "":
		e.refuse(r, s, "move: incident "+c.IncidentID+" is not open in scope "+sc.name)
		return
	case to == from:
		e.refuse(r, s, "move: "+what+" is in "+from.pub.ID+" already")
		return
	case to == nil:
		if to = e.openMoved(sc, a, t, s, r); to == nil {
			return
		}
	}
	if t != nil {
		e.moveTicket(t, from, to, c.By)
		e.keepApart(sc, from, to)
	} else {
		e.moveAlert(a, from, to, c.By)
		e.moveFacts(sc, a, from, to)
	}
	e.count(to)
	e.decide(r, s, placed, to, &why{text: "move by " + orNone(c.By) + ": " + what + " from " + from.pub.ID + " to " + to.pub.ID})
}

// ticketOf is the live ticket that the signal of r opened or changed.
func (sc *scope) ticketOf(r *record) *ticket {
	if inc := sc.incidents[r.incidentID()]; inc != nil && kindNames[r.kind] == schemas.KindTicket {
		for _, t := range inc.tickets {
			if t.first == r.id || t.first == r.why.anchor() {
				return t
			}
		}
	}
	return nil
}

// openMoved opens an incident for what is moved out of another.
func (e *Engine) openMoved(sc *scope, a *alert, t *ticket, s *schemas.Signal, r *record) *incident {
	like := *s
	like.Team, like.Runbook = "", ""
	sub := subject{}
	if t != nil {
		like.Name, like.StartsAt, sub.service = t.key, t.startsAt, t.service
	} else {
		like.Name, like.StartsAt = a.name, a.startsAt
		sub = subject{service: a.service, instance: a.instance, host: a.host}
	}
	return e.openIncident(sc, &like, r, &sub, placement{why: &why{}})
}

func (e *Engine) moveTicket(t *ticket, from, to *incident, by string) {
	records := e.recordsOf(t)
	from.tickets = slices.DeleteFunc(from.tickets, func(x *ticket) bool { return x == t })
	from.pub.SignalCount -= int64(len(records))
	e.rebuildPlaces(from)
	t.inc, t.reason = to, "moved here from "+from.pub.ID+" by "+orNone(by)
	to.tickets = append(to.tickets, t)
	to.pub.SignalCount += int64(len(records))
	if t.service != "" {
		sub := subject{service: t.service, ent: e.entity(to.sc, entityService, t.service, true)}
		e.touch(to, &sub, t.startsAt, t.first, false)
	}
	e.raise(to, 0, t.key+" "+t.title, nil)
	if t.startsAt < to.pub.StartedAt {
		to.pub.StartedAt = t.startsAt
	}
	to.seenAt = e.now
	if t.open {
		e.reopenBy(to, "ticket "+t.key+" was moved here", by)
	}
	e.watchQuiet(to)
	first := e.find(t.first)
	e.timeline(from, "moved", 0, "ticket "+t.key+" was moved to "+to.pub.ID, first, by)
	e.timeline(to, "moved", 0, "ticket "+t.key+" was moved here from "+from.pub.ID, first, by)
	for _, r := range records {
		e.decide(r, nil, r.verdict, to, &why{text: t.reason, anchor: anchorOf(t, r), service: t.service})
	}
	e.urge(from)
	e.urge(to)
	e.leftBehind(from, to, by)
}

// recordsOf gathers the signals of a ticket that are still known, in order.
// Nothing points from a ticket to its updates, since only this order, which
// comes rarely, asks for them.
func (e *Engine) recordsOf(t *ticket) []*record {
	var out []*record
	for r := range e.known.all() { // sorted below
		if kindNames[r.kind] == schemas.KindTicket && r.sc == t.inc.sc && (r.id == t.first || r.why.anchor() == t.first && r.incidentID() == t.inc.pub.ID) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *record) int {
		if a.at != b.at {
			return int(a.at.Sub(b.at))
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
	return out
}

// anchorOf keeps an update of a ticket tied to the signal that opened it.
func anchorOf(t *ticket, r *record) schemas.ID {
	if t.first == r.id {
		return schemas.ID{}
	}
	return t.first
}

// leftBehind ends an incident whose last member was moved away.
func (e *Engine) leftBehind(from, to *incident, by string) {
	if len(from.alerts) == 0 && len(from.tickets) == 0 && !from.over() {
		e.resolve(from, e.now, "resolved: its last member was moved to "+to.pub.ID, by)
		return
	}
	e.scheduleResolve(from)
	e.watchQuiet(from)
}
