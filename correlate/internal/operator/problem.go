package operator

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/lifecycle"
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
	root, items := lifecycle.RootName(inc), lifecycle.SignatureOf(inc)
	p := inc.Scope.Patterns.Match(root, items, op.Rules.Problems.Similarity, false)
	if p == nil {
		p = op.NewPattern(inc.Scope, root, items)
	}
	p.Add(inc.Pub.ID, inc.Pub.StartedAt)
	if p.Flagged() {
		op.Occurrence(inc, p)
		return
	}
	op.Flag(inc, p, c.By, []schemas.Evidence{{Kind: "operator", Detail: "declared by " + phrase.OrNone(c.By) + noteText(c.Note)}})
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
