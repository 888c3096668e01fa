package effect

import (
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Bounds of what a message can carry.
const (
	headServices = 20
	headTypes    = 10
	headTickets  = 10
	headTimeline = 5
	headChanges  = 3
)

// head is the main incident of tr as it looks at this moment.
func head(st *state.State, main *state.Incident, tr *tree, t *state.Talk) schemas.EffectHead {
	p := &main.Pub
	services, types, teams := tr.services(), tr.types(), tr.teams()
	h := schemas.EffectHead{
		Title: p.Title, Status: p.Status, Severity: tr.severity, SeverityBy: tr.by, Revision: p.Revision,
		Services: services[:min(len(services), headServices)], Teams: teams[:min(len(teams), headServices)],
		Roots: tr.judged(st).Roots, Types: types[:min(len(types), headTypes)], Assignee: p.Assignee,
		StartedAt: p.StartedAt, DetectedAt: p.DetectedAt, AcknowledgedAt: p.AcknowledgedAt, MitigatedAt: p.MitigatedAt,
		ResolvedAt: p.ResolvedAt, NextAt: t.StepAt,
		Signals: tr.signals, Alerts: tr.alerts, ActiveAlerts: tr.active, TypeCount: int64(len(types)),
		ServiceCount: int64(len(services)), Incidents: int64(len(tr.all)), Reopens: p.ReopenCount, Said: t.Said,
		Asked: tr.asked(t.Asked), Procedure: tr.procedure, Impact: p.Impact, ProblemID: p.ProblemID, Limited: p.Limited,
		Timeline: p.Timeline[max(0, len(p.Timeline)-headTimeline):],
	}
	for _, x := range tr.all {
		h.StartedAt = min(h.StartedAt, x.Pub.StartedAt)
	}
	for _, tk := range tr.tickets[:min(len(tr.tickets), headTickets)] {
		h.Tickets = append(h.Tickets, tk.Ref())
	}
	if c := tr.judged(st).Likely; len(c) > 0 {
		best := c[0]
		h.Candidate = &best
	}
	if also := tr.judged(st).Also; len(also) > 0 {
		h.Also = also[:min(len(also), headChanges)]
	}
	if main.Parent != nil {
		h.ParentID = main.Main().Pub.ID
	}
	return h
}
