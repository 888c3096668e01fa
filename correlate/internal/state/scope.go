package state

import (
	"slices"

	"pinkstar/correlate/internal/business"
	"pinkstar/correlate/internal/problem"
	"pinkstar/schemas"
)

// Scope is everything known of one correlation scope.
type Scope struct {
	Name        string
	origin      *Origin // of what is decided now; not part of the state
	seq         int64
	Alerts      index[Alert] // the latest episode of each alert
	Incidents   map[string]*Incident
	Live        []*Incident                     // the same, in order of opening
	Entities    [entityKinds]map[string]*Entity // by kind and name
	Nodes       NodeEntities                    // of the topology's services
	Groups      map[string]*Group
	Tickets     map[string]*Ticket
	Changes     []*Change            // in order of arrival
	ByKey       map[AlertKey]*Change // the same
	found       changeIndex          // the same, by what they are about
	Lone        []*Alert             // recovered, and in no incident: remembered for what may come late
	Corrections Corrections
	Opened      Rate      // of new incidents
	Refired     Rate      // of alerts that fire again within the reopen window, just now
	Refires     Rate      // the same over a longer time: what is usual
	Usual       Usual     // how often something new reaches an entity
	Deployed    Routine   // how often services are changed anyway
	Maintained  Routine   // and maintained
	Placement   Placement // what runs where
	Storm       *Incident // the latest that many signals joined at once
	Patterns    problem.Book
	Business    business.Ledger
	Actions     []*schemas.ActionItem // of post-mortems, that are open
	Lasting     int                   // episodes begun before the first recovery; -1 once there was one
	Timeout     Timeout
}

// ScopeOf is the scope of s, made when it is new; nil when there are too many.
func (st *State) ScopeOf(s *schemas.Signal) *Scope {
	if sc := st.Scopes[s.Scope]; sc != nil {
		return sc
	}
	if len(st.Order) >= st.Rules.Limits.Scopes {
		st.Stats.Limited++
		return nil
	}
	return st.addScope(s.Scope, st.NextSeq())
}

func (st *State) addScope(name string, seq int64) *Scope {
	sc := &Scope{
		Name:      st.Strings.Of(name),
		seq:       seq,
		Incidents: map[string]*Incident{},
		Nodes:     NewNodeEntities(len(st.Topology.Nodes)),
		Groups:    map[string]*Group{},
		Tickets:   map[string]*Ticket{},
		ByKey:     map[AlertKey]*Change{},
	}
	for k := range sc.Entities {
		sc.Entities[k] = map[string]*Entity{}
	}
	sc.Deployed.Known(st.Now)
	sc.Maintained.Known(st.Now)
	st.Scopes[sc.Name] = sc
	st.Order = append(st.Order, sc)
	return sc
}

// EventsAfter is how many alerts must have begun without a single recovery
// until a scope is taken for one of events.
const EventsAfter = 50

// Events reports whether what comes to sc are events, which never recover or are
// only no longer told after a while, and not alerts: what still fires is not
// known then.
func (st *State) Events(sc *Scope) bool {
	return sc.Lasting >= EventsAfter || sc.Timeout.Seen(st.Rules.Correlation.TimeoutAfter)
}

// Latest returns the latest episode of the alert with this key, or nil.
func (sc *Scope) Latest(key []byte) *Alert {
	return sc.Alerts.find(hashBytes(key), func(a *Alert) bool { return string(a.Key) == string(key) })
}

// SetLatest makes a the latest episode of its alert, and returns the one that
// was.
func (sc *Scope) SetLatest(a *Alert) (old *Alert) {
	h := a.Key.hash()
	if old = sc.Alerts.find(h, func(b *Alert) bool { return b.Key == a.Key }); old != nil {
		sc.Alerts.replace(h, old, a)
	} else {
		sc.Alerts.add(h, a)
	}
	return old
}

// EntityKind is what an entity is.
type EntityKind uint8

const (
	EntityService EntityKind = iota + 1
	EntityInstance
	EntityHost
	EntityName      // an alert name, so that a ticket can mention it
	EntityNamespace // of alerts that name nothing nearer
	entityKinds
)

// EntityKey names an entity in its scope.
type EntityKey struct {
	Kind EntityKind
	Name string
}

// recentCap caps how many incidents an entity remembers; the one that
// has been quiet for longest is dropped.
const recentCap = 32

// Entity is something incidents touch. Its recent incidents
// are those that touched it or a neighbour of it: a signal about it weighs only those.
type Entity struct {
	Key    EntityKey
	Node   int32 // in the topology, or -1
	Refs   int32 // incidents that are, or were, among its recent ones
	Recent []*Incident

	Location *Location // of the latest alert on it; not part of the state
}

// Entity returns the entity called name, making it when make is true.
func (st *State) Entity(sc *Scope, kind EntityKind, name string, make bool) *Entity {
	if kind == EntityService {
		if n := st.Topology.Exact(name); n >= 0 {
			return st.NodeEntity(sc, n)
		}
	}
	ent := sc.Entities[kind][name]
	if ent == nil && make {
		ent = &Entity{Key: EntityKey{kind, st.Strings.Of(name)}, Node: -1}
		sc.Entities[kind][ent.Key.Name] = ent
	}
	return ent
}

// NodeEntity is the entity of a service of the topology.
func (st *State) NodeEntity(sc *Scope, node int32) *Entity {
	ent := sc.Nodes.At(node)
	if ent == nil {
		ent = &Entity{Key: EntityKey{EntityService, st.Topology.Nodes[node].Name}, Node: node}
		sc.Nodes.Set(node, ent)
	}
	return ent
}

// AddRecent puts inc among the recent incidents; the quietest gives way when there are many.
func (ent *Entity) AddRecent(inc *Incident) {
	if slices.Contains(ent.Recent, inc) {
		return
	}
	if len(ent.Recent) >= recentCap { // the one that has been quiet for longest gives way
		quiet := 0
		for i, x := range ent.Recent {
			if x.LastStart < ent.Recent[quiet].LastStart {
				quiet = i
			}
		}
		ent.Recent = slices.Delete(ent.Recent, quiet, quiet+1)
	}
	ent.Recent = append(ent.Recent, inc)
	inc.RecentIn = append(inc.RecentIn, ent)
	ent.Refs++
}

// LeaveRecent takes inc from the recent incidents of every entity; entities nobody refers to any more
// are dropped.
func (sc *Scope) LeaveRecent(inc *Incident) { sc.LeaveRecentBut(inc, nil) }

// LeaveRecentBut does so for all but some entities.
func (sc *Scope) LeaveRecentBut(inc *Incident, stay map[*Entity]bool) {
	left := inc.RecentIn[:0]
	for _, ent := range inc.RecentIn {
		if stay[ent] {
			left = append(left, ent)
			continue
		}
		if i := slices.Index(ent.Recent, inc); i >= 0 {
			ent.Recent = slices.Delete(ent.Recent, i, i+1)
		}
		if ent.Refs--; ent.Refs == 0 {
			sc.Drop(ent)
		}
	}
	clear(inc.RecentIn[len(left):])
	if inc.RecentIn = left; len(left) == 0 {
		inc.RecentIn = nil
	}
}

// Drop removes an entity that nothing refers to.
func (sc *Scope) Drop(ent *Entity) {
	if ent.Node >= 0 {
		sc.Nodes.Set(ent.Node, nil)
	} else {
		delete(sc.Entities[ent.Key.Kind], ent.Key.Name)
	}
}

// interner gives equal strings one memory. It forgets everything when it has
// grown large, which costs memory for a while and never correctness.
type interner struct{ m map[string]string }

const internerSize = 1 << 16

// Of is s in the memory of its equals.
func (in *interner) Of(s string) string {
	if s == "" {
		return ""
	}
	if v, ok := in.m[s]; ok {
		return v
	}
	if in.m == nil || len(in.m) >= internerSize {
		in.m = make(map[string]string, 1024)
	}
	in.m[s] = s
	return s
}
