package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// scope is everything known of one correlation scope.
type scope struct {
	name      string
	origin    *origin // of what is decided now; not part of the state
	seq       int64
	alerts    index[alert] // the latest episode of each alert
	incidents map[string]*incident
	live      []*incident                     // the same, in order of opening
	entities  [entityKinds]map[string]*entity // by kind and name
	nodes     []*entity                       // of the topology's services, by node
	groups    map[string]*group
	tickets   map[string]*ticket
	changes   []*change            // in order of arrival
	byKey     map[alertKey]*change // the same
	lone      []*alert             // recovered, and in no incident: remembered for what may come late
	facts     facts
	opened    rate      // of new incidents
	storm     *incident // the latest that many signals joined at once
	patterns  patterns
	lasting   int // episodes begun before the first recovery; -1 once there was one
}

func (e *Engine) scopeOf(s *schemas.Signal) *scope {
	if sc := e.scopes[s.Scope]; sc != nil {
		return sc
	}
	if len(e.order) >= e.set.Limits.Scopes {
		e.stats.Limited++
		return nil
	}
	return e.addScope(s.Scope, e.nextSeq())
}

func (e *Engine) addScope(name string, seq int64) *scope {
	sc := &scope{
		name:      e.strings.of(name),
		seq:       seq,
		incidents: map[string]*incident{},
		nodes:     make([]*entity, len(e.topo.nodes)),
		groups:    map[string]*group{},
		tickets:   map[string]*ticket{},
		byKey:     map[alertKey]*change{},
	}
	for k := range sc.entities {
		sc.entities[k] = map[string]*entity{}
	}
	e.scopes[sc.name] = sc
	e.order = append(e.order, sc)
	return sc
}

// eventsAfter is how many alerts must have begun without a single recovery
// until a scope is taken for one of events.
const eventsAfter = 50

// events reports whether what comes to sc are events, which never recover, and
// not alerts: what still fires is not known then.
func (sc *scope) events() bool { return sc.lasting >= eventsAfter }

// latest returns the latest episode of the alert with this key, or nil.
func (sc *scope) latest(key []byte) *alert {
	return sc.alerts.find(hashBytes(key), func(a *alert) bool { return string(a.key) == string(key) })
}

// setLatest makes a the latest episode of its alert, and returns the one that
// was.
func (sc *scope) setLatest(a *alert) (old *alert) {
	h := a.key.hash()
	if old = sc.alerts.find(h, func(b *alert) bool { return b.key == a.key }); old != nil {
		sc.alerts.replace(h, old, a)
	} else {
		sc.alerts.add(h, a)
	}
	return old
}

type entityKind uint8

const (
	entityService entityKind = iota + 1
	entityInstance
	entityHost
	entityName      // an alert name, so that a ticket can mention it
	entityNamespace // of alerts that name nothing nearer
	entityKinds
)

type entityKey struct {
	kind entityKind
	name string
}

// ringSize caps how many incidents an entity remembers; the one that
// has been quiet for longest is dropped.
const ringSize = 32

// entity is something incidents touch. Its ring holds the incidents that
// touched it or a neighbour of it: a signal about it weighs only those.
type entity struct {
	key  entityKey
	node int32 // in the topology, or -1
	refs int32 // incidents that wrote themselves into the ring
	ring []*incident

	where *whereabouts // of the latest alert on it; not part of the state
}

// entity returns the entity called name, making it when make is true.
func (e *Engine) entity(sc *scope, kind entityKind, name string, make bool) *entity {
	if kind == entityService {
		if n := e.topo.exact(name); n >= 0 {
			return e.nodeEntity(sc, n)
		}
	}
	ent := sc.entities[kind][name]
	if ent == nil && make {
		ent = &entity{key: entityKey{kind, e.strings.of(name)}, node: -1}
		sc.entities[kind][ent.key.name] = ent
	}
	return ent
}

func (e *Engine) nodeEntity(sc *scope, node int32) *entity {
	ent := sc.nodes[node]
	if ent == nil {
		ent = &entity{key: entityKey{entityService, e.topo.nodes[node].name}, node: node}
		sc.nodes[node] = ent
	}
	return ent
}

// write puts inc into the ring, dropping the oldest when it is full.
func (ent *entity) write(inc *incident) {
	if slices.Contains(ent.ring, inc) {
		return
	}
	if len(ent.ring) >= ringSize { // the one that has been quiet for longest gives way
		quiet := 0
		for i, x := range ent.ring {
			if x.lastStart < ent.ring[quiet].lastStart {
				quiet = i
			}
		}
		ent.ring = slices.Delete(ent.ring, quiet, quiet+1)
	}
	ent.ring = append(ent.ring, inc)
	inc.rings = append(inc.rings, ent)
	ent.refs++
}

// leaveRings takes inc out of every ring; entities nobody refers to any more
// are dropped.
func (sc *scope) leaveRings(inc *incident) {
	for _, ent := range inc.rings {
		if i := slices.Index(ent.ring, inc); i >= 0 {
			ent.ring = slices.Delete(ent.ring, i, i+1)
		}
		if ent.refs--; ent.refs == 0 {
			sc.drop(ent)
		}
	}
	inc.rings = nil
}

func (sc *scope) drop(ent *entity) {
	if ent.node >= 0 {
		sc.nodes[ent.node] = nil
	} else {
		delete(sc.entities[ent.key.kind], ent.key.name)
	}
}

// interner gives equal strings one memory. It forgets everything when it has
// grown large, which costs memory for a while and never correctness.
type interner struct{ m map[string]string }

const internerSize = 1 << 16

func (in *interner) of(s string) string {
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
