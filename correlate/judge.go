package correlate

import (
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// verdict is what the incidents of a pattern say of it.
type verdict struct {
	problem  bool               // it recurs, more often than chance has it
	schedule string             // by the clock: a job's doing; "" for no
	times    int64              // within the period
	evidence []schemas.Evidence // of a problem
}

// judge finds out whether p recurs often enough, more often than chance has it,
// and not by the clock. services is how many there are.
func (ps *patterns) judge(p *pattern, cfg *rules.Problems, services int) verdict {
	var recent []schemas.Time
	for _, t := range p.starts {
		if p.last.Sub(t) <= int64(cfg.Period) {
			recent = append(recent, t)
		}
	}
	slices.Sort(recent)
	times := int64(len(recent))
	if len(recent) < cfg.MinIncidents {
		return verdict{times: times}
	}
	if schedule := seasonal(recent, int64(cfg.SeasonalSlack), cfg.SeasonalShare); schedule != "" {
		return verdict{times: times, schedule: schedule}
	}
	base := ps.baseRate(services)
	if times*1_000_000 < base*cfg.Significance {
		return verdict{times: times}
	}
	return verdict{problem: true, times: times, evidence: []schemas.Evidence{
		{Kind: "recurrence", Points: times, Detail: plural(times, "incident") + " with the same alerts and the same suspected root within " + cfg.Period.String() + ": " + datesText(recent)},
		{Kind: "interval", Detail: intervalsText(recent) + "; on no daily or weekly schedule"},
		{Kind: "base_rate", Points: times * 1_000_000 / max(base, 1), Detail: "chance would give this service " + thousandths(base) + " incidents in that time"},
	}}
}

// baseRate is how many incidents a service has in the period when they fall
// evenly, in thousandths.
func (ps *patterns) baseRate(services int) int64 {
	services = max(services, len(ps.byRoot), 10)
	return max(1, int64(len(ps.starts))*1000/int64(services))
}

// flagging is under which circumstances a pattern becomes a problem.
type flagging struct {
	scope, owner, rules string
	by                  string // the operator who says so; "" for nobody
	now                 schemas.Time
	evidence            []schemas.Evidence
}

// flag makes p a problem.
func (p *pattern) flag(f flagging) {
	sig := p.signature()
	p.pub = schemas.Problem{ID: schemas.ProblemID(f.scope, p.root+"\x00"+sig+"\x00"+itoa(p.seq)), Scope: f.scope, Signature: sig, Title: p.title(),
		Status: schemas.ProblemOpen, Service: p.root, FlaggedAt: f.now, DeclaredBy: f.by, Evidence: f.evidence, Rules: f.rules, Owner: f.owner}
}

// again notes that p came once more, and reports whether it was declared solved
// before.
func (p *pattern) again(now schemas.Time) (returned bool) {
	if p.pub.Status != schemas.ProblemSolved {
		return false
	}
	p.pub.Status = schemas.ProblemReturned
	p.pub.ReturnedAt = now
	return true
}

// solve notes that somebody declared p solved.
func (p *pattern) solve(now schemas.Time, by string) {
	p.pub.Status = schemas.ProblemSolved
	p.pub.SolvedAt, p.pub.SolvedBy, p.pub.ReturnedAt = now, by, 0
}

// publish is the next revision of the problem p.
func (p *pattern) publish(now schemas.Time) schemas.Problem {
	p.pub.Revision++
	p.pub.UpdatedAt = now
	p.pub.IncidentIDs = slices.Clone(p.ids)
	p.pub.Count = p.count
	p.pub.FirstSeenAt, p.pub.LastSeenAt = p.first, p.last
	p.pub.Cost, p.pub.Minutes = p.cost, p.minutes
	p.pub.Cost.Formula = "sum over its closed incidents"
	p.pub.Title = p.title()
	out := p.pub
	out.Evidence = slices.Clone(p.pub.Evidence)
	return out
}

func (p *pattern) title() string {
	name := "Incidents"
	for _, it := range p.items {
		if it.service == p.root {
			name = it.name
			break
		}
	}
	return name + " on " + p.root + " keeps coming back (" + plural(p.count, "incident") + ")"
}

func (p *pattern) signature() string {
	s := "root " + p.root + ": "
	for i, it := range p.items {
		if i == 8 {
			return s + " and " + itoa(int64(len(p.items)-8)) + " more"
		}
		if i > 0 {
			s += ", "
		}
		s += it.name
		if it.service != "" {
			s += " on " + it.service
		}
	}
	return s
}
