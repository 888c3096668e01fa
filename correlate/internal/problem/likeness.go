package problem

import (
	"slices"
	"strings"

	"pinkstar/correlate/internal/odds"
	"pinkstar/correlate/internal/topology"
)

// Likeness is measured in thousandths of a nat of log-likelihood ratio. The
// bounds below keep one symptom from deciding alone: symptoms of one failure
// depend on each other, and nothing was seen often enough to be sure.
const (
	leastShare     = 2    // thousandths: no alert is expected less often
	mostShare      = 950  // or more often
	strangeMost    = 6000 // against, by all alerts that the root never showed before
	missingEach    = 1000 // against, by all alerts that are missing, for each that is there: who shows little may show a part
	rareMost       = 2000 // for, by rare symptoms elsewhere
	leastContained = 350  // thousandths: who shows other alerts than a pattern is none of its
	expected       = 300  // thousandths: what a pattern shows that often is missed
	strangeness    = 300  // thousandths of what is usual: an alert the pattern never showed
	priorShown     = 400  // thousandths of an incident, on top of those that showed an alert, of
	sizePattern    = unit // so many more
	sizeUsual      = unit // how many incidents all places count for in what is usual at one

	// Likely is how well an incident must fit a pattern to be its; while it is
	// open, better.
	Likely     = 700
	LikelyOpen = 1000
	// Unlikely is how badly an incident fits a problem, in the end, that was taken
	// for its occurrence and is none.
	Unlikely = -700
)

// Likeness says how well what is seen at a suspect fits p: how the root failed,
// and rare symptoms elsewhere.
func (ps *Book) Likeness(p *Pattern, s *Sight, at *Suspect) int64 {
	if len(at.Names) > 0 && p.Weight > 0 && p.contains(at.Names) < leastContained {
		return -strangeMost
	}
	u := ps.usuals[at.Place]
	fits, strange, missing := int64(0), int64(0), int64(0)
	for _, name := range at.Names {
		share := ps.otherwise(p, u, name)
		if x := odds.Ln(p.expects(name, share), share); x >= 0 {
			fits += x
		} else {
			strange -= x
		}
	}
	if !s.Open {
		for i := range p.Symptoms {
			it := &p.Symptoms[i]
			if it.Service != p.Root || it.Count*unit < expected*p.Weight {
				continue
			}
			if _, shown := slices.BinarySearch(at.Names, it.Name); shown {
				continue
			}
			share := ps.otherwise(p, u, it.Name)
			missing += max(0, odds.Ln(unit-share, unit-p.expects(it.Name, share)))
		}
	}
	if !p.Machine {
		fits += ps.rare(p, s)
	}
	doubt := odds.Ln(at.Weight, s.Top()) / 2
	return fits - min(strange, strangeMost) - min(missing, missingEach*int64(max(len(at.Names), 1))) + doubt
}

// contains is how much of what the root shows p shows too, in thousandths: the mean
// over the alerts of the share of its incidents that show them.
func (p *Pattern) contains(names []string) int64 {
	sum := int64(0)
	for _, name := range names {
		if i, ok := p.find(topology.AlertType{Name: name, Service: p.Root}); ok {
			sum += min(p.Symptoms[i].Count*unit/p.Weight, unit)
		}
	}
	return sum / int64(len(names))
}

// agreement is how much of what one incident of p shows at the root another shows
// too, in thousandths, on average over all pairs.
func (p *Pattern) agreement() int64 {
	pairs, all := int64(0), int64(0)
	for _, it := range p.Symptoms {
		if it.Service == p.Root && it.Count > 0 {
			pairs += it.Count * max(0, it.Count-p.each()) / unit
			all += it.Count * max(0, p.Weight-p.each()) / unit
		}
	}
	if all == 0 {
		return 0
	}
	return min(pairs*unit/all, unit)
}

// each is the mean weight of an incident of p.
func (p *Pattern) each() int64 { return min(p.Weight/max(p.Count, 1), unit) }

// rare is what the symptoms elsewhere say for p: only what p has shown before,
// and by half, since a service that suffers often suffers with others.
func (ps *Book) rare(p *Pattern, s *Sight) int64 {
	sum := int64(0)
	for _, it := range s.Items {
		if it.Service == p.Root || it.Service == "" {
			continue
		}
		i, ok := p.find(it)
		if !ok || p.Symptoms[i].Count == 0 {
			continue
		}
		k := p.Symptoms[i].Count
		u := ps.usuals[Place{Name: it.Service}]
		all, shown := int64(0), u.counts(it.Name).Touched
		if u != nil {
			all = u.Touched
		}
		share := bounded((max(0, shown-k)*unit + ps.anywhere(Place{Name: it.Name}, 0, 0)*sizeUsual) / (max(0, all-k) + sizeUsual))
		sum += max(0, odds.Ln(bounded((k*unit+share*sizePattern)/(p.Weight+sizePattern)), share)) / 2
	}
	return min(sum, rareMost)
}

// expects is the share of the incidents of p, in thousandths, that show an alert
// at the root.
func (p *Pattern) expects(name string, share int64) int64 {
	k := int64(0)
	if i, ok := p.find(topology.AlertType{Name: name, Service: p.Root}); ok {
		k = p.Symptoms[i].Count
	}
	if k == 0 {
		return max(1, share*strangeness/unit)
	}
	return bounded((k + priorShown) * unit / (p.Weight + sizePattern))
}

// otherwise is the share of other incidents at the root of p that show an alert
// there, in thousandths. Where few are known, other places say how common the
// alert is where it can fire at all.
func (ps *Book) otherwise(p *Pattern, u *Usual, name string) int64 {
	k, n := int64(0), int64(0)
	if i, ok := p.find(topology.AlertType{Name: name, Service: p.Root}); ok {
		k = p.Symptoms[i].Count
	}
	shown := u.counts(name).Root
	if u != nil {
		n = u.Incidents
	}
	elsewhere := ps.anywhere(p.place().kind(name), k, p.Weight)
	here := (max(0, shown-k)*unit + elsewhere*sizeUsual) / (max(0, n-p.Weight) + sizeUsual)
	return bounded(max(here, elsewhere/2)) // what is common elsewhere may come here for the first time
}

// anywhere is the share of incidents that show an alert among those at places
// that can, in thousandths, without those of one pattern.
func (ps *Book) anywhere(at Place, but, of int64) int64 {
	shown, possible := int64(0), int64(0)
	if s := ps.spreads[at]; s != nil {
		shown, possible = max(0, s.shown-but), max(0, s.possible-of)
	}
	return min((shown*unit+ps.anyShare()*priorSize)/(possible+priorSize), unit)
}

// anyShare is the share of incidents at a place that show one of the alerts known
// there, over all places and alerts, in thousandths.
func (ps *Book) anyShare() int64 {
	return (ps.all.shown*unit + priorRate*priorSizeAny) / (ps.all.possible + priorSizeAny)
}

func bounded(share int64) int64 { return max(leastShare, min(share, mostShare)) }

// Fit is a pattern that an incident may belong to.
type Fit struct {
	Pattern  *Pattern
	Suspect  *Suspect
	Likeness int64
}

// Best is the pattern that s fits best among those at its suspects, at least so
// well; what is settled (a problem, a job) goes before what is not. ok is false
// for none.
func (ps *Book) Best(s *Sight, least int64, settled bool) (best Fit, ok bool) {
	try := func(at *Suspect) {
		for _, f := range ps.Fits(s, at, least) {
			if settled && !f.Pattern.Settled() {
				continue
			}
			if !ok || f.Likeness > best.Likeness {
				best, ok = f, true
			}
		}
	}
	for i := range s.Suspects {
		try(&s.Suspects[i])
	}
	for i := range s.Far {
		if settled {
			try(&s.Far[i])
		}
	}
	return best, ok
}

// Fits are the patterns at a suspect that s fits, the best first, the older of
// equal ones.
func (ps *Book) Fits(s *Sight, at *Suspect, least int64) []Fit {
	var out []Fit
	for _, p := range ps.ByRoot[at.Name] {
		if p.Machine != at.Machine {
			continue
		}
		if x := ps.Likeness(p, s, at); x >= least {
			out = append(out, Fit{p, at, x})
		}
	}
	slices.SortStableFunc(out, func(a, b Fit) int {
		if a.Likeness != b.Likeness {
			return int(b.Likeness - a.Likeness)
		}
		return int(a.Pattern.Seq - b.Pattern.Seq)
	})
	return out
}

func (p *Pattern) find(t topology.AlertType) (int, bool) {
	return slices.BinarySearchFunc(p.Symptoms, t, func(s Symptom, t topology.AlertType) int { return topology.CompareTypes(s.AlertType, t) })
}

// named lists alerts at the root by how often p showed them.
func (p *Pattern) named() []Symptom {
	var out []Symptom
	for _, it := range p.Symptoms {
		if it.Service == p.Root {
			out = append(out, it)
		}
	}
	slices.SortStableFunc(out, func(a, b Symptom) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}
