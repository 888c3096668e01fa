package state

import (
	"cmp"
	"maps"
	"slices"

	"pinkstar/schemas"
)

// Placement is what runs on which machine, learnt from alerts that name both: few
// topologies list machines, and pods move. The newest word of a pod counts, and what
// was not heard for long is forgotten.
type Placement struct {
	rows map[string]*placed   // by instance, or by service and machine
	of   map[string][]*placed // by service, the longest known first
	on   map[string][]*placed // by machine, likewise
	seq  int64
}

// placed is that an instance of a service runs on a machine.
type placed struct {
	key, service, machine string
	seen                  schemas.Time // last
	seq                   int64        // when it came to be there
}

const (
	// placementCap bounds what is known in one scope, placementEach what is known of
	// one service and of one machine.
	placementCap  = 16_384
	placementEach = 64
	// placementLife is for how long it is believed.
	placementLife = 3 * schemas.Day
)

// Learn notes where an alert says that a service runs. instance may be "".
func (p *Placement) Learn(service, instance, machine string, now schemas.Time) {
	if service == "" || machine == "" {
		return
	}
	key := instance
	if key == "" {
		key = "\x00" + service + "\x00" + machine // begins as no name does
	}
	if r := p.rows[key]; r != nil {
		if r.service == service && r.machine == machine && !r.over(now) {
			r.seen = now
			return
		}
		p.drop(r)
	}
	p.room(p.of[service], placementEach, now)
	p.room(p.on[machine], placementEach, now)
	if len(p.rows) >= placementCap {
		p.room(slices.SortedFunc(maps.Values(p.rows), bySeen), placementCap, now)
	}
	p.seq++
	p.add(&placed{key: key, service: service, machine: machine, seen: now, seq: p.seq})
}

func bySeen(a, b *placed) int { return cmp.Or(cmp.Compare(a.seen, b.seen), cmp.Compare(a.seq, b.seq)) }

func (r *placed) over(now schemas.Time) bool { return now.Sub(r.seen) > placementLife }

func (p *Placement) add(r *placed) {
	if p.rows == nil {
		p.rows, p.of, p.on = map[string]*placed{}, map[string][]*placed{}, map[string][]*placed{}
	}
	p.rows[r.key] = r
	p.of[r.service] = append(p.of[r.service], r)
	p.on[r.machine] = append(p.on[r.machine], r)
}

// room makes room for one more among rows, of which so many may be: what is over
// goes, and where that is not enough an eighth, those that were not heard of for
// longest.
func (p *Placement) room(rows []*placed, most int, now schemas.Time) {
	if len(rows) < most {
		return
	}
	left := make([]*placed, 0, len(rows))
	for _, r := range slices.Clone(rows) {
		if r.over(now) {
			p.drop(r)
		} else {
			left = append(left, r)
		}
	}
	if len(left) < most {
		return
	}
	slices.SortFunc(left, bySeen)
	for _, r := range left[:max(1, most/8)] {
		p.drop(r)
	}
}

func (p *Placement) drop(r *placed) {
	delete(p.rows, r.key)
	for _, list := range []struct {
		m   map[string][]*placed
		key string
	}{{p.of, r.service}, {p.on, r.machine}} {
		if list.m[list.key] = slices.DeleteFunc(list.m[list.key], func(x *placed) bool { return x == r }); len(list.m[list.key]) == 0 {
			delete(list.m, list.key)
		}
	}
}

// MachineOf is the machine that an instance runs on, "" where it is not known.
func (p *Placement) MachineOf(instance string, now schemas.Time) string {
	if r := p.rows[instance]; r != nil && !r.over(now) {
		return r.machine
	}
	return ""
}

// RunsOn reports whether some of a service runs on a machine.
func (p *Placement) RunsOn(service, machine string, now schemas.Time) bool {
	return slices.ContainsFunc(p.of[service], func(r *placed) bool { return r.machine == machine && !r.over(now) })
}

// Machines appends those machines that a service runs on of which something is
// known just now, as the topology says or alerts did, the longest known first.
func (st *State) Machines(sc *Scope, service *Entity, into []*Entity) []*Entity {
	if service.Key.Kind != EntityService {
		return into
	}
	add := func(name string) {
		if h := sc.Entities[EntityHost][name]; h != nil && !slices.Contains(into, h) {
			into = append(into, h)
		}
	}
	if service.Node >= 0 {
		for _, name := range st.Topology.Nodes[service.Node].Machines {
			add(name)
		}
	}
	for _, r := range sc.Placement.of[service.Key.Name] {
		if !r.over(st.Now) {
			add(r.machine)
		}
	}
	return into
}

// Runs reports whether a service runs on a machine: the topology says so, or alerts
// did.
func (st *State) Runs(sc *Scope, service *Entity, machine string) bool {
	if service.Node >= 0 && slices.Contains(st.Topology.Nodes[service.Node].Machines, machine) {
		return true
	}
	return service.Key.Kind == EntityService && sc.Placement.RunsOn(service.Key.Name, machine, st.Now)
}

// ServicesOn appends those services that run on a machine of which something is known
// just now, as the topology says or alerts did.
func (st *State) ServicesOn(sc *Scope, machine *Entity, into []*Entity) []*Entity {
	if machine.Key.Kind != EntityHost {
		return into
	}
	add := func(ent *Entity) {
		if ent != nil && !slices.Contains(into, ent) {
			into = append(into, ent)
		}
	}
	for _, n := range st.Topology.Hosts[machine.Key.Name] {
		add(sc.Nodes.At(n))
	}
	for _, r := range sc.Placement.on[machine.Key.Name] {
		if !r.over(st.Now) {
			add(st.Entity(sc, EntityService, r.service, false))
		}
	}
	return into
}

// MayRun reports whether a service, or an instance, may run on a machine for all that
// is known: neither the topology nor alerts say where the one runs, and the topology
// not what runs on the other.
func (st *State) MayRun(sc *Scope, what *Entity, machine string) bool {
	switch {
	case len(st.Topology.Hosts[machine]) > 0 || what.Node >= 0 && len(st.Topology.Nodes[what.Node].Machines) > 0:
		return false
	case what.Key.Kind == EntityInstance:
		return sc.Placement.MachineOf(what.Key.Name, st.Now) == ""
	}
	return what.Key.Kind == EntityService && !slices.ContainsFunc(sc.Placement.of[what.Key.Name], func(r *placed) bool { return !r.over(st.Now) })
}

// Services are those that run on a machine, the longest known first.
func (p *Placement) Services(machine string, now schemas.Time) (names []string) {
	for _, r := range p.on[machine] {
		if !r.over(now) && !slices.Contains(names, r.service) {
			names = append(names, r.service)
		}
	}
	return names
}

// known are what is believed, in the order in which it was learnt. The rest is
// dropped, as if it had never been.
func (p *Placement) known(now schemas.Time) []*placed {
	rows := slices.SortedFunc(maps.Values(p.rows), func(a, b *placed) int { return cmp.Compare(a.seq, b.seq) })
	return slices.DeleteFunc(rows, func(r *placed) bool {
		if r.over(now) {
			p.drop(r)
			return true
		}
		return false
	})
}
