package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// emitIncident writes the present state of inc.
func (e *Engine) emitIncident(inc *incident) {
	inc.urgent, inc.flushAt = false, 0
	e.scheduleCost(inc)
	p := &inc.pub
	p.Revision++
	p.UpdatedAt = e.now
	p.ActiveAlerts = int64(inc.active)
	p.Severity = severities[inc.severity]
	p.ParentID = ""
	if inc.parent != nil {
		p.ParentID = inc.main().pub.ID
	}
	p.Children = nil
	for _, c := range inc.children {
		p.Children = append(p.Children, c.pub.ID)
	}
	if p.Services == nil || inc.named != len(inc.services) {
		p.Services, inc.named = inc.serviceNames(), len(inc.services)
	}
	p.Teams = slices.Clone(inc.teams)
	p.Roots = e.roots(inc)
	e.checkProblems(inc)
	p.Title = inc.title()
	p.Members = e.memberRefs(inc)
	p.Tickets = inc.ticketRefs()
	p.Impact = e.impactOf(inc)
	out := *p
	out.Candidates = slices.Clone(p.Candidates)
	out.Notices = slices.Clone(p.Notices)
	out.Links = slices.Clone(p.Links)
	out.Timeline = slices.Clone(p.Timeline)
	e.out.Incidents = append(e.out.Incidents, out)
}

// costlyHour bounds how long the costs of an open incident go untold.
const costlyHour = schemas.Hour

// scheduleCost has an open incident written again, since what it costs grows
// though nothing happens: soon after its opening, later in proportion to its age.
func (e *Engine) scheduleCost(inc *incident) {
	switch every := int64(e.set.Lifecycle.FlushCosts); {
	case inc.over():
		inc.costAt = 0
	case inc.costAt == 0 || inc.costAt <= e.now:
		inc.costAt = e.now.Add(max(every, min(e.now.Sub(inc.pub.DetectedAt)/10, costlyHour)))
		e.wake(inc.costAt, wakeCost, inc, nil)
	}
}

func (inc *incident) serviceNames() []string {
	names := make([]string, 0, len(inc.services))
	for _, p := range inc.services {
		if p.ent.key.kind == entityService {
			names = append(names, p.ent.key.name)
		}
	}
	slices.Sort(names)
	return names
}

// title says what it is in words people use: the worst alert, where it fired,
// and how much else there is.
func (inc *incident) title() string {
	name := inc.worst
	if name == "" && len(inc.tickets) > 0 {
		name = inc.tickets[0].key + " " + inc.tickets[0].title
	}
	if name == "" {
		name = "incident"
	}
	where := inc.firedOn(name)
	if where == "" && len(inc.services) > 0 {
		where = inc.services[0].ent.key.name
	}
	t := name
	if where != "" {
		t += " on " + where
	}
	services := len(inc.pub.Services)
	if more := inc.pub.AlertCount - 1; more > 0 {
		t += " (+" + plural(more, "alert")
		if services > 1 {
			t += " on " + plural(int64(services), "service")
		}
		t += ")"
	}
	return t
}

// titleAlerts is how many alerts are looked through for a title.
const titleAlerts = 500

// firedOn returns the service of the alert called name; when several have one,
// the suspected root is told.
func (inc *incident) firedOn(name string) string {
	root := ""
	if len(inc.pub.Roots) > 0 {
		root = inc.pub.Roots[0].Service
	}
	where := ""
	for _, a := range inc.alerts[:min(len(inc.alerts), titleAlerts)] {
		if a.name != name {
			continue
		}
		if a.service == root {
			return root
		}
		if where == "" {
			where = a.service
		}
	}
	return where
}

// listed is a member as it was last written. Its sentence and id stay the same
// from one writing to the next, and rendering them is most of the work.
type listed struct {
	a          *alert
	id, reason string
}

// memberRefs lists the first and the newest members.
func (e *Engine) memberRefs(inc *incident) []schemas.MemberRef {
	limit := e.set.Limits.Members
	room := max(limit-len(inc.tickets), limit/2)
	shown := inc.alerts
	if n := len(inc.alerts); n > room {
		e.scratch.shown = append(append(e.scratch.shown[:0], inc.alerts[:room/2]...), inc.alerts[n-(room-room/2):]...)
		shown = e.scratch.shown
	}
	refs := make([]schemas.MemberRef, 0, min(limit, len(shown)+len(inc.tickets)))
	before, now := inc.listed, e.scratch.listed[:0]
	for _, a := range shown {
		for len(before) > 0 && before[0].a.seq < a.seq && before[0].a != a {
			before = before[1:]
		}
		if len(before) > 0 && before[0].a == a {
			now = append(now, before[0])
		} else {
			now = append(now, e.listed(a))
		}
		refs = append(refs, now[len(now)-1].memberRef())
	}
	clear(inc.listed)
	inc.listed = append(inc.listed[:0], now...) // no larger than the incident needs
	clear(now)
	e.scratch.listed = now
	for _, t := range inc.tickets {
		if len(refs) < limit {
			refs = append(refs, t.memberRef())
		}
	}
	return refs
}

func (e *Engine) listed(a *alert) listed {
	l := listed{a: a}
	if r := a.first(); r != nil {
		l.id = r.id.String()
		w := r.why.unpack(e.scratch.unpacked)
		e.scratch.unpacked = w.evidence
		p := &e.scratch.prose // nothing else is being told
		p.reset()
		w.tellReason(p, r.incidentID())
		l.reason = p.String()
	}
	return l
}

func (l *listed) memberRef() schemas.MemberRef {
	a := l.a
	m := schemas.MemberRef{SignalID: l.id, Kind: schemas.KindAlert, Name: a.name, Service: a.service, Instance: a.instance,
		Severity: severities[a.severity], Status: schemas.StatusResolved, StartsAt: a.startsAt, Reason: l.reason}
	if a.firing {
		m.Status = schemas.StatusFiring
	}
	return m
}
