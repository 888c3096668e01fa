package history

import (
	"context"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Setup is what a run happens under.
type Setup struct {
	Rules    *rules.Set      // nil: the log's, or the defaults if it activates none
	Topology *rules.Topology // nil: none
	Learnt   *rules.Learnt   // nil: nothing
	// FixRules, FixTopology and FixLearnt pass over activation records in the log.
	FixRules, FixTopology, FixLearnt bool
	// Skip leaves signals out.
	Skip func(*schemas.Signal) bool
	// Before sees the engine before a signal is taken for the first time.
	Before func(*correlate.Engine, *Record)
}

func (s *Setup) skips(sig *schemas.Signal) bool {
	if a := sig.Activation; a != nil && (s.FixRules && a.What == schemas.WhatRules || s.FixTopology && a.What == schemas.WhatTopology ||
		s.FixLearnt && a.What == schemas.WhatLearnt) {
		return true
	}
	return s.Skip != nil && !sig.Control() && s.Skip(sig)
}

// checkEvery is how many records pass between two looks at the context: with a
// hook one of them may take milliseconds.
const checkEvery = 64

// Play runs the log through fresh engines.
func (l *Log) Play(ctx context.Context, setup Setup) (*Run, error) {
	l.end()
	run := newRun(l)
	first := setup.Rules
	if first == nil && l.Activations {
		first = rules.Released() // what held before its first activation
	}
	engines, order := map[int32]*correlate.Engine{}, []*correlate.Engine(nil)
	skipped := map[schemas.ID]bool{}
	var out correlate.Output
	for i := range l.Records {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r := &l.Records[i]
		if r.Signal != nil && setup.skips(r.Signal) {
			skipped[r.ID] = true
			continue
		}
		if r.Signal == nil && skipped[r.ID] {
			continue
		}
		e := engines[r.Part]
		if e == nil {
			e = correlate.New(first, setup.Topology)
			e.SetLearnt(setup.Learnt)
			engines[r.Part], order = e, append(order, e)
		}
		step(e, l, r, &setup, &out)
		run.take(&out)
	}
	for _, e := range order {
		e.Flush(&out)
		run.take(&out)
	}
	return run, nil
}

func step(e *correlate.Engine, l *Log, r *Record, setup *Setup, out *correlate.Output) {
	s := r.Signal
	if s == nil {
		if !e.Repeat(r.ID, r.At, out) { // forgotten since: it is taken anew
			e.Step(l.signals[r.ID], r.At, out)
		}
		return
	}
	if setup.Before != nil && !r.ID.IsZero() {
		e.Step(&schemas.Signal{Kind: schemas.KindTick}, r.At, out)
		setup.Before(e, r)
	}
	e.Step(s, r.At, out)
}
