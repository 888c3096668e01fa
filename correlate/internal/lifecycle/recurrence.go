package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/impact"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// SignatureOf lists what fired where, over inc and everything below it.
func SignatureOf(inc *state.Incident) []topology.AlertType {
	seen := map[topology.AlertType]bool{} // only looked up
	var items []topology.AlertType
	for _, x := range inc.Tree(nil) {
		for _, a := range x.Alerts {
			t := topology.AlertType{Name: a.Name, Service: a.Service}
			if !seen[t] && len(seen) < 8*problem.ItemsCap {
				seen[t] = true
				items = append(items, t)
			}
		}
	}
	slices.SortFunc(items, topology.CompareTypes)
	return items[:min(len(items), problem.ItemsCap)]
}

// RootName is the service that inc most likely started at, "" for none.
func RootName(inc *state.Incident) string {
	if len(inc.Pub.Roots) == 0 {
		return ""
	}
	return inc.Pub.Roots[0].Service
}

// checkProblems looks whether a main incident is an occurrence of a known
// problem, as soon as its members show it.
func (lc *Lifecycle) checkProblems(inc *state.Incident) {
	ps := &inc.Scope.Patterns
	if inc.Problem != nil || inc.Parent != nil || len(ps.List) == 0 {
		return
	}
	if known := len(inc.Services) + len(inc.Order) + len(inc.Children); known == inc.Checked {
		return
	} else {
		inc.Checked = known
	}
	root := RootName(inc)
	if !slices.ContainsFunc(ps.ByRoot[root], (*problem.Pattern).Flagged) {
		return
	}
	if p := ps.Match(root, SignatureOf(inc), lc.Rules.Problems.Similarity, true); p != nil {
		lc.Occurrence(inc, p)
	}
}

// Occurrence makes inc one of the incidents of problem p. One that was declared
// solved has returned, and everybody must know.
func (lc *Lifecycle) Occurrence(inc *state.Incident, p *problem.Pattern) {
	inc.Problem = p
	inc.Pub.ProblemID = p.Pub.ID
	p.Add(inc.Pub.ID, inc.Pub.StartedAt)
	text := "an occurrence of the known problem " + p.Pub.ID + ", " + p.Pub.Title
	if p.Again(lc.Now) {
		text = "PROBLEM RETURNED: " + p.Pub.ID + ", " + p.Pub.Title + ", was declared solved at " + p.Pub.SolvedAt.String() +
			" by " + phrase.OrNone(p.Pub.SolvedBy) + " and is back"
	}
	lc.Timeline(inc, "problem", 0, text, nil, "")
	lc.EmitProblem(p)
}

// signIncident counts an incident that leaves, and flags its pattern when it
// recurs.
func (lc *Lifecycle) signIncident(inc *state.Incident) {
	if inc.Parent != nil {
		return
	}
	alerts := int64(0)
	for _, x := range inc.Tree(nil) {
		alerts += x.Pub.AlertCount
	}
	inc.Pub.Roots = cause.Roots(lc.State, inc)
	root, ps := RootName(inc), &inc.Scope.Patterns
	if inc.Problem == nil && (alerts < int64(lc.Rules.Problems.MinSignals) || root == "") {
		return
	}
	ps.Note(inc.Pub.StartedAt, int64(lc.Rules.Problems.Period))
	p := inc.Problem
	if p == nil {
		items := SignatureOf(inc)
		if p = ps.Match(root, items, lc.Rules.Problems.Similarity, false); p == nil {
			p = lc.NewPattern(inc.Scope, root, items)
		}
	}
	p.Add(inc.Pub.ID, inc.Pub.StartedAt)
	p.Charge(impact.Of(lc.State, inc))
	if p.Flagged() {
		if inc.Problem == nil {
			lc.Occurrence(inc, p)
			return
		}
		lc.EmitProblem(p)
		return
	}
	lc.judge(inc, p)
}

// NewPattern remembers a signature that was not seen before.
func (lc *Lifecycle) NewPattern(sc *state.Scope, root string, items []topology.AlertType) *problem.Pattern {
	ps := &sc.Patterns
	if len(ps.List) >= lc.Rules.Limits.Patterns {
		lc.Stats.Limited++
		i := max(0, slices.IndexFunc(ps.List, func(p *problem.Pattern) bool { return !p.Flagged() }))
		ps.Remove(i)
	}
	p := &problem.Pattern{Seq: lc.NextSeq(), Root: root, Signature: items}
	ps.Insert(p)
	return p
}

// judge flags the pattern of inc when it recurs.
func (lc *Lifecycle) judge(inc *state.Incident, p *problem.Pattern) {
	v := inc.Scope.Patterns.Judge(p, &lc.Rules.Problems, len(lc.Topology.Nodes))
	switch {
	case v.Problem:
		lc.Flag(inc, p, "", v.Evidence)
	case v.Schedule != "":
		lc.Timeline(inc, "pattern", 0, "the same pattern came "+phrase.Itoa(v.Times)+" times, "+v.Schedule+": taken for a scheduled job, not for a problem", nil, "")
	}
}

// Flag makes p a problem and inc one of its incidents.
func (lc *Lifecycle) Flag(inc *state.Incident, p *problem.Pattern, by string, evidence []schemas.Evidence) {
	owner := ""
	if n := lc.Topology.Exact(p.Root); n >= 0 {
		owner = lc.Topology.Nodes[n].Service.Team
	}
	p.Flag(problem.Flagging{Scope: inc.Scope.Name, Owner: owner, Rules: lc.Versions.Rules, By: by, Now: lc.Now, Evidence: evidence})
	inc.Problem = p
	inc.Pub.ProblemID = p.Pub.ID
	lc.Timeline(inc, "problem", 0, "recurring: problem "+p.Pub.ID+", "+p.Pub.Title, nil, by)
	lc.EmitProblem(p)
}

// EmitProblem writes the present state of p.
func (lc *Lifecycle) EmitProblem(p *problem.Pattern) {
	lc.out.Problems = append(lc.out.Problems, p.Publish(lc.Now))
}
