package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
)

// SetTopology puts another topology in force. What is known stays known: each
// incident affects what it affected, under the names that hold now, and entities
// remember the incidents they remembered. Only neighbours change.
func (lc *Lifecycle) SetTopology(t *topology.Graph) {
	old := lc.Topology
	lc.Topology = t
	lc.NewVersions()
	for _, sc := range lc.Order {
		m := &remapping{lc: lc, scope: sc, old: old, before: map[state.EntityKey]*remembered{}}
		for _, inc := range sc.Live {
			m.note(inc)
		}
		for _, inc := range sc.Live {
			sc.LeaveRecent(inc)
		}
		sc.Nodes = state.NewNodeEntities(len(t.Nodes))
		for _, inc := range sc.Live {
			m.remap(inc)
			inc.Regroup()
		}
		m.finish()
	}
}

// remapping takes a scope's incidents from one topology to the next.
type remapping struct {
	lc     *Lifecycle
	scope  *state.Scope
	old    *topology.Graph
	before map[state.EntityKey]*remembered
	kept   []*state.Entity // that are among before, once each
	joined map[*state.Entity]bool
	fresh  []meeting
}

// remembered is what an entity knew of incidents: those it was touched by, and
// which of them it still remembered.
type remembered struct {
	recent []*state.Incident
	by     map[*state.Incident]bool
	again  map[*state.Incident]bool // that still touch it
}

// meeting is an incident that touches an entity it did not touch before.
type meeting struct {
	ent *state.Entity
	inc *state.Incident
}

func (m *remapping) note(inc *state.Incident) {
	for _, ent := range inc.RecentIn {
		r := m.before[ent.Key]
		if r == nil {
			r = &remembered{slices.Clone(ent.Recent), map[*state.Incident]bool{}, map[*state.Incident]bool{}}
			m.before[ent.Key] = r
		}
		r.by[inc] = true
	}
}

func (m *remapping) remap(inc *state.Incident) {
	affected, services, firing := inc.AffectedOrder, inc.Services, inc.Firing
	inc.AffectedOrder, inc.Services, inc.Firing, inc.Affected, inc.Named = nil, nil, nil, map[*state.Entity]*state.Affected{}, -1
	m.joined = map[*state.Entity]bool{}
	for _, n := range inc.Order {
		if len(n) >= identity.MinMention {
			m.join(inc, m.lc.Entity(m.scope, state.EntityName, n, true))
		}
	}
	for _, p := range affected {
		m.affect(inc, p)
	}
	for i, old := range services {
		ent := m.entity(old)
		p := inc.Affected[ent]
		if p.Primary() { // two names are one service now
			inc.Firing[p.Nth-1] += firing[i]
			continue
		}
		inc.Services, inc.Firing = append(inc.Services, p), append(inc.Firing, firing[i])
		p.Nth = int16(len(inc.Services))
		for _, n := range m.lc.neighbours(ent) {
			m.join(inc, m.lc.NodeEntity(m.scope, n))
		}
		if ent.Node >= 0 {
			m.lc.AddTeam(inc, m.lc.Topology.Nodes[ent.Node].Service.Team)
		}
		if ent.Key.Kind == state.EntityService && !m.sameNeighbours(ent.Key.Name) {
			m.lc.explainByChanges(inc, ent)
		}
	}
}

// sameNeighbours reports whether the same is near a service as before.
func (m *remapping) sameNeighbours(name string) bool {
	a, b := m.old.Exact(name), m.lc.Topology.Exact(name)
	if a < 0 || b < 0 {
		return a == b
	}
	near, was := m.lc.Topology.Near(b), m.old.Near(a)
	return slices.EqualFunc(was.Order, near.Order, func(x, y int32) bool {
		return m.old.Nodes[x].Name == m.lc.Topology.Nodes[y].Name && was.Of[x] == near.Of[y]
	})
}

func (m *remapping) entity(old *state.Affected) *state.Entity {
	return m.lc.Entity(m.scope, old.Entity.Key.Kind, old.Entity.Key.Name, true)
}

func (m *remapping) affect(inc *state.Incident, old *state.Affected) {
	ent := m.entity(old)
	p := inc.Affected[ent]
	if p == nil {
		p = new(state.Affected)
		*p = *old
		p.Entity, p.Nth = ent, 0
		inc.Affected[ent] = p
		inc.AffectedOrder = append(inc.AffectedOrder, p)
		m.join(inc, ent)
		return
	}
	p.First, p.Count, p.Mentioned = min(p.First, old.First), p.Count+old.Count, p.Mentioned && old.Mentioned
	if old.Last >= p.Last {
		p.Last, p.LastID = old.Last, old.LastID
	}
}

// join notes that inc touches ent or a neighbour of it.
func (m *remapping) join(inc *state.Incident, ent *state.Entity) {
	if m.joined[ent] {
		return
	}
	m.joined[ent] = true
	r := m.before[ent.Key]
	if r == nil || !r.by[inc] {
		m.fresh = append(m.fresh, meeting{ent, inc})
		return
	}
	if len(r.again) == 0 {
		m.kept = append(m.kept, ent)
	}
	r.again[inc] = true
	inc.RecentIn = append(inc.RecentIn, ent)
	ent.Refs++
}

// finish has entities remember what they remembered, and then what is new.
func (m *remapping) finish() {
	for _, ent := range m.kept {
		r := m.before[ent.Key]
		ent.Recent = slices.DeleteFunc(r.recent, func(inc *state.Incident) bool { return !r.again[inc] })
	}
	for _, f := range m.fresh {
		f.ent.AddRecent(f.inc)
	}
}
