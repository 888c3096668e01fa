package scoring

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// seldom is how many incidents may be expected to open within the time between two,
// in thousandths, where nothing but that time and a machine connects them.
const seldom = 200

// machineBetween is the machine that one of two incidents is about, where nobody knows
// what runs on it, nor where what the other is about runs, and they began so close to
// each other that it is hardly chance; nil for none.
func (wr *Weigher) machineBetween(a, b *state.Incident) *state.Entity {
	if len(a.Services) == 0 || len(b.Services) == 0 {
		return nil
	}
	for range 2 {
		m := a.Services[0].Entity
		if m.Key.Kind == state.EntityHost && wr.MayRun(a.Scope, b.Services[0].Entity, m.Key.Name) {
			begun := state.SpanBetween(a.Pub.StartedAt, b.Pub.StartedAt, b.Pub.StartedAt)
			if a.Scope.Opens(begun+schemas.Second, wr.Now) >= seldom || anotherMachine(a.Scope, m, b) || onOther(a.Main(), m) || onOther(b.Main(), m) {
				return nil
			}
			return m
		}
		a, b = b, a
	}
	return nil
}

// anotherMachine reports whether an incident about another machine than m began at
// the time of inc, too: then it is not known which of the two inc has to do with.
func anotherMachine(sc *state.Scope, m *state.Entity, inc *state.Incident) bool {
	for _, x := range sc.Live[max(0, len(sc.Live)-newbornsLooked):] {
		if x != inc && len(x.Services) > 0 && x.Services[0].Entity.Key.Kind == state.EntityHost && x.Services[0].Entity != m &&
			state.SpanBetween(x.Pub.StartedAt, inc.Pub.StartedAt, inc.Pub.StartedAt) <= newbornAge {
			return true
		}
	}
	return false
}

// onOther reports whether a main incident is about another machine than m, or one
// below it.
func onOther(main *state.Incident, m *state.Entity) bool {
	other := func(ent *state.Entity) bool { return ent.Key.Kind == state.EntityHost && ent != m }
	if t := main.Whole(); t != nil {
		return slices.ContainsFunc(t.First(), func(p *state.Touched) bool { return other(p.Entity) })
	}
	return slices.ContainsFunc(main.Services, func(p *state.Affected) bool { return other(p.Entity) })
}

// scoreMachine weighs what ties two incidents by a machine, of which some of a service
// may run there, against how often incidents open within the time between them.
func (wr *Weigher) scoreMachine(sc *state.Scope, tie evidence.Item, begun int64, s *sheet) {
	if tie.Kind != evidence.HostOf && (tie.Kind != evidence.Together || tie.Other == "") {
		return
	}
	c := &wr.Rules.Correlation.Across
	if wr.Events(sc) {
		c = &wr.Rules.Correlation.Events.Across
	}
	n := sc.Opens(begun+schemas.Second, wr.Now)
	s.read(c.Chance, n, evidence.Item{Kind: evidence.Chance, Gap: begun, Count: int32(n)})
}

// compareHosts compares the machines that alerts of the two incidents name, and
// reports whether one is about a machine that alerts of the other name.
func (wr *Weigher) compareHosts(small, large *state.Incident, k *comparison) (tied bool) {
	w := wr.tiesOf(small.Scope)
	for i, p := range slices.Backward(small.AffectedOrder) {
		if len(small.AffectedOrder)-i > servicesCompared {
			break
		}
		other := large.Affected[p.Entity]
		if p.Entity.Key.Kind != state.EntityHost || other == nil || p.Primary() && other.Primary() {
			continue
		}
		base := &w.LinkFar
		if p.Primary() || other.Primary() {
			base, tied = &w.LinkSame, true
		}
		name := p.Entity.Key.Name
		k.consider(wr, state.SpanBetween(p.First, other.First, other.First), evidence.Item{Kind: evidence.SameHost, Other: name, Extra: name}, base)
	}
	return tied
}

// compareMachines compares the machine that p is, or those that it runs on, with
// what large knows of them.
func (wr *Weigher) compareMachines(p *state.Affected, large *state.Incident, near func(*state.Affected, evidence.Item, *int64)) {
	w, sc := wr.tiesOf(large.Scope), large.Scope
	switch p.Entity.Key.Kind {
	case state.EntityHost:
		for _, x := range wr.ServicesOn(sc, p.Entity, nil) {
			if other := large.Affected[x]; other != nil && other.Primary() {
				near(other, evidence.Item{Kind: evidence.HostOf}, &w.LinkFar)
			}
		}
	case state.EntityService:
		for _, h := range wr.Machines(sc, p.Entity, nil) {
			if other := large.Affected[h]; other != nil && other.Primary() {
				near(other, evidence.Item{Kind: evidence.HostOf, Reversed: true}, &w.LinkFar)
			}
		}
	}
}
