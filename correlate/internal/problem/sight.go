package problem

import (
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// Place is where incidents begin: a service, or a machine.
type Place struct {
	Name    string
	Machine bool
}

// Suspect is a place where an incident may have begun, and what was seen there.
type Suspect struct {
	Place
	Weight   int64    // thousandths: how likely it is
	Names    []string // of the alerts there, sorted
	Services []string // of a machine: what failed on it, sorted; "" is the machine itself
}

// Sight is what an incident shows of its cause.
type Sight struct {
	ID         string
	Start, End schemas.Time
	Alerts     int                  // different ones
	Suspects   []Suspect            // the likeliest first; none: nothing is known
	Far        []Suspect            // what is affected besides, and may have begun it only if that is known to recur there
	Items      []topology.AlertType // what fired where, sorted
	Open       bool                 // what is missing may still come
}

// Top is the weight of the likeliest suspect.
func (s *Sight) Top() int64 {
	top := int64(1)
	for i := range s.Suspects {
		top = max(top, s.Suspects[i].Weight)
	}
	return top
}

// counts is what s counts for at a suspect, in thousandths of an incident: a single
// alert says less of how a place fails.
func (s *Sight) counts(at *Suspect) int64 {
	if s.narrow() {
		return at.Weight / 4
	}
	return at.Weight
}

// narrow reports whether s is a single alert.
func (s *Sight) narrow() bool { return s.Alerts < 2 }

// SuspectIn is the suspect of s that is the place of p. Where it is none any more,
// nothing was seen there.
func (p *Pattern) SuspectIn(s *Sight) *Suspect {
	for i := range s.Suspects {
		if s.Suspects[i].Place == p.place() {
			return &s.Suspects[i]
		}
	}
	for i := range s.Far {
		if s.Far[i].Place == p.place() {
			return &s.Far[i]
		}
	}
	return &Suspect{Place: p.place()}
}
