package correlate

import (
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// again takes a signal whose id is known.
func (e *Engine) again(s *schemas.Signal, base *state.SeenSignal) {
	r := e.st.Newest(base)
	if !e.intake.IsNews(s, r) {
		e.count(r)
		return
	}
	x := *s
	x.Occurrence = e.st.Now.String()
	if s.Occurrence != "" {
		x.Occurrence = s.Occurrence + " " + x.Occurrence
	}
	if s.Kind == schemas.KindAlert && s.Status == schemas.StatusFiring && r.Incident != nil {
		x.StartsAt = e.intake.FiresSince(r, s)
	}
	id := schemas.SignalID(&x)
	if e.st.FindSignal(id) != nil { // told twice in one millisecond
		e.count(r)
		return
	}
	x.ID, e.under = id.String(), id
	e.st.Stats.Signals++
	told := *s
	e.intake.As(&told, func() { e.input(&x, id) })
	if y := e.st.FindSignal(id); y != nil && e.st.FindSignal(base.ID) == base {
		e.st.Relay(base, y)
	}
}

// count takes one more delivery of the signal of r.
func (e *Engine) count(r *state.SeenSignal) {
	e.st.CountRedelivery(r)
	e.under = r.ID
}
