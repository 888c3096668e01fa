package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
)

// BindGroups makes inc the incident of the rule groups of q that have none.
func (lc *Lifecycle) BindGroups(inc *state.Incident, q *scoring.Query) {
	if q.Separate && len(inc.Alerts)+len(inc.Tickets) <= 1 { // it opened inc
		inc.Separate = true
	}
	for i := range q.Groups {
		m := &q.Groups[i]
		g := m.Group
		if g == nil {
			if len(inc.Scope.Groups) >= lc.Rules.Limits.Groups {
				lc.Stats.Limited++
				continue
			}
			g = &state.Group{Key: m.Key, Seq: lc.NextSeq()}
			inc.Scope.Groups[g.Key] = g
			m.Group = g
		}
		stale := g.Incident == nil || g.Incident.Closed || state.SpanBetween(q.Start, g.First, g.Last) > int64(m.Rule.Window)
		if stale {
			if g.Incident != nil {
				g.Incident.Groups = slices.DeleteFunc(g.Incident.Groups, func(x *state.Group) bool { return x == g })
			}
			g.Incident, g.Count, g.First, g.Last = inc, 0, q.Start, q.Start
			g.Pending = nil
			inc.Groups = append(inc.Groups, g)
		}
		g.Count++
		g.First, g.Last = min(g.First, q.Start), max(g.Last, q.Start)
		if g.Incident != inc && int(g.Count) < m.Rule.Threshold {
			g.Pending = append(g.Pending, inc)
		}
		if int(g.Count) >= m.Rule.Threshold {
			lc.linkPending(g, m.Rule.Name)
		}
	}
}

// linkPending: the rule's threshold is reached, so what its earlier signals
// opened belongs together after all.
func (lc *Lifecycle) linkPending(g *state.Group, rule string) {
	for _, inc := range g.Pending {
		if inc.Closed || g.Incident.Closed {
			continue
		}
		ev := []evidence.Item{{Kind: evidence.Rule, Points: lc.Rules.Correlation.Weights.Rule, Other: rule, Count: g.Count}}
		c := scoring.Scored{Incident: g.Incident, Score: ev[0].Points, Items: ev, Decisive: true}
		if inc.Scope.Corrections.AreUnlinked(g.Incident.Main(), inc.Main()) {
			lc.refuseLink(g.Incident.Main(), inc.Main(), &c, "an operator separated them", "")
			continue
		}
		if g.Incident.Separate != inc.Separate {
			lc.refuseLink(g.Incident.Main(), inc.Main(), &c, "a rule keeps one of them separate", "")
			continue
		}
		lc.Link(g.Incident, inc, c, "", "")
	}
	g.Pending = nil
}
