package learn

import (
	"cmp"
	"slices"
	"strings"

	"pinkstar/schemas"
)

// Type is what is counted: an alert's name on a service, in a scope.
type Type struct{ Scope, Name, Service string }

func compareTypes(a, b Type) int {
	return cmp.Or(strings.Compare(a.Scope, b.Scope), strings.Compare(a.Service, b.Service), strings.Compare(a.Name, b.Name))
}

// Counter counts which types start within a window of each other. It is the
// core of Learner, for those who know by themselves what their types are.
type Counter struct {
	cfg    Config
	near   func(a, b string) bool // nil: everything in a scope is near
	scopes map[string]*counts
	types  map[Type]*kind
	pairs  map[[2]*kind]*pair
	stats  Stats
}

// Stats say how much was counted and what the limits cost.
type Stats struct {
	Alerts       int64 // starts that were counted
	Late         int64 // left out: too old when they arrived
	Unplaced     int64 // left out: their service is not known
	BeyondScopes int64 // left out: too many scopes
	Closed       int64 // not paired with the oldest open ones, which were too many
	DroppedTypes int64
	DroppedPairs int64
}

// counts is what is known of one scope.
type counts struct {
	name        string
	now         schemas.Time // the latest log time
	open        []occurrence // recent ones, in order of arrival
	first, last schemas.Time // starts
	pairs       int64        // that came together and were near
	wide        int64        // that came together, near or not
}

type occurrence struct {
	of    *kind
	where string
	at    schemas.Time
}

// kind is what is known of one type.
type kind struct {
	Type
	n    int64        // occurrences
	ends int64        // of pairs that came together, also those since dropped
	last schemas.Time // latest start, counted or not
	gone bool
}

// slots of five minutes divide the hour.
const slots = 12

type pair struct {
	a, b      *kind // in the order of compareTypes
	n         int64
	occasions int64
	last      int64         // occasion
	clock     [slots]uint16 // occasions by the minute of the hour
}

// NewCounter returns an empty counter. near says which places are close enough
// for two alerts to belong together; nil: all.
func NewCounter(cfg Config, near func(a, b string) bool) *Counter {
	return &Counter{cfg: cfg, near: near, scopes: map[string]*counts{}, types: map[Type]*kind{}, pairs: map[[2]*kind]*pair{}}
}

// Add counts an alert of type t that started at some place and time. now is
// log time: the running maximum of what has arrived in the scope.
func (c *Counter) Add(t Type, where string, at, now schemas.Time) {
	if sc := c.scope(t.Scope, now); sc != nil {
		c.add(sc, c.kind(t), where, at)
	}
}

// scope returns the scope's counts at log time now, nil when there are too
// many scopes.
func (c *Counter) scope(name string, now schemas.Time) *counts {
	sc := c.scopes[name]
	if sc == nil {
		if len(c.scopes) >= c.cfg.Scopes {
			c.stats.BeyondScopes++
			return nil
		}
		sc = &counts{name: name}
		c.scopes[name] = sc
	}
	sc.now = max(sc.now, now)
	return sc
}

// kind returns the counts of a type, making room for a new one.
func (c *Counter) kind(t Type) *kind {
	k := c.types[t]
	if k == nil {
		if len(c.types) >= c.cfg.Types {
			c.dropTypes()
		}
		k = &kind{Type: t}
		c.types[t] = k
	}
	return k
}

func (c *Counter) add(sc *counts, k *kind, where string, at schemas.Time) {
	if sc.first == 0 {
		sc.first = at
	}
	sc.first, sc.last = min(sc.first, at), max(sc.last, at)
	sc.open = slices.DeleteFunc(sc.open, func(o occurrence) bool {
		return o.of.gone || sc.now.Sub(o.at) > c.cfg.Late+c.cfg.Window
	})
	for i := range sc.open {
		o := &sc.open[i]
		if max(at.Sub(o.at), o.at.Sub(at)) > c.cfg.Window {
			continue
		}
		sc.wide++
		if c.near == nil || c.near(o.where, where) {
			sc.pairs++
			o.of.ends++
			k.ends++
			// Two alerts on one service are together without any learning.
			if o.of != k && (k.Service == "" || k.Service != o.of.Service) {
				c.together(o.of, k, max(at, o.at))
			}
		}
	}
	if len(sc.open) >= c.cfg.Open {
		c.stats.Closed++
		sc.open = slices.Delete(sc.open, 0, 1)
	}
	sc.open = append(sc.open, occurrence{k, where, at})
	k.n++
	k.last = max(k.last, at)
	c.stats.Alerts++
}

// together counts one coming together of two types.
func (c *Counter) together(a, b *kind, at schemas.Time) {
	if compareTypes(a.Type, b.Type) > 0 {
		a, b = b, a
	}
	p := c.pairs[[2]*kind{a, b}]
	if p == nil {
		if len(c.pairs) >= c.cfg.Pairs {
			c.dropPairs()
		}
		p = &pair{a: a, b: b, last: -1}
		c.pairs[[2]*kind{a, b}] = p
	}
	p.n++
	if occasion := int64(at) / c.cfg.Occasion; occasion > p.last { // what is older came late: counted already
		p.last = occasion
		p.occasions++
		p.clock[int64(at)%schemas.Hour/(schemas.Hour/slots)]++
	}
}

// dropTypes makes room: the quarter that occurred least goes, among those the
// one that is quiet for longest, with its pairs.
func (c *Counter) dropTypes() {
	all := make([]*kind, 0, len(c.types))
	for _, k := range c.types {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b *kind) int {
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.last, b.last), compareTypes(a.Type, b.Type))
	})
	for _, k := range all[:len(all)/4+1] {
		k.gone = true
		delete(c.types, k.Type)
		c.stats.DroppedTypes++
	}
	for key := range c.pairs {
		if key[0].gone || key[1].gone {
			delete(c.pairs, key)
		}
	}
}

// dropPairs makes room in the same way. A pair that was dropped and comes back
// has lost what was counted before: it may be missed, never made up.
func (c *Counter) dropPairs() {
	all := make([]*pair, 0, len(c.pairs))
	for _, p := range c.pairs {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *pair) int {
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.last, b.last), compareTypes(a.a.Type, b.a.Type), compareTypes(a.b.Type, b.b.Type))
	})
	for _, p := range all[:len(all)/4+1] {
		delete(c.pairs, [2]*kind{p.a, p.b})
		c.stats.DroppedPairs++
	}
}

// Stats returns what was counted so far.
func (c *Counter) Stats() Stats { return c.stats }
