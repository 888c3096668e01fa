package cause

import (
	"cmp"
	"slices"

	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/state"
)

const (
	// alertsLooked bounds the alerts of an incident that are looked at.
	alertsLooked = 256
	// rareShare is the share of incidents, in thousandths, in which an alert fires
	// that counts half.
	rareShare = 20
	// commonShare is the share above which people are told that alerts are common, if
	// it was learnt from so many incidents.
	commonShare  = 100
	commonLearnt = 30
)

// hear fills in what is told of each candidate: an alert that hardly ever fires there
// counts one, one that fires in most incidents next to nothing. So the loudest, which
// complains of everything, is not the root of everything. Incidents without alerts
// have their tickets counted.
func hear(inc *state.Incident, cands []rootCandidate) {
	left := alertsLooked
	tree := inc.Tree(nil)
	for _, x := range tree {
		for _, a := range x.Alerts[:min(left, len(x.Alerts))] {
			hearOne(inc.Scope, a, cands)
		}
		left -= min(left, len(x.Alerts))
	}
	if left < alertsLooked {
		return
	}
	for i := range cands {
		cands[i].rare = whole * int64(cands[i].count)
	}
}

func hearOne(sc *state.Scope, a *state.Alert, cands []rootCandidate) {
	kind, name := state.EntityService, a.Service
	if name == "" {
		kind, name = state.EntityHost, cmp.Or(a.Host, a.Machine)
	}
	i := slices.IndexFunc(cands, func(c rootCandidate) bool { return c.ent.Key.Kind == kind && c.ent.Key.Name == name })
	if name == "" || i < 0 {
		return
	}
	share := sc.Patterns.ShareOf(problem.Place{Name: name, Machine: kind == state.EntityHost}, a.Name)
	c := &cands[i]
	c.alerts++
	if sc.Patterns.Learnt() >= commonLearnt {
		c.common += share
	}
	c.rare += whole * rareShare / (rareShare + share)
}
