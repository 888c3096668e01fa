package correlate

// learnt holds which alerts have often come together: an immutable snapshot,
// itself rebuilt from the log. An empty one says nothing.
type learnt struct {
	version  string
	text     string
	partners map[alertType][]partner
}

// alertType is an alert's name on a service.
type alertType struct{ name, service string }

type partner struct {
	with   alertType
	points int64 // by lift, at most the configured weight
}

// candidates offers the rings of the services of the partners of q's alert.
func (l *learnt) candidates(q *query, ring func(*entity)) {
	if len(l.partners) == 0 {
		return
	}
	for _, p := range l.partners[alertType{q.name, q.sub.service}] {
		ring(q.sc.service(p.with.service))
	}
}

// points returns the strongest learnt partner of q's alert in inc.
func (l *learnt) points(q *query, inc *incident, most int64) (int64, string) {
	if len(l.partners) == 0 {
		return 0, ""
	}
	best, name := int64(0), ""
	for _, p := range l.partners[alertType{q.name, q.sub.service}] {
		pts := min(p.points, most)
		if pts > best && inc.names[p.with.name] > 0 && inc.places[q.sc.service(p.with.service)] != nil {
			best, name = pts, p.with.name+" on "+p.with.service
		}
	}
	return best, name
}
