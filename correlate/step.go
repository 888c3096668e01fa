package correlate

import (
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// RulesVersion returns the version of the rule set in force.
func (e *Engine) RulesVersion() string { return e.st.Rules.Version }

// LearntVersion returns the version of the learnt pairs in force, "" for none.
func (e *Engine) LearntVersion() string { return e.st.Learnt.Version }

// TopologyVersion returns the version of the topology in force.
func (e *Engine) TopologyVersion() string { return e.st.Topology.Source.Version }

// Now returns log time.
func (e *Engine) Now() schemas.Time { return e.st.Now }

// Stats returns the counters.
func (e *Engine) Stats() Stats {
	s := e.st.Stats
	s.Alerts, s.KnownSignals, s.Scopes, s.Wakes = e.st.Alerts, e.st.Known.N, len(e.st.Order), len(e.st.Timers.Heap)
	for _, sc := range e.st.Order {
		s.Incidents += len(sc.Incidents)
	}
	return s
}

// Under returns the id of the decision that holds for the signal of the last Step
// or Repeat that took one: the signal's own, or, for a known one that was news,
// the one it was given. It is zero after a control record.
func (e *Engine) Under() schemas.ID { return e.under }

// NextWake returns when the engine next has something to do without input, 0
// for never. The owner of an idle partition appends a tick once its clock has
// passed it.
func (e *Engine) NextWake() schemas.Time {
	if len(e.st.Timers.Heap) == 0 {
		return 0
	}
	return e.st.Timers.Heap[0].At
}

// Repeat takes a further delivery of a known signal: it is counted and there
// is nothing else to do. It returns false, having only moved the clock, when
// the signal is not known, or when its record cannot rule out that it is news
// (see internal/state/told.go): Step then weighs the whole signal.
func (e *Engine) Repeat(id schemas.ID, at schemas.Time, out *Output) bool {
	e.st.At = at
	if at > e.st.Now {
		e.life.Begin(out)
		e.advance(at)
	}
	r := e.st.FindSignal(id)
	if r == nil {
		return false
	}
	if r = e.st.Newest(r); !e.st.IsRedelivery(r) {
		return false
	}
	e.count(r)
	return true
}

// Step takes any signal or control record. at is the record's timestamp. s
// must stay unchanged until out has been written.
func (e *Engine) Step(s *schemas.Signal, at schemas.Time, out *Output) {
	e.life.Begin(out)
	e.st.At, e.under = at, schemas.ID{}
	e.advance(at)
	switch s.Kind {
	case schemas.KindTick:
		return
	case schemas.KindActivation:
		e.activate(s)
		e.life.EmitUrgent()
		return
	}
	s = identity.Named(&e.st.Rules.Correlation, s)
	id, err := schemas.ParseID(s.ID)
	if err != nil {
		id = schemas.SignalID(s)
	}
	if r := e.st.FindSignal(id); r != nil {
		e.again(s, r)
		e.life.EmitUrgent()
		return
	}
	e.st.Stats.Signals++
	e.under = id
	e.input(s, id)
	e.life.EmitUrgent()
}

func (e *Engine) input(s *schemas.Signal, id schemas.ID) {
	sc := e.st.ScopeOf(s)
	if sc == nil {
		r := e.life.NewSignal(&state.Scope{Name: s.Scope}, s, id)
		e.life.Refuse(r, s, "too many scopes (limits.scopes): signals of this one can't be correlated")
		return
	}
	r := e.life.NewSignal(sc, s, id)
	switch s.Kind {
	case schemas.KindAlert:
		e.intake.OnAlert(sc, s, r)
	case schemas.KindTicket:
		e.intake.OnTicket(sc, s, r)
	case schemas.KindMaintenance, schemas.KindChange:
		e.intake.OnChange(sc, s, r)
	case schemas.KindImpact:
		e.intake.OnImpact(sc, s, r)
	case schemas.KindCommand:
		e.operator.OnCommand(sc, s, r)
	default:
		e.life.Refuse(r, s, "kind "+string(s.Kind)+" is not known")
	}
}

// advance moves log time to at, running every timer due on the way at its
// own deadline.
func (e *Engine) advance(at schemas.Time) {
	if at <= e.st.Now {
		return
	}
	for len(e.st.Timers.Heap) > 0 && e.st.Timers.Heap[0].At <= at {
		w := e.st.Timers.Pop()
		if w.At > e.st.Now {
			e.st.Now = w.At
		}
		e.runTimer(w)
		e.life.EmitUrgent()
	}
	e.st.Now = at
}
