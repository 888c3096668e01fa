package problem

import (
	"slices"

	"pinkstar/correlate/internal/money"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// Book are the signatures of past incidents of one scope: sets and counts,
// never members.
type Book struct {
	List   []*Pattern            // in order of first appearance
	ByRoot map[string][]*Pattern // the same, by suspected root
	Starts []schemas.Time        // of every incident signed within the period, for the base rate
}

// Pattern is one signature and what is known of its incidents.
type Pattern struct {
	Seq         int64
	Root        string
	Signature   []topology.AlertType // alerts by service and name, sorted
	Starts      []schemas.Time       // within the period, at most startsCap
	Minutes     float64
	Cost        schemas.ImpactRange
	Pub         schemas.Problem // ID "" while it is not flagged
	IncidentIDs []string        // incidents, newest last, at most idsCap
	Count       int64
	First       schemas.Time
	Last        schemas.Time
}

const (
	ItemsCap      = 64
	startsCap     = 100
	idsCap        = 100
	patternStarts = 20_000 // of all incidents of a scope, for the base rate
)

// Flagged reports whether p is a problem.
func (p *Pattern) Flagged() bool { return p.Pub.ID != "" }

// similarity is Jaccard's, in thousandths.
func similarity(a, b []topology.AlertType) int64 {
	both, i, j := int64(0), 0, 0
	for i < len(a) && j < len(b) {
		switch c := topology.CompareTypes(a[i], b[j]); {
		case c == 0:
			both++
			i++
			j++
		case c < 0:
			i++
		default:
			j++
		}
	}
	all := int64(len(a)+len(b)) - both
	if all == 0 {
		return 0
	}
	return both * 1000 / all
}

// Match returns the most similar pattern with this root, the older on a tie.
func (ps *Book) Match(root string, items []topology.AlertType, least int64, flagged bool) *Pattern {
	var best *Pattern
	for _, p := range ps.ByRoot[root] {
		if flagged && !p.Flagged() {
			continue
		}
		if s := similarity(p.Signature, items); s >= least {
			best, least = p, s+1
		}
	}
	return best
}

// Add notes an incident that started at a time among those of p, once.
func (p *Pattern) Add(id string, started schemas.Time) {
	if slices.Contains(p.IncidentIDs, id) {
		return
	}
	if len(p.IncidentIDs) >= idsCap {
		p.IncidentIDs = slices.Delete(p.IncidentIDs, 0, 1)
	}
	p.IncidentIDs = append(p.IncidentIDs, id)
	if len(p.Starts) >= startsCap {
		p.Starts = slices.Delete(p.Starts, 0, 1)
	}
	p.Starts = append(p.Starts, started)
	p.Count++
	p.Pub.Imported = false // not of imported incidents alone any more
	if p.First == 0 || started < p.First {
		p.First = started
	}
	p.Last = max(p.Last, started)
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

// Charge adds what an incident cost.
func (p *Pattern) Charge(i schemas.ImpactRange) {
	p.Minutes = money.Cents(p.Minutes + i.Minutes)
	p.Cost.Currency = i.Currency
	money.Add(&p.Cost.LostRevenue, i.LostRevenue)
	money.Add(&p.Cost.Cost, i.Cost)
	p.Cost.Minutes = p.Minutes
}
