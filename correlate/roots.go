package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// rootsCap bounds how many services are compared for a suspected root.
const rootsCap = 96

// rootCandidate is an affected service and what speaks for its being the root.
type rootCandidate struct {
	p         *place
	explained int // affected services that depend on it, directly or not
	upstream  int // affected services it depends on
	changed   bool
	score     int64
}

// What speaks for a root. The figures were chosen on the tuning seeds and on two
// other simulators together, so that none of them lost: on one of those the root
// raises most alerts, on another it is the quietest of all.
const (
	rootExplains   = 1200 // each affected service that depends on it
	rootAlert      = 500  // each alert on it
	rootAlerts     = 8    // up to so many
	rootChanged    = 1500 // a change on it began shortly before
	rootHalfLife   = 30   // seconds after the first by which it is half as likely
	rootsPublished = 3
)

// roots finds the services the incident, with everything below it, most likely
// started at. A candidate's score is
//
//	(explains + alerts + change) x half-life / (half-life + lateness) / (1 + upstream)
//
// where upstream counts the affected services that it depends on.
func (e *Engine) roots(inc *incident) []schemas.SuspectedRoot {
	cands := e.rootCandidates(inc)
	if len(cands) == 0 {
		return []schemas.SuspectedRoot{}
	}
	first := cands[0].p.first
	for _, c := range cands {
		first = min(first, c.p.first)
	}
	var total int64
	for i := range cands {
		c := &cands[i]
		c.score = rootExplains*int64(c.explained) + rootAlert*int64(min(c.p.count, rootAlerts))
		if c.changed {
			c.score += rootChanged
		}
		lateness := max(0, c.p.first.Sub(first)) / schemas.Second
		c.score = max(1, c.score*rootHalfLife/(rootHalfLife+lateness)/int64(1+c.upstream))
		total += c.score
	}
	out := make([]schemas.SuspectedRoot, 0, rootsPublished)
	for i := range min(rootsPublished, len(cands)) {
		best := i
		for j := i + 1; j < len(cands); j++ {
			if cands[j].before(&cands[best]) {
				best = j
			}
		}
		c := &cands[i]
		b := cands[best]
		copy(cands[i+1:best+1], cands[i:best]) // of equal ones the earlier stays first
		*c = b
		out = append(out, schemas.SuspectedRoot{Service: c.p.ent.key.name, Score: c.score * 1000 / total,
			Reason: c.reason(first, len(cands))})
	}
	return out
}

// before orders candidates, the likeliest first.
func (c *rootCandidate) before(b *rootCandidate) bool {
	switch {
	case c.score != b.score:
		return c.score > b.score
	case c.p.first != b.p.first:
		return c.p.first < b.p.first
	}
	return c.p.ent.key.name < b.p.ent.key.name
}

func (c *rootCandidate) reason(first schemas.Time, affected int) string {
	var s string
	if affected == 1 {
		s = "the only service affected"
		if c.p.ent.key.kind == entityHost {
			s = "the only machine affected"
		}
	} else {
		if d := c.p.first.Sub(first); d == 0 {
			s = "affected first"
		} else {
			s = "affected " + spanText(d) + " after the first"
		}
		if c.explained > 0 {
			s += "; " + plural(int64(c.explained), "affected service") + verbText(c.explained) + " on it"
		}
		if c.upstream == 0 {
			s += "; nothing it depends on is affected"
		} else {
			s += "; it depends on " + plural(int64(c.upstream), "affected service")
		}
	}
	if affected > 1 && c.p.count > 1 {
		s += "; " + plural(int64(c.p.count), "signal") + " about it"
	}
	if c.changed {
		s += "; a change on it began shortly before"
	}
	return s
}

func verbText(n int) string {
	if n == 1 {
		return " depends"
	}
	return " depend"
}

// rootRank is how affected services depend on each other. It is kept from one
// writing of the incident to the next, since comparing each with each is most
// of the work.
type rootRank struct {
	topo      *topology
	of        []*entity
	explained []int
	upstream  []int
}

// covers returns how many of cands k has compared already: those it begins
// with, or none.
func (k *rootRank) covers(t *topology, cands []rootCandidate) int {
	if k == nil || k.topo != t || len(k.of) > len(cands) {
		return 0
	}
	for i := range k.of {
		if cands[i].p.ent != k.of[i] {
			return 0
		}
	}
	return len(k.of)
}

// rank fills in how many of the others each candidate explains. Mostly there is
// one more than the last time: only it is compared with the rest.
func (e *Engine) rank(inc *incident, cands []rootCandidate) {
	known := inc.roots.covers(e.topo, cands)
	if known == 0 {
		inc.roots = &rootRank{topo: e.topo}
	}
	k, n := inc.roots, len(cands)
	for i := range known {
		explained, upstream := e.standing(cands, i, known, n)
		k.explained[i] += explained
		k.upstream[i] += upstream
	}
	for i := known; i < n; i++ {
		explained, upstream := e.standing(cands, i, 0, n)
		k.of = append(k.of, cands[i].p.ent)
		k.explained, k.upstream = append(k.explained, explained), append(k.upstream, upstream)
	}
	for i := range cands {
		cands[i].explained, cands[i].upstream = k.explained[i], k.upstream[i]
	}
}

// standing counts those of the candidates from and up to to that depend on
// candidate i, and those it depends on.
func (e *Engine) standing(cands []rootCandidate, i, from, to int) (explained, upstream int) {
	ent := cands[i].p.ent
	for j := from; j < to; j++ {
		switch other := cands[j].p.ent; {
		case i == j:
		case e.dependsOn(other, ent):
			explained++
		case e.dependsOn(ent, other):
			upstream++
		}
	}
	return explained, upstream
}

// dependsOn reports whether a depends on b, directly or not: on a service
// that it calls, or on a machine it runs on.
func (e *Engine) dependsOn(a, b *entity) bool {
	if a.node < 0 {
		return false
	}
	if b.node < 0 {
		return b.key.kind == entityHost && slices.Contains(e.topo.nodes[a.node].machines, b.key.name)
	}
	rel := e.topo.near(a.node).of[b.node]
	return rel.up > 0 && (rel.down == 0 || rel.up <= rel.down)
}

// rootCandidates gathers the affected services of the tree under inc, merged
// by service, with their relations among each other.
func (e *Engine) rootCandidates(inc *incident) []rootCandidate {
	cands := make([]rootCandidate, 0, min(len(inc.services), rootsCap))
	all := inc.tree(nil)
	var at map[*entity]int // only looked up, never iterated; within one incident all differ
	if len(all) > 1 {
		at = map[*entity]int{}
	}
	for _, x := range all {
		for _, p := range x.services {
			if p.ent.key.kind != entityService && p.ent.key.kind != entityHost || p.mentioned && len(inc.alerts) > 0 || len(cands) >= rootsCap {
				continue
			}
			if i, ok := at[p.ent]; ok {
				merged := *cands[i].p
				merged.first = min(merged.first, p.first)
				merged.count += p.count
				cands[i].p = &merged
				continue
			}
			if at != nil {
				at[p.ent] = len(cands)
			}
			cands = append(cands, rootCandidate{p: p, changed: x.changeOn(p.ent.key.name)})
		}
	}
	e.rank(inc, cands)
	return cands
}

func (inc *incident) changeOn(service string) bool {
	return slices.ContainsFunc(inc.pub.Candidates, func(c schemas.Candidate) bool { return c.Service == service })
}
