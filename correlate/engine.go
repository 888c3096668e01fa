package correlate

import (
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Engine correlates the signals of one partition. It is not safe for
// concurrent use.
type Engine struct {
	set      *rules.Set
	topo     *topology
	learnt   *learnt
	versions *versions // shared by the decisions made under them

	now    schemas.Time
	seq    int64 // order of creation, for everything that needs an order
	scopes map[string]*scope
	order  []*scope
	known  index[record]       // signals, by id
	relays map[*record]*record // of a signal that was told anew: its newest record
	bases  map[*record]*record // the other way round
	forget recordQueue         // known signals, the next to be checked first
	wakes  wakeQueue
	dirty  []*record // repeats not yet written

	flushAt  schemas.Time // next writing of repeats
	forgetAt schemas.Time
	alerts   int // held, over all scopes
	stats    Stats

	// Below: scratch, empty between inputs.
	at      schemas.Time    // the record's own time, which may be before log time
	retold  *schemas.Signal // what the signal being taken is another occurrence of
	out     *Output
	quiet   bool // places are being rebuilt: nothing new to tell
	urgent  []*incident
	strings interner
	scratch scratch

	guide Guide // nil but in training
}

// versions names what a decision was made under.
type versions struct{ rules, topology, learnt string }

// Stats are counters and gauges for metrics.
type Stats struct {
	Signals, Repeats, Decisions             int64
	Placed, Duplicates, Suppressed          int64
	Late, Refused                           int64
	IncidentsOpened, IncidentsClosed        int64
	Limited                                 int64 // times a limit was reached
	BadActivations                          int64
	Alerts, Incidents, KnownSignals, Scopes int // now
	Wakes                                   int // now
}

// New returns an engine with the given rules and topology; nil means the
// defaults and an empty topology.
func New(set *rules.Set, topo *rules.Topology) *Engine {
	e := &Engine{
		scopes: map[string]*scope{},
	}
	if set == nil {
		set = rules.Default()
	}
	if topo == nil {
		topo = rules.EmptyTopology()
	}
	e.set = set
	e.learnt = &learnt{}
	e.topo = newTopology(topo, &set.Correlation)
	e.newVersions()
	return e
}

func (e *Engine) newVersions() {
	e.versions = &versions{rules: e.set.Version, topology: e.topo.src.Version, learnt: e.learnt.version}
}

// RulesVersion returns the version of the rule set in force.
func (e *Engine) RulesVersion() string { return e.set.Version }

// LearntVersion returns the version of the learnt pairs in force, "" for none.
func (e *Engine) LearntVersion() string { return e.learnt.version }

// TopologyVersion returns the version of the topology in force.
func (e *Engine) TopologyVersion() string { return e.topo.src.Version }

// Now returns log time.
func (e *Engine) Now() schemas.Time { return e.now }

// Stats returns the counters.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Alerts, s.KnownSignals, s.Scopes, s.Wakes = e.alerts, e.known.n, len(e.order), len(e.wakes.heap)
	for _, sc := range e.order {
		s.Incidents += len(sc.incidents)
	}
	return s
}

// NextWake returns when the engine next has something to do without input, 0
// for never. The owner of an idle partition appends a tick once its clock has
// passed it.
func (e *Engine) NextWake() schemas.Time {
	if len(e.wakes.heap) == 0 {
		return 0
	}
	return e.wakes.heap[0].at
}

// Repeat takes a further delivery of a known signal: it is counted and there
// is nothing else to do. It returns false, having only moved the clock, when
// the signal is not known, or when its record cannot rule out that it is news
// (see again.go): Step then weighs the whole signal.
func (e *Engine) Repeat(id schemas.ID, at schemas.Time, out *Output) bool {
	e.at = at
	if at > e.now {
		e.out = out
		e.advance(at)
	}
	r := e.find(id)
	if r == nil {
		return false
	}
	if r = e.newest(r); !e.isRepeat(r) {
		return false
	}
	e.repeat(r)
	return true
}

func (e *Engine) repeat(r *record) {
	r.repeats++
	r.unread++
	r.lastAt = e.now
	e.stats.Repeats++
	if a := r.alert; a != nil && a.firing == (r.told == toldFiring) {
		a.seen(e)
	}
	if r.dirty {
		return
	}
	r.dirty = true
	e.dirty = append(e.dirty, r)
	if e.flushAt == 0 {
		e.flushAt = e.now.Add(int64(e.set.Lifecycle.FlushRepeats))
		e.wake(e.flushAt, wakeFlushRepeats, nil, nil)
	}
}

// Step takes any signal or control record. at is the record's timestamp. s
// must stay unchanged until out has been written.
func (e *Engine) Step(s *schemas.Signal, at schemas.Time, out *Output) {
	e.out, e.at = out, at
	e.advance(at)
	switch s.Kind {
	case schemas.KindTick:
		return
	case schemas.KindActivation:
		e.activate(s)
		e.finish()
		return
	}
	id, err := schemas.ParseID(s.ID)
	if err != nil {
		id = schemas.SignalID(s)
	}
	if r := e.find(id); r != nil {
		if e.again(s, r) {
			e.finish()
		}
		return
	}
	e.stats.Signals++
	e.input(s, id)
	e.finish()
}

func (e *Engine) input(s *schemas.Signal, id schemas.ID) {
	sc := e.scopeOf(s)
	if sc == nil {
		r := e.newRecord(&scope{name: s.Scope}, s, id)
		e.refuse(r, s, "too many scopes (limits.scopes): signals of this one can't be correlated")
		return
	}
	r := e.newRecord(sc, s, id)
	switch s.Kind {
	case schemas.KindAlert:
		e.onAlert(sc, s, r)
	case schemas.KindTicket:
		e.onTicket(sc, s, r)
	case schemas.KindMaintenance, schemas.KindChange:
		e.onChange(sc, s, r)
	case schemas.KindImpact:
		e.onImpact(sc, s, r)
	case schemas.KindCommand:
		e.onCommand(sc, s, r)
	default:
		e.refuse(r, s, "kind "+string(s.Kind)+" is not known")
	}
}

// advance moves log time to at, running every wake-up due on the way at its
// own deadline.
func (e *Engine) advance(at schemas.Time) {
	if at <= e.now {
		return
	}
	for len(e.wakes.heap) > 0 && e.wakes.heap[0].at <= at {
		w := e.wakes.pop()
		if w.at > e.now {
			e.now = w.at
		}
		e.runWake(w)
		e.finish()
	}
	e.now = at
}

// finish writes the incidents whose state changed in a way that people must
// see at once.
func (e *Engine) finish() {
	for i := 0; i < len(e.urgent); i++ {
		inc := e.urgent[i]
		if inc.urgent {
			e.emitIncident(inc)
		}
	}
	clear(e.urgent)
	e.urgent = e.urgent[:0]
}

// nextSeq numbers what is created.
func (e *Engine) nextSeq() int64 {
	e.seq++
	return e.seq
}
