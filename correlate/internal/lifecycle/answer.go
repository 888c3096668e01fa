package lifecycle

import (
	"pinkstar/correlate/internal/effect"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Acknowledge notes that by takes charge of inc.
func (lc *Lifecycle) Acknowledge(inc *state.Incident, by string) {
	inc.Pub.Status = schemas.IncidentAcknowledged
	if inc.Pub.AcknowledgedAt == 0 {
		inc.Pub.AcknowledgedAt = lc.Now
	}
	if inc.Pub.Assignee == "" {
		inc.Pub.Assignee = by
	}
}

// Calls reports whether people are being called for main.
func (lc *Lifecycle) Calls(main *state.Incident) bool { return effect.Calling(main) }

// Answered reports whether an acknowledgement of inc by somebody answers the call
// for the incident that it is part of.
func (lc *Lifecycle) Answered(inc *state.Incident, by string) bool {
	main := inc.Main()
	return main != inc && effect.Calling(main) && effect.Answers(lc.State, inc, by)
}
