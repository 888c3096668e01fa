package problem

import "slices"

// explainedShare is the share of the incidents of a pattern, in thousandths, that
// a settled one must have for explaining it.
const explainedShare = 600

// Explain drops the patterns that p explains, once it is settled: those that are
// mostly of its incidents, seen from elsewhere.
func (ps *Book) Explain(p *Pattern) {
	has := make(map[string]bool, len(p.IncidentIDs)) // only looked up
	for _, id := range p.IncidentIDs {
		has[id] = true
	}
	for i, q := range slices.Backward(ps.List) {
		if q == p || q.Flagged() {
			continue
		}
		n := 0
		for _, id := range q.IncidentIDs {
			if has[id] {
				n++
			}
		}
		if n > 0 && n*unit >= explainedShare*len(q.IncidentIDs) {
			ps.Remove(i)
		}
	}
}

// Merge makes q, a pattern of the same place that is no problem, part of p: an
// incident fits both.
func (ps *Book) Merge(p, q *Pattern) {
	i := slices.Index(ps.List, q)
	if i < 0 || p == q || q.Flagged() {
		return
	}
	ps.Remove(i)
	p.Weight += q.Weight
	for _, it := range q.Symptoms {
		p.count(it.AlertType, it.Count)
	}
	known := len(p.IncidentIDs)
	for _, id := range q.IncidentIDs {
		if !slices.Contains(p.IncidentIDs[:known], id) {
			p.IncidentIDs = append(p.IncidentIDs, id)
		}
	}
	p.IncidentIDs = newest(p.IncidentIDs, idsCap)
	for _, o := range q.Occurrences {
		if !slices.ContainsFunc(p.Occurrences, func(x Occurrence) bool { return x.Start == o.Start }) {
			p.insert(o)
		}
	}
	p.Occurrences = newest(p.Occurrences, startsCap)
	p.Count += q.Count
	p.Charge(q.Cost)
	p.First, p.Last = min(p.First, q.First), max(p.Last, q.Last)
	for _, name := range q.Services {
		if i, ok := slices.BinarySearch(p.Services, name); !ok && len(p.Services) < servicesCap {
			p.Services = slices.Insert(p.Services, i, name)
		}
	}
}

func newest[T any](list []T, most int) []T { return list[max(0, len(list)-most):] }
