package correlate

import (
	"fmt"
	"io"

	"pinkstar/correlate/internal/intake"
	"pinkstar/correlate/internal/lifecycle"
	"pinkstar/correlate/internal/operator"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Engine correlates the signals of one partition. It is not safe for
// concurrent use.
type Engine struct {
	st       *state.State
	weigher  *scoring.Weigher
	life     *lifecycle.Lifecycle
	intake   *intake.Intake
	operator *operator.Operator
	under    schemas.ID // see Under
}

// Behaviour numbers what this engine makes of a log under given rules; every
// decision carries it.
const Behaviour = state.Behaviour

// Stats are counters and gauges for metrics.
type Stats = state.Stats

// New returns an engine with the given rules and topology; nil means the
// defaults and an empty topology.
func New(set *rules.Set, topo *rules.Topology) *Engine { return engineOf(state.New(set, topo)) }

func engineOf(st *state.State) *Engine {
	w := scoring.New(st)
	l := lifecycle.New(w)
	return &Engine{st: st, weigher: w, life: l, intake: intake.New(l), operator: operator.New(l)}
}

// Snapshot writes the whole state of e. The bytes follow from the state alone:
// two engines that have seen the same log write the same.
func (e *Engine) Snapshot(w io.Writer) error {
	if err := e.st.Snapshot(w); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// Restore reads an engine that Snapshot wrote. It goes on exactly as the one
// that was written would have.
func Restore(r io.Reader) (*Engine, error) {
	st, err := state.Restore(r)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return engineOf(st), nil
}
