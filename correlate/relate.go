package correlate

import (
	"pinkstar/schemas"
)

// freshAlerts: the relatives of an incident are looked for whenever it reaches
// a new service, and with each of its first alerts.
const freshAlerts = 3

// relativeAge is how long after its latest signal an incident may still turn
// out to be part of another.
const relativeAge = 15 * schemas.Minute

// relative finds the incident that inc, which the signal of q just joined, is
// most likely part of. One alert that fits two incidents is no reason to link
// them: what counts is that the two reached related services at the same time.
func (e *Engine) relative(inc *incident, q *query) scored {
	best := scored{}
	ent := q.sub.ent
	if ent == nil || inc.places[ent] == nil || len(inc.alerts) > freshAlerts && !inc.newAt(ent) && !inc.newAt(q.sub.hostEnt) {
		return best
	}
	seen := 0
	look := func(ring []*incident) {
		for i := len(ring) - 1; i >= 0 && seen < e.set.Correlation.Candidates; i-- {
			other := ring[i]
			if other.closed || other.main() == inc.main() || q.start.Sub(other.lastStart) > relativeAge {
				continue
			}
			seen++
			c := e.relate(inc, other, ent, q.sub.hostEnt)
			if c.score >= e.set.Correlation.Parent && (best.inc == nil || compareScored(c, best) < 0) {
				best = c
			}
		}
	}
	look(ent.ring)
	if h := q.sub.hostEnt; h != nil && h != ent {
		look(h.ring)
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

// relate weighs whether inc and other are one happening, seen from ent, a
// service of inc, and the host its signal came from, nil when it names none.
func (e *Engine) relate(inc, other *incident, ent, host *entity) scored {
	c := &e.set.Correlation
	w := &c.Weights
	res := scored{inc: other, anchor: other.lastID}
	add := func(ev evidence) {
		res.evidence = append(res.evidence, ev)
		res.score += ev.points
	}
	own := inc.places[ent]
	var direct, far tie
	consider := func(p *place, ev evidence) {
		t := tie{ev: ev, gap: spanBetween(own.first, p.first, p.first), place: p}
		t.total = e.linkTime(t.gap)
		into := &direct
		if ev.kind != evSameService && ev.kind != evHostOf && ev.hops != 1 {
			into = &far
		}
		if into.place == nil || t.total > into.total {
			*into = t
		}
	}
	if p := other.places[ent]; p != nil {
		consider(p, evidence{kind: evSameService, other: ent.key.name})
	}
	if host != nil && host != ent {
		if p := other.places[host]; p != nil && p.primary {
			consider(p, evidence{kind: evHostOf, other: host.key.name})
		}
	}
	if ent.node >= 0 {
		q := &query{sc: inc.sc, start: own.first}
		e.topologyTies(q, other, ent.node, consider)
	}
	if direct.place == nil && far.place == nil {
		return res
	}
	if direct.place != nil {
		direct.ev.points = w.LinkDirect
		add(direct.ev)
		add(evidence{kind: evOnset, points: direct.total, gap: direct.gap, other: direct.place.ent.key.name})
	} else {
		add(evidence{kind: evSpread, points: w.LinkDirect, n: int32(len(other.services))})
	}
	if far.place != nil {
		far.ev.points = w.LinkFar
		add(far.ev)
		add(evidence{kind: evOnset, points: far.total * 6 / 10, gap: far.gap, other: far.place.ent.key.name})
	}
	if e.paceOf(inc).alerts == 1 || e.paceOf(other).alerts == 1 {
		add(evidence{kind: evLone, points: w.LinkLone})
	}
	return res
}

// linkTime is what the time between two first alerts says.
func (e *Engine) linkTime(gap int64) int64 {
	c := &e.set.Correlation
	return e.pointsAt(c.TimeAcross, gap) + e.pointsAt(c.Onset, gap)
}
