package scoring

import (
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Full is an incident that a limit keeps a signal out of.
type Full struct {
	Incident *state.Incident
	By       Objection
}

// Objection is why a signal must not join an incident although the evidence
// suffices.
type Objection uint8

const (
	noObjection Objection = iota
	movedAway
	keptSeparate
	wantsOwn
	// From here on: limits.
	tooManySignals
	tooLong
	tooManyServices
	tooFast
)

func (o Objection) limit() bool { return o >= tooManySignals }

func (wr *Weigher) objection(q *Query, c *Scored) Objection {
	cfg, inc := &wr.Rules.Correlation, c.Incident
	switch {
	case c.Decisive:
		return noObjection
	case q.scope.Corrections.CannotLinkTo(q.key, q.name, q.subject.Service, inc):
		return movedAway
	case q.firesAgainIn(inc) && (inc.Separate || !q.Separate):
		return noObjection // it is in there
	case inc.Separate && !c.ruled:
		return keptSeparate
	case q.Separate && !c.ruled:
		return wantsOwn
	case len(inc.Alerts) >= cfg.MaxSignals:
		return tooManySignals
	case wr.Now.Sub(inc.Pub.DetectedAt) > int64(cfg.MaxDuration):
		return tooLong
	case len(inc.Services) >= cfg.MaxServices && inc.Affected[q.subject.Entity] == nil:
		return tooManyServices
	case wr.joiningTooFast(inc):
		return tooFast
	}
	return noObjection
}

// vetoText says so in the words of a decision.
func (wr *Weigher) vetoText(o Objection, inc *state.Incident) string {
	if o.limit() {
		return inc.Pub.ID + " would fit, but " + wr.ObjectionText(o, inc)
	}
	return wr.ObjectionText(o, inc)
}

// ObjectionText says why a signal may not join inc.
func (wr *Weigher) ObjectionText(o Objection, inc *state.Incident) string {
	cfg := &wr.Rules.Correlation
	switch o {
	case movedAway:
		return "an operator moved this alert away from " + inc.Main().Pub.ID
	case wantsOwn:
		return "a rule keeps it separate"
	case keptSeparate:
		return inc.Pub.ID + " is kept separate by a rule"
	case tooManySignals:
		return "it has " + phrase.Itoa(int64(len(inc.Alerts))) + " alerts (correlation.max_signals)"
	case tooLong:
		return "it is open for more than " + cfg.MaxDuration.String() + " (correlation.max_duration)"
	case tooManyServices:
		return "it spans " + phrase.Itoa(int64(len(inc.Services))) + " services (correlation.max_services)"
	case tooFast:
		return "more than " + phrase.Itoa(int64(wr.Rules.Limits.JoiningPerMinute)) + " signals joined it within a minute (limits.joining_per_minute)"
	}
	return ""
}

func (wr *Weigher) joiningTooFast(inc *state.Incident) bool {
	return inc.Minute == int64(wr.Now)/schemas.Minute && int(inc.Joined) >= wr.Rules.Limits.JoiningPerMinute
}
