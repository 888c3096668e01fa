package state

import (
	"cmp"
	"slices"

	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// Incident is a live incident: Pub is its public state, brought up to date
// when it is written.
type Incident struct {
	Pub      schemas.Incident
	ID       *string // Pub.ID, for the signals that outlive the incident
	Seq      int64
	Scope    *Scope
	Parent   *Incident
	Children []*Incident
	part     *part // in its tree; nil: it stands alone

	Alerts        []*Alert // in order of joining; episodes, also those that ended
	Tickets       []*Ticket
	Affected      map[*Entity]*Affected
	AffectedOrder []*Affected // the same, in order of appearance
	Services      []*Affected // the primary ones, in order of becoming so
	Firing        []int32     // alerts about each of them that still fire
	Names         map[string]int32
	Order         []string  // the keys of Names, in order of appearance
	RecentIn      []*Entity // among whose recent incidents it was put
	Groups        []*Group
	Teams         []string

	Active    int // firing alerts
	Severity  uint8
	Worst     string // name of the alert with that severity
	LastStart schemas.Time
	LastEnd   schemas.Time
	Rate      Rate // of joining signals
	LastID    schemas.ID
	SeenAt    schemas.Time

	FlushAt   schemas.Time
	ResolveAt schemas.Time
	CloseAt   schemas.Time
	QuietAt   schemas.Time
	CostAt    schemas.Time // when it is written again though nothing happened
	FlapUntil schemas.Time
	Listing   *Listing  // members as last written, nil for none; not part of the state
	Roots     *RootRank // likewise
	Named     int       // likewise: how many services Pub.Services was made of
	Minute    int64     // joined counts the signals of this minute
	Joined    int32

	TimelineSeq int64
	Problem     *problem.Pattern
	Measured    *Measured
	Responders  []Responder // who acted on it, in the order in which they first did
	Separate    bool
	Urgent      bool
	Closed      bool
	ResolvedBy  bool // an operator resolved it
	Worked      bool // a ticket that was opened again keeps it open, although its alerts recovered
	corrected   int  // corrections that name it
	Checked     int  // how many services and names had been matched with problems
	Talk        Talk // what people have heard of it
	Heard       bool // it is looked at, at the end of the input, for what people should hear; not part of the state
}

// Affected is what an incident knows of one entity it touches.
type Affected struct {
	Entity    *Entity
	First     schemas.Time // start of the earliest signal about it
	Last      schemas.Time
	LastID    schemas.ID
	Count     int32
	Nth       int16 // in services, from 1; 0: it is only where a signal came from
	Mentioned bool  // only a text names it
	told      int32 // of Count, what its tree has
}

// Primary reports whether a signal is about p.
func (p *Affected) Primary() bool { return p.Nth > 0 }

// AffectedCap bounds how many entities an incident remembers.
const AffectedCap = 4096

// Above reports whether inc is somewhere above below.
func (inc *Incident) Above(below *Incident) bool {
	for p := below.Parent; p != nil; p = p.Parent {
		if p == inc {
			return true
		}
	}
	return false
}

// Measured is what impact signals reported for an incident. It replaces the
// model's figures where it is above 0.
type Measured struct {
	Revenue  float64
	Cost     float64
	Users    int64
	Currency string
}

// Responder is a person who acted on an incident, and since when.
type Responder struct {
	Name  string
	Since schemas.Time
}

// respondersCap bounds how many people an incident counts.
const respondersCap = 100

// Works notes that somebody acts on inc.
func (inc *Incident) Works(name string, at schemas.Time) {
	if name == "" || len(inc.Responders) >= respondersCap || slices.ContainsFunc(inc.Responders, func(r Responder) bool { return r.Name == name }) {
		return
	}
	inc.Responders = append(inc.Responders, Responder{name, at})
}

// At returns what inc knows of ent, nil for nothing. An instance has been in few
// incidents, and asking its short list is cheaper than a large table that most
// often does not have it.
func (inc *Incident) At(ent *Entity) *Affected {
	if int(ent.Refs) == len(ent.Recent) && !slices.Contains(ent.Recent, inc) {
		return nil // the list was never full: who touched it is in it
	}
	return inc.Affected[ent]
}

// Left takes inc out of those that are live.
func (sc *Scope) Left(inc *Incident) {
	delete(sc.Incidents, inc.Pub.ID)
	if i, there := slices.BinarySearchFunc(sc.Live, inc, func(a, b *Incident) int { return cmp.Compare(a.Seq, b.Seq) }); there {
		sc.Live = without(sc.Live, i)
	}
}

// Ended notes that something of inc ended.
func (inc *Incident) Ended(at schemas.Time) { inc.LastEnd = max(inc.LastEnd, at) }

// FiringAt counts the alerts about p that still fire.
func (inc *Incident) FiringAt(p *Affected) int32 {
	if !p.Primary() {
		return 0
	}
	return inc.Firing[p.Nth-1]
}

// OnTickets reports whether inc is open for as long as its tickets are.
func (inc *Incident) OnTickets() bool { return len(inc.Alerts) == 0 || inc.Worked }

// Over reports whether inc is resolved or closed.
func (inc *Incident) Over() bool {
	return inc.Pub.Status == schemas.IncidentResolved || inc.Pub.Status == schemas.IncidentClosed
}

// RootRank is how affected services depend on each other. It is kept from one
// writing of the incident to the next, since comparing each with each is most
// of the work.
type RootRank struct {
	Graph     *topology.Graph
	Of        []*Entity
	Explained []int
	Upstream  []int
}
