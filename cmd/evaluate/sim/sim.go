package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pinkstar/schemas"
)

// Tuning and report seeds are kept apart: weights are chosen on the first and
// figures are published on the second, which nobody tunes on.
const (
	TuningFirst, TuningLast = 1, 20
	ReportFirst, ReportLast = 1001, 1020
)

// TuningSeeds returns the seeds that weights may be chosen on.
func TuningSeeds() []uint64 { return seeds(TuningFirst, TuningLast) }

// ReportSeeds returns the seeds that figures are published on.
func ReportSeeds() []uint64 { return seeds(ReportFirst, ReportLast) }

func seeds(first, last uint64) []uint64 {
	var out []uint64
	for s := first; s <= last; s++ {
		out = append(out, s)
	}
	return out
}

// Level is a preset of Params.
type Level string

// The levels.
const (
	Easy     Level = "easy"     // one fault at a time, full topology
	Standard Level = "standard" // up to three at once, 10 % of the topology missing
	Hard     Level = "hard"     // eight at once, 30 % missing, reordering, skew
	Hosts    Level = "hosts"    // standard, and every third fault is of a machine, of which the topology lists none
	Calm     Level = "quiet"    // a day with few faults: nine of ten alerts are of none
	Storm    Level = "storm"    // a service that 1,450 need fails, small faults hidden in it
)

// Levels lists the levels that are published, in order of difficulty.
var Levels = []Level{Easy, Standard, Hard}

// AllLevels are Levels and those beside them.
var AllLevels = append(slices.Clip(Levels), Hosts, Calm, Storm)

// Params says what world to make. For returns a preset.
type Params struct {
	Seed     uint64
	Level    Level
	Start    schemas.Time
	Duration int64 // milliseconds
	Entities int   // services, instances and hosts together, 50 to 10,000

	Concurrency     int     // how many faults overlap in a busy spell: 1, 3, 8
	FaultsPerHour   float64 // on average, over the whole duration
	Adjacent        float64 // chance that an overlapping fault starts next to another one
	HostFaults      float64 // share of faults that are of a machine
	Unplaced        bool    // the topology lists neither instances nor machines
	TopologyMissing float64 // share of edges (and instances) that nobody wrote down
	TopologyWrong   float64 // share of edges that were written down and do not exist
	NoisePerHour    float64 // background alerts, averaged over day and night
	Reorder         float64 // chance of a delivery that is minutes late
	Skew            int64   // milliseconds: standard deviation of a team's clock
	MissingResolves float64 // share of alerts that never resolve
	CausedByChange  float64 // share of faults that a change explains
	InnocentChanges float64 // a day, that explain nothing
	Tickets         float64 // chance that a fault gets a ticket
	Latent          int     // recurring causes (see recurrence.go)
	Seasonal        int     // jobs that alert at the same time every day
	Manner          Manner  // how recurring causes show themselves
	Machines        int     // recurring causes that are machines
	OneOffs         int     // single faults at the root of each cause, failing in another way
	Storm           bool    // a service that all need fails (see storm.go)
}

// For returns the preset of a level.
func For(level Level, seed uint64) Params {
	p := Params{
		Seed: seed, Level: level, Start: 1773219600000, // 2026-03-11T09:00:00Z
		Duration: 12 * schemas.Hour, Entities: 300, Concurrency: 1, FaultsPerHour: 2, Adjacent: 0.15,
		NoisePerHour: 6, Reorder: 0.005, Skew: 500,
		MissingResolves: 0.04, CausedByChange: 0.3, InnocentChanges: 140, Tickets: 0.5,
		HostFaults: 0.07,
	}
	switch level {
	case Standard, Hosts:
		p.Concurrency, p.FaultsPerHour = 3, 3
		p.TopologyMissing, p.TopologyWrong = 0.1, 0.02
		p.NoisePerHour, p.Reorder, p.Skew = 8, 0.01, 2000
		if level == Hosts {
			p.HostFaults, p.Unplaced = 0.35, true
		}
	case Hard:
		p.Entities, p.Concurrency, p.FaultsPerHour, p.Adjacent = 600, 8, 6, 0.2
		p.TopologyMissing, p.TopologyWrong = 0.3, 0.05
		p.NoisePerHour, p.Reorder, p.Skew = 20, 0.03, 15000
		p.MissingResolves = 0.08
	case Calm:
		p.Duration, p.FaultsPerHour, p.NoisePerHour = 24*schemas.Hour, .5, 40
	case Storm:
		p.Entities, p.Duration, p.Storm = 9300, 3*schemas.Hour, true
		p.TopologyMissing, p.TopologyWrong = 0.1, 0.02
		p.NoisePerHour, p.Skew, p.Tickets = 12, 2000, 0.2
	}
	return p
}

// Labelled is one signal as it arrives, with its truth.
type Labelled struct {
	schemas.Signal
	Fault string // id of the fault it comes from, "" when from none
	// Noise tells apart what comes from no fault: all the signals of one
	// unrelated alert, flapping included, share it.
	Noise    string
	Root     string // service (or host) the fault started at
	Expected bool   // raised by announced work; not judged as an incident
	Repeat   bool   // a further delivery of a signal already in the list
	Later    bool   // another state of a thing already in the list
}

// Scored reports whether placement of this signal is judged: the first
// delivery of an alert or a ticket. Windows and changes inform incidents, they
// are not members to find.
func (l *Labelled) Scored() bool {
	return !l.Repeat && !l.Later && !l.Expected && (l.Kind == schemas.KindAlert || l.Kind == schemas.KindTicket)
}

// Truth is the true cluster of a signal: its fault, or its own noise.
func (l *Labelled) Truth() string {
	if l.Fault != "" {
		return l.Fault
	}
	return l.Noise
}

// Fault is one thing that went wrong.
type Fault struct {
	ID        string
	Kind      string // service, instance, data, hub, host, network
	Root      string // service, or host for kind host
	Roots     []string
	Start     schemas.Time
	End       schemas.Time
	Change    string         // signal id of the change that caused it
	Latent    string         // id of the recurring cause
	Seasonal  bool           // a decoy: returns by the clock, not by a cause
	Touched   map[string]int // true service or host -> milliseconds from Start to its onset
	Alerts    int            // distinct alerts raised
	Adjacency bool           // begun next to another one that was under way
}

// World is everything Generate made.
type World struct {
	Params       Params
	Topology     []byte // as written down: edges missing and wrong
	FullTopology []byte // the true one
	Signals      []Labelled
	Faults       []Fault

	estate *estate
}

// Generate makes the world of p. The same p gives the same bytes.
func Generate(p Params) (*World, error) {
	if p.Entities < 50 || p.Entities > 10_000 {
		return nil, fmt.Errorf("entities: %d is not between 50 and 10,000", p.Entities)
	}
	if p.Duration < schemas.Minute || p.Start <= 0 {
		return nil, fmt.Errorf("duration: %d ms from %d is no time to simulate", p.Duration, p.Start)
	}
	w := &World{Params: p, estate: newEstate(p, stream(p.Seed, 1))}
	w.FullTopology = w.estate.topology(0, 0, true, stream(p.Seed, 2))
	w.Topology = w.estate.topology(p.TopologyMissing, p.TopologyWrong, !p.Unplaced, stream(p.Seed, 2))
	g := &generator{World: w, rules: vocabulary()}
	g.faults(stream(p.Seed, 3))
	g.recurrences(stream(p.Seed, 4))
	if p.Storm {
		g.storm(stream(p.Seed, 10))
	}
	g.symptoms(stream(p.Seed, 5))
	g.noise(stream(p.Seed, 6))
	g.work(stream(p.Seed, 7))
	g.tickets(stream(p.Seed, 8))
	if err := g.deliver(stream(p.Seed, 9)); err != nil {
		return nil, err
	}
	return w, nil
}

// generator collects events on true time before they are delivered.
type generator struct {
	*World
	rules  map[string][]rule
	events []event
	plans  []plan // of Faults, by index
}

// event is one state of one thing, at true time, before clocks and networks.
type event struct {
	at  schemas.Time
	lab Labelled
	// silent events were lost: they shape the truth, nobody sends them.
	silent bool
}

func (g *generator) add(e event) { g.events = append(g.events, e) }

// dice draws from one stream of the seed.
type dice struct{ *rand.Rand }

func stream(seed, n uint64) dice { return dice{rand.New(rand.NewPCG(seed, n*0x9e3779b97f4a7c15))} }

func (d dice) chance(p float64) bool { return d.Float64() < p }

// between draws an integer in [lo, hi].
func (d dice) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

// span draws a log-normal duration in milliseconds.
func (d dice) span(median int64, sigma float64) int64 {
	return int64(float64(median) * math.Exp(d.NormFloat64()*sigma))
}

// wait draws an exponential duration in milliseconds.
func (d dice) wait(mean float64) int64 { return int64(d.ExpFloat64() * mean) }

func (d dice) pick(list ...string) string { return list[d.IntN(len(list))] }
