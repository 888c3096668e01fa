package problem

import (
	"cmp"
	"slices"

	"pinkstar/correlate/internal/odds"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Verdict is what the incidents of a pattern say of it.
type Verdict struct {
	Problem  bool               // it recurs, more often than chance has it
	Schedule string             // by the clock: a job's doing; "" for no
	Times    int64              // within the period
	Odds     int64              // that it is one cause, in thousandths of a nat, beyond what is asked
	Evidence []schemas.Evidence // of a problem
}

// apart is how long after the end of one incident another must begin to be
// another occurrence: what falls into pieces has come once.
const apart = schemas.Hour

// episode are incidents of a pattern that are one occurrence.
type episode struct {
	Occurrence
	broad bool // it has as many alerts as one must have
}

// recent are the occurrences of p within the period before the last.
func (p *Pattern) recent(period int64, broad int64) []episode {
	var out []episode
	for _, o := range p.Occurrences {
		if p.Last.Sub(o.Start) > period {
			continue
		}
		if n := len(out); n > 0 && o.Start.Sub(out[n-1].End) < apart {
			e := &out[n-1]
			e.End, e.Odds, e.Weight = max(e.End, o.End), max(e.Odds, o.Odds), max(e.Weight, o.Weight)
			e.broad = e.broad || o.Alerts >= broad
			continue
		}
		out = append(out, episode{o, o.Alerts >= broad})
	}
	return out
}

// Judge finds out whether p recurs often enough, more often than chance has it,
// and not by the clock. services is how many there are.
func (ps *Book) Judge(p *Pattern, cfg *rules.Problems, services int) Verdict {
	all := p.recent(int64(cfg.Period), int64(cfg.MinSignals))
	v := Verdict{Times: int64(len(all))}
	sched := scheduleOf(p.starts(), int64(cfg.SeasonalSlack), cfg.SeasonalShare)
	if sched.sure {
		v.Schedule = sched.text
		return v
	}
	if len(all) < cfg.MinIncidents || sched.likely && len(all) < 2*cfg.MinIncidents || !p.wellPlaced(all) {
		return v
	}
	if all[len(all)-1].Start.Sub(all[0].Start) < leastSpan || p.agreement() < cfg.Similarity || ps.accompanies(p) {
		return v
	}
	e := ps.evidence(p, all, services)
	asked := ps.asked(cfg, p.Last)
	if e.sum() < asked {
		return v
	}
	v.Problem, v.Odds = true, e.sum()-asked
	v.Evidence = ps.words(p, all, e, asked, services, cfg)
	return v
}

// leastSpan is how far apart the first and the last occurrence must be: before, a
// job that runs often cannot be told from a bad day.
const leastSpan = 2 * schemas.Day

// accompanies reports whether p comes with a problem or a job that is known, and so
// is part of it that did not come to its incidents.
func (ps *Book) accompanies(p *Pattern) bool {
	for _, q := range ps.List {
		if q == p || !q.Settled() || len(q.Occurrences) == 0 {
			continue
		}
		since, known, with := q.Occurrences[0].Start, int64(0), int64(0)
		for _, o := range p.Occurrences {
			if o.Start < since {
				continue
			}
			known++
			if q.running(o.Start) {
				with++
			}
		}
		if known >= 3 && with*1000 >= companyShare*known {
			return true
		}
	}
	return false
}

const (
	companyShare = 750 // thousandths
	companySlack = 5 * schemas.Minute
	companyMost  = 30 * schemas.Minute // of an incident, after its start
)

// running reports whether an incident of p was under way at a time.
func (p *Pattern) running(at schemas.Time) bool {
	return slices.ContainsFunc(p.Occurrences, func(o Occurrence) bool {
		return at >= o.Start.Add(-companySlack) && at <= min(o.End, o.Start.Add(companyMost)).Add(companySlack)
	})
}

// leastPlaced is how likely the root must be on average, in thousandths.
const leastPlaced = 300

// wellPlaced reports whether the occurrences are enough of incidents, and likely
// enough to have begun at the root. On a machine, it or different services must fail, or
// else it is the service that recurs.
func (p *Pattern) wellPlaced(all []episode) bool {
	broad, weight := 0, int64(0)
	for _, o := range all {
		if o.broad {
			broad++
		}
		weight += o.Weight
	}
	return broad >= 2 && weight >= leastPlaced*int64(len(all)) && (!p.Machine || len(p.Services) != 1 || p.Services[0] == "")
}

// recurrence is what speaks for one cause and against coincidence, in thousandths
// of a nat each.
type recurrence struct {
	alike  int64 // the incidents show what the earlier ones had shown, not what is usual there
	mixed  int64 // and others there show other things
	busier int64 // the root fails more often than others do
	others int64 // incidents there that are none of p's
}

func (r recurrence) sum() int64 { return r.alike + r.mixed + r.busier }

const (
	leastAlike  = -1000 // bounds for one occurrence, so that none decides alone
	mostAlike   = 10_000
	mostBusier  = 3000
	leastBusier = -700
)

func (ps *Book) evidence(p *Pattern, all []episode, services int) recurrence {
	r := recurrence{}
	for _, o := range all[1:] {
		r.alike += max(leastAlike, min(o.Odds, mostAlike))
	}
	k := int64(len(all)) * unit
	if u := ps.usuals[p.place()]; u != nil {
		r.others = max(0, u.Incidents-p.Weight)
	}
	// The share of its incidents among those at the root is not known beforehand:
	// the mixture over all shares (Krichevsky and Trofimov) is near k ln(k/n) + m
	// ln(m/n) - ln(n)/2, and the first occurrence is given.
	n := k + r.others
	r.mixed = k/unit*odds.Ln(k, n) - odds.Ln(n, unit)/2
	if r.others > 0 {
		r.mixed += r.others * odds.Ln(r.others, n) / unit
	}
	// Poisson's log-likelihood ratio, by half: services differ in how often they
	// fail, more than chance has it.
	base := ps.baseRate(services)
	r.busier = max(leastBusier, min(mostBusier, (k*odds.Ln(k, base)-unit*(k-base))/(2*unit)))
	return r
}

func (p *Pattern) place() Place { return Place{p.Root, p.Machine} }

// asked is what the evidence of a problem must reach, by the e-BH rule: the odds
// against chance must be the number of patterns compared, over the share of false
// problems that is allowed and the number of problems with this one.
func (ps *Book) asked(cfg *rules.Problems, now schemas.Time) int64 {
	compared, found := int64(0), int64(1)
	for _, p := range ps.List {
		if now.Sub(p.Last) > int64(cfg.Period) || p.Count < 2 {
			continue // nothing to compare
		}
		compared++
		if p.Flagged() {
			found++
		}
	}
	return odds.Ln(max(compared, 1)*1000, max(cfg.FalseDiscoveries, 1)*found)
}

// baseRate is how many incidents a service has in the period when they fall
// evenly, in thousandths.
func (ps *Book) baseRate(services int) int64 {
	services = max(services, len(ps.ByRoot), 10)
	return max(1, int64(len(ps.Starts))*1000/int64(services))
}

// words are the evidence for people.
func (ps *Book) words(p *Pattern, all []episode, r recurrence, asked int64, services int, cfg *rules.Problems) []schemas.Evidence {
	times := int64(len(all))
	starts := make([]schemas.Time, len(all))
	for i := range all {
		starts[i] = all[i].Start
	}
	base := ps.baseRate(services)
	return []schemas.Evidence{
		{Kind: "recurrence", Points: times, Detail: p.Root + " failed in the same way " + phrase.Plural(times, "time") + " within " + cfg.Period.String() + ": " + datesText(starts)},
		{Kind: "symptoms", Points: r.alike, Detail: ps.symptomsText(p, r.others)},
		{Kind: "interval", Detail: intervalsText(starts) + "; on no schedule by the hour, day or week"},
		{Kind: "base_rate", Points: times * 1_000_000 / max(base, 1), Detail: "chance would give " + placeText(p) + " " + thousandths(base) + " incidents in that time"},
		{Kind: "odds", Points: r.sum(), Detail: "the odds that this is one cause and no coincidence are " + oddsText(r.sum()) + " to 1; " +
			oddsText(asked) + " to 1 is asked for, so that at most one problem in " + phrase.Itoa(1000/max(cfg.FalseDiscoveries, 1)) + " is mistaken"},
	}
}

func placeText(p *Pattern) string {
	if p.Machine {
		return "this machine"
	}
	return "this service"
}

// symptomsText says what the root shows, and how often other incidents there do.
func (ps *Book) symptomsText(p *Pattern, others int64) string {
	const show = 3
	text := ""
	u := ps.usuals[p.place()]
	for i, it := range p.named() {
		if i == show {
			break
		}
		if i > 0 {
			text += ", "
		}
		text += it.Name + " in " + phrase.Itoa(min(it.Count*100/max(p.Weight, 1), 100)) + " %"
		if others >= unit {
			text += " (of the other incidents there: " + phrase.Itoa(min(max(0, u.counts(it.Name).Root-it.Count)*100/others, 100)) + " %)"
		}
	}
	if text == "" {
		text = "the same alerts elsewhere"
	}
	if p.Machine && len(p.Services) > 1 {
		text += "; on it failed "
		for i, s := range p.Services {
			if i > 0 {
				text += ", "
			}
			text += cmp.Or(s, "the machine itself")
		}
	}
	return text
}

// oddsText rounds odds to what people can take in.
func oddsText(x int64) string {
	n := odds.Exp(min(x, 13_816)) / 1000 // a million
	switch {
	case n >= 1_000_000:
		return "more than a million"
	case n >= 100:
		scale := int64(1)
		for n/scale >= 100 {
			scale *= 10
		}
		n = n / scale * scale
	}
	return phrase.Itoa(max(n, 1))
}

func (p *Pattern) starts() []schemas.Time {
	out := make([]schemas.Time, len(p.Occurrences))
	for i := range p.Occurrences {
		out[i] = p.Occurrences[i].Start
	}
	slices.Sort(out)
	return out
}
