package correlate

import "pinkstar/schemas"

// Output is what leaves the engine. The caller writes it and calls Reset; it
// may gather several steps before. What it holds is never changed afterwards.
type Output struct {
	Decisions []schemas.Decision
	Incidents []schemas.Incident
	Timeline  []schemas.TimelineEntry
	Problems  []schemas.Problem
}

// Reset empties o, keeping its memory.
func (o *Output) Reset() {
	clear(o.Decisions)
	clear(o.Incidents)
	clear(o.Timeline)
	clear(o.Problems)
	o.Decisions = o.Decisions[:0]
	o.Incidents = o.Incidents[:0]
	o.Timeline = o.Timeline[:0]
	o.Problems = o.Problems[:0]
}

// Empty reports whether there is nothing to write.
func (o *Output) Empty() bool {
	return len(o.Decisions)+len(o.Incidents)+len(o.Timeline)+len(o.Problems) == 0
}
