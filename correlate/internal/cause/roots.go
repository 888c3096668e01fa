package cause

import (
	"cmp"
	"strings"

	"pinkstar/correlate/internal/odds"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// rootsCap bounds how many services are compared for a suspected root.
const rootsCap = state.FirstCap

// rootCandidate is a service or machine and what speaks for its being the root.
type rootCandidate struct {
	ent       *state.Entity
	first     schemas.Time // start of the earliest signal about it
	count     int32
	explained int    // affected services that depend on it, directly or not
	upstream  int    // affected services it depends on
	machines  int    // affected machines it runs on
	alerts    int64  // on it, of those that were looked at
	rare      int64  // the same, in thousandths, each by how seldom it fires
	common    int64  // the sum of the shares of incidents in which they fire, in thousandths; 0 while little is known
	silent    bool   // nothing is told of it itself
	changed   string // the change on it that is likely the cause
	score     int64
	share     int64 // of the whole, in millionths, without changes
	joint     int64 // what changes on it add
}

// What speaks for a root. The figures are those that a multinomial logit over the
// candidates found on two kinds of simulated worlds and two recordings of real systems
// together, rounded; that all is squared was found on the former, where changes are
// about, so that shares are probabilities.
const (
	rootNone       = 100 // thousandths of an alert that everything has
	rootSilent     = 50  // those of what raises no alert itself
	rootHalfLife   = 45  // seconds after the first by which it is half of what it was
	rootsPublished = 3
)

// Roots finds the services the incident, with everything below it, most likely
// started at.
func Roots(st *state.State, inc *state.Incident) []schemas.SuspectedRoot { return Judge(st, inc).Roots }

// score says what speaks for each candidate:
//
//	(alerts x half-life / (half-life + lateness) x (1 + explains)^1/3 / (1 + upstream)^1/2)^2
//
// where alerts counts each by how seldom it fires there (see hear), explains the
// affected services that depend on it, and upstream those that it depends on, and the
// machines that it runs on.
func score(all []rootCandidate) {
	first := earliest(all)
	for i := range all {
		c := &all[i]
		heard := c.rare
		if c.silent {
			heard = rootSilent
		}
		lateness := max(0, c.first.Sub(first)) / schemas.Second
		x := odds.Ln(rootNone+heard, whole) + odds.Ln(rootHalfLife, rootHalfLife+lateness) +
			odds.Ln(int64(1+c.explained), 1)/3 - odds.Ln(int64(1+c.upstream+c.machines), 1)/2
		c.score = max(1, odds.Exp(2*x+rootScale))
	}
}

// rootScale is added so that what is unlikely is still told apart.
const rootScale = 3454

func earliest(all []rootCandidate) schemas.Time {
	var first schemas.Time
	for i := range all {
		if i == 0 || all[i].first < first {
			first = all[i].first
		}
	}
	return first
}

// rootsOf are the likeliest of all, in words; affected are those that something is
// told of, more says that a text names others.
func rootsOf(all, affected []rootCandidate, more bool) []schemas.SuspectedRoot {
	out := make([]schemas.SuspectedRoot, 0, rootsPublished)
	first := earliest(affected)
	for i := range min(rootsPublished, len(all)) {
		best := i
		for j := i + 1; j < len(all); j++ {
			if all[j].before(&all[best]) {
				best = j
			}
		}
		b := all[best]
		copy(all[i+1:best+1], all[i:best]) // of equal ones the earlier stays first
		all[i] = b
		out = append(out, schemas.SuspectedRoot{Service: b.ent.Key.Name, Score: b.score, Reason: b.reason(first, len(affected), more)})
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

func (c *rootCandidate) reason(first schemas.Time, affected int, more bool) string {
	var s string
	switch {
	case c.silent:
		s = "raises no alert itself" + c.explains()
	case affected == 1 && more:
		s = "the only one with alerts of its own"
	case affected == 1:
		s = "the only service affected"
		if c.ent.Key.Kind == state.EntityHost {
			s = "the only machine affected"
		}
	default:
		if d := c.first.Sub(first); d == 0 {
			s = "affected first"
		} else {
			s = "affected " + phrase.Span(d) + " after the first"
		}
		s += c.explains() + c.under()
	}
	if affected > 1 && c.count > 1 {
		s += "; " + phrase.Plural(int64(c.count), "signal") + " about it"
	}
	if affected > 1 && c.alerts > 0 && c.common/c.alerts >= commonShare {
		s += "; its alerts fire in about " + phrase.Itoa((c.common/c.alerts+5)/10) + " % of incidents"
	}
	if c.changed != "" {
		s += "; " + c.changed + " on it is the likely cause"
	}
	return s
}

// explains says what its failure would explain.
func (c *rootCandidate) explains() string {
	if c.explained == 0 {
		return ""
	}
	verb := " depend"
	if c.ent.Key.Kind == state.EntityHost {
		verb = " run"
	}
	if c.explained == 1 {
		verb += "s"
	}
	return "; " + phrase.Plural(int64(c.explained), "affected service") + verb + " on it"
}

// under says what else could explain its own.
func (c *rootCandidate) under() string {
	s := ""
	if c.upstream > 0 {
		s = "; it depends on " + phrase.Plural(int64(c.upstream), "affected service")
	}
	if c.machines > 0 {
		s += "; it runs on " + phrase.Plural(int64(c.machines), "affected machine")
	}
	if s == "" {
		s = "; nothing it depends on is affected"
	}
	return s
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

// dependsOn reports whether a service depends on another, directly or not.
func dependsOn(st *state.State, a, b *state.Entity) bool {
	if a.Node < 0 || b.Node < 0 {
		return false
	}
	rel := st.Topology.Near(a.Node).Of[b.Node]
	return rel.Up > 0 && (rel.Down == 0 || rel.Up <= rel.Down)
}

// rootCandidates gathers the affected services of the tree under inc, with their
// relations among each other: of many, those that were affected first.
func rootCandidates(st *state.State, inc *state.Incident) []rootCandidate {
	cands := make([]rootCandidate, 0, min(len(inc.Services), rootsCap))
	if t := inc.Whole(); t != nil && inc.Parent == nil {
		for _, p := range t.First() {
			cands = append(cands, rootCandidate{ent: p.Entity, first: p.First, count: p.Count})
		}
		rank(st, inc, cands)
		runOn(st, inc.Scope, cands)
		return cands
	}
	for _, p := range inc.Services {
		if p.Entity.Key.Kind != state.EntityService && p.Entity.Key.Kind != state.EntityHost || p.Mentioned && len(inc.Alerts) > 0 || len(cands) >= rootsCap {
			continue
		}
		cands = append(cands, rootCandidate{ent: p.Entity, first: p.First, count: p.Count})
	}
	rank(st, inc, cands)
	runOn(st, inc.Scope, cands)
	return cands
}

// runOn adds what runs on which machine. It is no part of what rank keeps: pods move,
// and few of what is affected are machines.
func runOn(st *state.State, sc *state.Scope, cands []rootCandidate) {
	for i := range cands {
		m := &cands[i]
		if m.ent.Key.Kind != state.EntityHost {
			continue
		}
		for j := range cands {
			if s := &cands[j]; st.Runs(sc, s.ent, m.ent.Key.Name) {
				m.explained++
				s.machines++
			}
		}
	}
}
