package intake

import (
	"strconv"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// rememberLone keeps in mind that an alert of which nothing is held has
// recovered: a late copy of its firing must not open an incident.
func (in *Intake) rememberLone(s *schemas.Signal, r *state.SeenSignal) {
	if in.Scopes[s.Scope] != r.Scope || in.Alerts >= in.Rules.Limits.Alerts {
		return
	}
	sub := identity.About(in.State, r.Scope, s)
	in.addLone(r.Scope, s, r, &sub)
	identity.Release(r.Scope, &sub)
}

// locationOf is the location of sub, in the memory of the alert before it in
// the same place. Hosts differ from one instance of a service to the next.
func locationOf(sub *identity.Subject) *state.Location {
	w := state.Location{Service: sub.Service, Host: sub.Host}
	if sub.Host == "" && sub.HostEntity != nil {
		w.Machine = sub.HostEntity.Key.Name
	}
	ent := sub.Entity
	if ent != nil && ent == sub.NamespaceEntity {
		w.Namespace = ent.Key.Name
	}
	if sub.Host != "" && sub.InstanceEntity != nil {
		ent = sub.InstanceEntity
	}
	if ent != nil && ent.Location != nil && *ent.Location == w {
		return ent.Location
	}
	fresh := new(state.Location)
	*fresh = w
	if ent != nil {
		ent.Location = fresh
	}
	return fresh
}

// newEpisode places an alert of which no episode is held, or whose last one is
// too long ago.
func (in *Intake) newEpisode(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal, last *state.Alert) {
	if in.Alerts >= in.Rules.Limits.Alerts {
		in.Stats.Limited++
		in.Refuse(r, s, "limits.alerts: "+strconv.Itoa(in.Alerts)+" alerts are held already; its state is lost until some of them end")
		return
	}
	sub := &in.scratch.subject
	*sub = identity.About(in.State, sc, s)
	defer identity.Release(sc, sub)
	rules := in.Weigher.MatchRules(s)
	if w := in.suppressing(sc, s, sub, rules); w != nil {
		in.suppress(sc, s, r, sub, w)
		return
	}
	in.placeAlert(sc, s, r, sub, last)
}

// placeAlert finds or opens the incident of a new episode.
func (in *Intake) placeAlert(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, last *state.Alert) {
	in.placeEpisode(sc, s, s, r, sub, last)
}

// placeEpisode does so for s, which was told as the signal told.
func (in *Intake) placeEpisode(sc *state.Scope, s, told *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, last *state.Alert) {
	q := in.Weigher.Query(sc, s, sub)
	if last != nil {
		q.Last, q.Refire = last.Incident, last.Firing || in.Events(sc)
	}
	in.placeChosen(sc, s, told, r, sub, q, in.Choose(q, s))
}

// placeChosen makes s, which was told as the signal told, a new episode where p
// says.
func (in *Intake) placeChosen(sc *state.Scope, s, told *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, q *scoring.Query, p scoring.Placement) {
	lone := told.Status == schemas.StatusResolved
	if lone && (p.Incident == nil || s.StartsAt >= s.EndsAt) {
		in.recordLone(sc, s, r, sub, p.Reason)
		return
	}
	inc := p.Incident
	if inc == nil {
		inc = in.OpenIncident(sc, s, r, sub, p)
		if inc == nil {
			return
		}
	}
	identity.LearnPlacement(in.State, sc, s, sub)
	a := in.newAlert(sc, s, sub)
	a.Attach(r)
	in.Join(inc, a, s, r, sub, q)
	if lone && p.Reason.Text == "" {
		p.Reason.Text = "its recovery is all that arrived; " + p.Reason.Sentence(inc.Pub.ID)
	}
	in.Decide(r, told, state.Placed, inc, p.Reason)
	in.AfterJoin(inc, sub, q, &p)
}

func (in *Intake) newAlert(sc *state.Scope, s *schemas.Signal, sub *identity.Subject) *state.Alert {
	a := &state.Alert{
		Key:       state.KeyOf(s.Source, s.Fingerprint),
		Seq:       in.NextSeq(),
		Name:      in.Strings.Of(s.Name),
		Instance:  sub.Instance,
		Location:  locationOf(sub),
		StartsAt:  s.StartsAt,
		EndsAt:    s.EndsAt,
		SeenAt:    in.Now,
		Severity:  uint8(s.Severity.Rank()),
		Firing:    s.Status == schemas.StatusFiring,
		Truncated: s.Truncated > 0,
	}
	if !a.Firing {
		a.SeenAt = in.At
	}
	if in.told != nil && in.told.StartsAt != a.StartsAt {
		a.Rarely().Told = in.told.StartsAt
	}
	in.succeed(sc, a, s.StartsAt)
	if sc.Lasting >= 0 && sc.Lasting < state.EventsAfter && a.Firing {
		sc.Lasting++
	}
	in.Alerts++
	return a
}

// succeed makes a the latest episode of its alert. The one before it has ended
// by at.
func (in *Intake) succeed(sc *state.Scope, a *state.Alert, at schemas.Time) {
	old := sc.SetLatest(a)
	if old == nil {
		return
	}
	old.Past = true
	if old.Firing {
		in.EndAlert(old, at)
	}
	if old.Incident == nil && old.Suppression() == nil {
		in.DropAlert(sc, old)
	}
}

// placeOver places an alert whose recovery, which came before, was lone.
func (in *Intake) placeOver(sc *state.Scope, a *state.Alert, s *schemas.Signal, r *state.SeenSignal) {
	over := *s
	over.Status, over.EndsAt = schemas.StatusResolved, max(a.EndsAt, s.StartsAt)
	sub := &in.scratch.subject
	*sub = identity.About(in.State, sc, &over)
	defer identity.Release(sc, sub)
	if w := in.suppressing(sc, s, sub, in.Weigher.MatchRules(s)); w != nil {
		w.Text += "; its recovery was here before it"
		in.Decide(r, s, state.Suppressed, nil, w)
		return
	}
	seen := a.SeenAt
	in.DropAlert(sc, a)
	in.placeEpisode(sc, &over, s, r, sub, nil)
	if r.Alert != nil {
		r.Alert.SeenAt = seen
	}
}

// loneText is said of a recovery of something that never fired here.
const loneText = "its recovery is all that arrived, and nothing open is related to it: recorded, no incident"

// recordLone records a recovery of something that never fired here. It is remembered,
// in case its firing is only late.
func (in *Intake) recordLone(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, w *evidence.Reason) {
	w.Text = loneText
	if gap := in.Now.Sub(s.EndsAt); gap > int64(in.Rules.Lifecycle.LateAfter) {
		w.Text = "it ended " + phrase.Span(gap) + " before it arrived and belongs to nothing that is open: recorded, nothing changed"
	}
	in.addLone(sc, s, r, sub)
	in.Decide(r, s, state.Late, nil, w)
}

func (in *Intake) addLone(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal, sub *identity.Subject) {
	a := in.newAlert(sc, s, sub)
	a.Attach(r)
	sc.Lone = append(sc.Lone, a)
}
