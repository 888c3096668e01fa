package operator

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// declareProblem makes the pattern of inc a problem on an operator's word.
func (op *Operator) declareProblem(inc *state.Incident, c *schemas.Command) {
	if inc.Problem != nil {
		op.Timeline(inc, "problem", 0, "is problem "+inc.Problem.Pub.ID+" already", nil, c.By)
		return
	}
	inc.Pub.Roots = cause.Roots(op.State, inc)
	s := op.Sight(inc)
	f, ok := inc.Scope.Patterns.Best(s, problem.Likely, false)
	if ok && f.Pattern.Flagged() {
		op.Occurrence(inc, s, f)
		return
	}
	if !ok {
		at := problem.Suspect{}
		if len(s.Suspects) > 0 {
			at = s.Suspects[0]
		}
		f = problem.Fit{Pattern: op.NewPattern(inc.Scope, at.Place), Suspect: &at}
	}
	f.Pattern.Add(s, f.Suspect, f.Likeness)
	f.Pattern.Absorb(s, f.Suspect)
	op.Flag(inc, f.Pattern, c.By, []schemas.Evidence{{Kind: "operator", Detail: "declared by " + phrase.OrNone(c.By) + noteText(c.Note)}})
}

func noteText(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

func (op *Operator) solveProblem(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	c := s.Command
	i := slices.IndexFunc(sc.Patterns.List, func(p *problem.Pattern) bool { return p.Flagged() && p.Pub.ID == c.ProblemID })
	if i < 0 {
		op.Refuse(r, s, "problem "+phrase.OrNone(c.ProblemID)+" is not known in scope "+sc.Name)
		return
	}
	p := sc.Patterns.List[i]
	p.Solve(op.Now, c.By)
	op.EmitProblem(p)
	op.Decide(r, s, state.Placed, nil, &evidence.Reason{Text: "problem " + p.Pub.ID + " declared solved by " + phrase.OrNone(c.By) + noteText(c.Note)})
}
