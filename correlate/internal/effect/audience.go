package effect

import (
	"slices"
	"strings"

	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// targetsCap bounds how many channels hear of one incident.
const targetsCap = 20

// channels returns where people hear of the incident: the channels of every
// incident, of its procedure, and of the teams that it concerns.
func channels(st *state.State, t *tree) []string {
	list := slices.Clone(st.Rules.Messages.Channels)
	if p := t.procedure; p != nil && p.Emergency != "" {
		list = append(list, p.Emergency)
	}
	for _, name := range t.teams() {
		list = append(list, teamChannels(st, name)...)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), targetsCap)]
}

func teamChannels(st *state.State, name string) []string {
	if team := st.Rules.Teams[name]; team != nil {
		return team.Channels
	}
	return nil
}

// team is the one that owns the incident: its procedure's, else that of the
// suspected root, else the only one it concerns.
func (t *tree) team(st *state.State) string {
	if p := t.procedure; p != nil && p.Owner != "" {
		return p.Owner
	}
	if roots := t.judged(st).Roots; len(roots) > 0 {
		if n := st.Topology.Exact(roots[0].Service); n >= 0 {
			if team := st.Topology.Nodes[n].Service.Team; team != "" {
				return team
			}
		}
	}
	if teams := t.teams(); len(teams) == 1 {
		return teams[0]
	}
	return ""
}

// people resolves names of people and rotas to who is meant at that moment.
func people(st *state.State, call []string, at schemas.Time) []schemas.Person {
	var out []schemas.Person
	for _, name := range call {
		for _, p := range st.Rules.OnCall(name, at, st.Shifts) {
			if !slices.ContainsFunc(out, func(q schemas.Person) bool { return q.Name == p.Name }) {
				out = append(out, p)
			}
		}
	}
	return out
}

func names(people []schemas.Person) string {
	list := make([]string, len(people))
	for i := range people {
		list[i] = people[i].Name
	}
	return strings.Join(list, ", ")
}
