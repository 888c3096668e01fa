package cause

import (
	"cmp"
	"slices"

	"pinkstar/correlate/internal/odds"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Verdict is where an incident, with everything below it, most likely started, and
// what most likely caused it.
type Verdict struct {
	Roots    []schemas.SuspectedRoot
	Likely   []schemas.Candidate // changes above even odds
	Also     []schemas.Candidate // below, the likeliest first
	NoChange float64             // the probability of none of them
}

const (
	whole = 1000 // a share or probability of 1, in thousandths
	even  = 500
	// changesJudged bounds how many changes are weighed against each other.
	changesJudged = 20
)

// judged is a change and what it is worth.
type judged struct {
	schemas.Candidate
	at    int   // its service, among the candidates for the root
	odds  int64 // e to its log-odds, in thousandths
	share int64 // its probability, in thousandths
}

// Judge finds the suspected roots of inc and the probability of each change near
// it. Both are one question: with r the share of a service as a root and o the odds
// of a change on it (see chance),
//
//	P(root s, change c) ~ r(s) o(c)      P(root s, no change) ~ r(s)
//
// over all services and changes, so that a change makes a root of its service as far
// as the moment speaks for it, and a service that is no root clears its changes.
func Judge(st *state.State, inc *state.Incident) Verdict {
	cands := rootCandidates(st, inc)
	hear(inc, cands)
	changes := changesOf(inc)
	all := withSilent(st, cands, changes)
	shareOut(all)
	list := make([]judged, 0, len(changes))
	for _, c := range changes {
		j := judged{Candidate: c, at: -1}
		if j.at = slices.IndexFunc(all, func(r rootCandidate) bool { return isService(r.ent, c.Service) }); j.at < 0 {
			continue
		}
		j.odds = odds.Exp(chance(st, inc.Scope, &c, onsetBelow(st, cands, all[j.at].ent), alertsOf(inc)))
		list = append(list, j)
	}
	weigh(all, list)
	v := Verdict{Roots: rootsOf(all, cands, namedIn(inc) > len(cands))}
	v.tell(list)
	return v
}

// changesOf are the changes that may have caused inc: of a main incident, or of one
// below it.
func changesOf(inc *state.Incident) []schemas.Candidate {
	if t := inc.Whole(); t != nil && inc.Parent == nil {
		all := t.Candidates()
		return all[:min(len(all), changesJudged)]
	}
	return inc.Pub.Candidates
}

// namedIn is how many services and machines inc affects, those that only a text names
// too.
func namedIn(inc *state.Incident) int {
	if t := inc.Whole(); t != nil && inc.Parent == nil {
		return t.Touches()
	}
	return len(inc.Services)
}

// alertsOf is how many alerts inc has, with everything below it.
func alertsOf(inc *state.Incident) int {
	if t := inc.Whole(); t != nil && inc.Parent == nil {
		return int(t.Counts().Alerts)
	}
	return len(inc.Alerts)
}

func isService(ent *state.Entity, name string) bool {
	return ent.Key.Kind == state.EntityService && ent.Key.Name == name
}

// withSilent are the candidates for the root with those services that raise no
// alert and were changed.
func withSilent(st *state.State, cands []rootCandidate, changes []schemas.Candidate) []rootCandidate {
	all := slices.Clip(cands)
	for _, c := range changes {
		if slices.ContainsFunc(all, func(r rootCandidate) bool { return isService(r.ent, c.Service) }) {
			continue
		}
		ent := &state.Entity{Key: state.EntityKey{Kind: state.EntityService, Name: c.Service}, Node: st.Topology.Exact(c.Service)}
		r := rootCandidate{ent: ent, silent: true, first: onsetBelow(st, cands, ent)}
		for i := range cands {
			switch {
			case dependsOn(st, cands[i].ent, ent):
				r.explained++
			case dependsOn(st, ent, cands[i].ent):
				r.upstream++
			}
		}
		all = append(all, r)
	}
	return all
}

// onsetBelow is when the first alert began that ent can be behind: on it, or on
// what depends on it.
func onsetBelow(st *state.State, cands []rootCandidate, ent *state.Entity) schemas.Time {
	var first, any schemas.Time
	for i := range cands {
		c := &cands[i]
		if any == 0 || c.first < any {
			any = c.first
		}
		if (c.ent.Key == ent.Key || dependsOn(st, c.ent, ent)) && (first == 0 || c.first < first) {
			first = c.first
		}
	}
	return cmp.Or(first, any)
}

// shareOut turns what speaks for each candidate into its share of the whole.
func shareOut(all []rootCandidate) {
	score(all)
	var total int64
	for i := range all {
		total += all[i].score
	}
	for i := range all {
		all[i].share = all[i].score * whole * whole / total
	}
}

// weigh gives each change its probability, and each candidate for the root the
// share it has with its changes.
func weigh(all []rootCandidate, list []judged) {
	total := int64(0)
	for i := range all {
		total += all[i].share
	}
	for i := range list {
		total += all[list[i].at].share * list[i].odds / whole
	}
	if total == 0 {
		return
	}
	for i := range list {
		j := &list[i]
		r := &all[j.at]
		w := r.share * j.odds / whole
		j.share = w * whole / total
		r.joint += w
		if j.share >= even {
			r.changed = j.Title
		}
	}
	for i := range all {
		all[i].score = (all[i].share + all[i].joint) * whole / total
	}
}

// tell sorts the changes into likely ones and others, and rounds so that all sums
// to one.
func (v *Verdict) tell(list []judged) {
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b judged) int {
		return cmp.Or(cmp.Compare(b.share, a.share), state.CompareCandidates(a.Candidate, b.Candidate))
	})
	none := int64(whole)
	for i := range list[:min(len(list), candidatesCap)] {
		c := list[i].Candidate
		share := max(list[i].share, 1)
		none -= share
		c.Probability = float64(share) / whole
		if share >= even {
			v.Likely = append(v.Likely, c)
		} else {
			v.Also = append(v.Also, c)
		}
	}
	v.NoChange = float64(max(none, 0)) / whole
}
