package importer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Setup is what the history is correlated under.
type Setup struct {
	Rules    *rules.Set
	Topology *rules.Topology
	Learnt   *rules.Learnt
	// Emit takes what comes of it; nil: nobody.
	Emit func(schemas.Emission) error
	// Tell takes the problems that were found, for the running engines; nil: nobody.
	Tell func([]schemas.KnownProblem) error
	// Progress is called now and then.
	Progress func(done, all int)
}

// Summary counts what came of it.
type Summary struct {
	Signals, Incidents, Problems int
	// Ended is how many alerts fired to the end; each has a recovery besides.
	Ended    int
	From, To schemas.Time
}

// run is one history on its way through an engine.
type run struct {
	setup  *Setup
	engine *correlate.Engine
	out    correlate.Output
	sum    Summary

	firing   map[string]*firing                // alerts that have not recovered, by alertKey
	open     *schemas.Newest[schemas.Incident] // not closed yet
	problems *schemas.Newest[schemas.Problem]  //
	closed   map[string]bool                   // incidents, by id
}

// firing is an alert that fires and when it was last heard of.
type firing struct {
	json []byte
	last schemas.Time
}

// progressEvery is how many signals pass between two calls of Progress.
const progressEvery = 5000

// Run correlates the history, which must be sorted, and emits what comes of it.
func (h *History) Run(ctx context.Context, setup Setup) (Summary, error) {
	r := &run{setup: &setup, engine: correlate.New(setup.Rules, setup.Topology), firing: map[string]*firing{},
		open: schemas.Incidents.Newest(), problems: schemas.Problems.Newest(), closed: map[string]bool{}}
	r.engine.SetLearnt(setup.Learnt)
	if len(h.entries) == 0 {
		return r.sum, nil
	}
	r.sum.From, r.sum.To = h.Span()
	for i, e := range h.entries {
		if i%progressEvery == 0 {
			if ctx.Err() != nil {
				return r.sum, ctx.Err()
			}
			if setup.Progress != nil {
				setup.Progress(i, len(h.entries))
			}
		}
		s := new(schemas.Signal) // decisions carry it on
		if err := schemas.DecodeSignal(e.json, s); err != nil {
			return r.sum, fmt.Errorf("what was read can't be read again: %w", err)
		}
		r.watch(s, e)
		if err := r.step(s, e.at); err != nil {
			return r.sum, err
		}
	}
	r.sum.Signals = len(h.ids)
	return r.sum, r.finish()
}

// watch keeps which alerts fire.
func (r *run) watch(s *schemas.Signal, e entry) {
	if s.Kind != schemas.KindAlert {
		return
	}
	if s.Status == schemas.StatusFiring {
		r.firing[alertKey(s)] = &firing{e.json, e.at}
	} else {
		delete(r.firing, alertKey(s))
	}
}

func (r *run) step(s *schemas.Signal, at schemas.Time) error {
	r.out.Reset()
	if id, err := schemas.ParseID(s.ID); err != nil || !r.engine.Repeat(id, at, &r.out) { // a tick has no id
		r.engine.Step(s, at, &r.out)
	}
	return r.take()
}

func (r *run) tick(at schemas.Time) error {
	return r.step(&schemas.Signal{Kind: schemas.KindTick, ReceivedAt: at}, at)
}

// The flags of what ends with the history.
const flagEnd = "ended_with_the_history"

// finish ends what the history leaves open: alerts when they were last heard of,
// and what then still is open, such as incidents of tickets alone, by an order.
func (r *run) finish() error {
	end, l := r.sum.To, &r.setup.Rules.Lifecycle
	for _, key := range slices.Sorted(maps.Keys(r.firing)) {
		f, s := r.firing[key], new(schemas.Signal)
		if err := schemas.DecodeSignal(f.json, s); err != nil {
			return err
		}
		s.Status, s.EndsAt, s.ReceivedAt = schemas.StatusResolved, max(f.last, s.StartsAt), end
		s.Flags = append(s.Flags, flagEnd)
		s.ID = schemas.SignalID(s).String()
		r.sum.Ended++
		if err := r.step(s, end); err != nil {
			return err
		}
	}
	quiet := end.Add(int64(l.FlapWindow) + int64(l.ResolveDelay) + schemas.Second)
	if err := r.tick(quiet); err != nil {
		return err
	}
	for round := range 3 { // a child, its parent, and what that sets free
		for inc := range r.open.All() {
			if inc.Status == schemas.IncidentResolved {
				continue
			}
			if err := r.step(r.order(inc, end, round), quiet); err != nil {
				return err
			}
		}
		quiet = quiet.Add(int64(l.ResolveDelay) + int64(l.ReopenWindow) + int64(l.FlapWindow) + schemas.Second)
		if err := r.tick(quiet); err != nil {
			return err
		}
	}
	r.out.Reset()
	r.engine.Flush(&r.out)
	if err := r.take(); err != nil {
		return err
	}
	for inc := range r.open.All() { // whatever the reason: history is over
		last := *inc
		last.Status, last.ClosedAt = schemas.IncidentClosed, end
		if last.ResolvedAt == 0 {
			last.ResolvedAt = end
		}
		last.Revision++
		if err := r.close(&last); err != nil {
			return err
		}
	}
	return r.tell()
}

// tell publishes the problems, and makes them known.
func (r *run) tell() error {
	for p := range r.problems.All() {
		r.sum.Problems++
		if err := r.emit(schemas.Problems.Emission(r.markProblem(p))); err != nil {
			return err
		}
	}
	if r.setup.Tell == nil || r.sum.Problems == 0 {
		return nil
	}
	known := r.engine.KnownProblems()
	for i := range known {
		known[i].Problem = *r.markProblem(&known[i].Problem)
	}
	return r.setup.Tell(known)
}

// order is the import's word that an incident is over.
func (r *run) order(inc *schemas.Incident, at schemas.Time, round int) *schemas.Signal {
	s := &schemas.Signal{Kind: schemas.KindCommand, Source: "import", Fingerprint: inc.ID, Occurrence: fmt.Sprint(round), Status: schemas.StatusIssued,
		Scope: inc.Scope, Name: string(schemas.ActionResolve), StartsAt: at, ReceivedAt: at, Flags: []string{flagEnd}, Imported: true,
		Command: &schemas.Command{Action: schemas.ActionResolve, By: "import", IncidentID: inc.ID, Note: "the imported history ends here"}}
	s.ID = schemas.SignalID(s).String()
	return s
}
