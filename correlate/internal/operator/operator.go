package operator

import "pinkstar/correlate/internal/lifecycle"

// Operator carries out what people order.
type Operator struct{ *lifecycle.Lifecycle }

// New returns an operator whose changes l applies.
func New(l *lifecycle.Lifecycle) *Operator { return &Operator{Lifecycle: l} }
