package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/effect"
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
	if effect.Stop(inc) {
		inc.Talk.Step, inc.Talk.StepAt = 0, 0
	}
	p.EscalatesAt = inc.Talk.StepAt
	p.ActiveAlerts = int64(inc.Active)
	if p.SeverityBy == "" { // a person's word stays
		p.Severity = state.Severities[inc.Lead().Severity]
	}
	p.ParentID = ""
	if inc.Parent != nil {
		p.ParentID = inc.Main().Pub.ID
	}
	p.Children, p.ChildrenOmitted = childrenOf(inc)
	v := cause.Judge(lc.State, inc)
	if p.Roots = v.Roots; inc.Parent == nil {
		lc.checkProblems(inc)
	}
	p.Members, p.MembersOmitted = lc.memberRefs(inc)
	p.Tickets, p.TicketsOmitted = inc.TicketRefs(lc.Rules.Limits.Members)
	p.TimelineOmitted = inc.TimelineSeq - int64(len(p.Timeline))
	lc.claim(inc)
	p.Impact = impact.Of(lc.State, inc)
	out := *p
	if whole := inc.Whole(); whole != nil && inc.Parent == nil {
		lc.tellWhole(whole, &out)
	} else {
		lc.tellOwn(inc, &out)
	}
	lc.tellCauses(&v, inc, &out)
	out.Services, out.ServicesOmitted = head(out.Services, servicesListed)
	out.Links = slices.Clone(p.Links)
	out.Timeline = slices.Clone(p.Timeline)
	lc.out.Incidents = append(lc.out.Incidents, out)
	p.Title, p.Services, p.Roots = out.Title, out.Services, bare(out.Roots)
	p.Children, p.Members, p.Tickets, p.Impact.Formula = nil, nil, nil, "" // made anew for the next
	lc.hear(inc)
}

// bare are roots without their reasons, which are made anew for each record.
func bare(roots []schemas.SuspectedRoot) []schemas.SuspectedRoot {
	kept := make([]schemas.SuspectedRoot, len(roots))
	for i := range roots {
		kept[i] = schemas.SuspectedRoot{Service: roots[i].Service, Score: roots[i].Score}
	}
	return kept
}

// How many a record lists. It is written again with every change, so it may not
// grow with what it tells of.
const (
	childrenListed = 40
	servicesListed = 500
	teamsListed    = 100
	causesListed   = 10
)

// tellOwn is what is told of an incident by itself.
func (lc *Lifecycle) tellOwn(inc *state.Incident, out *schemas.Incident) {
	if out.Services == nil || inc.Named != len(inc.Services) {
		out.Services, inc.Named = inc.ServiceNames(), len(inc.Services)
	}
	out.Title = inc.Title(state.Size{Alerts: out.AlertCount, Services: int64(len(out.Services))})
	out.Tree = nil
	out.Teams = slices.Clone(inc.Teams)
	out.Notices = slices.Clone(out.Notices)
}

// tellWhole is what is told of a main incident: of everything below it too.
func (lc *Lifecycle) tellWhole(t *state.Tree, out *schemas.Incident) {
	t.Main.Named = -1
	out.Services = t.ServiceNames()
	out.Tree = t.Counts()
	out.Title = t.Title()
	out.Teams, _ = head(slices.Clone(t.Teams()), teamsListed)
	out.Notices, _ = head(slices.Clone(t.Notices()), causesListed)
}

// tellCauses is what is told of the changes near inc, in two lists: what likely
// caused it, and what was changed besides.
func (lc *Lifecycle) tellCauses(v *cause.Verdict, inc *state.Incident, out *schemas.Incident) {
	out.Candidates, out.Also, out.NoChange = v.Likely, v.Also, v.NoChange
	for _, list := range [][]schemas.Candidate{out.Candidates, out.Also} {
		for i := range list {
			cause.BringUpToDate(lc.State, inc.Scope, &list[i])
		}
	}
}

// head is the first n of a list, and how many more there are.
func head[T any](list []T, n int) ([]T, int64) {
	if len(list) <= n {
		return list, 0
	}
	return list[:n:n], int64(len(list) - n)
}

// childrenOf lists the first and the newest children.
func childrenOf(inc *state.Incident) (ids []string, omitted int64) {
	all := inc.Children
	if n := len(all) - childrenListed; n > 0 {
		omitted = int64(n)
	}
	for i, c := range all {
		if omitted == 0 || i < childrenListed/2 {
			ids = append(ids, c.Pub.ID)
			continue
		}
		for _, c := range all[len(all)-childrenListed/2:] {
			ids = append(ids, c.Pub.ID)
		}
		break
	}
	return ids, omitted
}

// costlyHour bounds how long the costs of an open incident go untold. Those of
// one that is part of another are in its main incident's.
const costlyHour = schemas.Hour

// scheduleCost has an open incident written again, since what it costs grows
// though nothing happens: soon after its opening, later in proportion to its age.
func (lc *Lifecycle) scheduleCost(inc *state.Incident) {
	switch every := int64(lc.Rules.Lifecycle.FlushCosts); {
	case inc.Over():
		inc.CostAt = 0
	case inc.Parent != nil:
		if inc.CostAt <= lc.Now {
			inc.CostAt = lc.Now.Add(costlyHour)
			lc.SetTimer(inc.CostAt, state.WakeCost, inc, nil)
		}
	case inc.CostAt == 0 || inc.CostAt <= lc.Now:
		inc.CostAt = lc.Now.Add(max(every, min(lc.Now.Sub(inc.Pub.DetectedAt)/10, costlyHour)))
		lc.SetTimer(inc.CostAt, state.WakeCost, inc, nil)
	}
}

// memberRefs lists the first and the newest members.
func (lc *Lifecycle) memberRefs(inc *state.Incident) (refs []schemas.MemberRef, omitted int64) {
	limit := lc.Rules.Limits.Members
	room := max(limit-len(inc.Tickets), limit/2)
	shown := inc.Alerts
	if n := len(inc.Alerts); n > room {
		lc.scratch.shown = append(append(lc.scratch.shown[:0], inc.Alerts[:room/2]...), inc.Alerts[n-(room-room/2):]...)
		shown = lc.scratch.shown
	}
	refs = make([]schemas.MemberRef, 0, min(limit, len(shown)+len(inc.Tickets)))
	before, now := inc.Listing.List(), lc.scratch.listed[:0]
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
	if inc.Rate.Now(lc.Now, state.IncidentHalfLife) < state.StormLevel {
		inc.Listing.Drop() // it is not written often
	} else {
		lc.scratch.listings.Keep(inc, now)
	}
	clear(now)
	lc.scratch.listed = now
	for _, t := range inc.Tickets {
		if len(refs) < limit {
			refs = append(refs, t.MemberRef())
		}
	}
	return refs, int64(len(inc.Alerts) + len(inc.Tickets) - len(refs))
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
