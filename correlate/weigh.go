package correlate

import (
	"pinkstar/correlate/internal/scoring"
	"pinkstar/schemas"
)

// Weighing is what speaks for and against putting a signal into one live
// incident, at this point of the log.
type Weighing = scoring.Weighing

// Weigh says what the engine would make of s and a live incident if s arrived
// now, whether or not it would choose it. It changes nothing that can be seen.
// It returns false when the incident is not live in the scope of s.
func (e *Engine) Weigh(s *schemas.Signal, incidentID string) (Weighing, bool) {
	return e.weigher.Weigh(s, incidentID)
}

type (
	// Policy chooses in the engine's stead; see SetPolicy.
	Policy = scoring.Policy
	// Option is one incident that was weighed.
	Option = scoring.Option
	// Term is a part of a score: so many thousandths of what the rule set says.
	Term = scoring.Term
)

// SetPolicy puts p in charge, so that weights can be fitted on streams whose
// truth is known. It must be called before the first Step.
func (e *Engine) SetPolicy(p Policy) { e.weigher.Policy = p }
