package scoring

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// nearness says how near a relation is. What times and an incident's state are
// worth depends on it.
type nearness uint8

const (
	nearSame   nearness = iota // on the same service, instance or host
	nearAcross                 // from one service to another, or to a machine
	nearApart                  // nothing but the moment connects them
)

// relation is the strongest connection between a signal and an incident.
type relation struct {
	ev    evidence.Item
	base  [2]*int64 // where its points come from
	group nearness
	at    *state.Affected // of the incident; nil when it is to the whole of it
	alone bool            // there is a relation, though to no affected entity
	gap   int64           // to the nearest end of what happened there, as it is weighed
	total int64           // with what its times are worth
}

// relations collects those of one candidate and keeps the strongest.
type relations struct {
	wr       *Weigher
	q        *Query
	incident *state.Incident
	best     relation
}

// consider offers one relation: base are its points, order what is added when the
// two were affected in the wrong order, nil when not.
func (t *relations) consider(group nearness, p *state.Affected, ev evidence.Item, base, order *int64) {
	wr, q := t.wr, t.q
	x := relation{ev: ev, group: group, at: p, alone: p == nil}
	x.base = [2]*int64{base, order}
	for _, b := range x.base {
		if b != nil {
			x.ev.Points += *b
		}
	}
	x.total = x.ev.Points
	if p != nil {
		c := wr.curvesOf(q, t.incident, group)
		x.gap = wr.gapTo(q, t.incident, p.First, p.Last)
		x.total += wr.pointsAt(c.Gap, x.gap) + wr.pointsAt(c.Onset, q.Start.Sub(p.First))
		if len(t.incident.Alerts) > 0 {
			x.total += wr.pointsAt(c.Firing, int64(t.incident.FiringAt(p))*state.RateUnit)
		}
	}
	if t.best.at == nil && !t.best.alone || x.total > t.best.total {
		t.best = x
	}
}

// strongestRelation finds what of inc explains the signal best: its own
// service, one it calls or is called by, its host, what it mentions. Where
// there is none, it may be what has often come with it, or the storm of the
// moment.
func (wr *Weigher) strongestRelation(q *Query, inc *state.Incident) relation {
	w := wr.tiesOf(q.scope)
	t := relations{wr: wr, q: q, incident: inc}
	if ent := q.subject.Entity; ent != nil {
		if p := inc.Affected[ent]; p != nil {
			wr.relateSame(&t, ent, p)
		} else if ent.Node >= 0 {
			wr.neighboursOf(inc, ent.Node, func(p *state.Affected, r topology.Relation) { wr.relateNeighbour(&t, p, r) })
		}
		for _, h := range q.machines {
			wr.relateMachine(&t, h)
		}
	}
	if h := q.subject.HostEntity; h != nil && h != q.subject.Entity {
		if p := inc.Affected[h]; p != nil && p.Primary() {
			t.consider(nearAcross, p, evidence.Item{Kind: evidence.HostOf, Other: h.Key.Name, Reversed: true}, &w.HostOfService, nil)
		} else if p != nil {
			t.consider(nearAcross, p, evidence.Item{Kind: evidence.SameHost, Other: h.Key.Name}, &w.SameHost, nil)
		}
	}
	for _, n := range q.subject.Possible {
		if x := q.scope.Nodes.At(n); x != nil && inc.Affected[x] != nil {
			if q.subject.Named {
				t.consider(nearAcross, inc.Affected[x], evidence.Item{Kind: evidence.Alike, Other: x.Key.Name}, &w.Alike, nil)
			} else {
				t.consider(nearAcross, inc.Affected[x], evidence.Item{Kind: evidence.HostOf, Other: x.Key.Name}, &w.HostOfService, nil)
			}
		}
	}
	if n := q.subject.NamespaceEntity; n != nil && n != q.subject.Entity && inc.Affected[n] != nil {
		t.consider(nearAcross, inc.Affected[n], evidence.Item{Kind: evidence.Namespace, Other: n.Key.Name}, &w.Namespace, nil)
	}
	wr.relateMentions(&t)
	if t.best.at == nil {
		wr.relateLearnt(&t)
	}
	if q.Last == inc && !q.Refire && t.best.at == nil {
		t.consider(nearSame, nil, evidence.Item{Kind: evidence.SameAlert, Other: q.name}, &w.SameAlert, nil)
	}
	if t.best.at == nil && !t.best.alone && wr.stormy(q, inc) {
		t.consider(nearApart, nil, evidence.Item{Kind: evidence.Storm}, &w.Storm, nil)
	}
	return t.best
}

func (wr *Weigher) relateSame(t *relations, ent *state.Entity, p *state.Affected) {
	w := wr.tiesOf(t.q.scope)
	switch {
	case p.Mentioned:
		t.consider(nearSame, p, evidence.Item{Kind: evidence.Mention, Other: ent.Key.Name}, &w.Mention, nil)
	case ent.Key.Kind == state.EntityNamespace:
		t.consider(nearSame, p, evidence.Item{Kind: evidence.Namespace, Other: ent.Key.Name}, &w.Namespace, nil)
	case ent.Key.Kind == state.EntityInstance:
		t.consider(nearSame, p, evidence.Item{Kind: evidence.SameInstance, Other: ent.Key.Name}, &w.SameService, nil)
	case ent.Key.Kind == state.EntityHost:
		t.consider(nearSame, p, evidence.Item{Kind: evidence.SameHost, Other: ent.Key.Name}, &w.SameService, nil)
	default:
		t.consider(nearSame, p, evidence.Item{Kind: evidence.SameService, Other: ent.Key.Name}, &w.SameService, nil)
	}
}

// relateMachine: the incident is about a machine that the service runs on.
func (wr *Weigher) relateMachine(t *relations, h *state.Entity) {
	if p := t.incident.Affected[h]; p != nil && p.Primary() {
		t.consider(nearAcross, p, evidence.Item{Kind: evidence.HostOf, Other: h.Key.Name, Reversed: true}, &wr.tiesOf(t.q.scope).HostOfService, nil)
	}
}

// neighboursOf calls f with the services of inc that are near x.
func (wr *Weigher) neighboursOf(inc *state.Incident, x int32, f func(*state.Affected, topology.Relation)) {
	v := wr.Topology.Near(x)
	if len(v.Order) < len(inc.Services) {
		for _, n := range v.Order {
			if y := inc.Scope.Nodes.At(n); y != nil {
				if p := inc.Affected[y]; p != nil {
					f(p, v.Of[n])
				}
			}
		}
		return
	}
	for _, p := range inc.Services {
		if p.Entity.Node < 0 || p.Entity.Node == x {
			continue
		}
		if rel, ok := v.Of[p.Entity.Node]; ok {
			f(p, rel)
		}
	}
}

// relateNeighbour offers what the topology says of p. Effects move from callee to
// caller: in that order it speaks for a link, against it less.
func (wr *Weigher) relateNeighbour(t *relations, p *state.Affected, rel topology.Relation) {
	w := wr.tiesOf(t.q.scope)
	order := func(wrong bool) *int64 {
		if wrong {
			return &w.WrongOrder
		}
		return nil
	}
	name := p.Entity.Key.Name
	if rel.Up > 0 {
		wrong := wr.wrongOrder(p.First, t.q.Start)
		t.consider(nearAcross, p, evidence.Item{Kind: evidence.DependsOn, Hops: rel.Up, Reversed: wrong, Count: evidence.OrderOf(p.First, t.q.Start, wrong), Other: name}, w.DependsOn(rel.Up), order(wrong))
	}
	if rel.Down > 0 {
		wrong := wr.wrongOrder(t.q.Start, p.First)
		t.consider(nearAcross, p, evidence.Item{Kind: evidence.CalledBy, Hops: rel.Down, Reversed: wrong, Count: evidence.OrderOf(t.q.Start, p.First, wrong), Other: name}, w.CalledBy(rel.Down), order(wrong))
	}
	if rel.Shared {
		t.consider(nearAcross, p, evidence.Item{Kind: evidence.Shared, Other: name}, &w.SharedCallee, nil)
	}
	if rel.Caller {
		t.consider(nearAcross, p, evidence.Item{Kind: evidence.SharedCaller, Other: name}, &w.SharedCaller, nil)
	}
	if rel.Alike {
		t.consider(nearAcross, p, evidence.Item{Kind: evidence.Alike, Other: name}, &w.Alike, nil)
	}
}

// wrongOrder reports whether a callee was affected after its caller, by more
// than alerts wait for their "for:".
func (wr *Weigher) wrongOrder(callee, caller schemas.Time) bool {
	return callee > caller.Add(int64(wr.Rules.Correlation.OrderSlack))
}

// stormCalm is how long after its latest start an incident's storm is over.
const stormCalm = 20 * schemas.Second

// stormSpread is how many services a storm is on, and of how many of its alerts
// a name must be to be the storm's and not one fault's.
const stormSpread = 3

// stormy: many signals of many services joined inc just now, more than any other
// incident of the scope, and this one is of their kind or on what dependencies
// connect with them. Its place in time is what speaks for it.
func (wr *Weigher) stormy(q *Query, inc *state.Incident) bool {
	if q.kind != schemas.KindAlert || q.subject.Entity == nil || q.scope.Storm != inc || len(inc.Services) < stormSpread ||
		q.Start.Sub(inc.LastStart) > stormCalm || inc.Rate.Now(wr.Now, state.IncidentHalfLife) < state.StormLevel {
		return false
	}
	switch wr.reach(q.subject.Entity, inc) {
	case connected:
		return true
	case unknown:
		return inc.Names[q.name] >= stormSpread
	}
	return false
}

// reach is what the topology says of whether one thing can come of another.
type reach uint8

const (
	unknown   reach = iota // one of them stands in no dependency
	connected              // dependencies connect them, over however many services
	separate               // they are in parts of the topology that nothing connects
)

// reach says whether dependencies connect ent with something that inc affects.
// Between separate parts of the topology the same moment is no tie; what stands
// in no dependency may have one that nobody declared.
func (wr *Weigher) reach(ent *state.Entity, inc *state.Incident) reach {
	if wr.unplaced(ent) {
		return unknown
	}
	r := unknown
	for i, p := range inc.Services {
		if i == servicesCompared {
			break
		}
		if p.Entity.Node >= 0 && !wr.Topology.Lone(p.Entity.Node) {
			if wr.Topology.Connected(ent.Node, p.Entity.Node) {
				return connected
			}
			r = separate
		}
	}
	return r
}

// unplaced reports whether the topology has no dependency of ent, or on it.
func (wr *Weigher) unplaced(ent *state.Entity) bool {
	return ent == nil || ent.Node < 0 || wr.Topology.Lone(ent.Node)
}
