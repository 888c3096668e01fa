package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// AddName notes that an alert of this name is in inc, so that a ticket can
// mention it.
func (lc *Lifecycle) AddName(inc *state.Incident, name string) {
	if inc.Names[name] == 0 {
		inc.Order = append(inc.Order, name)
		if len(name) >= identity.MinMention {
			lc.Entity(inc.Scope, state.EntityName, name, true).AddRecent(inc)
		}
	}
	inc.Names[name]++
}

// AddTeam notes a team that inc concerns.
func (lc *Lifecycle) AddTeam(inc *state.Incident, team string) {
	if team == "" {
		return
	}
	if i, ok := slices.BinarySearch(inc.Teams, team); !ok {
		inc.Teams = slices.Insert(inc.Teams, i, lc.Strings.Of(team))
	}
}

// Touch notes that a signal of inc is about sub, and tells the neighbours.
func (lc *Lifecycle) Touch(inc *state.Incident, sub *identity.Subject, start schemas.Time, id schemas.ID, how Touching) {
	if sub.Entity == nil {
		return
	}
	if p := lc.touchEntity(inc, sub.Entity, start, id, true); p != nil {
		p.Mentioned = how.Mentioned && (p.Mentioned || p.Count == 1)
	}
	if sub.InstanceEntity != nil && sub.InstanceEntity != sub.Entity {
		lc.touchEntity(inc, sub.InstanceEntity, start, id, false)
	}
	if sub.HostEntity != nil && sub.HostEntity != sub.Entity {
		lc.touchEntity(inc, sub.HostEntity, start, id, false)
	}
	if inc.LastStart < start {
		inc.LastStart = start
	}
}

func (lc *Lifecycle) touchEntity(inc *state.Incident, ent *state.Entity, start schemas.Time, id schemas.ID, primary bool) *state.Affected {
	p := inc.Affected[ent]
	if p == nil {
		if len(inc.Affected) >= state.AffectedCap {
			return nil
		}
		p = &state.Affected{Entity: ent, First: start, Last: start}
		inc.Affected[ent] = p
		inc.AffectedOrder = append(inc.AffectedOrder, p)
		ent.AddRecent(inc)
	}
	if primary && !p.Primary() {
		inc.Services, inc.Firing = append(inc.Services, p), append(inc.Firing, 0)
		p.Nth = int16(len(inc.Services)) // AffectedCap keeps it small
		lc.newService(inc, ent)
	}
	p.First = min(p.First, start)
	if start >= p.Last {
		p.Last, p.LastID = start, id
	} else if p.LastID.IsZero() {
		p.LastID = id
	}
	p.Count++
	inc.Changed()
	return p
}

// newService: inc is now also about ent. Its neighbours hear of it.
func (lc *Lifecycle) newService(inc *state.Incident, ent *state.Entity) {
	inc.Scope.Usual.Reached(ent.Key, lc.Now)
	for _, n := range lc.neighbours(ent) {
		lc.NodeEntity(inc.Scope, n).AddRecent(inc)
	}
	if ent.Node >= 0 {
		lc.AddTeam(inc, lc.Topology.Nodes[ent.Node].Service.Team)
	}
	if ent.Key.Kind == state.EntityService {
		lc.explainByChanges(inc, ent)
	}
	if len(inc.Services) > 1 {
		lc.Timeline(inc, "spread", 0, "now also affects "+ent.Key.Name, nil, "")
	}
}

// TouchAgain notes that an alert of inc fired again.
func (lc *Lifecycle) TouchAgain(inc *state.Incident, a *state.Alert, r *state.SeenSignal) {
	inc.LastID = r.ID
	inc.JoinedAt(lc.Now)
	inc.LastStart = max(inc.LastStart, a.StartsAt)
	if a.Service == "" {
		return
	}
	if ent := lc.Entity(inc.Scope, state.EntityService, a.Service, false); ent != nil {
		if p := inc.Affected[ent]; p != nil && a.StartsAt >= p.Last {
			p.Last, p.LastID = a.StartsAt, r.ID
		}
	}
}

// Fires counts n more firing alerts (or fewer) where a is.
func (lc *Lifecycle) Fires(inc *state.Incident, a *state.Alert, n int32) {
	if p := lc.affectedOf(inc, a); p != nil && p.Primary() {
		inc.Firing[p.Nth-1] += n
	}
}

// affectedOf finds what a is about among what inc affects.
func (lc *Lifecycle) affectedOf(inc *state.Incident, a *state.Alert) *state.Affected {
	find := func(kind state.EntityKind, name string) *state.Affected {
		if name == "" {
			return nil
		}
		if ent := lc.Entity(inc.Scope, kind, name, false); ent != nil {
			return inc.Affected[ent]
		}
		return nil
	}
	if a.Service != "" {
		return find(state.EntityService, a.Service)
	}
	if p := find(state.EntityHost, a.Host); p != nil {
		return p
	}
	return find(state.EntityInstance, a.Instance)
}
