package correlate

import (
	"pinkstar/schemas"
)

// tieGroup says how near a tie is. What times and an incident's state are
// worth depends on it.
type tieGroup uint8

const (
	tieSame   tieGroup = iota // on the same service, instance or host
	tieAcross                 // from one service to another, or to a machine
	tieApart                  // nothing but the moment connects them
)

// tie is the strongest connection between a signal and an incident.
type tie struct {
	ev    evidence
	base  [2]*int64 // where its points come from
	group tieGroup
	place *place // of the incident; nil when the tie is to the whole of it
	alone bool   // there is a tie, though to no place
	gap   int64  // to the nearest end of what happened at place, as it is weighed
	total int64  // with what its times are worth
}

// ties collects the ties of one candidate and keeps the strongest.
type ties struct {
	e    *Engine
	q    *query
	inc  *incident
	best tie
}

// consider offers one tie: base are its points, order what is added when the
// two were affected in the wrong order, nil when not.
func (t *ties) consider(group tieGroup, p *place, ev evidence, base, order *int64) {
	e, q := t.e, t.q
	x := tie{ev: ev, group: group, place: p, alone: p == nil}
	x.base = [2]*int64{base, order}
	for _, b := range x.base {
		if b != nil {
			x.ev.points += *b
		}
	}
	x.total = x.ev.points
	if p != nil {
		c := e.curvesOf(q, t.inc, group)
		x.gap = e.gapTo(q, t.inc, p.first, p.last)
		x.total += e.pointsAt(c.Gap, x.gap) + e.pointsAt(c.Onset, q.start.Sub(p.first))
		if len(t.inc.alerts) > 0 {
			x.total += e.pointsAt(c.Firing, int64(t.inc.firingAt(p))*rateUnit)
		}
	}
	if t.best.place == nil && !t.best.alone || x.total > t.best.total {
		t.best = x
	}
}

// strongestTie finds the place of inc that explains the signal best: its own
// service, one it calls or is called by, its host, what it mentions. Where
// there is none, it may be what has often come with it, or the storm of the
// moment.
func (e *Engine) strongestTie(q *query, inc *incident) tie {
	w := &e.set.Correlation.Weights
	t := ties{e: e, q: q, inc: inc}
	if ent := q.sub.ent; ent != nil {
		if p := inc.places[ent]; p != nil {
			e.sameTie(&t, ent, p)
		} else if ent.node >= 0 {
			e.topologyTies(inc, ent.node, func(p *place, r relation) { e.relationTie(&t, p, r) })
		}
		if ent.node >= 0 {
			e.machineTies(&t, ent.node)
		}
	}
	if h := q.sub.hostEnt; h != nil && h != q.sub.ent {
		if p := inc.places[h]; p != nil && p.primary() {
			t.consider(tieAcross, p, evidence{kind: evHostOf, other: h.key.name, reversed: true}, &w.HostOfService, nil)
		} else if p != nil {
			t.consider(tieAcross, p, evidence{kind: evSameHost, other: h.key.name}, &w.SameHost, nil)
		}
	}
	for _, n := range q.sub.possible {
		if x := q.sc.nodes[n]; x != nil && inc.places[x] != nil {
			if q.sub.named {
				t.consider(tieAcross, inc.places[x], evidence{kind: evAlike, other: x.key.name}, &w.Alike, nil)
			} else {
				t.consider(tieAcross, inc.places[x], evidence{kind: evHostOf, other: x.key.name}, &w.HostOfService, nil)
			}
		}
	}
	if n := q.sub.nsEnt; n != nil && n != q.sub.ent && inc.places[n] != nil {
		t.consider(tieAcross, inc.places[n], evidence{kind: evNamespace, other: n.key.name}, &w.Namespace, nil)
	}
	e.mentionTies(&t)
	if t.best.place == nil {
		e.learntTies(&t)
	}
	if q.last == inc && !q.refire && t.best.place == nil {
		t.consider(tieSame, nil, evidence{kind: evSameAlert, other: q.name}, &w.SameAlert, nil)
	}
	if t.best.place == nil && !t.best.alone && e.stormy(q, inc) {
		t.consider(tieApart, nil, evidence{kind: evStorm}, &w.Storm, nil)
	}
	return t.best
}

func (e *Engine) sameTie(t *ties, ent *entity, p *place) {
	w := &e.set.Correlation.Weights
	switch {
	case p.mentioned:
		t.consider(tieSame, p, evidence{kind: evMention, other: ent.key.name}, &w.Mention, nil)
	case ent.key.kind == entityNamespace:
		t.consider(tieSame, p, evidence{kind: evNamespace, other: ent.key.name}, &w.Namespace, nil)
	case ent.key.kind == entityInstance:
		t.consider(tieSame, p, evidence{kind: evSameInstance, other: ent.key.name}, &w.SameService, nil)
	case ent.key.kind == entityHost:
		t.consider(tieSame, p, evidence{kind: evSameHost, other: ent.key.name}, &w.SameService, nil)
	default:
		t.consider(tieSame, p, evidence{kind: evSameService, other: ent.key.name}, &w.SameService, nil)
	}
}

// machineTies: the incident is about a machine that the service runs on.
func (e *Engine) machineTies(t *ties, x int32) {
	for _, name := range e.topo.nodes[x].machines {
		h := t.q.sc.entities[entityHost][name]
		if h == nil {
			continue
		}
		if p := t.inc.places[h]; p != nil && p.primary() {
			t.consider(tieAcross, p, evidence{kind: evHostOf, other: name, reversed: true}, &e.set.Correlation.Weights.HostOfService, nil)
		}
	}
}

// topologyTies calls f with the services of inc that are near x.
func (e *Engine) topologyTies(inc *incident, x int32, f func(*place, relation)) {
	v := e.topo.near(x)
	if len(v.order) < len(inc.services) {
		for _, n := range v.order {
			if y := inc.sc.nodes[n]; y != nil {
				if p := inc.places[y]; p != nil {
					f(p, v.of[n])
				}
			}
		}
		return
	}
	for _, p := range inc.services {
		if p.ent.node < 0 || p.ent.node == x {
			continue
		}
		if rel, ok := v.of[p.ent.node]; ok {
			f(p, rel)
		}
	}
}

// relationTie offers what the topology says of p. Effects move from callee to
// caller: in that order it speaks for a link, against it less.
func (e *Engine) relationTie(t *ties, p *place, rel relation) {
	w := &e.set.Correlation.Weights
	order := func(wrong bool) *int64 {
		if wrong {
			return &w.WrongOrder
		}
		return nil
	}
	name := p.ent.key.name
	if rel.up > 0 {
		wrong := e.wrongOrder(p.first, t.q.start)
		t.consider(tieAcross, p, evidence{kind: evDependsOn, hops: rel.up, reversed: wrong, other: name}, w.DependsOn(rel.up), order(wrong))
	}
	if rel.down > 0 {
		wrong := e.wrongOrder(t.q.start, p.first)
		t.consider(tieAcross, p, evidence{kind: evCalledBy, hops: rel.down, reversed: wrong, other: name}, w.CalledBy(rel.down), order(wrong))
	}
	if rel.shared {
		t.consider(tieAcross, p, evidence{kind: evShared, other: name}, &w.SharedCallee, nil)
	}
	if rel.caller {
		t.consider(tieAcross, p, evidence{kind: evSharedCaller, other: name}, &w.SharedCaller, nil)
	}
	if rel.alike {
		t.consider(tieAcross, p, evidence{kind: evAlike, other: name}, &w.Alike, nil)
	}
}

// wrongOrder reports whether a callee was affected after its caller, by more
// than alerts wait for their "for:".
func (e *Engine) wrongOrder(callee, caller schemas.Time) bool {
	return callee > caller.Add(int64(e.set.Correlation.OrderSlack))
}

// stormy: many signals joined inc just now, more than any other incident of
// the scope. Its place in time is all that speaks for it.
func (e *Engine) stormy(q *query, inc *incident) bool {
	return q.kind == schemas.KindAlert && q.sub.ent != nil && q.sc.storm == inc && inc.rate.now(e.now, incidentHalfLife) >= stormLevel
}
