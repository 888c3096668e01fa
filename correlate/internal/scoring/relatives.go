package scoring

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
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

// newborns caps how many such are compared, newbornsLooked among how many of the
// newest they are looked for.
const (
	newborns       = 6
	newbornsLooked = 24
)

// servicesCompared caps how many services of an incident are compared with
// another's.
const servicesCompared = 24

// Relative finds the incident that inc, which the signal of q just joined, is
// most likely part of. One alert that fits two incidents is no reason to link
// them: what counts is what the two look like side by side.
func (wr *Weigher) Relative(inc *state.Incident, q *Query) Scored {
	best := Scored{}
	ent := q.subject.Entity
	if ent == nil || inc.Affected[ent] == nil || len(inc.Alerts) > freshAlerts && !newAt(inc, ent) && !newAt(inc, q.subject.HostEntity) {
		return best
	}
	var seen []*state.Incident
	look := func(other *state.Incident) {
		if len(seen) >= wr.Rules.Correlation.Candidates || other.Closed || other.Main() == inc.Main() || q.Start.Sub(other.LastStart) > relativeAge || slices.Contains(seen, other) {
			return
		}
		seen = append(seen, other)
		c := wr.relate(inc, other)
		if c.Score >= wr.Rules.Correlation.Parent && (best.Incident == nil || compareScored(c, best) < 0) {
			best = c
		}
	}
	for _, other := range slices.Backward(ent.Recent) {
		look(other)
	}
	if h := q.subject.HostEntity; h != nil && h != ent {
		for _, other := range slices.Backward(h.Recent) {
			look(other)
		}
	}
	for _, x := range wr.ServicesOn(q.scope, ent, q.machines) { // one of the two has none
		for _, other := range slices.Backward(x.Recent) {
			look(other)
		}
	}
	wr.lookAtNewborns(inc, ent, look)
	return best
}

// lookAtNewborns looks at the incidents that began just before inc and that
// dependencies connect with ent, over however many services, or a machine may.
func (wr *Weigher) lookAtNewborns(inc *state.Incident, ent *state.Entity, look func(*state.Incident)) {
	n := 0
	for i, other := range slices.Backward(inc.Scope.Live) {
		if n == newborns || len(inc.Scope.Live)-i > newbornsLooked || inc.Pub.StartedAt.Sub(other.Pub.StartedAt) > newbornAge {
			break
		}
		wr.Looked++
		if other == inc || len(other.Alerts) == 0 {
			continue
		}
		if !wr.unplaced(ent) && wr.reach(ent, other) == connected || wr.machineBetween(inc, other) != nil {
			n++
			look(other)
		}
	}
}

// newAt reports whether the latest signal of inc is its first at ent.
func newAt(inc *state.Incident, ent *state.Entity) bool {
	if ent == nil {
		return false
	}
	p := inc.Affected[ent]
	return p != nil && p.Count == 1
}

// comparison is what connects two incidents: their services, side by side.
type comparison struct {
	best   evidence.Item // of the nearest pair of services
	points int64         // of best, with its gap
	base   *int64
	gap    int64
	tied   int // services of the smaller one that are near the other's
	all    int // services of the smaller one that were compared
}

func (k *comparison) consider(wr *Weigher, gap int64, ev evidence.Item, base *int64) {
	points := *base + wr.pointsAt(wr.Rules.Correlation.Link.Gap, gap)
	if k.base == nil || points > k.points {
		ev.Gap = gap
		k.best, k.points, k.base, k.gap = ev, points, base, gap
	}
}

// compareServices compares the services of two incidents.
func (wr *Weigher) compareServices(small, large *state.Incident) comparison {
	w := wr.tiesOf(small.Scope)
	k := comparison{}
	for i := len(small.Services) - 1; i >= 0 && k.all < servicesCompared; i-- {
		p := small.Services[i]
		k.all++
		tied := false
		near := func(other *state.Affected, ev evidence.Item, base *int64) {
			tied = tied || base != &w.LinkFar
			ev.Other, ev.Extra = other.Entity.Key.Name, p.Entity.Key.Name
			k.consider(wr, state.SpanBetween(p.First, other.First, other.First), ev, base)
		}
		if other := large.Affected[p.Entity]; other != nil && other.Primary() {
			near(other, evidence.Item{Kind: evidence.SameService}, &w.LinkSame)
		} else if p.Entity.Node >= 0 {
			wr.neighboursOf(large, p.Entity.Node, func(other *state.Affected, rel topology.Relation) {
				ev := wr.linkEvidence(p, other, rel)
				base := &w.LinkFar
				if ev.Hops == 1 {
					base = &w.LinkDirect
					if ev.Reversed {
						base = &w.LinkReversed
					}
				}
				if ev.Kind == evidence.Alike {
					base = &w.LinkAlike
				}
				near(other, ev, base)
			})
		}
		wr.compareMachines(p, large, near)
		if tied {
			k.tied++
		}
	}
	if wr.compareHosts(small, large, &k) && k.tied == 0 {
		k.tied = 1
	}
	return k
}

// relate weighs whether inc and other are one happening.
func (wr *Weigher) relate(inc, other *state.Incident) Scored {
	c := &wr.Rules.Correlation
	s := &sheet{wr: wr, res: Scored{Incident: other, anchor: other.LastID}, start: len(wr.scratch.evidence)}
	small, large := inc, other
	if len(small.Services) > len(large.Services) {
		small, large = large, small
	}
	k := wr.compareServices(small, large)
	begun := state.SpanBetween(inc.Pub.StartedAt, other.Pub.StartedAt, other.Pub.StartedAt)
	l, w := &c.Link, wr.tiesOf(inc.Scope)
	if k.base == nil {
		k.base, k.best, k.gap = &w.LinkApart, evidence.Item{Kind: evidence.Together}, begun
		if m := wr.machineBetween(inc, other); m != nil {
			k.base, k.best.Other = &w.LinkAlike, m.Key.Name
		}
	}
	k.best.Points = *k.base
	s.term(k.base, 1000)
	s.add(k.best)
	if wr.Events(inc.Scope) {
		s.fixed(&w.LinkEvents, evidence.Item{Kind: evidence.Events})
	}
	s.read(l.Gap, k.gap, evidence.Item{Kind: evidence.Onset, Gap: k.gap})
	wr.scoreMachine(inc.Scope, k.best, begun, s)
	s.read(l.Begun, begun, evidence.Item{Kind: evidence.Begun, Gap: begun})
	s.read(l.Tied, int64(k.tied)*state.RateUnit, evidence.Item{Kind: evidence.Tied, Count: int32(k.tied)})
	if k.all > 0 {
		s.read(l.Share, int64(k.tied*state.RateUnit/k.all), evidence.Item{Kind: evidence.Share, Count: int32(k.tied * 100 / k.all)})
	}
	a := inc.PaceAt(wr.Now)
	if b := other.PaceAt(wr.Now); b.Alerts < a.Alerts {
		a = b
	}
	s.read(l.Smaller, int64(a.Alerts)*state.RateUnit, evidence.Item{Kind: evidence.Smaller, Count: int32(a.Alerts)})
	s.read(l.Pace, a.Level, evidence.Item{Kind: evidence.PaceSmaller, Count: int32(a.Level)})
	s.res.Items = slices.Clone(s.res.Items)
	if wr.Policy != nil && !wr.Policy.Link(inc.Pub.ID, other.Pub.ID, Option{other.Pub.ID, s.res.Score, s.res.terms}) {
		s.res.Score = 0
	}
	return s.res
}

// linkEvidence names how two services are related.
func (wr *Weigher) linkEvidence(p, other *state.Affected, rel topology.Relation) evidence.Item {
	switch {
	case rel.Up > 0:
		wrong := wr.wrongOrder(other.First, p.First)
		return evidence.Item{Kind: evidence.DependsOn, Hops: rel.Up, Reversed: wrong, Count: evidence.OrderOf(other.First, p.First, wrong)}
	case rel.Down > 0:
		wrong := wr.wrongOrder(p.First, other.First)
		return evidence.Item{Kind: evidence.CalledBy, Hops: rel.Down, Reversed: wrong, Count: evidence.OrderOf(p.First, other.First, wrong)}
	case rel.Shared:
		return evidence.Item{Kind: evidence.Shared}
	case rel.Caller:
		return evidence.Item{Kind: evidence.SharedCaller}
	}
	return evidence.Item{Kind: evidence.Alike}
}
