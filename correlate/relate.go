package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// freshAlerts: the relatives of an incident are looked for whenever it reaches
// a new service, and with each of its first alerts.
const freshAlerts = 3

// relativeAge is how long after its latest signal an incident may still turn
// out to be part of another.
const relativeAge = 15 * schemas.Minute

// newbornAge is how close two incidents must have begun to be compared though
// no service of theirs is near another.
const newbornAge = 2 * schemas.Minute

// newborns caps how many such are compared.
const newborns = 6

// servicesCompared caps how many services of an incident are compared with
// another's.
const servicesCompared = 24

// relative finds the incident that inc, which the signal of q just joined, is
// most likely part of. One alert that fits two incidents is no reason to link
// them: what counts is what the two look like side by side.
func (e *Engine) relative(inc *incident, q *query) scored {
	best := scored{}
	ent := q.sub.ent
	if ent == nil || inc.places[ent] == nil || len(inc.alerts) > freshAlerts && !inc.newAt(ent) && !inc.newAt(q.sub.hostEnt) {
		return best
	}
	e.scratch.paces = e.scratch.paces[:0] // the signal has joined since they were summed up
	var seen []*incident
	look := func(other *incident) {
		if len(seen) >= e.set.Correlation.Candidates || other.closed || other.main() == inc.main() || q.start.Sub(other.lastStart) > relativeAge || slices.Contains(seen, other) {
			return
		}
		seen = append(seen, other)
		c := e.relate(inc, other)
		if c.score >= e.set.Correlation.Parent && (best.inc == nil || compareScored(c, best) < 0) {
			best = c
		}
	}
	for _, other := range slices.Backward(ent.ring) {
		look(other)
	}
	if h := q.sub.hostEnt; h != nil && h != ent {
		for _, other := range slices.Backward(h.ring) {
			look(other)
		}
	}
	n := 0
	for _, other := range slices.Backward(inc.sc.live) {
		if n == newborns || inc.pub.StartedAt.Sub(other.pub.StartedAt) > newbornAge {
			break
		}
		if other != inc && len(other.alerts) > 0 {
			n++
			look(other)
		}
	}
	return best
}

// newAt reports whether the latest signal of inc is its first at ent.
func (inc *incident) newAt(ent *entity) bool {
	if ent == nil {
		return false
	}
	p := inc.places[ent]
	return p != nil && p.count == 1
}

// kinship is what connects two incidents: their services, side by side.
type kinship struct {
	best   evidence // of the nearest pair of services
	points int64    // of best, with its gap
	base   *int64
	gap    int64
	tied   int // services of the smaller one that are near the other's
	all    int // services of the smaller one that were compared
}

func (k *kinship) consider(e *Engine, gap int64, ev evidence, base *int64) {
	points := *base + e.pointsAt(e.set.Correlation.Link.Gap, gap)
	if k.base == nil || points > k.points {
		ev.gap = gap
		k.best, k.points, k.base, k.gap = ev, points, base, gap
	}
}

// kin compares the services of two incidents.
func (e *Engine) kin(small, large *incident) kinship {
	w := &e.set.Correlation.Weights
	k := kinship{}
	for i := len(small.services) - 1; i >= 0 && k.all < servicesCompared; i-- {
		p := small.services[i]
		k.all++
		tied := false
		near := func(other *place, ev evidence, base *int64) {
			tied = tied || base != &w.LinkFar
			ev.other = other.ent.key.name
			k.consider(e, spanBetween(p.first, other.first, other.first), ev, base)
		}
		if other := large.places[p.ent]; other != nil && other.primary() {
			near(other, evidence{kind: evSameService}, &w.LinkSame)
		} else if p.ent.node >= 0 {
			e.topologyTies(large, p.ent.node, func(other *place, rel relation) {
				ev := e.linkEvidence(p, other, rel)
				base := &w.LinkFar
				if ev.hops == 1 {
					base = &w.LinkDirect
					if ev.reversed {
						base = &w.LinkReversed
					}
				}
				if ev.kind == evAlike {
					base = &w.LinkAlike
				}
				near(other, ev, base)
			})
		}
		if tied {
			k.tied++
		}
	}
	return k
}

// relate weighs whether inc and other are one happening.
func (e *Engine) relate(inc, other *incident) scored {
	c := &e.set.Correlation
	s := &sheet{e: e, res: scored{inc: other, anchor: other.lastID}, start: len(e.scratch.evidence)}
	small, large := inc, other
	if len(small.services) > len(large.services) {
		small, large = large, small
	}
	k := e.kin(small, large)
	begun := spanBetween(inc.pub.StartedAt, other.pub.StartedAt, other.pub.StartedAt)
	l := &c.Link
	if k.base == nil {
		k.base, k.best, k.gap = &c.Weights.LinkApart, evidence{kind: evTogether}, begun
	}
	k.best.points = *k.base
	s.term(k.base, 1000)
	s.add(k.best)
	if inc.sc.events() {
		s.fixed(&c.Weights.LinkEvents, evidence{kind: evEvents})
	}
	s.read(l.Gap, k.gap, evidence{kind: evOnset, gap: k.gap, other: k.best.other})
	s.read(l.Begun, begun, evidence{kind: evBegun, gap: begun})
	s.read(l.Tied, int64(k.tied)*rateUnit, evidence{kind: evTied, n: int32(k.tied)})
	if k.all > 0 {
		s.read(l.Share, int64(k.tied*rateUnit/k.all), evidence{kind: evShare, n: int32(k.tied * 100 / k.all)})
	}
	a := e.paceWeighed(inc)
	if b := e.paceWeighed(other); b.alerts < a.alerts {
		a = b
	}
	s.read(l.Smaller, int64(a.alerts)*rateUnit, evidence{kind: evSmaller, n: int32(a.alerts)})
	s.read(l.Pace, a.level, evidence{kind: evPaceSmaller, n: int32(a.level)})
	s.res.evidence = slices.Clone(s.res.evidence)
	if e.guide != nil && !e.guide.Link(inc.pub.ID, other.pub.ID, Option{other.pub.ID, s.res.score, s.res.terms}) {
		s.res.score = 0
	}
	return s.res
}

// linkEvidence names how two services are related.
func (e *Engine) linkEvidence(p, other *place, rel relation) evidence {
	switch {
	case rel.up > 0:
		return evidence{kind: evDependsOn, hops: rel.up, reversed: e.wrongOrder(other.first, p.first)}
	case rel.down > 0:
		return evidence{kind: evCalledBy, hops: rel.down, reversed: e.wrongOrder(p.first, other.first)}
	case rel.shared:
		return evidence{kind: evShared}
	case rel.caller:
		return evidence{kind: evSharedCaller}
	}
	return evidence{kind: evAlike}
}
