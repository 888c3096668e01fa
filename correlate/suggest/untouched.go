package suggest

import (
	"cmp"
	"maps"
	"slices"

	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// leastTouched is how many incidents people must have done something about, in each
// part, before it says something that they did nothing about others.
const leastTouched = 10

// happening is a main incident as far as it matters here.
type happening struct {
	at      schemas.Time
	touched bool
	kinds   map[kind]bool // of its alerts
}

// kind is what recurs: an alert of a service.
type kind struct{ name, service string }

// tendency counts the incidents with a kind of alert.
type tendency struct {
	alone   int // nobody did anything, and it was of nothing else
	touched int
}

func (t *tendency) share() Share { return shareOf(t.alone, t.alone+t.touched) }

// untouched proposes to suppress alerts that come again and again and that nobody ever
// does anything about, where people do something about others. It tells how many
// kinds it looked at.
func untouched(log *history.Log, told *history.Run, c Config) (out []Suggestion, looked int) {
	all, grave := happenings(log, told)
	n := int(c.Earlier * float64(len(all)))
	earlier, later := tendencies(all[:n]), tendencies(all[n:])
	quietBefore, quietAfter := quiet(all[:n]), quiet(all[n:])
	if quietBefore.N-quietBefore.Right < leastTouched || quietAfter.N-quietAfter.Right < leastTouched {
		return nil, 0
	}
	// As sure as this, and surer than of whatever incident.
	before, after := max(c.Untouched, quietBefore.High), max(c.Untouched, quietAfter.High)
	kinds := slices.SortedFunc(maps.Keys(earlier), func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.service, b.service))
	})
	for _, k := range kinds {
		if grave[k] {
			continue
		}
		looked++
		was, is := earlier[k].share(), Share{}
		if t := later[k]; t != nil {
			is = t.share()
		}
		if was.Low < before || is.Low < after {
			continue
		}
		rule := rules.Rule{Name: "suggested: nobody acts on " + k.text(), Match: k.matchers(), Action: rules.ActionSuppress}
		out = append(out, Suggestion{From: FromUntouched, Rule: rule, Precision: is, Recall: shareOf(is.Right, quietAfter.Right), Earlier: was})
	}
	slices.SortStableFunc(out, func(a, b Suggestion) int { return b.Precision.N - a.Precision.N })
	return out, looked
}

func (k kind) text() string {
	if k.service == "" {
		return k.name
	}
	return k.name + " of " + k.service
}

func (k kind) matchers() []string {
	m := []string{matchOf("alertname", []string{k.name})}
	if k.service != "" {
		m = append(m, matchOf("service", []string{k.service}))
	}
	return m
}

// happenings lists the main incidents with alerts in the order in which they began, and
// the kinds of alerts that were ever worse than a warning.
func happenings(log *history.Log, told *history.Run) ([]*happening, map[kind]bool) {
	by, grave := map[string]*happening{}, map[kind]bool{}
	var all []*happening
	worked := worked(log, told)
	for _, id := range told.Taken {
		g := told.Group(id)
		parsed, err := schemas.ParseID(id)
		if g == "" || err != nil {
			continue
		}
		s := log.Signal(parsed)
		if s == nil || s.Kind != schemas.KindAlert {
			continue
		}
		h := by[g]
		if h == nil {
			h = &happening{at: s.ReceivedAt, touched: worked[g], kinds: map[kind]bool{}}
			by[g], all = h, append(all, h)
		}
		k := kind{s.Name, s.Service}
		h.kinds[k] = true
		grave[k] = grave[k] || s.Severity.Rank() > schemas.SeverityWarning.Rank()
	}
	slices.SortStableFunc(all, func(a, b *happening) int { return cmp.Compare(a.at, b.at) })
	return all, grave
}

// worked are the main incidents that people did something about: an order, or a ticket.
func worked(log *history.Log, told *history.Run) map[string]bool {
	out := map[string]bool{}
	for i := range log.Records {
		s := log.Records[i].Signal
		switch {
		case s == nil:
		case s.Kind == schemas.KindTicket:
			out[told.Group(s.ID)] = true
		case s.Command != nil:
			for _, id := range [...]string{s.Command.IncidentID, s.Command.ParentID} {
				out[told.Main(id)] = true
			}
			out[told.Group(s.Command.SignalID)] = true
		}
	}
	return out
}

func tendencies(all []*happening) map[kind]*tendency {
	out := map[kind]*tendency{}
	for _, h := range all {
		for k := range h.kinds {
			t := out[k]
			if t == nil {
				t = &tendency{}
				out[k] = t
			}
			switch {
			case h.touched:
				t.touched++
			case len(h.kinds) == 1:
				t.alone++
			}
		}
	}
	return out
}

// quiet is how many incidents nobody did anything about.
func quiet(all []*happening) Share {
	n := 0
	for _, h := range all {
		if !h.touched {
			n++
		}
	}
	return shareOf(n, len(all))
}
