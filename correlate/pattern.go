package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// patterns are the signatures of past incidents of one scope: sets and counts,
// never members.
type patterns struct {
	list   []*pattern            // in order of first appearance
	byRoot map[string][]*pattern // the same, by suspected root
	starts []schemas.Time        // of every incident signed within the period, for the base rate
}

// pattern is one signature and what is known of its incidents.
type pattern struct {
	seq     int64
	root    string
	items   []alertType    // alerts by service and name, sorted
	starts  []schemas.Time // within the period, at most startsCap
	minutes float64
	cost    schemas.ImpactRange
	pub     schemas.Problem // ID "" while it is not flagged
	ids     []string        // incidents, newest last, at most idsCap
	count   int64
	first   schemas.Time
	last    schemas.Time
}

const (
	itemsCap      = 64
	startsCap     = 100
	idsCap        = 100
	patternStarts = 20_000 // of all incidents of a scope, for the base rate
)

func (p *pattern) flagged() bool { return p.pub.ID != "" }

// similarity is Jaccard's, in thousandths.
func similarity(a, b []alertType) int64 {
	both, i, j := int64(0), 0, 0
	for i < len(a) && j < len(b) {
		switch c := compareTypes(a[i], b[j]); {
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

// match returns the most similar pattern with this root, the older on a tie.
func (ps *patterns) match(root string, items []alertType, least int64, flagged bool) *pattern {
	var best *pattern
	for _, p := range ps.byRoot[root] {
		if flagged && !p.flagged() {
			continue
		}
		if s := similarity(p.items, items); s >= least {
			best, least = p, s+1
		}
	}
	return best
}

// add notes an incident that started at a time among those of p, once.
func (p *pattern) add(id string, started schemas.Time) {
	if slices.Contains(p.ids, id) {
		return
	}
	if len(p.ids) >= idsCap {
		p.ids = slices.Delete(p.ids, 0, 1)
	}
	p.ids = append(p.ids, id)
	if len(p.starts) >= startsCap {
		p.starts = slices.Delete(p.starts, 0, 1)
	}
	p.starts = append(p.starts, started)
	p.count++
	if p.first == 0 || started < p.first {
		p.first = started
	}
	p.last = max(p.last, started)
}

// note counts an incident for the base rate.
func (ps *patterns) note(start schemas.Time, period int64) {
	i, _ := slices.BinarySearch(ps.starts, start)
	ps.starts = slices.Insert(ps.starts, i, start)
	newest := ps.starts[len(ps.starts)-1]
	old := 0
	for old < len(ps.starts) && (newest.Sub(ps.starts[old]) > period || len(ps.starts)-old > patternStarts) {
		old++
	}
	ps.starts = slices.Delete(ps.starts, 0, old)
}

func (ps *patterns) insert(p *pattern) {
	ps.list = append(ps.list, p)
	if ps.byRoot == nil {
		ps.byRoot = map[string][]*pattern{}
	}
	ps.byRoot[p.root] = append(ps.byRoot[p.root], p)
}

func (ps *patterns) remove(i int) {
	p := ps.list[i]
	ps.list = slices.Delete(ps.list, i, i+1)
	rest := slices.DeleteFunc(ps.byRoot[p.root], func(x *pattern) bool { return x == p })
	if len(rest) == 0 {
		delete(ps.byRoot, p.root)
		return
	}
	ps.byRoot[p.root] = rest
}

// charge adds what an incident cost.
func (p *pattern) charge(i schemas.ImpactRange) {
	p.minutes = cents(p.minutes + i.Minutes)
	p.cost.Currency = i.Currency
	addRange(&p.cost.LostRevenue, i.LostRevenue)
	addRange(&p.cost.Cost, i.Cost)
	p.cost.Minutes = p.minutes
}
