package correlate

import (
	"slices"
)

// bindGroups makes inc the incident of the rule groups of q that have none.
func (e *Engine) bindGroups(inc *incident, q *query) {
	if q.separate && len(inc.alerts)+len(inc.tickets) <= 1 { // it opened inc
		inc.separate = true
	}
	for i := range q.groups {
		m := &q.groups[i]
		g := m.g
		if g == nil {
			if len(inc.sc.groups) >= e.set.Limits.Groups {
				e.stats.Limited++
				continue
			}
			g = &group{key: m.key, seq: e.nextSeq()}
			inc.sc.groups[g.key] = g
			m.g = g
		}
		stale := g.inc == nil || g.inc.closed || spanBetween(q.start, g.first, g.last) > int64(m.rule.Window)
		if stale {
			if g.inc != nil {
				g.inc.groups = slices.DeleteFunc(g.inc.groups, func(x *group) bool { return x == g })
			}
			g.inc, g.count, g.first, g.last = inc, 0, q.start, q.start
			g.pending = nil
			inc.groups = append(inc.groups, g)
		}
		g.count++
		g.first, g.last = min(g.first, q.start), max(g.last, q.start)
		if g.inc != inc && int(g.count) < m.rule.Threshold {
			g.pending = append(g.pending, inc)
		}
		if int(g.count) >= m.rule.Threshold {
			e.linkPending(g, m.rule.Name)
		}
	}
}

// linkPending: the rule's threshold is reached, so what its earlier signals
// opened belongs together after all.
func (e *Engine) linkPending(g *group, rule string) {
	for _, inc := range g.pending {
		if inc.closed || g.inc.closed {
			continue
		}
		ev := []evidence{{kind: evRule, points: e.set.Correlation.Weights.Rule, other: rule, n: g.count}}
		c := scored{inc: g.inc, score: ev[0].points, evidence: ev, decisive: true}
		if inc.sc.facts.unlinked(g.inc.main(), inc.main()) {
			e.refuseLink(g.inc.main(), inc.main(), &c, "an operator separated them", "")
			continue
		}
		if g.inc.separate != inc.separate {
			e.refuseLink(g.inc.main(), inc.main(), &c, "a rule keeps one of them separate", "")
			continue
		}
		e.link(g.inc, inc, c, "", "")
	}
	g.pending = nil
}
