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
	k = schemas.KnownProblem{Problem: p.Pub, Alerts: make([]schemas.AlertName, len(p.Symptoms)), Starts: p.starts(), Weight: p.Weight}
	for i, t := range p.Symptoms {
		k.Alerts[i] = schemas.AlertName{Name: t.Name, Service: t.Service, Count: t.Count}
	}
	return k, true
}

// Meet makes a problem of the past known, unless it is, or one like it. A pattern
// like it that is no problem yet becomes this one; otherwise seq numbers a new one.
func (ps *Book) Meet(k *schemas.KnownProblem, seq int64) {
	if slices.ContainsFunc(ps.List, func(p *Pattern) bool { return p.Pub.ID == k.Problem.ID }) {
		return
	}
	p := patternOf(k, seq)
	s := p.sight()
	fits := ps.Fits(s, &s.Suspects[0], Likely)
	if slices.ContainsFunc(fits, func(f Fit) bool { return f.Pattern.Flagged() }) {
		return
	}
	if len(fits) == 0 {
		ps.Insert(p)
	} else {
		p = fits[0].Pattern
	}
	p.Pub = k.Problem
	p.Pub.Evidence = slices.Clone(k.Problem.Evidence)
	p.Count += k.Problem.Count
	p.Minutes += k.Problem.Minutes
	p.IncidentIDs = newest(append(slices.Clone(k.Problem.IncidentIDs), p.IncidentIDs...), idsCap)
	for _, t := range k.Starts {
		p.insert(Occurrence{Start: t, End: t, Weight: unit, Alerts: int64(len(k.Alerts))})
	}
	p.Occurrences = newest(p.Occurrences, startsCap)
	if p.First == 0 || k.Problem.FirstSeenAt < p.First {
		p.First = k.Problem.FirstSeenAt
	}
	p.Last = max(p.Last, k.Problem.LastSeenAt)
}

// patternOf is what k tells of how it is recognised. Before the alerts were
// counted, each was of the first incident.
func patternOf(k *schemas.KnownProblem, seq int64) *Pattern {
	p := &Pattern{Seq: seq, Root: k.Problem.Service, Weight: k.Weight}
	if k.Problem.Machine != "" {
		p.Root, p.Machine = k.Problem.Machine, true
	}
	for _, a := range k.Alerts[:min(len(k.Alerts), ItemsCap)] {
		count := a.Count
		if k.Weight <= 0 {
			count, p.Weight = unit, unit
		}
		p.count(topology.AlertType{Name: a.Name, Service: a.Service}, count)
	}
	return p
}

// sight is an incident that shows what p shows most often.
func (p *Pattern) sight() *Sight {
	at := Suspect{Place: p.place(), Weight: unit}
	s := &Sight{Open: true}
	for _, it := range p.Symptoms {
		if 2*it.Count < p.Weight {
			continue
		}
		if it.Service == p.Root {
			at.Names = append(at.Names, it.Name)
		}
		s.Items = append(s.Items, it.AlertType)
	}
	s.Suspects = []Suspect{at}
	return s
}
