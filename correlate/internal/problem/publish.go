package problem

import (
	"slices"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/schemas"
)

// Flagging is under which circumstances a pattern becomes a problem.
type Flagging struct {
	Scope, Owner, Rules string
	By                  string // the operator who says so; "" for nobody
	Now                 schemas.Time
	Evidence            []schemas.Evidence
}

// Flag makes p a problem.
func (p *Pattern) Flag(f Flagging) {
	sig := p.signatureText()
	p.Pub = schemas.Problem{ID: schemas.ProblemID(f.Scope, p.Root+"\x00"+sig+"\x00"+phrase.Itoa(p.Seq)), Scope: f.Scope, Signature: sig, Title: p.title(),
		Status: schemas.ProblemOpen, FlaggedAt: f.Now, DeclaredBy: f.By, Evidence: f.Evidence, Rules: f.Rules, Owner: f.Owner}
	if p.Machine {
		p.Pub.Machine = p.Root
	} else {
		p.Pub.Service = p.Root
	}
}

// Again notes that p came once more, and reports whether it was declared solved
// before.
func (p *Pattern) Again(now schemas.Time) (returned bool) {
	if p.Pub.Status != schemas.ProblemSolved {
		return false
	}
	p.Pub.Status = schemas.ProblemReturned
	p.Pub.ReturnedAt = now
	return true
}

// Solve notes that somebody declared p solved.
func (p *Pattern) Solve(now schemas.Time, by string) {
	p.Pub.Status = schemas.ProblemSolved
	p.Pub.SolvedAt, p.Pub.SolvedBy, p.Pub.ReturnedAt = now, by, 0
}

// Publish is the next revision of the problem p.
func (p *Pattern) Publish(now schemas.Time) schemas.Problem {
	p.Pub.Revision++
	p.Pub.UpdatedAt = now
	p.Pub.IncidentIDs = slices.Clone(p.IncidentIDs)
	p.Pub.Count = p.Count
	p.Pub.FirstSeenAt, p.Pub.LastSeenAt = p.First, p.Last
	p.Pub.Cost, p.Pub.Minutes = p.Cost, p.Minutes
	p.Pub.Cost.Formula = "sum over its closed incidents"
	p.Pub.Title = p.title()
	out := p.Pub
	out.Evidence = slices.Clone(p.Pub.Evidence)
	return out
}

func (p *Pattern) title() string {
	name := "Incidents"
	if shown := p.named(); len(shown) > 0 {
		name = shown[0].Name
	}
	return name + " on " + p.Root + " keeps coming back (" + phrase.Plural(p.Count, "incident") + ")"
}

// signatureText is what recurs: how the root fails, then what else does in a third
// of the incidents at least.
func (p *Pattern) signatureText() string {
	const show = 8
	s := "root " + p.Root + ": "
	list := p.named()
	for _, it := range p.Symptoms {
		if it.Service != p.Root && 3*it.Count >= p.Weight {
			list = append(list, it)
		}
	}
	for i, it := range list {
		if i == show {
			return s + " and " + phrase.Itoa(int64(len(list)-show)) + " more"
		}
		if i > 0 {
			s += ", "
		}
		s += it.Name + " on " + it.Service
	}
	return s
}

// datesText lists the latest starts.
func datesText(starts []schemas.Time) string {
	const show = 5
	s := ""
	if len(starts) > show {
		s = "the latest on "
		starts = starts[len(starts)-show:]
	}
	for i, t := range starts {
		if i > 0 {
			s += ", "
		}
		s += t.String()[:16] + "Z"
	}
	return s
}

// intervalsText tells the shortest, middle and longest time between two.
func intervalsText(starts []schemas.Time) string {
	gaps := make([]int64, 0, len(starts))
	for i := 1; i < len(starts); i++ {
		gaps = append(gaps, starts[i].Sub(starts[i-1]))
	}
	if len(gaps) == 0 {
		return "seen once"
	}
	slices.Sort(gaps)
	return "between two: " + phrase.Span(gaps[0]) + " at least, " + phrase.Span(gaps[len(gaps)/2]) + " usually, " + phrase.Span(gaps[len(gaps)-1]) + " at most"
}

func thousandths(n int64) string {
	frac := phrase.Itoa(n % 1000)
	for len(frac) < 3 {
		frac = "0" + frac
	}
	return phrase.Itoa(n/1000) + "." + frac
}
