package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/impact"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// EmitIncident writes the present state of inc.
func (lc *Lifecycle) EmitIncident(inc *state.Incident) {
	inc.Urgent, inc.FlushAt = false, 0
	lc.scheduleCost(inc)
	p := &inc.Pub
	p.Revision++
	p.UpdatedAt = lc.Now
	p.ActiveAlerts = int64(inc.Active)
	p.Severity = state.Severities[inc.Severity]
	p.ParentID = ""
	if inc.Parent != nil {
		p.ParentID = inc.Main().Pub.ID
	}
	p.Children = nil
	for _, c := range inc.Children {
		p.Children = append(p.Children, c.Pub.ID)
	}
	if p.Services == nil || inc.Named != len(inc.Services) {
		p.Services, inc.Named = inc.ServiceNames(), len(inc.Services)
	}
	p.Teams = slices.Clone(inc.Teams)
	p.Roots = cause.Roots(lc.State, inc)
	lc.checkProblems(inc)
	p.Title = inc.Title()
	p.Members = lc.memberRefs(inc)
	p.Tickets = inc.TicketRefs()
	p.Impact = impact.Of(lc.State, inc)
	out := *p
	out.Candidates = slices.Clone(p.Candidates)
	out.Notices = slices.Clone(p.Notices)
	out.Links = slices.Clone(p.Links)
	out.Timeline = slices.Clone(p.Timeline)
	lc.out.Incidents = append(lc.out.Incidents, out)
}

// costlyHour bounds how long the costs of an open incident go untold.
const costlyHour = schemas.Hour

// scheduleCost has an open incident written again, since what it costs grows
// though nothing happens: soon after its opening, later in proportion to its age.
func (lc *Lifecycle) scheduleCost(inc *state.Incident) {
	switch every := int64(lc.Rules.Lifecycle.FlushCosts); {
	case inc.Over():
		inc.CostAt = 0
	case inc.CostAt == 0 || inc.CostAt <= lc.Now:
		inc.CostAt = lc.Now.Add(max(every, min(lc.Now.Sub(inc.Pub.DetectedAt)/10, costlyHour)))
		lc.SetTimer(inc.CostAt, state.WakeCost, inc, nil)
	}
}

// memberRefs lists the first and the newest members.
func (lc *Lifecycle) memberRefs(inc *state.Incident) []schemas.MemberRef {
	limit := lc.Rules.Limits.Members
	room := max(limit-len(inc.Tickets), limit/2)
	shown := inc.Alerts
	if n := len(inc.Alerts); n > room {
		lc.scratch.shown = append(append(lc.scratch.shown[:0], inc.Alerts[:room/2]...), inc.Alerts[n-(room-room/2):]...)
		shown = lc.scratch.shown
	}
	refs := make([]schemas.MemberRef, 0, min(limit, len(shown)+len(inc.Tickets)))
	before, now := inc.Listed, lc.scratch.listed[:0]
	for _, a := range shown {
		for len(before) > 0 && before[0].Alert.Seq < a.Seq && before[0].Alert != a {
			before = before[1:]
		}
		if len(before) > 0 && before[0].Alert == a {
			now = append(now, before[0])
		} else {
			now = append(now, lc.listed(a))
		}
		refs = append(refs, now[len(now)-1].MemberRef())
	}
	clear(inc.Listed)
	inc.Listed = append(inc.Listed[:0], now...) // no larger than the incident needs
	clear(now)
	lc.scratch.listed = now
	for _, t := range inc.Tickets {
		if len(refs) < limit {
			refs = append(refs, t.MemberRef())
		}
	}
	return refs
}

func (lc *Lifecycle) listed(a *state.Alert) state.Listed {
	l := state.Listed{Alert: a}
	if r := a.First(); r != nil {
		l.ID = r.ID.String()
		w := r.Reason.Decode(lc.scratch.decoded)
		lc.scratch.decoded = w.Items
		p := &lc.scratch.phrases // nothing else is being told
		p.Reset()
		w.Render(p, r.IncidentID())
		l.Reason = p.String()
	}
	return l
}
