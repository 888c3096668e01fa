package eval

import (
	"fmt"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Engine runs the real engine over the stream, as `pinkstar replay` does:
// defaults, and a topology file. A signal's cluster is the outermost incident
// it belongs to when the stream ends.
type Engine struct {
	Label string     // "pinkstar" when empty
	Rules *rules.Set // nil for the defaults
}

// Name implements Assigner.
func (a Engine) Name() string {
	if a.Label == "" {
		return "pinkstar"
	}
	return a.Label
}

// Assign implements Assigner.
func (a Engine) Assign(topology []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	run, err := a.replay(topology, signals)
	if err != nil {
		return nil, nil, err
	}
	return run.Clusters(signals), run.Roots(), nil
}

// replay runs the engine over a stream.
func (a Engine) replay(topology []byte, signals []sim.Labelled) (*Replay, error) {
	topo, err := rules.ParseTopology("topology.yaml", topology)
	if err != nil {
		return nil, err
	}
	run := NewReplay(correlate.New(a.Rules, topo))
	for i := range signals {
		if err := run.Step(&signals[i].Signal); err != nil {
			return nil, fmt.Errorf("signal %d: %w", i+1, err)
		}
	}
	return run, nil
}

// Replay feeds signals to an engine and keeps the latest of what it says.
type Replay struct {
	engine    *correlate.Engine
	out       correlate.Output
	decisions *schemas.Newest[schemas.Decision]
	incidents *schemas.Newest[schemas.Incident]
	problems  *schemas.Newest[schemas.Problem]
	now       schemas.Time
	saidAt    map[string]schemas.Time // incident -> when it first carried its problem
}

// NewReplay wraps an engine that has seen nothing yet.
func NewReplay(e *correlate.Engine) *Replay {
	r := &Replay{engine: e, decisions: schemas.Decisions.Newest(), incidents: schemas.Incidents.Newest(), problems: schemas.Problems.Newest(), saidAt: map[string]schemas.Time{}}
	r.decisions.Trim = func(d *schemas.Decision) { d.Signal = nil }
	return r
}

// Step feeds one signal at the time it was received.
func (r *Replay) Step(s *schemas.Signal) error {
	id, err := schemas.ParseID(s.ID)
	if err != nil {
		return err
	}
	r.now = max(r.now, s.ReceivedAt)
	r.out.Reset()
	if !r.engine.Repeat(id, r.now, &r.out) {
		r.engine.Step(s, r.now, &r.out)
	}
	r.keep()
	return nil
}

// Tick lets log time pass.
func (r *Replay) Tick(at schemas.Time) {
	r.now = max(r.now, at)
	r.out.Reset()
	r.engine.Step(&schemas.Signal{Kind: schemas.KindTick, ReceivedAt: r.now}, r.now, &r.out)
	r.keep()
}

func (r *Replay) keep() {
	for i := range r.out.Incidents {
		if inc := &r.out.Incidents[i]; inc.ProblemID != "" && r.saidAt[inc.ID] == 0 {
			r.saidAt[inc.ID] = r.now
		}
	}
	r.decisions.Take(&r.out)
	r.incidents.Take(&r.out)
	r.problems.Take(&r.out)
}

// Decision returns the latest decision on a signal.
func (r *Replay) Decision(signal string) (schemas.Decision, bool) {
	if d := r.decisions.Get(signal); d != nil {
		return *d, true
	}
	return schemas.Decision{}, false
}

// Incident returns the incident a signal is in, or "".
func (r *Replay) Incident(signal string) string {
	if d := r.decisions.Get(signal); d != nil {
		return d.IncidentID
	}
	return ""
}

// Clusters returns the outermost incident of each signal.
func (r *Replay) Clusters(signals []sim.Labelled) []string {
	out := make([]string, len(signals))
	for i := range signals {
		out[i] = r.Outermost(r.Incident(signals[i].ID))
	}
	return out
}

// Outermost returns the incident above all others that id is below.
func (r *Replay) Outermost(id string) string {
	for range 100 { // a cycle would be a bug of the engine, not ours to hang on
		inc := r.incidents.Get(id)
		if inc == nil || inc.ParentID == "" {
			break
		}
		id = inc.ParentID
	}
	return id
}

// Roots returns the suspected roots of every incident, best first.
func (r *Replay) Roots() map[string][]string {
	roots := map[string][]string{}
	for inc := range r.incidents.All() {
		for _, s := range inc.Roots {
			roots[inc.ID] = append(roots[inc.ID], s.Service)
		}
	}
	return roots
}
