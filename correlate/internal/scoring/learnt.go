package scoring

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
)

// recentOfLearnt offers the services of the partners of q's alert.
func (wr *Weigher) recentOfLearnt(q *Query, ring func(*state.Entity)) {
	for _, p := range wr.Learnt.Of(q.scope.Name, topology.AlertType{Name: q.name, Service: q.subject.Service}) {
		ring(wr.Entity(q.scope, state.EntityService, p.With.Service, false))
	}
}

// relateLearnt offers the strongest learnt partner of the alert in the incident.
func (wr *Weigher) relateLearnt(t *relations) {
	best, name, at := int64(0), "", (*state.Affected)(nil)
	for _, p := range wr.Learnt.Of(t.q.scope.Name, topology.AlertType{Name: t.q.name, Service: t.q.subject.Service}) {
		pts := min(p.Points, wr.Rules.Correlation.Weights.Learnt)
		if pts <= best || t.incident.Names[p.With.Name] == 0 {
			continue
		}
		ent := wr.Entity(t.q.scope, state.EntityService, p.With.Service, false)
		if ent == nil || t.incident.Affected[ent] == nil {
			continue
		}
		best, name, at = pts, p.With.Name+" on "+p.With.Service, t.incident.Affected[ent]
	}
	if at != nil {
		t.consider(nearAcross, at, evidence.Item{Kind: evidence.Learnt, Points: best, Other: name}, nil, nil)
	}
}
