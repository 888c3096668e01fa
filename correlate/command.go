package correlate

import (
	"slices"

	"pinkstar/schemas"
)

func (e *Engine) onCommand(sc *scope, s *schemas.Signal, r *record) {
	c := s.Command
	if c == nil {
		e.refuse(r, s, "a command signal without command")
		return
	}
	if c.Action == schemas.ActionSolveProblem {
		e.solveProblem(sc, s, r)
		return
	}
	if c.Action == schemas.ActionMove {
		e.move(sc, s, r)
		return
	}
	inc := sc.incidents[c.IncidentID]
	if inc == nil {
		e.refuse(r, s, "incident "+orNone(c.IncidentID)+" is not open in scope "+sc.name+": it has closed, or never was")
		return
	}
	if why := e.order1(inc, c, r); why != "" {
		e.refuse(r, s, why)
		return
	}
	e.urge(inc)
	e.count(inc)
	e.decide(r, s, placed, inc, &why{text: string(c.Action) + " by " + orNone(c.By)})
}

func orNone(s string) string {
	if s == "" {
		return "(none given)"
	}
	return s
}

// order1 carries out a command on one incident. It returns why it can't.
func (e *Engine) order1(inc *incident, c *schemas.Command, r *record) string {
	note := ""
	if c.Note != "" {
		note = ": " + c.Note
	}
	switch c.Action {
	case schemas.ActionAcknowledge:
		return e.acknowledge(inc, c, note, r)
	case schemas.ActionAssign:
		if c.To == "" {
			return "assign needs \"to\""
		}
		inc.pub.Assignee = c.To
		e.timeline(inc, "assigned", 0, "assigned to "+c.To+note, r, c.By)
	case schemas.ActionMitigate:
		if inc.over() {
			return "incident " + inc.pub.ID + " is " + string(inc.pub.Status) + " already"
		}
		inc.pub.Status = schemas.IncidentMitigated
		inc.pub.MitigatedAt = e.now
		e.timeline(inc, "mitigated", 0, "mitigated: the effect on users has ended"+note, r, c.By)
	case schemas.ActionResolve:
		if inc.over() {
			return "incident " + inc.pub.ID + " is " + string(inc.pub.Status) + " already"
		}
		inc.resolvedBy = true
		e.resolve(inc, e.now, "resolved by "+orNone(c.By)+note, c.By)
	case schemas.ActionReopen:
		if !inc.over() {
			return "incident " + inc.pub.ID + " is " + string(inc.pub.Status) + ", not resolved"
		}
		e.reopenBy(inc, orNone(c.By)+" says so"+note, c.By)
		e.watchQuiet(inc)
	case schemas.ActionLinkParent:
		return e.linkByHand(inc, c)
	case schemas.ActionUnlinkParent:
		return e.unlinkByHand(inc, c, note)
	case schemas.ActionDeclareProblem:
		e.declareProblem(inc, c)
	case schemas.ActionNote:
		e.timeline(inc, "note", 0, c.Note, r, c.By)
	default:
		return "action " + string(c.Action) + " is not known"
	}
	return ""
}

func (e *Engine) acknowledge(inc *incident, c *schemas.Command, note string, r *record) string {
	if inc.pub.Status != schemas.IncidentOpen {
		return "incident " + inc.pub.ID + " is " + string(inc.pub.Status) + ", not open"
	}
	inc.pub.Status = schemas.IncidentAcknowledged
	if inc.pub.AcknowledgedAt == 0 {
		inc.pub.AcknowledgedAt = e.now
	}
	if inc.pub.Assignee == "" {
		inc.pub.Assignee = c.By
	}
	e.timeline(inc, "acknowledged", 0, "acknowledged by "+orNone(c.By)+note, r, c.By)
	return ""
}

func (e *Engine) linkByHand(inc *incident, c *schemas.Command) string {
	parent := inc.sc.incidents[c.ParentID]
	switch {
	case parent == nil:
		return "parent incident " + orNone(c.ParentID) + " is not open in scope " + inc.sc.name
	case parent.main() == inc:
		return "incident " + c.ParentID + " is itself part of " + inc.pub.ID
	case parent.main() == inc.main():
		return "incident " + inc.pub.ID + " is part of " + parent.main().pub.ID + " already"
	}
	if inc.parent != nil { // only inc is meant, not everything it was part of
		e.unlink(inc, "belongs to "+parent.pub.ID+", says "+orNone(c.By), c.By)
	}
	inc.sc.facts.relink(inc, parent)
	ev := []evidence{{kind: evOperator, points: e.set.Correlation.Weights.MentionKey, other: parent.pub.ID}}
	by := c.By
	if by == "" {
		by = "operator"
	}
	e.link(parent, inc, scored{inc: parent, score: ev[0].points, evidence: ev, decisive: true}, "", by)
	return ""
}

func (e *Engine) moveAlert(a *alert, from, to *incident, by string) {
	from.alerts = slices.DeleteFunc(from.alerts, func(x *alert) bool { return x == a })
	if from.names[a.name]--; from.names[a.name] <= 0 {
		delete(from.names, a.name)
		from.order = slices.DeleteFunc(from.order, func(n string) bool { return n == a.name })
	}
	from.pub.AlertCount--
	from.pub.SignalCount -= int64(a.records.len())
	e.rebuildPlaces(from)
	if a.firing {
		from.active--
	}
	a.inc = to
	to.alerts = append(to.alerts, a)
	to.pub.AlertCount++
	to.pub.SignalCount += int64(a.records.len())
	e.placeMoved(to, a)
	e.raise(to, int(a.severity), a.name, nil)
	if a.startsAt < to.pub.StartedAt || to.pub.AlertCount == 1 {
		to.pub.StartedAt = a.startsAt
	}
	if a.firing {
		to.active++
		e.fires(to, a, 1)
		e.reopenBy(to, a.name+" was moved here", by)
		e.watchQuiet(to)
	} else {
		to.ended(a.endsAt)
		e.scheduleResolve(to)
	}
	e.timeline(from, "moved", 0, a.name+" on "+orUnknown(a.service)+" was moved to "+to.pub.ID, a.first(), by)
	e.timeline(to, "moved", 0, a.name+" on "+orUnknown(a.service)+" was moved here from "+from.pub.ID, a.first(), by)
	for r := range a.records.all() {
		e.decide(r, nil, r.verdict, to, &why{text: "moved here from " + from.pub.ID + " by " + orNone(by), service: a.service})
	}
	e.urge(from)
	e.urge(to)
	e.leftBehind(from, to, by)
}

// placeMoved notes where an alert that was moved in is.
func (e *Engine) placeMoved(inc *incident, a *alert) {
	sub := e.subjectOf(inc.sc, a)
	e.touch(inc, &sub, a.startsAt, a.firstID(), false)
	e.addName(inc, a.name)
}

// subjectOf is what a held alert is about.
func (e *Engine) subjectOf(sc *scope, a *alert) subject {
	sub := subject{service: a.service, instance: a.instance, host: a.host}
	if a.instance != "" {
		sub.instEnt = e.entity(sc, entityInstance, a.instance, true)
	}
	if a.host != "" {
		sub.hostEnt = e.entity(sc, entityHost, a.host, true)
	}
	switch {
	case a.service != "":
		sub.ent = e.entity(sc, entityService, a.service, true)
	case sub.hostEnt != nil:
		sub.ent = sub.hostEnt
	default:
		sub.ent = sub.instEnt
	}
	return sub
}

// rebuildPlaces recomputes where inc is affected, after something left it. It
// leaves its rings and enters them anew, as the youngest.
func (e *Engine) rebuildPlaces(inc *incident) {
	inc.sc.leaveRings(inc)
	inc.placed, inc.services, inc.firing, inc.places, inc.named = nil, nil, nil, map[*entity]*place{}, -1
	e.quiet = true
	for _, n := range inc.order {
		if len(n) >= minMention {
			e.entity(inc.sc, entityName, n, true).write(inc)
		}
	}
	for _, a := range inc.alerts {
		sub := e.subjectOf(inc.sc, a)
		e.touch(inc, &sub, a.startsAt, a.firstID(), false)
		if a.firing {
			e.fires(inc, a, 1)
		}
	}
	for _, t := range inc.tickets {
		if t.service != "" {
			sub := subject{service: t.service, ent: e.entity(inc.sc, entityService, t.service, true)}
			e.touch(inc, &sub, t.startsAt, t.first, false)
		}
	}
	e.quiet = false
}
