package intake

import (
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// copied reports whether s, a firing that is told now of a, which has recovered,
// began before the recovery and was sent before it too.
func (in *Intake) copied(a *state.Alert, s *schemas.Signal) bool {
	if s.StartsAt > a.EndsAt {
		return false
	}
	within := in.Rules.Lifecycle.PeerDelay
	if a.Incident == nil && (a.Rare == nil || a.Rare.Suppression == nil && !a.Rare.WasHeld) {
		within = in.Rules.Lifecycle.NewEpisode
	}
	return in.At.Sub(a.SeenAt) <= int64(within)
}

// FiresSince is since when an alert fires that is told again under its old
// start: until its end it was part of another story.
func (in *Intake) FiresSince(r *state.SeenSignal, s *schemas.Signal) schemas.Time {
	since := max(in.At, s.StartsAt)
	in.scratch.key = state.AppendKey(in.scratch.key[:0], s.Source, s.Fingerprint)
	if a := r.Scope.Latest(in.scratch.key); a != nil && a.EndsAt >= since {
		since = a.EndsAt.Add(1)
	}
	return since
}

// IsNews reports whether a signal whose latest record is r says something new.
func (in *Intake) IsNews(s *schemas.Signal, r *state.SeenSignal) bool {
	switch s.Kind {
	case schemas.KindAlert:
		return in.alertNews(s, r)
	case schemas.KindMaintenance, schemas.KindChange:
		return in.changeNews(s, r)
	}
	return false
}

func (in *Intake) alertNews(s *schemas.Signal, r *state.SeenSignal) bool {
	r.Told = state.ToldBy(s)
	in.scratch.key = state.AppendKey(in.scratch.key[:0], s.Source, s.Fingerprint)
	a := r.Scope.Latest(in.scratch.key)
	firing := r.Told == state.ToldFiring
	if a == nil && !firing {
		in.rememberLone(s, r)
		return false
	}
	if a == nil {
		return !in.stillBarred(s, r)
	}
	var news bool
	if firing {
		news = !a.Firing && !in.copied(a, s)
	} else {
		news = a.Firing && !a.Earlier(s)
	}
	if !news && firing == a.Firing {
		a.SeenAgain(in.State)
		in.stillFires(a, s)
		if firing && s.StartsAt > a.Start() {
			a.Rarely().Told = s.StartsAt
		}
		if r.Alert == nil && a.Incident != nil && r.Incident == a.Incident.ID { // among its newest again
			a.Attach(r)
		}
	}
	return news
}

// stillFires: a is told once more. Where that contradicts a person, who resolved
// its incident, the incident opens again: what they had seen, it was not over.
func (in *Intake) stillFires(a *state.Alert, s *schemas.Signal) {
	if !in.Contradicts(a) {
		return
	}
	inc := a.Incident
	sub := identity.About(in.State, inc.Scope, s)
	defer identity.Release(inc.Scope, &sub)
	if in.suppressingSince(inc.Scope, s, &sub, in.Weigher.MatchRules(s), in.At) != nil {
		return
	}
	in.Reopen(inc, a.Name+" on "+phrase.OrUnknown(a.Service)+" is still told as firing, "+phrase.Span(in.At.Sub(inc.Pub.ResolvedAt))+" after it was resolved by hand")
	in.WatchQuiet(inc)
}

// stillBarred reports whether what kept a firing alert out still does.
func (in *Intake) stillBarred(s *schemas.Signal, r *state.SeenSignal) bool {
	switch r.Verdict {
	case state.Refused:
		return in.Scopes[s.Scope] != r.Scope || in.Alerts >= in.Rules.Limits.Alerts || len(r.Scope.Incidents) >= in.Rules.Limits.Incidents
	case state.Suppressed:
		return in.ruledOut(in.Weigher.MatchRules(s)) != nil
	}
	return false
}
