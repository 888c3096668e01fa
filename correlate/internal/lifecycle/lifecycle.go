package lifecycle

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Lifecycle changes the state and writes what came of it. It is the only place
// that does both: what the other rooms find out is applied here.
type Lifecycle struct {
	*state.State
	Weigher *scoring.Weigher

	out        *schemas.Output // of the step that is being taken
	urgent     []*state.Incident
	heard      []*state.Incident // of which something was written in this step
	aftermaths []aftermath       // of windows, of which nothing was said yet
	scratch    scratch
}

// New returns what applies changes to the state that w weighs.
func New(w *scoring.Weigher) *Lifecycle { return &Lifecycle{State: w.State, Weigher: w} }

// Begin has everything written to out, until the next Begin.
func (lc *Lifecycle) Begin(out *schemas.Output) { lc.out = out }

// scratch is memory reused from step to step.
type scratch struct {
	key     []byte
	decoded []evidence.Item
	shown   []*state.Alert
	listed  []state.Listed

	listings state.Listings
	phrases  phrase.Builder
}
