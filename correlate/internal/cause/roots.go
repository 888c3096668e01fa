package cause

import (
	"cmp"
	"slices"
	"strings"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// rootsCap bounds how many services are compared for a suspected root.
const rootsCap = state.FirstCap

// rootCandidate is an affected service and what speaks for its being the root.
type rootCandidate struct {
	ent       *state.Entity
	first     schemas.Time // start of the earliest signal about it
	count     int32
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

// Roots finds the services the incident, with everything below it, most likely
// started at. A candidate's score is
//
//	(explains + alerts + change) x half-life / (half-life + lateness) / (1 + upstream)
//
// where upstream counts the affected services that it depends on.
func Roots(st *state.State, inc *state.Incident) []schemas.SuspectedRoot {
	cands := rootCandidates(st, inc)
	if len(cands) == 0 {
		return []schemas.SuspectedRoot{}
	}
	first := cands[0].first
	for _, c := range cands {
		first = min(first, c.first)
	}
	var total int64
	for i := range cands {
		c := &cands[i]
		c.score = rootExplains*int64(c.explained) + rootAlert*int64(min(c.count, rootAlerts))
		if c.changed {
			c.score += rootChanged
		}
		lateness := max(0, c.first.Sub(first)) / schemas.Second
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
		out = append(out, schemas.SuspectedRoot{Service: c.ent.Key.Name, Score: c.score * 1000 / total,
			Reason: c.reason(first, len(cands))})
	}
	return out
}

// before orders candidates, the likeliest first.
func (c *rootCandidate) before(b *rootCandidate) bool {
	switch {
	case c.score != b.score:
		return c.score > b.score
	case c.first != b.first:
		return c.first < b.first
	}
	return cmp.Or(strings.Compare(c.ent.Key.Name, b.ent.Key.Name), cmp.Compare(c.ent.Key.Kind, b.ent.Key.Kind)) < 0
}

func (c *rootCandidate) reason(first schemas.Time, affected int) string {
	var s string
	if affected == 1 {
		s = "the only service affected"
		if c.ent.Key.Kind == state.EntityHost {
			s = "the only machine affected"
		}
	} else {
		if d := c.first.Sub(first); d == 0 {
			s = "affected first"
		} else {
			s = "affected " + phrase.Span(d) + " after the first"
		}
		if c.explained > 0 {
			s += "; " + phrase.Plural(int64(c.explained), "affected service") + verbText(c.explained) + " on it"
		}
		if c.upstream == 0 {
			s += "; nothing it depends on is affected"
		} else {
			s += "; it depends on " + phrase.Plural(int64(c.upstream), "affected service")
		}
	}
	if affected > 1 && c.count > 1 {
		s += "; " + phrase.Plural(int64(c.count), "signal") + " about it"
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

// covers returns how many of cands k has compared already: those it begins
// with, or none.
func covers(k *state.RootRank, t *topology.Graph, cands []rootCandidate) int {
	if k == nil || k.Graph != t || len(k.Of) > len(cands) {
		return 0
	}
	for i := range k.Of {
		if cands[i].ent != k.Of[i] {
			return 0
		}
	}
	return len(k.Of)
}

// rankedAnew is how many are compared each time: most incidents have no more, and
// keep nothing in between.
const rankedAnew = 6

// rank fills in how many of the others each candidate explains. Mostly there is
// one more than the last time: only it is compared with the rest.
func rank(st *state.State, inc *state.Incident, cands []rootCandidate) {
	if len(cands) <= rankedAnew {
		inc.Roots = nil
		for i := range cands {
			cands[i].explained, cands[i].upstream = standing(st, cands, i, 0, len(cands))
		}
		return
	}
	known := covers(inc.Roots, st.Topology, cands)
	if known == 0 {
		inc.Roots = &state.RootRank{Graph: st.Topology}
	}
	k, n := inc.Roots, len(cands)
	for i := range known {
		explained, upstream := standing(st, cands, i, known, n)
		k.Explained[i] += explained
		k.Upstream[i] += upstream
	}
	for i := known; i < n; i++ {
		explained, upstream := standing(st, cands, i, 0, n)
		k.Of = append(k.Of, cands[i].ent)
		k.Explained, k.Upstream = append(k.Explained, explained), append(k.Upstream, upstream)
	}
	for i := range cands {
		cands[i].explained, cands[i].upstream = k.Explained[i], k.Upstream[i]
	}
}

// standing counts those of the candidates from and up to to that depend on
// candidate i, and those it depends on.
func standing(st *state.State, cands []rootCandidate, i, from, to int) (explained, upstream int) {
	ent := cands[i].ent
	for j := from; j < to; j++ {
		switch other := cands[j].ent; {
		case i == j:
		case dependsOn(st, other, ent):
			explained++
		case dependsOn(st, ent, other):
			upstream++
		}
	}
	return explained, upstream
}

// dependsOn reports whether a depends on b, directly or not: on a service
// that it calls, or on a machine it runs on.
func dependsOn(st *state.State, a, b *state.Entity) bool {
	if a.Node < 0 {
		return false
	}
	if b.Node < 0 {
		return b.Key.Kind == state.EntityHost && slices.Contains(st.Topology.Nodes[a.Node].Machines, b.Key.Name)
	}
	rel := st.Topology.Near(a.Node).Of[b.Node]
	return rel.Up > 0 && (rel.Down == 0 || rel.Up <= rel.Down)
}

// rootCandidates gathers the affected services of the tree under inc, with their
// relations among each other: of many, those that were affected first.
func rootCandidates(st *state.State, inc *state.Incident) []rootCandidate {
	cands := make([]rootCandidate, 0, min(len(inc.Services), rootsCap))
	if t := inc.Whole(); t != nil && inc.Parent == nil {
		changes := t.Candidates()
		for _, p := range t.First() {
			cands = append(cands, rootCandidate{ent: p.Entity, first: p.First, count: p.Count, changed: changeOn(changes, p.Entity.Key.Name)})
		}
		rank(st, inc, cands)
		return cands
	}
	for _, p := range inc.Services {
		if p.Entity.Key.Kind != state.EntityService && p.Entity.Key.Kind != state.EntityHost || p.Mentioned && len(inc.Alerts) > 0 || len(cands) >= rootsCap {
			continue
		}
		cands = append(cands, rootCandidate{ent: p.Entity, first: p.First, count: p.Count, changed: changeOn(inc.Pub.Candidates, p.Entity.Key.Name)})
	}
	rank(st, inc, cands)
	return cands
}

func changeOn(changes []schemas.Candidate, service string) bool {
	return slices.ContainsFunc(changes, func(c schemas.Candidate) bool { return c.Service == service })
}
