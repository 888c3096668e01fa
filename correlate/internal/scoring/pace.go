package scoring

import (
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// pace is what an incident, with everything it is linked to, looks like while
// a signal is weighed.
type pace struct {
	alerts, services, active int
	level                    int64
}

// paceOf sums up the tree inc is part of: its parts are one happening.
func (wr *Weigher) paceOf(inc *state.Incident) pace {
	m := inc.Main()
	p := pace{}
	addPace(m, &p, wr.Now)
	return p
}

// knownPace is the pace of a tree while one signal is weighed.
type knownPace struct {
	main *state.Incident
	pace
}

// paceWeighed is paceOf while a signal is weighed: nothing changes meanwhile,
// and its candidates are mostly parts of a few trees.
func (wr *Weigher) paceWeighed(inc *state.Incident) pace {
	m := inc.Main()
	for i := range wr.scratch.paces {
		if k := &wr.scratch.paces[i]; k.main == m {
			return k.pace
		}
	}
	p := wr.paceOf(m)
	wr.scratch.paces = append(wr.scratch.paces, knownPace{m, p})
	return p
}

func addPace(inc *state.Incident, p *pace, now schemas.Time) {
	p.alerts += len(inc.Alerts)
	p.services += len(inc.Services)
	p.active += inc.Active
	p.level += inc.Rate.Now(now, state.IncidentHalfLife)
	for _, c := range inc.Children {
		addPace(c, p, now)
	}
}
