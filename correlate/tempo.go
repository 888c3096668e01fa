package correlate

import "pinkstar/schemas"

// rate is a count that halves with every half-life of log time: how busy
// something is just now. In thousandths, integers throughout.
type rate struct {
	level int64
	at    schemas.Time
}

const (
	rateUnit = 1000
	// An incident's pace is about the last minute, a scope's about the last
	// hour.
	incidentHalfLife = 30 * schemas.Second
	scopeHalfLife    = 20 * schemas.Minute
)

// stormLevel is the pace from which an alert that nothing else connects with an
// incident may still be part of it.
const stormLevel = 5 * rateUnit

// now returns the level at log time at.
func (r rate) now(at schemas.Time, halfLife int64) int64 {
	dt := at.Sub(r.at)
	if dt <= 0 {
		return r.level
	}
	n := dt / halfLife
	if n >= 40 {
		return 0
	}
	level := r.level >> n
	return level - level*(dt%halfLife)/(2*halfLife)
}

func (r *rate) add(at schemas.Time, halfLife int64) {
	r.level = r.now(at, halfLife) + rateUnit
	r.at = max(r.at, at)
}

// pace is what an incident, with everything it is linked to, looks like while
// a signal is weighed.
type pace struct {
	alerts, services, active int
	level                    int64
}

// paceOf sums up the tree inc is part of: its parts are one happening.
func (e *Engine) paceOf(inc *incident) pace {
	m := inc.main()
	p := pace{}
	m.addPace(&p, e.now)
	return p
}

// knownPace is the pace of a tree while one signal is weighed.
type knownPace struct {
	main *incident
	pace
}

// paceWeighed is paceOf while a signal is weighed: nothing changes meanwhile,
// and its candidates are mostly parts of a few trees.
func (e *Engine) paceWeighed(inc *incident) pace {
	m := inc.main()
	for i := range e.scratch.paces {
		if k := &e.scratch.paces[i]; k.main == m {
			return k.pace
		}
	}
	p := e.paceOf(m)
	e.scratch.paces = append(e.scratch.paces, knownPace{m, p})
	return p
}

func (inc *incident) addPace(p *pace, now schemas.Time) {
	p.alerts += len(inc.alerts)
	p.services += len(inc.services)
	p.active += inc.active
	p.level += inc.rate.now(now, incidentHalfLife)
	for _, c := range inc.children {
		c.addPace(p, now)
	}
}
