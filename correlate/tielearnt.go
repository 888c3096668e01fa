package correlate

// learntRings offers the rings of the services of the partners of q's alert.
func (e *Engine) learntRings(q *query, ring func(*entity)) {
	for _, p := range e.learnt.of(q.sc.name, alertType{q.name, q.sub.service}) {
		ring(e.entity(q.sc, entityService, p.with.service, false))
	}
}

// learntTies offers the strongest learnt partner of the alert in the incident.
func (e *Engine) learntTies(t *ties) {
	best, name, at := int64(0), "", (*place)(nil)
	for _, p := range e.learnt.of(t.q.sc.name, alertType{t.q.name, t.q.sub.service}) {
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
