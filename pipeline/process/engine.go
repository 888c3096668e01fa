package process

import (
	"io"

	"pinkstar/correlate"
	"pinkstar/schemas"
)

// Engine is what the correlator needs of correlate.Engine: a function of the
// records it is handed.
type Engine interface {
	// Repeat reports whether id is a signal it knows; it is counted, and there
	// is nothing else to do.
	Repeat(id schemas.ID, at schemas.Time, out *Output) bool
	// Step takes any signal or control record.
	Step(s *schemas.Signal, at schemas.Time, out *Output)
	// Now is log time: the running maximum of what it was handed.
	Now() schemas.Time
	// NextWake is the log time at which it next has something to do, or 0.
	NextWake() schemas.Time
	// Stats counts what it did and holds.
	Stats() correlate.Stats
	// Snapshot writes everything that Restore needs.
	Snapshot(w io.Writer) error
	// Active returns the version in force of what an activation with this key can
	// set (schemas.Activation.Key), or "".
	Active(key string) string
}

// Engines makes engines. All instances of a fleet are configured alike.
type Engines interface {
	New() (Engine, error)
	Restore(r io.Reader) (Engine, error)
	// Wanted lists the configured rules, topology and learnt pairs, and the shifts of
	// calendars. It may change while running; partitions follow through their log.
	Wanted() []schemas.Activation
}

// Output is what an engine has to say; it is reused between steps.
type Output = correlate.Output
