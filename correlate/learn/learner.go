package learn

import (
	"cmp"
	"slices"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Learner counts a log. It is a function of the log: the same records in the
// same order with the same timestamps give the same bytes.
type Learner struct {
	*Counter
	namer    *correlate.Engine
	fixRules bool
	fixTopo  bool
}

// Setup is what alerts are named by, as an engine would: nil means the
// defaults and no topology.
type Setup struct {
	Rules    *rules.Set
	Topology *rules.Topology
	// FixRules and FixTopology pass over activation records in the log.
	FixRules, FixTopology bool
}

// New returns a Learner that has seen nothing.
func New(cfg Config, s Setup) (*Learner, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Learner{NewCounter(cfg, nil), correlate.New(s.Rules, s.Topology), s.FixRules, s.FixTopology}, nil
}

// Step takes a record of the log. at is the record's timestamp; what moves log
// time back is taken as if it came at the latest time seen in its scope.
//
// Only the start of an alert counts, and only when no alert of its type has
// started shortly before it: repeats, recoveries, flapping and the same alert
// from ten instances are all one happening. So a repeat needs no memory to be
// recognised, it does not start later than the last start that was counted.
func (l *Learner) Step(s *schemas.Signal, at schemas.Time) {
	switch {
	case s.Kind == schemas.KindActivation:
		l.activate(s)
		return
	case s.Kind != schemas.KindAlert || s.Status != schemas.StatusFiring || s.Name == "":
		return
	}
	sc := l.scope(s.Scope, at)
	if sc == nil {
		return
	}
	service := l.namer.ServiceOf(s)
	if service == "" { // "disk full somewhere" can't be anybody's partner
		l.stats.Unplaced++
		return
	}
	start := min(s.StartsAt, sc.now)
	t := Type{s.Scope, s.Name, service}
	if k := l.types[t]; k != nil && start.Sub(k.last) <= l.cfg.Quiet {
		k.last = max(k.last, start)
		return
	}
	if sc.now.Sub(start) > l.cfg.Late {
		l.stats.Late++
		return
	}
	l.add(sc, l.kind(t), "", start)
}

// activate follows the rules and topology that the log puts in force, since
// they say what a service is called.
func (l *Learner) activate(s *schemas.Signal) {
	a := s.Activation
	if a == nil || a.What == schemas.WhatRules && l.fixRules || a.What == schemas.WhatTopology && l.fixTopo {
		return
	}
	var out correlate.Output
	l.namer.Step(s, 0, &out)
}

// Learnt returns what the log has taught so far.
func (l *Learner) Learnt() *rules.Learnt {
	out := &rules.Learnt{Alerts: l.stats.Alerts}
	var from, to schemas.Time
	for _, sc := range l.scopes { // least and greatest: the order can't be seen
		if from == 0 || sc.first != 0 && sc.first < from {
			from = sc.first
		}
		to = max(to, sc.last)
	}
	out.From, out.To = rules.Instant(from), rules.Instant(to)
	size := 0
	for _, p := range l.Partners() {
		pair := rules.Pair{
			Scope: p.A.Scope, A: rules.AlertType{Name: p.A.Name, Service: p.A.Service}, B: rules.AlertType{Name: p.B.Name, Service: p.B.Service},
			Points: points(p.Lift), N: p.N, Occasions: p.Occasions, Lift: rounded(p.Lift),
		}
		if size += sizeOf(&pair); size > l.cfg.TextBytes {
			break
		}
		out.Pairs = append(out.Pairs, pair)
	}
	slices.SortFunc(out.Pairs, comparePairs)
	out.Seal()
	return out
}

// comparePairs orders pairs for a reader: by scope, the strongest first.
func comparePairs(a, b rules.Pair) int {
	return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(b.Points, a.Points), compareAlerts(a.A, b.A), compareAlerts(a.B, b.B))
}

func compareAlerts(a, b rules.AlertType) int {
	return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
}

// rounded has one digit behind the point: the figure is for readers.
func rounded(lift float64) float64 { return float64(int64(lift*10+0.5)) / 10 }

// sizeOf is about what a pair takes in the file.
func sizeOf(p *rules.Pair) int {
	const frame = 110
	return frame + len(p.Scope) + len(p.A.Name) + len(p.A.Service) + len(p.B.Name) + len(p.B.Service)
}
