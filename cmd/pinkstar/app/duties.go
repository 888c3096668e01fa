package app

import (
	"maps"
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
	"pinkstar/sinks/web"
)

// dutyHorizon is how far ahead the next change of a rota is looked for.
const dutyHorizon = 28 * 24 * schemas.Hour

// duties says who is on call by the rules that the partitions are to follow, and by
// the calendars that were read here: those where it is decided whom to call.
func (a *App) duties(at schemas.Time) []web.Duty {
	set, calendars := a.engines.latest.Load().rules, a.engines.calendars()
	out := make([]web.Duty, 0, len(set.Rotas))
	for _, name := range slices.Sorted(maps.Keys(set.Rotas)) {
		out = append(out, dutyOf(set, name, at, calendars))
	}
	return out
}

func dutyOf(set *rules.Set, name string, at schemas.Time, calendars map[string]*rules.Shifts) web.Duty {
	r := set.Rotas[name]
	d := web.Duty{Rota: name, Zone: r.Zone, Now: set.OnCall(name, at, calendars), Next: []schemas.Person{}}
	shifts := calendars[r.Calendar]
	if r.Calendar != "" && shifts == nil {
		d.Calendar = r.Calendar
		return d
	}
	if next := r.Change(at, at.Add(dutyHorizon), shifts); next != 0 {
		d.NextAt, d.Next = next, set.OnCall(name, next, calendars)
	}
	return d
}
