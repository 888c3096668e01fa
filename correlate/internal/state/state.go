package state

import (
	"pinkstar/correlate/internal/topology"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// State is everything the engine knows of its partition. What a snapshot holds
// is this, and nothing else.
type State struct {
	Rules    *rules.Set
	Topology *topology.Graph
	Learnt   *topology.Pairs
	Versions *Versions // shared by the decisions made under them

	Shifts map[string]*rules.Shifts // of the rotas that have a calendar, by its name

	Behaviour int64 // the engine's, as the log has it; 0: it does not say

	Now    schemas.Time // log time
	seq    int64        // order of creation, for everything that needs an order
	Scopes map[string]*Scope
	Order  []*Scope
	Known  index[SeenSignal]           // signals, by id
	Relays map[*SeenSignal]*SeenSignal // of a signal that was told anew: its newest
	Bases  map[*SeenSignal]*SeenSignal // the other way round
	Expiry ExpiryQueue                 // known signals, the next to be checked first
	Timers TimerQueue
	Dirty  []*SeenSignal // redeliveries not yet written

	FlushAt  schemas.Time // next writing of redeliveries
	ExpiryAt schemas.Time
	ReviseAt schemas.Time // when losses are revised that late figures changed
	Alerts   int          // held, over all scopes
	Stats    Stats

	At      schemas.Time // the record's own time, which may be before log time; in no snapshot
	Strings interner     // gives equal strings one memory; in no snapshot

	// Looked counts the incidents, windows, changes, corrections and members that
	// were looked at to find those that matter: what work there is, whatever the
	// machine. It is in no snapshot.
	Looked int64
}

// New returns the state before the first record, with the given rules and
// topology; nil means the defaults and an empty topology.
func New(set *rules.Set, topo *rules.Topology) *State {
	if set == nil {
		set = rules.Default()
	}
	if topo == nil {
		topo = rules.EmptyTopology()
	}
	st := &State{
		Scopes:   map[string]*Scope{},
		Rules:    set,
		Learnt:   &topology.Pairs{},
		Topology: topology.New(topo, &set.Correlation),
	}
	st.NewVersions()
	return st
}
