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

// duties says who is on call by the rules that the partitions are to follow.
func (a *App) duties(at schemas.Time) []web.Duty {
	set := a.engines.latest.Load().rules
	out := make([]web.Duty, 0, len(set.Rotas))
	for _, name := range slices.Sorted(maps.Keys(set.Rotas)) {
		out = append(out, dutyOf(set, name, at))
	}
	return out
}

func dutyOf(set *rules.Set, name string, at schemas.Time) web.Duty {
	r := set.Rotas[name]
	d := web.Duty{Rota: name, Zone: r.Zone, Calendar: r.Calendar, Now: set.OnCall(name, at, nil), Next: []schemas.Person{}}
	if next := r.Change(at, at.Add(dutyHorizon)); next != 0 && r.Calendar == "" {
		d.NextAt, d.Next = next, set.OnCall(name, next, nil)
	}
	return d
}
