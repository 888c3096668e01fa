package intake

import (
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/lifecycle"
	"pinkstar/schemas"
)

// Intake takes in what comes from outside, kind by kind.
type Intake struct {
	*lifecycle.Lifecycle

	told    *schemas.Signal // what the signal being taken is another occurrence of; nil for nothing
	scratch scratch
}

// As has take take a signal in that is another occurrence of what was told.
func (in *Intake) As(told *schemas.Signal, take func()) {
	before := in.told
	in.told = told
	take()
	in.told = before
}

// New returns an intake whose changes l applies.
func New(l *lifecycle.Lifecycle) *Intake { return &Intake{Lifecycle: l} }

// scratch is memory reused from signal to signal.
type scratch struct {
	key     []byte
	subject identity.Subject
}
