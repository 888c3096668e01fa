package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// scheduleResolve starts the resolve delay when nothing of inc is active.
func (e *Engine) scheduleResolve(inc *incident) {
	if inc.closed || inc.active > 0 || inc.over() || inc.onTickets() && inc.openTickets() > 0 {
		return
	}
	at := max(inc.flapUntil, e.now.Add(int64(e.set.Lifecycle.ResolveDelay)))
	if at != inc.resolveAt {
		inc.resolveAt = at
		e.wake(at, wakeResolve, inc, nil)
	}
}

// onTickets reports whether inc is open for as long as its tickets are.
func (inc *incident) onTickets() bool { return len(inc.alerts) == 0 || inc.worked }

// over reports whether inc is resolved or closed.
func (inc *incident) over() bool {
	return inc.pub.Status == schemas.IncidentResolved || inc.pub.Status == schemas.IncidentClosed
}

func (e *Engine) onResolveDue(inc *incident) {
	inc.resolveAt = 0
	if inc.active > 0 || inc.over() {
		return
	}
	for _, c := range inc.children {
		if !c.over() { // it ends with the last of its children
			return
		}
	}
	at := inc.lastEnd
	if at == 0 {
		at = e.now
	}
	text := "resolved: every alert has recovered"
	if len(inc.alerts) == 0 {
		text = "resolved: every ticket is closed"
	}
	e.resolve(inc, at, text, "")
}

// resolve ends inc at event time at.
func (e *Engine) resolve(inc *incident, at schemas.Time, text, by string) {
	inc.pub.Status = schemas.IncidentResolved
	inc.worked = false
	inc.pub.ResolvedAt = max(at, inc.pub.StartedAt)
	inc.resolveAt = 0
	e.timeline(inc, "resolved", inc.pub.ResolvedAt, text, nil, by)
	e.urge(inc)
	e.scheduleClose(inc)
	if inc.parent != nil {
		e.scheduleResolve(inc.parent)
	}
}

func (e *Engine) scheduleClose(inc *incident) {
	inc.closeAt = e.now.Add(int64(e.set.Lifecycle.ReopenWindow))
	e.wake(inc.closeAt, wakeClose, inc, nil)
}

// reopen: something of inc is active again.
func (e *Engine) reopen(inc *incident, why string) { e.reopenBy(inc, why, "") }

// reopenBy is reopen where a person acted.
func (e *Engine) reopenBy(inc *incident, why, by string) {
	inc.resolveAt = 0
	if inc.pub.Status != schemas.IncidentResolved {
		return
	}
	inc.pub.Status = schemas.IncidentOpen
	inc.pub.ResolvedAt, inc.pub.MitigatedAt, inc.closeAt = 0, 0, 0
	inc.pub.ReopenCount++
	inc.resolvedBy = false
	e.timeline(inc, "reopened", 0, "reopened: "+why, nil, by)
	e.urge(inc)
	if inc.parent != nil {
		e.reopenBy(inc.parent, "a related incident, "+inc.pub.ID+", is active again", by)
	}
}

// closeIncident lets inc leave the engine, with everything below it. It waits
// for what is still active there, and for alerts that fire although an operator
// resolved their incident. A child leaves with its main incident.
func (e *Engine) closeIncident(inc *incident) {
	inc.closeAt = 0
	if inc.parent != nil {
		return
	}
	all := inc.tree(nil)
	if slices.ContainsFunc(all, func(x *incident) bool { return x.active > 0 || !x.over() || x.closeAt != 0 }) {
		e.scheduleClose(inc)
		return
	}
	e.leave(inc)
}

// leave takes inc and everything below it out of the engine.
func (e *Engine) leave(inc *incident) {
	all := inc.tree(nil)
	for _, x := range all {
		for _, a := range x.alerts {
			for r := range a.records.all() { // written now, while the incident can still be told
				e.flushRecord(r)
			}
		}
	}
	e.signIncident(inc)
	for _, x := range all {
		x.pub.Status = schemas.IncidentClosed
		x.pub.ClosedAt = e.now
		e.emitIncident(x)
	}
	for _, x := range all {
		e.forgetIncident(x)
	}
	e.wakes.ended += len(all)
	e.wakes.tidy()
}

func (e *Engine) forgetIncident(inc *incident) {
	sc := inc.sc
	inc.closed = true
	e.stats.IncidentsClosed++
	for _, a := range inc.alerts {
		e.dropAlert(sc, a)
	}
	for _, t := range inc.tickets {
		sc.dropTicket(t)
	}
	for _, g := range inc.groups {
		delete(sc.groups, g.key)
	}
	sc.leaveRings(inc)
	if sc.storm == inc {
		sc.storm = nil
	}
	sc.facts.forget(inc)
	delete(sc.incidents, inc.pub.ID)
	sc.live = slices.DeleteFunc(sc.live, func(x *incident) bool { return x == inc })
}

// watchQuiet looks again when the alerts of inc could have been silent for
// too long.
func (e *Engine) watchQuiet(inc *incident) {
	if inc.quietAt == 0 {
		inc.quietAt = e.now.Add(int64(e.set.Lifecycle.Inactivity))
		e.wake(inc.quietAt, wakeQuiet, inc, nil)
	}
}

// onQuiet ends the alerts nothing was heard of for the inactivity time: their
// recovery was lost. An alert of a truncated group may simply not have been
// sent, so its silence says nothing.
func (e *Engine) onQuiet(inc *incident) {
	inc.quietAt = 0
	limit := int64(e.set.Lifecycle.Inactivity)
	ended, oldest := 0, schemas.Time(0)
	for _, a := range inc.alerts {
		if !a.firing {
			continue
		}
		if !a.cut && e.now.Sub(a.seenAt) >= limit {
			e.endAlert(a, e.now) // it was known to fire, and nobody said when it stopped
			ended++
			continue
		}
		if oldest == 0 || a.seenAt < oldest {
			oldest = a.seenAt
		}
	}
	if ended > 0 {
		e.timeline(inc, "inactive", 0, plural(int64(ended), "alert")+" taken as over: nothing was heard for "+
			e.set.Lifecycle.Inactivity.String(), nil, "")
	}
	if oldest != 0 {
		inc.quietAt = max(oldest.Add(limit), e.now.Add(max(limit/16, 1)))
		e.wake(inc.quietAt, wakeQuiet, inc, nil)
		return
	}
	if inc.onTickets() && !inc.over() {
		e.quietTickets(inc)
	}
}

// onLifetime ends an incident that has lived as long as one may. What is known
// to fire keeps it: nobody must think that it is over.
func (e *Engine) onLifetime(inc *incident) {
	if e.stillHeard(inc) {
		e.wake(e.now.Add(int64(e.set.Lifecycle.Inactivity)), wakeLifetime, inc, nil)
		return
	}
	e.limited(inc, "it lived for "+e.set.Lifecycle.MaxLifetime.String()+" (lifecycle.max_lifetime) and was ended")
	if inc.parent != nil {
		e.unlink(inc, "it reached its maximum lifetime", "")
	}
	for _, c := range slices.Clone(inc.children) {
		e.unlink(c, "the main incident reached its maximum lifetime", "")
	}
	for _, a := range inc.alerts {
		if a.firing {
			a.firing = false
			a.endsAt = e.now
			inc.active--
			e.fires(inc, a, -1)
		}
	}
	if !inc.over() {
		e.resolve(inc, e.now, "ended: maximum lifetime reached", "")
	}
	e.leave(inc)
}

// stillHeard reports whether an alert of inc, or of what belongs to it, fires
// and was told within the inactivity time.
func (e *Engine) stillHeard(inc *incident) bool {
	for _, x := range inc.tree(nil) {
		for _, a := range x.alerts {
			if a.firing && e.now.Sub(a.seenAt) < int64(e.set.Lifecycle.Inactivity) {
				return true
			}
		}
	}
	return false
}
