package problem

import (
	"slices"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Verdict is what the incidents of a pattern say of it.
type Verdict struct {
	Problem  bool               // it recurs, more often than chance has it
	Schedule string             // by the clock: a job's doing; "" for no
	Times    int64              // within the period
	Evidence []schemas.Evidence // of a problem
}

// Judge finds out whether p recurs often enough, more often than chance has it,
// and not by the clock. services is how many there are.
func (ps *Book) Judge(p *Pattern, cfg *rules.Problems, services int) Verdict {
	var recent []schemas.Time
	for _, t := range p.Starts {
		if p.Last.Sub(t) <= int64(cfg.Period) {
			recent = append(recent, t)
		}
	}
	slices.Sort(recent)
	times := int64(len(recent))
	if len(recent) < cfg.MinIncidents {
		return Verdict{Times: times}
	}
	if schedule := seasonal(recent, int64(cfg.SeasonalSlack), cfg.SeasonalShare); schedule != "" {
		return Verdict{Times: times, Schedule: schedule}
	}
	base := ps.baseRate(services)
	if times*1_000_000 < base*cfg.Significance {
		return Verdict{Times: times}
	}
	return Verdict{Problem: true, Times: times, Evidence: []schemas.Evidence{
		{Kind: "recurrence", Points: times, Detail: phrase.Plural(times, "incident") + " with the same alerts and the same suspected root within " + cfg.Period.String() + ": " + datesText(recent)},
		{Kind: "interval", Detail: intervalsText(recent) + "; on no daily or weekly schedule"},
		{Kind: "base_rate", Points: times * 1_000_000 / max(base, 1), Detail: "chance would give this service " + thousandths(base) + " incidents in that time"},
	}}
}

// baseRate is how many incidents a service has in the period when they fall
// evenly, in thousandths.
func (ps *Book) baseRate(services int) int64 {
	services = max(services, len(ps.ByRoot), 10)
	return max(1, int64(len(ps.Starts))*1000/int64(services))
}

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
		Status: schemas.ProblemOpen, Service: p.Root, FlaggedAt: f.Now, DeclaredBy: f.By, Evidence: f.Evidence, Rules: f.Rules, Owner: f.Owner}
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
	for _, it := range p.Signature {
		if it.Service == p.Root {
			name = it.Name
			break
		}
	}
	return name + " on " + p.Root + " keeps coming back (" + phrase.Plural(p.Count, "incident") + ")"
}

func (p *Pattern) signatureText() string {
	s := "root " + p.Root + ": "
	for i, it := range p.Signature {
		if i == 8 {
			return s + " and " + phrase.Itoa(int64(len(p.Signature)-8)) + " more"
		}
		if i > 0 {
			s += ", "
		}
		s += it.Name
		if it.Service != "" {
			s += " on " + it.Service
		}
	}
	return s
}
