package correlate

import (
	"slices"
	"strings"

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

func compareTypes(a, b alertType) int {
	if c := strings.Compare(a.service, b.service); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}

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

// of returns the partners of alerts of type t: those learnt in the scope, or
// else those that hold everywhere.
func (l *learnt) of(scope string, t alertType) []partner {
	if len(l.partners) == 0 {
		return nil
	}
	if ps := l.partners[learntKey{scope, t}]; ps != nil {
		return ps
	}
	return l.partners[learntKey{"", t}]
}
