package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// EndAlert takes a firing alert as over. Its end is at the earliest its start:
// the one that its sender names, since of an alert that fires again under its
// old start only the moment is known at which that was told.
func (lc *Lifecycle) EndAlert(a *state.Alert, at schemas.Time) {
	a.Firing = false
	a.EndsAt = max(at, min(a.StartsAt, a.Start()))
	a.StartsAt = min(a.StartsAt, a.EndsAt)
	if a.Incident == nil {
		return
	}
	a.Incident.Active--
	lc.Fires(a.Incident, a, -1)
	a.Incident.Changed()
	a.Incident.Ended(a.EndsAt)
	lc.EmitSoon(a.Incident)
	lc.ScheduleResolve(a.Incident)
}

// ScheduleResolve starts the resolve delay when nothing of inc is active.
func (lc *Lifecycle) ScheduleResolve(inc *state.Incident) {
	if inc.Closed || inc.Active > 0 || inc.Over() || inc.OnTickets() && inc.OpenTickets() > 0 {
		return
	}
	at := max(inc.FlapUntil, lc.Now.Add(int64(lc.Rules.Lifecycle.ResolveDelay)))
	if at != inc.ResolveAt {
		inc.ResolveAt = at
		lc.SetTimer(at, state.ResolveDue, inc, nil)
	}
}

// OnResolveDue: the resolve delay of inc is over.
func (lc *Lifecycle) OnResolveDue(inc *state.Incident) {
	inc.ResolveAt = 0
	if inc.Active > 0 || inc.Over() {
		return
	}
	if below(inc) > 0 { // it ends with the last of what is below it
		return
	}
	at := inc.LastEnd
	if at == 0 {
		at = lc.Now
	}
	text := "resolved: every alert has recovered"
	if len(inc.Alerts) == 0 {
		text = "resolved: every ticket is closed"
	}
	lc.Resolve(inc, at, text, "")
}

// Resolve ends inc at event time at.
func (lc *Lifecycle) Resolve(inc *state.Incident, at schemas.Time, text, by string) {
	inc.Pub.Status = schemas.IncidentResolved
	inc.Worked = false
	inc.Pub.ResolvedAt = max(at, inc.Pub.StartedAt)
	inc.ResolveAt = 0
	lc.Timeline(inc, "resolved", inc.Pub.ResolvedAt, text, nil, by)
	lc.EmitNow(inc)
	lc.scheduleClose(inc)
	if inc.Parent != nil {
		lc.ScheduleResolve(inc.Parent)
		lc.ScheduleResolve(inc.Main())
	}
}

// below counts what is open below inc.
func below(inc *state.Incident) int {
	if t := inc.Whole(); t != nil && t.Main == inc {
		if inc.Over() {
			return t.Open()
		}
		return t.Open() - 1
	}
	open := 0
	for _, c := range inc.Children {
		if !c.Over() {
			open++
		}
	}
	return open
}

func (lc *Lifecycle) scheduleClose(inc *state.Incident) {
	inc.CloseAt = lc.Now.Add(int64(lc.Rules.Lifecycle.ReopenWindow))
	lc.SetTimer(inc.CloseAt, state.CloseDue, inc, nil)
}

// Reopen: something of inc is active again.
func (lc *Lifecycle) Reopen(inc *state.Incident, why string) { lc.ReopenBy(inc, why, "") }

// ReopenBy is reopen where a person acted.
func (lc *Lifecycle) ReopenBy(inc *state.Incident, why, by string) {
	inc.ResolveAt = 0
	if inc.Pub.Status != schemas.IncidentResolved {
		return
	}
	inc.Pub.Status = schemas.IncidentOpen
	inc.Pub.ResolvedAt, inc.Pub.MitigatedAt, inc.CloseAt = 0, 0, 0
	inc.Pub.ReopenCount++
	inc.ResolvedBy = false
	lc.Timeline(inc, "reopened", 0, "reopened: "+why, nil, by)
	lc.EmitNow(inc)
	if inc.Parent != nil {
		lc.ReopenBy(inc.Parent, "a related incident, "+inc.Pub.ID+", is active again", by)
	}
}

// CloseIncident lets inc leave the engine, with everything below it. It waits
// for what is still active there, and for alerts that fire although an operator
// resolved their incident. A child leaves with its main incident.
func (lc *Lifecycle) CloseIncident(inc *state.Incident) {
	inc.CloseAt = 0
	if inc.Parent != nil {
		return
	}
	all := inc.Tree(nil)
	if slices.ContainsFunc(all, func(x *state.Incident) bool { return x.Active > 0 || !x.Over() || x.CloseAt != 0 }) {
		lc.scheduleClose(inc)
		return
	}
	lc.leave(inc)
}

// leave takes inc and everything below it out of the engine.
func (lc *Lifecycle) leave(inc *state.Incident) {
	all := inc.Tree(nil)
	for _, x := range all {
		for _, a := range x.Alerts {
			for r := range a.Signals.All() { // written now, while the incident can still be told
				lc.FlushSignal(r)
			}
		}
	}
	lc.signIncident(inc)
	for _, x := range all {
		x.Pub.Status = schemas.IncidentClosed
		x.Pub.ClosedAt = lc.Now
		lc.EmitIncident(x)
		if x == inc {
			lc.keepAccount(inc, &lc.out.Incidents[len(lc.out.Incidents)-1])
		}
	}
	lc.speakLast(inc)
	for _, x := range all {
		lc.evictIncident(x)
	}
	lc.Timers.Ended += len(all)
	lc.Timers.Tidy()
}

func (lc *Lifecycle) evictIncident(inc *state.Incident) {
	sc := inc.Scope
	inc.Closed = true
	inc.Listing.Drop()
	lc.Stats.IncidentsClosed++
	for _, a := range inc.Alerts {
		lc.DropAlert(sc, a)
	}
	for _, t := range inc.Tickets {
		sc.DropTicket(t)
	}
	for _, g := range inc.Groups {
		delete(sc.Groups, g.Key)
	}
	sc.LeaveRecent(inc)
	if sc.Storm == inc {
		sc.Storm = nil
	}
	sc.Corrections.Evict(inc)
	sc.Left(inc)
}

// WatchQuiet looks again when the alerts of inc could have been silent for
// too long.
func (lc *Lifecycle) WatchQuiet(inc *state.Incident) {
	if inc.QuietAt == 0 {
		inc.QuietAt = lc.Now.Add(int64(lc.Rules.Lifecycle.Inactivity))
		lc.SetTimer(inc.QuietAt, state.QuietDue, inc, nil)
	}
}

// OnQuiet ends the alerts nothing was heard of for the inactivity time: their
// recovery was lost. An alert of a truncated group may simply not have been
// sent, so its silence says nothing.
func (lc *Lifecycle) OnQuiet(inc *state.Incident) {
	inc.QuietAt = 0
	limit := int64(lc.Rules.Lifecycle.Inactivity)
	ended, oldest := 0, schemas.Time(0)
	for _, a := range inc.Alerts {
		if !a.Firing {
			continue
		}
		if !a.Truncated && lc.Now.Sub(a.SeenAt) >= limit {
			lc.EndAlert(a, lc.Now) // it was known to fire, and nobody said when it stopped
			ended++
			continue
		}
		if oldest == 0 || a.SeenAt < oldest {
			oldest = a.SeenAt
		}
	}
	if ended > 0 {
		lc.Timeline(inc, "inactive", 0, phrase.Plural(int64(ended), "alert")+" taken as over: nothing was heard for "+
			lc.Rules.Lifecycle.Inactivity.String(), nil, "")
	}
	if oldest != 0 {
		inc.QuietAt = max(oldest.Add(limit), lc.Now.Add(max(limit/16, 1)))
		lc.SetTimer(inc.QuietAt, state.QuietDue, inc, nil)
		return
	}
	if inc.OnTickets() && !inc.Over() {
		lc.quietTickets(inc)
	}
}

// OnLifetime ends an incident that has lived as long as one may. What is known
// to fire keeps it: nobody must think that it is over.
func (lc *Lifecycle) OnLifetime(inc *state.Incident) {
	if lc.stillHeard(inc) {
		lc.SetTimer(lc.Now.Add(int64(lc.Rules.Lifecycle.Inactivity)), state.LifetimeDue, inc, nil)
		return
	}
	lc.limited(inc, "it lived for "+lc.Rules.Lifecycle.MaxLifetime.String()+" (lifecycle.max_lifetime) and was ended")
	if inc.Parent != nil {
		lc.Unlink(inc, "it reached its maximum lifetime", "")
	}
	for _, c := range slices.Clone(inc.Children) {
		lc.Unlink(c, "the main incident reached its maximum lifetime", "")
	}
	for _, a := range inc.Alerts {
		if a.Firing {
			a.Firing = false
			a.EndsAt = lc.Now
			inc.Active--
			lc.Fires(inc, a, -1)
		}
	}
	inc.Changed()
	if !inc.Over() {
		inc.Talk.Expired = true
		lc.Resolve(inc, lc.Now, "ended: maximum lifetime reached", "")
	}
	lc.leave(inc)
}

// stillHeard reports whether an alert of inc, or of what belongs to it, fires
// and was told within the inactivity time.
func (lc *Lifecycle) stillHeard(inc *state.Incident) bool {
	for _, x := range inc.Tree(nil) {
		for _, a := range x.Alerts {
			if a.Firing && lc.Now.Sub(a.SeenAt) < int64(lc.Rules.Lifecycle.Inactivity) {
				return true
			}
		}
	}
	return false
}

// quietTickets ends an incident that only has tickets nobody touched for long.
func (lc *Lifecycle) quietTickets(inc *state.Incident) {
	limit := lc.Rules.Lifecycle.TicketQuiet
	if lc.Now.Sub(inc.SeenAt) >= int64(limit) {
		lc.Resolve(inc, inc.SeenAt, "resolved: only tickets, and none was touched for "+limit.String(), "")
		return
	}
	inc.QuietAt = inc.SeenAt.Add(int64(limit))
	lc.SetTimer(inc.QuietAt, state.QuietDue, inc, nil)
}
