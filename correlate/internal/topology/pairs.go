package topology

import (
	"slices"
	"strings"

	"pinkstar/correlate/rules"
)

// Pairs holds which alerts have often come together. An empty one says
// nothing.
type Pairs struct {
	Version  string
	Text     string
	Partners map[learntKey][]partner
}

// AlertType is an alert's name on a service.
type AlertType struct{ Name, Service string }

// CompareTypes orders by service, then by name.
func CompareTypes(a, b AlertType) int {
	if c := strings.Compare(a.Service, b.Service); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// learntKey is a type in the scope in which something was learnt about it, or
// in all of them ("").
type learntKey struct {
	scope string
	AlertType
}

type partner struct {
	With   AlertType
	Points int64
}

// NewPairs makes learnt pairs ready for looking up.
func NewPairs(src *rules.Learnt) *Pairs {
	l := &Pairs{Version: src.Version, Text: string(src.Text), Partners: map[learntKey][]partner{}}
	for _, p := range src.Pairs {
		a, b := AlertType{p.A.Name, p.A.Service}, AlertType{p.B.Name, p.B.Service}
		ka, kb := learntKey{p.Scope, a}, learntKey{p.Scope, b}
		l.Partners[ka] = append(l.Partners[ka], partner{b, p.Points})
		if a != b {
			l.Partners[kb] = append(l.Partners[kb], partner{a, p.Points})
		}
	}
	for t, ps := range l.Partners { // each list by itself: the order of the map can't be seen
		slices.SortStableFunc(ps, func(a, b partner) int {
			if a.Points != b.Points {
				return int(b.Points - a.Points)
			}
			return CompareTypes(a.With, b.With)
		})
		l.Partners[t] = ps[:min(len(ps), rules.PartnersCap)]
	}
	return l
}

// Of returns the partners of alerts of type t: those learnt in the scope, or
// else those that hold everywhere.
func (l *Pairs) Of(scope string, t AlertType) []partner {
	if len(l.Partners) == 0 {
		return nil
	}
	if ps := l.Partners[learntKey{scope, t}]; ps != nil {
		return ps
	}
	return l.Partners[learntKey{"", t}]
}
