package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/impact"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

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
	s := lc.Sight(inc)
	if f, ok := ps.Best(s, problem.LikelyOpen, true); ok && f.Pattern.Flagged() {
		lc.Occurrence(inc, s, f)
	}
}

// Occurrence makes inc, of which s is seen, one of the incidents of a problem. One
// that was declared solved has returned, and everybody must know.
func (lc *Lifecycle) Occurrence(inc *state.Incident, s *problem.Sight, f problem.Fit) {
	p := f.Pattern
	inc.Problem = p
	inc.Pub.ProblemID = p.Pub.ID
	p.Add(s, f.Suspect, f.Likeness)
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
	inc.Pub.Roots = cause.Roots(lc.State, inc)
	s, ps := lc.Sight(inc), &inc.Scope.Patterns
	s.Open = false
	lc.withdraw(inc, s)
	if len(s.Suspects) == 0 && inc.Problem == nil {
		return
	}
	cfg := &lc.Rules.Problems
	if len(ps.Usuals) > 0 || s.Alerts >= cfg.MinSignals {
		ps.Age(lc.Now, int64(cfg.Period))
	}
	if s.Alerts >= cfg.MinSignals {
		ps.Note(inc.Pub.StartedAt, int64(cfg.Period))
	}
	fits := lc.patternsOf(inc, s)
	ps.Learn(s, lc.Rules.Limits.Patterns)
	for _, f := range fits {
		f.Pattern.Add(s, f.Suspect, f.Likeness)
		f.Pattern.Absorb(s, f.Suspect)
		f.Pattern.Charge(impact.Of(lc.State, inc))
	}
	lc.judge(inc, s, fits)
}

// withdraw takes inc from the problem that it was taken for an occurrence of while
// it was open, if all of it fits that badly.
func (lc *Lifecycle) withdraw(inc *state.Incident, s *problem.Sight) {
	p := inc.Problem
	if p == nil || p.Pub.DeclaredBy != "" || !p.Holds(s) {
		return
	}
	at := slices.IndexFunc(s.Suspects, func(c problem.Suspect) bool { return c.Name == p.Root && c.Machine == p.Machine })
	if at >= 0 && inc.Scope.Patterns.Likeness(p, s, &s.Suspects[at]) > problem.Unlikely {
		return
	}
	p.Withdraw(s)
	inc.Problem, inc.Pub.ProblemID = nil, ""
	lc.Timeline(inc, "problem", 0, "no occurrence of the known problem "+p.Pub.ID+" after all: it failed in another way", nil, "")
	lc.EmitProblem(p)
}

// patternsOf finds the patterns that an incident which ends belongs to: that of
// its problem, or a settled one, or else one for each suspect, which may be new.
func (lc *Lifecycle) patternsOf(inc *state.Incident, s *problem.Sight) []problem.Fit {
	ps := &inc.Scope.Patterns
	if p := inc.Problem; p != nil {
		return []problem.Fit{{Pattern: p, Suspect: p.SuspectIn(s)}}
	}
	if f, ok := ps.Best(s, problem.Likely, true); ok {
		return []problem.Fit{f}
	}
	var out []problem.Fit
	for i := range s.Suspects {
		at := &s.Suspects[i]
		if len(at.Names) == 0 {
			continue
		}
		found := ps.Fits(s, at, problem.Likely)
		if len(found) == 0 {
			if s.Alerts < lc.Rules.Problems.MinSignals {
				continue
			}
			found = []problem.Fit{{Pattern: lc.NewPattern(inc.Scope, at.Place), Suspect: at}}
		}
		for _, f := range found[1:] {
			ps.Merge(found[0].Pattern, f.Pattern)
		}
		out = append(out, found[0])
	}
	return out
}

// NewPattern remembers a place where an incident began as none did before.
func (lc *Lifecycle) NewPattern(sc *state.Scope, at problem.Place) *problem.Pattern {
	ps := &sc.Patterns
	if ps.MakeRoom(lc.Rules.Limits.Patterns) {
		lc.Stats.Limited++
	}
	p := &problem.Pattern{Seq: lc.NextSeq(), Root: at.Name, Machine: at.Machine}
	ps.Insert(p)
	return p
}

// judge flags the pattern of inc that recurs, the likeliest when there are
// several: that one explains the others.
func (lc *Lifecycle) judge(inc *state.Incident, s *problem.Sight, fits []problem.Fit) {
	ps := &inc.Scope.Patterns
	best := -1
	var verdict problem.Verdict
	for i, f := range fits {
		p := f.Pattern
		if p.Flagged() {
			if inc.Problem == nil {
				lc.Occurrence(inc, s, f)
			} else {
				lc.EmitProblem(p)
			}
			return
		}
		v := ps.Judge(p, &lc.Rules.Problems, len(lc.Topology.Nodes))
		if v.Schedule != "" {
			p.Schedule = v.Schedule
			ps.Explain(p)
			lc.Timeline(inc, "pattern", 0, "the same pattern came "+phrase.Plural(v.Times, "time")+", "+v.Schedule+": taken for a scheduled job, not for a problem", nil, "")
			return
		}
		p.Schedule = ""
		if v.Problem && (best < 0 || v.Odds > verdict.Odds) {
			best, verdict = i, v
		}
	}
	if best >= 0 {
		lc.Flag(inc, fits[best].Pattern, "", verdict.Evidence)
		ps.Explain(fits[best].Pattern)
	}
}

// Flag makes p a problem and inc one of its incidents.
func (lc *Lifecycle) Flag(inc *state.Incident, p *problem.Pattern, by string, evidence []schemas.Evidence) {
	owner := ""
	if n := lc.Topology.Exact(p.Root); n >= 0 && !p.Machine {
		owner = lc.Topology.Nodes[n].Service.Team
	}
	p.Flag(problem.Flagging{Scope: inc.Scope.Name, Owner: owner, Rules: lc.Versions.Rules, By: by, Now: lc.Now, Evidence: evidence})
	inc.Problem = p
	inc.Pub.ProblemID = p.Pub.ID
	lc.Timeline(inc, "problem", 0, "recurring: problem "+p.Pub.ID+", "+p.Pub.Title, nil, by)
	lc.EmitProblem(p)
}

// EmitAction writes the present state of a.
func (lc *Lifecycle) EmitAction(a *schemas.ActionItem) { lc.out.Actions = append(lc.out.Actions, *a) }

// EmitProblem writes the present state of p.
func (lc *Lifecycle) EmitProblem(p *problem.Pattern) {
	lc.out.Problems = append(lc.out.Problems, p.Publish(lc.Now))
}
