package state

import "pinkstar/schemas"

// The identity of a signal says which state of which alert it tells, not when it
// was told: an alert that Alertmanager had taken for resolved fires again under
// its old start, and is the same signal once more. What makes a new firing of it
// is the order of the log:
//
//   - a firing of an alert that fires, and a recovery of one that has recovered,
//     are repeats: counted, nothing else;
//   - a firing that had begun before the recovery and comes within
//     lifecycle.peer_delay of its latest word is a peer's late copy: nothing new.
//     Where the recovery was all that was known, it was overtaken, for which it
//     has lifecycle.new_episode;
//   - a firing that comes later fires, whatever its start: the alert has
//     recovered, was taken as over or left with its incident, and is told again;
//   - a recovery ends what fires, unless it names the times of an earlier
//     episode.
//
// A known signal that is news gets an identity of its own, since it is a row of
// its own: the same signal at another Occurrence, the log time. Deliveries under
// the first identity count for the newest from then on.

// ToldCode is what a signal says of its alert.
type ToldCode uint8

const (
	ToldUnknown   ToldCode = iota // it is from a snapshot that did not say
	ToldFiring                    //
	ToldRecovered                 //
)

// ToldBy is what s says of its alert.
func ToldBy(s *schemas.Signal) ToldCode {
	switch {
	case s.Kind != schemas.KindAlert:
		return ToldUnknown
	case s.Status == schemas.StatusResolved:
		return ToldRecovered
	}
	return ToldFiring
}

// Newest is the record that deliveries of the signal of r count for.
func (st *State) Newest(r *SeenSignal) *SeenSignal {
	if r.Relayed {
		return st.Relays[r]
	}
	return r
}

// Relay has deliveries of the signal of base count for r from now on.
func (st *State) Relay(base, r *SeenSignal) {
	if old := st.Relays[base]; old != nil {
		delete(st.Bases, old)
	}
	if st.Relays == nil {
		st.Relays, st.Bases = map[*SeenSignal]*SeenSignal{}, map[*SeenSignal]*SeenSignal{}
	}
	base.Relayed = true
	st.Relays[base], st.Bases[r] = r, base
}

// Unrelay forgets what r stands for, and what stands for it.
func (st *State) Unrelay(r *SeenSignal) {
	if r.Relayed {
		r.Relayed = false
		delete(st.Bases, st.Relays[r])
		delete(st.Relays, r)
	}
	if base := st.Bases[r]; base != nil {
		base.Relayed = false
		delete(st.Relays, base)
		delete(st.Bases, r)
	}
}

// IsRedelivery reports whether one more delivery of the signal of r can say nothing
// new, by what its record alone tells.
func (st *State) IsRedelivery(r *SeenSignal) bool {
	switch KindNames[r.Kind] {
	case schemas.KindMaintenance, schemas.KindChange:
		return false // its text may be another
	case schemas.KindAlert:
	default:
		return true
	}
	a := r.Alert
	switch {
	case r.Told == ToldUnknown:
		return false
	case a == nil:
		return r.Verdict == Suppressed && r.Versions.Rules == st.Versions.Rules && !r.Reason.HasWindow()
	case a.Past:
		return false
	case r.Told == ToldRecovered:
		return !a.Firing
	}
	return a.Firing && !st.Contradicts(a)
}

// Contradicts reports whether one more word that a fires contradicts a person's
// that its incident is resolved: theirs stands for lifecycle.resolve_grace.
func (st *State) Contradicts(a *Alert) bool {
	inc, grace := a.Incident, int64(st.Rules.Lifecycle.ResolveGrace)
	return grace > 0 && a.Firing && inc != nil && inc.ResolvedBy && inc.Over() && st.At.Sub(inc.Pub.ResolvedAt) >= grace
}
