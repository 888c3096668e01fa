package problem

import (
	"slices"

	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// Known returns what another engine needs to recognise p; ok is false when p is
// no problem.
func (p *Pattern) Known() (k schemas.KnownProblem, ok bool) {
	if !p.Flagged() {
		return k, false
	}
	k = schemas.KnownProblem{Problem: p.Pub, Alerts: make([]schemas.AlertName, len(p.Signature)), Starts: slices.Clone(p.Starts)}
	for i, t := range p.Signature {
		k.Alerts[i] = schemas.AlertName{Name: t.Name, Service: t.Service}
	}
	return k, true
}

// Meet makes a problem of the past known, unless it is, or one like it. A pattern
// like it that is no problem yet becomes this one; otherwise seq numbers a new one.
func (ps *Book) Meet(k *schemas.KnownProblem, similar, seq int64) {
	items := make([]topology.AlertType, min(len(k.Alerts), ItemsCap))
	for i := range items {
		items[i] = topology.AlertType{Name: k.Alerts[i].Name, Service: k.Alerts[i].Service}
	}
	slices.SortFunc(items, topology.CompareTypes)
	root := k.Problem.Service
	if ps.Match(root, items, similar, true) != nil {
		return
	}
	if slices.ContainsFunc(ps.List, func(p *Pattern) bool { return p.Pub.ID == k.Problem.ID }) {
		return
	}
	p := ps.Match(root, items, similar, false)
	if p == nil {
		p = &Pattern{Seq: seq, Root: root, Signature: items}
		ps.Insert(p)
	}
	p.Pub = k.Problem
	p.Pub.Evidence = slices.Clone(k.Problem.Evidence)
	p.Count += k.Problem.Count
	p.Minutes += k.Problem.Minutes
	p.IncidentIDs = newest(append(slices.Clone(k.Problem.IncidentIDs), p.IncidentIDs...), idsCap)
	starts := append(slices.Clone(k.Starts), p.Starts...)
	slices.Sort(starts)
	p.Starts = newest(starts, startsCap)
	if p.First == 0 || k.Problem.FirstSeenAt < p.First {
		p.First = k.Problem.FirstSeenAt
	}
	p.Last = max(p.Last, k.Problem.LastSeenAt)
}

func newest[T any](list []T, most int) []T { return list[max(0, len(list)-most):] }
