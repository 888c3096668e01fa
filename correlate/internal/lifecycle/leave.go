package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// What leaves an incident takes with it what the incident affects because of it,
// and nothing else: what others told of an entity, and what only a text named,
// stays as it was.

// LeaveAlert takes what a told out of what inc affects. a is no longer one of
// its alerts, and still counts as firing there if it fires.
func (lc *Lifecycle) LeaveAlert(inc *state.Incident, a *state.Alert) {
	if a.Firing {
		lc.Fires(inc, a, -1)
	}
	sub := identity.SubjectOf(lc.State, inc.Scope, a)
	told := map[schemas.ID]bool{}
	for r := range a.Signals.All() {
		told[r.ID] = true
	}
	for _, ent := range touched(&sub) {
		if p := inc.Affected[ent]; p != nil {
			p.Count--
			lc.retell(inc, p, a.StartsAt, told[p.LastID])
		}
	}
	identity.Release(inc.Scope, &sub)
	lc.forgetUntouched(inc)
}

// LeaveTicket does the same for a ticket, and returns the services that only its
// text named.
func (lc *Lifecycle) LeaveTicket(inc *state.Incident, t *state.Ticket) (mentioned []string) {
	for _, p := range inc.AffectedOrder {
		service := t.Service != "" && p.Entity == lc.Entity(inc.Scope, state.EntityService, t.Service, false)
		named := p.LastID == t.First && p.Mentioned
		if named {
			mentioned = append(mentioned, p.Entity.Key.Name)
		}
		if service || named || p.LastID == t.First && p.Count == 1 {
			p.Count--
			lc.retell(inc, p, t.StartsAt, p.LastID == t.First)
		}
	}
	if len(inc.Tickets) == 0 {
		for _, p := range inc.AffectedOrder {
			if p.Mentioned {
				p.Count = 0
			}
		}
	}
	lc.forgetUntouched(inc)
	return mentioned
}

// touched lists the entities that Touch touches, each once.
func touched(sub *identity.Subject) []*state.Entity {
	var out []*state.Entity
	if sub.Entity == nil {
		return nil
	}
	for _, ent := range [...]*state.Entity{sub.Entity, sub.InstanceEntity, sub.HostEntity} {
		if ent != nil && !slices.Contains(out, ent) {
			out = append(out, ent)
		}
	}
	return out
}

// retell finds anew when p was affected first, when what left began then, and
// last, when what left was the last to tell of it.
func (lc *Lifecycle) retell(inc *state.Incident, p *state.Affected, start schemas.Time, last bool) {
	if p.Count <= 0 {
		return
	}
	first, latest, id := schemas.Time(0), schemas.Time(0), schemas.ID{}
	found := false
	tell := func(at schemas.Time, by schemas.ID) {
		if !found || at < first {
			first = at
		}
		if !found || at >= latest {
			latest, id = at, by
		}
		found = true
	}
	for _, a := range inc.Alerts {
		sub := identity.SubjectOf(lc.State, inc.Scope, a)
		if slices.Contains(touched(&sub), p.Entity) {
			tell(a.StartsAt, a.FirstID())
		}
		identity.Release(inc.Scope, &sub)
	}
	for _, t := range inc.Tickets {
		if t.Service != "" && lc.Entity(inc.Scope, state.EntityService, t.Service, false) == p.Entity {
			tell(t.StartsAt, t.First)
		}
	}
	if !found { // only texts are left that name it, or what an older release did not note
		p.Mentioned = p.Entity.Key.Kind == state.EntityService && p.Primary()
		return
	}
	if start <= p.First {
		p.First = max(p.First, first)
	}
	if last {
		p.Last, p.LastID = latest, id
	}
}

// forgetUntouched drops from inc what nothing tells of any more. The rest keeps
// its order, and its place among the recent incidents of its neighbours.
func (lc *Lifecycle) forgetUntouched(inc *state.Incident) {
	gone := func(p *state.Affected) bool { return p.Count <= 0 }
	if slices.ContainsFunc(inc.AffectedOrder, gone) {
		services, firing := inc.Services, inc.Firing
		inc.Services, inc.Firing, inc.Named = nil, nil, -1
		for i, p := range services {
			if gone(p) {
				continue
			}
			inc.Services, inc.Firing = append(inc.Services, p), append(inc.Firing, firing[i])
			p.Nth = int16(len(inc.Services))
		}
		for _, p := range inc.AffectedOrder {
			if gone(p) {
				delete(inc.Affected, p.Entity)
			}
		}
		inc.AffectedOrder = slices.DeleteFunc(inc.AffectedOrder, gone)
	}
	inc.Scope.LeaveRecentBut(inc, lc.reach(inc))
	inc.Regroup()
}

// reach is every entity among whose recent incidents inc belongs.
func (lc *Lifecycle) reach(inc *state.Incident) map[*state.Entity]bool {
	in := map[*state.Entity]bool{}
	for name := range inc.Names {
		if ent := lc.Entity(inc.Scope, state.EntityName, name, false); ent != nil {
			in[ent] = true
		}
	}
	for _, p := range inc.AffectedOrder {
		in[p.Entity] = true
		if p.Primary() {
			for _, n := range lc.neighbours(p.Entity) {
				if ent := inc.Scope.Nodes.At(n); ent != nil {
					in[ent] = true
				}
			}
		}
	}
	return in
}

// neighbours lists the services that hear of it when an incident is about ent.
func (lc *Lifecycle) neighbours(ent *state.Entity) []int32 {
	switch {
	case ent.Node >= 0:
		return lc.Topology.Near(ent.Node).Order
	case ent.Key.Kind == state.EntityHost:
		return lc.Topology.ServicesOn(ent.Key.Name)
	case ent.Key.Kind == state.EntityNamespace:
		return lc.Topology.Family(ent.Key.Name)
	}
	return nil
}
