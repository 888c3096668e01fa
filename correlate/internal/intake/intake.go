package intake

import (
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/lifecycle"
	"pinkstar/schemas"
)

// Intake takes in what comes from outside, kind by kind.
type Intake struct {
	*lifecycle.Lifecycle

	// Retold is what the signal being taken is another occurrence of, nil for
	// nothing.
	Retold  *schemas.Signal
	scratch scratch
}

// New returns an intake whose changes l applies.
func New(l *lifecycle.Lifecycle) *Intake { return &Intake{Lifecycle: l} }

// scratch is memory reused from signal to signal.
type scratch struct {
	key     []byte
	subject identity.Subject
}
