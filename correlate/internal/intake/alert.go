package intake

import (
	"strconv"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// OnAlert takes a delivery of an alert: of a new episode or of the latest.
func (in *Intake) OnAlert(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	in.scratch.key = state.AppendKey(in.scratch.key[:0], s.Source, s.Fingerprint)
	a := sc.Latest(in.scratch.key)
	switch {
	case a == nil:
		in.newEpisode(sc, s, r, nil)
	case a.Suppression() != nil:
		in.onSuppressed(sc, a, s, r)
	case s.Status == schemas.StatusResolved:
		in.onRecovery(a, s, r)
	case a.Firing:
		in.onFiringAgain(sc, a, s, r)
	default:
		in.onRefire(sc, a, s, r)
	}
}

// onFiringAgain: the alert is held as firing and fires under another start. It
// has not recovered in between, so it is one alert: a second monitor, or one that
// was restarted, names another start. Where nothing ever recovers it is an event
// of its own, and after a long silence (correlation.stale) a recovery was lost.
func (in *Intake) onFiringAgain(sc *state.Scope, a *state.Alert, s *schemas.Signal, r *state.SeenSignal) {
	silent := in.Now.Sub(a.SeenAt) > int64(in.Rules.Correlation.Stale) // a recovery in between was lost
	if (in.Events(sc) || silent) && s.StartsAt.Sub(a.Start()) > int64(in.Rules.Lifecycle.NewEpisode) {
		in.newEpisode(sc, s, r, a)
		return
	}
	if s.StartsAt.Sub(a.Start()) > int64(in.Rules.Lifecycle.NewEpisode) && in.movesOn(sc, a, s, r) {
		return
	}
	a.SeenAt = in.Now
	text := "the same alert is firing already; told again with another start, as a second monitor or a restarted one does"
	if s.StartsAt > a.Start() {
		a.Rarely().Told = s.StartsAt
	}
	if s.StartsAt < a.StartsAt {
		a.Rarely().Told = a.Start() // a recovery that names the older start is not of what fires since the newer
		a.StartsAt = s.StartsAt
		if a.Incident != nil && s.StartsAt < a.Incident.Pub.StartedAt {
			a.Incident.Pub.StartedAt = s.StartsAt
			in.EmitSoon(a.Incident)
		}
	}
	in.stillFires(a, s)
	anchor := a.FirstID()
	a.Attach(r)
	in.Decide(r, s, state.Duplicate, a.Incident, &evidence.Reason{Text: text, Anchor: anchor})
}

// movesOn weighs whether an alert that fires in one incident and starts anew is
// part of another by now, and places it there.
func (in *Intake) movesOn(sc *state.Scope, a *state.Alert, s *schemas.Signal, r *state.SeenSignal) bool {
	if a.Incident == nil || len(in.Rules.Correlation.Refire.Gap) == 0 {
		return false
	}
	wave := sc.Wave(in.Now)
	sc.FiresAgain(in.Now)
	if wave < state.RateUnit {
		return false
	}
	sub := &in.scratch.subject
	*sub = identity.About(in.State, sc, s)
	defer identity.Release(sc, sub)
	in.Weigher.MatchRules(s)
	q := in.Weigher.Query(sc, s, sub)
	q.Last, q.Again = a.Incident, a
	p := in.Choose(q, s)
	if p.Incident == nil || p.Incident == a.Incident || p.Incident.Main() == a.Incident.Main() {
		return false
	}
	in.placeChosen(sc, s, s, r, sub, q, p)
	return true
}

// onRefire: the alert is held as recovered and a firing arrives.
func (in *Intake) onRefire(sc *state.Scope, a *state.Alert, s *schemas.Signal, r *state.SeenSignal) {
	since := s.StartsAt
	if s.StartsAt <= a.EndsAt { // it had begun before the recovery
		if in.copied(a, s) {
			in.onOvertaken(sc, a, s, r)
			return
		}
		since = max(in.At, a.EndsAt)
	}
	if !in.Weigher.MayGoOn(a, since) || in.expected(sc, s) || in.Events(sc) { // an event does not go on
		in.newEpisode(sc, s, r, a)
		return
	}
	if len(in.Rules.Correlation.Refire.Gap) == 0 { // rules from before it was weighed
		in.fireAgain(a, s, r, since, &evidence.Reason{})
		return
	}
	in.weighAgain(sc, a, s, r, since)
}

// weighAgain weighs whether an alert that fires again soon after its recovery
// goes on with its incident, or is part of something else.
func (in *Intake) weighAgain(sc *state.Scope, a *state.Alert, s *schemas.Signal, r *state.SeenSignal, since schemas.Time) {
	sub := &in.scratch.subject
	*sub = identity.About(in.State, sc, s)
	defer identity.Release(sc, sub)
	in.Weigher.MatchRules(s)
	x := *s
	x.StartsAt = since
	q := in.Weigher.Query(sc, &x, sub)
	q.Last, q.Again = a.Incident, a
	p := in.Choose(q, &x)
	sc.FiresAgain(in.Now)
	if p.Incident == a.Incident {
		in.fireAgain(a, s, r, since, p.Reason)
		return
	}
	told := in.told
	if told == nil {
		in.told = s
	}
	in.placeChosen(sc, &x, s, r, sub, q, p)
	in.told = told
}

// onOvertaken: a firing that its own recovery overtook.
func (in *Intake) onOvertaken(sc *state.Scope, a *state.Alert, s *schemas.Signal, r *state.SeenSignal) {
	if a.Incident == nil { // only now is it known that there was something to recover from
		in.placeOver(sc, a, s, r)
		return
	}
	if s.StartsAt < a.StartsAt {
		a.StartsAt = s.StartsAt
	}
	a.Attach(r)
	in.Count(a.Incident)
	in.Decide(r, s, state.Placed, a.Incident, &evidence.Reason{Text: "it arrived after its own recovery: recorded, the alert stays recovered"})
}

// fireAgain puts a recovered alert back into its incident. since is when it
// began to fire anew, as far as is known.
func (in *Intake) fireAgain(a *state.Alert, s *schemas.Signal, r *state.SeenSignal, since schemas.Time, w *evidence.Reason) {
	inc := a.Incident
	gap := max(0, since.Sub(a.EndsAt))
	in.beginAgain(a, s, since)
	inc.Active++
	in.Fires(inc, a, 1)
	inc.Changed()
	l := &in.Rules.Lifecycle
	flap := a.Rarely()
	if in.Now.Sub(flap.FlapFrom) > int64(l.FlapWindow) {
		flap.FlapFrom, flap.Flaps = in.Now, 0
	}
	flap.Flaps++
	w.Text = "the same alert fires again " + phrase.Span(gap) + " after its recovery"
	if int(flap.Flaps) >= l.FlapCount {
		w.Text = "flapping: the same alert recovered and fired " + strconv.Itoa(int(flap.Flaps)) + " times within " + l.FlapWindow.String()
		inc.Pub.FlapCount++
		inc.FlapUntil = in.Now.Add(int64(l.FlapWindow))
	}
	w.Anchor = a.FirstID()
	a.Attach(r)
	in.TouchAgain(inc, a, r)
	in.Count(inc)
	in.Reopen(inc, a.Name+" on "+phrase.OrUnknown(a.Service)+" fires again")
	in.WatchQuiet(inc)
	in.Decide(r, s, state.Placed, inc, w)
}

// beginAgain makes a fire anew since a time; its sender may name an older start.
func (in *Intake) beginAgain(a *state.Alert, s *schemas.Signal, since schemas.Time) {
	a.Firing, a.EndsAt, a.StartsAt, a.SeenAt = true, 0, since, in.Now
	told := s.StartsAt
	if in.told != nil {
		told = in.told.StartsAt
	}
	if told == since {
		told = 0
	}
	if told != 0 || a.Rare != nil {
		a.Rarely().Told = told
	}
}

// onRecovery: a recovery of an alert that is held.
func (in *Intake) onRecovery(a *state.Alert, s *schemas.Signal, r *state.SeenSignal) {
	text := "recovery of the alert"
	r.Scope.Lasting = -1
	switch {
	case a.Earlier(s):
		text = "recovery of an earlier episode; the alert has fired again since"
	case !a.Firing:
		text = "the alert had recovered already"
		a.SeenAgain(in.State)
		if s.EndsAt > a.EndsAt {
			a.EndsAt = s.EndsAt
			if a.Incident != nil {
				a.Incident.Ended(s.EndsAt)
			}
		}
	default:
		r.Scope.Timeout.Ended(s.EndsAt.Sub(a.Start()))
		in.EndAlert(a, s.EndsAt)
		a.SeenAt = in.At
	}
	anchor := a.FirstID()
	a.Attach(r)
	in.Count(a.Incident)
	if a.Incident == nil {
		in.Decide(r, s, state.Late, nil, &evidence.Reason{Text: loneText, Anchor: anchor})
		return
	}
	in.Decide(r, s, state.Placed, a.Incident, &evidence.Reason{Text: text, Anchor: anchor})
}
