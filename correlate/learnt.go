package correlate

import (
	"slices"

	"pinkstar/correlate/rules"
)

// learnt holds which alerts have often come together. An empty one says
// nothing.
type learnt struct {
	version  string
	text     string
	partners map[learntKey][]partner
}

// alertType is an alert's name on a service.
type alertType struct{ name, service string }

// learntKey is a type in the scope in which something was learnt about it, or
// in all of them ("").
type learntKey struct {
	scope string
	alertType
}

type partner struct {
	with   alertType
	points int64
}

// SetLearnt puts learnt pairs in force before the first record, as New does with
// rules and topology; nil takes them away. Later ones come by the log.
func (e *Engine) SetLearnt(src *rules.Learnt) {
	if src == nil {
		src = rules.EmptyLearnt()
	}
	e.learnt = newLearnt(src)
	e.newVersions()
}

func newLearnt(src *rules.Learnt) *learnt {
	l := &learnt{version: src.Version, text: string(src.Text), partners: map[learntKey][]partner{}}
	for _, p := range src.Pairs {
		a, b := alertType{p.A.Name, p.A.Service}, alertType{p.B.Name, p.B.Service}
		ka, kb := learntKey{p.Scope, a}, learntKey{p.Scope, b}
		l.partners[ka] = append(l.partners[ka], partner{b, p.Points})
		if a != b {
			l.partners[kb] = append(l.partners[kb], partner{a, p.Points})
		}
	}
	for t, ps := range l.partners { // each list by itself: the order of the map can't be seen
		slices.SortStableFunc(ps, func(a, b partner) int {
			if a.points != b.points {
				return int(b.points - a.points)
			}
			return compareTypes(a.with, b.with)
		})
		l.partners[t] = ps[:min(len(ps), rules.PartnersCap)]
	}
	return l
}

// of returns the partners of q's alert: those learnt in its scope, or else
// those that hold everywhere.
func (l *learnt) of(q *query) []partner {
	if len(l.partners) == 0 {
		return nil
	}
	t := alertType{q.name, q.sub.service}
	if ps := l.partners[learntKey{q.sc.name, t}]; ps != nil {
		return ps
	}
	return l.partners[learntKey{"", t}]
}

// learntRings offers the rings of the services of the partners of q's alert.
func (e *Engine) learntRings(q *query, ring func(*entity)) {
	for _, p := range e.learnt.of(q) {
		ring(e.entity(q.sc, entityService, p.with.service, false))
	}
}

// learntTies offers the strongest learnt partner of the alert in the incident.
func (e *Engine) learntTies(t *ties) {
	best, name, at := int64(0), "", (*place)(nil)
	for _, p := range e.learnt.of(t.q) {
		pts := min(p.points, e.set.Correlation.Weights.Learnt)
		if pts <= best || t.inc.names[p.with.name] == 0 {
			continue
		}
		ent := e.entity(t.q.sc, entityService, p.with.service, false)
		if ent == nil || t.inc.places[ent] == nil {
			continue
		}
		best, name, at = pts, p.with.name+" on "+p.with.service, t.inc.places[ent]
	}
	if at != nil {
		t.consider(tieAcross, at, evidence{kind: evLearnt, points: best, other: name}, nil, nil)
	}
}
