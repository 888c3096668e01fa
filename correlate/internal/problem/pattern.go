package problem

import (
	"slices"

	"pinkstar/correlate/internal/money"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// Book is what is remembered of the past incidents of one scope: patterns and
// counts, never members.
type Book struct {
	List    []*Pattern            // in order of first appearance
	ByRoot  map[string][]*Pattern // the same, by the name of the place
	Starts  []schemas.Time        // of every incident signed within the period, for the base rate
	Usuals  []*Usual              // in order of first appearance
	Noticed []Place               // for a single alert, and not known yet, the latest last
	AgedAt  schemas.Time          // when what is usual was halved last; 0: never

	usuals  map[Place]*Usual
	spreads map[Place]*spread // by alert name, of services and of machines; follows from Usuals
	all     spread            // their sum
	learnt  int64             // incidents that Usuals were learnt from, in thousandths; follows from them
}

// Pattern is incidents that seem to have one cause: what failed, and how.
type Pattern struct {
	Seq         int64
	Root        string
	Machine     bool
	Symptoms    []Symptom    // alerts by service and name, sorted; those of the place itself have its name
	Weight      int64        // thousandths of incidents that Symptoms are counted over
	Occurrences []Occurrence // by start, at most startsCap
	Schedule    string       // the job's that it is; "" for none
	Services    []string     // of a machine: what failed on it, at most servicesCap, sorted; "" is the machine itself
	Minutes     float64
	Cost        schemas.ImpactRange
	Pub         schemas.Problem // ID "" while it is not flagged
	IncidentIDs []string        // incidents, newest last, at most idsCap
	Count       int64
	First       schemas.Time
	Last        schemas.Time
}

// Symptom is an alert that the incidents of a pattern show.
type Symptom struct {
	topology.AlertType
	Count int64 // thousandths of incidents that showed it
}

// Occurrence is an incident of a pattern.
type Occurrence struct {
	Start, End schemas.Time
	Odds       int64 // how well it fitted when it came: thousandths of a nat; 0 for the first
	Weight     int64 // thousandths: how likely it began here
	Alerts     int64 // different ones
}

const (
	ItemsCap      = 64
	startsCap     = 200
	idsCap        = 100
	servicesCap   = 8
	patternStarts = 20_000 // of all incidents of a scope, for the base rate
)

// Flagged reports whether p is a problem.
func (p *Pattern) Flagged() bool { return p.Pub.ID != "" }

// Settled reports whether it is known what p is: a problem or a job.
func (p *Pattern) Settled() bool { return p.Flagged() || p.Schedule != "" }

// Add notes an incident among those of p, once. It was seen at a suspect and
// fitted so well.
func (p *Pattern) Add(s *Sight, at *Suspect, likeness int64) {
	if slices.Contains(p.IncidentIDs, s.ID) {
		return
	}
	if len(p.IncidentIDs) >= idsCap {
		p.IncidentIDs = slices.Delete(p.IncidentIDs, 0, 1)
	}
	p.IncidentIDs = append(p.IncidentIDs, s.ID)
	if p.Count == 0 {
		likeness = 0
	}
	if len(p.Occurrences) >= startsCap {
		p.Occurrences = slices.Delete(p.Occurrences, 0, 1)
	}
	p.insert(Occurrence{Start: s.Start, End: max(s.End, s.Start), Odds: likeness, Weight: at.Weight, Alerts: int64(s.Alerts)})
	p.Count++
	p.Pub.Imported = false // not of imported incidents alone any more
	if p.First == 0 || s.Start < p.First {
		p.First = s.Start
	}
	p.Last = max(p.Last, s.Start)
}

func (p *Pattern) insert(o Occurrence) {
	i := len(p.Occurrences)
	for i > 0 && p.Occurrences[i-1].Start > o.Start {
		i--
	}
	p.Occurrences = slices.Insert(p.Occurrences, i, o)
}

// Holds reports whether the incident of s is among those of p.
func (p *Pattern) Holds(s *Sight) bool { return slices.Contains(p.IncidentIDs, s.ID) }

// Withdraw takes an incident out again that turned out to be none of p's.
func (p *Pattern) Withdraw(s *Sight) {
	i := slices.Index(p.IncidentIDs, s.ID)
	if i < 0 {
		return
	}
	p.IncidentIDs = slices.Delete(p.IncidentIDs, i, i+1)
	p.Count--
	if k := slices.IndexFunc(p.Occurrences, func(o Occurrence) bool { return o.Start == s.Start }); k >= 0 {
		p.Occurrences = slices.Delete(p.Occurrences, k, k+1)
	}
	if n := len(p.Occurrences); n > 0 {
		p.Last = p.Occurrences[n-1].Start
	}
}

// Absorb learns what an incident of p showed, when it ended.
func (p *Pattern) Absorb(s *Sight, at *Suspect) {
	if at.Weight == 0 {
		return // it is a suspect no more
	}
	weight := s.counts(at)
	p.Weight += weight
	for _, name := range at.Names {
		p.count(topology.AlertType{Name: name, Service: p.Root}, weight)
	}
	if p.Machine {
		for _, name := range at.Services {
			if i, ok := slices.BinarySearch(p.Services, name); !ok && len(p.Services) < servicesCap {
				p.Services = slices.Insert(p.Services, i, name)
			}
		}
		return
	}
	for i, it := range s.Items {
		if it.Service != p.Root && it.Service != "" && (i == 0 || s.Items[i-1] != it) {
			p.count(it, weight)
		}
	}
}

// count notes that an alert was shown. When there are too many, the rarest
// elsewhere gives way.
func (p *Pattern) count(t topology.AlertType, weight int64) {
	i, ok := p.find(t)
	if ok {
		p.Symptoms[i].Count += weight
		return
	}
	if len(p.Symptoms) >= ItemsCap {
		least := -1
		for k, it := range p.Symptoms {
			if it.Service != p.Root && (least < 0 || it.Count < p.Symptoms[least].Count) {
				least = k
			}
		}
		if least < 0 {
			return
		}
		p.Symptoms = slices.Delete(p.Symptoms, least, least+1)
		i, _ = p.find(t)
	}
	p.Symptoms = slices.Insert(p.Symptoms, i, Symptom{t, weight})
}

// Note counts an incident for the base rate.
func (ps *Book) Note(start schemas.Time, period int64) {
	i, _ := slices.BinarySearch(ps.Starts, start)
	ps.Starts = slices.Insert(ps.Starts, i, start)
	newest := ps.Starts[len(ps.Starts)-1]
	old := 0
	for old < len(ps.Starts) && (newest.Sub(ps.Starts[old]) > period || len(ps.Starts)-old > patternStarts) {
		old++
	}
	ps.Starts = slices.Delete(ps.Starts, 0, old)
}

// Insert puts in a pattern that is not there.
func (ps *Book) Insert(p *Pattern) {
	ps.List = append(ps.List, p)
	if ps.ByRoot == nil {
		ps.ByRoot = map[string][]*Pattern{}
	}
	ps.ByRoot[p.Root] = append(ps.ByRoot[p.Root], p)
}

// Remove takes out the pattern at a place in List.
func (ps *Book) Remove(i int) {
	p := ps.List[i]
	ps.List = slices.Delete(ps.List, i, i+1)
	rest := slices.DeleteFunc(ps.ByRoot[p.Root], func(x *Pattern) bool { return x == p })
	if len(rest) == 0 {
		delete(ps.ByRoot, p.Root)
		return
	}
	ps.ByRoot[p.Root] = rest
}

// MakeRoom takes out patterns until there is room for one more: those that are no
// problem before others, the one that was quiet for longest. It reports whether it
// had to.
func (ps *Book) MakeRoom(most int) bool {
	full := false
	for len(ps.List) >= max(most, 1) {
		full = true
		quiet := -1
		for i, p := range ps.List {
			if !p.Flagged() && (quiet < 0 || p.Last < ps.List[quiet].Last) {
				quiet = i
			}
		}
		ps.Remove(max(quiet, 0))
	}
	return full
}

// Charge adds what an incident cost.
func (p *Pattern) Charge(i schemas.ImpactRange) {
	p.Minutes = money.Cents(p.Minutes + i.Minutes)
	p.Cost.Currency = i.Currency
	money.Add(&p.Cost.LostRevenue, i.LostRevenue)
	money.Add(&p.Cost.Cost, i.Cost)
	p.Cost.Minutes = p.Minutes
}
