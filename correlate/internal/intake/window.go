package intake

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// OnWindowEnd: what still fires was not the window's doing, unless another one
// covers it.
func (in *Intake) OnWindowEnd(ch *state.Change) {
	ch.EndAt = 0
	in.recheck(ch)
}

// recheck looks at what ch holds back, which may be over, cancelled, moved or
// narrower than it was: what it no longer covers is handed to another window that
// does, or is placed now, which people hear.
func (in *Intake) recheck(ch *state.Change) {
	waiting := ch.Suppressed
	ch.Suppressed = nil
	var told []*state.SeenSignal // of what is placed now
	for _, a := range waiting {
		h := a.Suppression()
		if h == nil || a.Evicted {
			continue
		}
		sub := identity.About(in.State, ch.Scope, h.Signal)
		if suppresses(ch, in.Now, h.Signal, &sub) {
			ch.Suppressed = append(ch.Suppressed, a)
		} else if r := in.letGo(a, h, &sub); r != nil {
			told = append(told, r)
		}
		identity.Release(ch.Scope, &sub)
	}
	for _, r := range told {
		if inc := ch.Scope.Incidents[r.IncidentID()]; inc != nil && r.Verdict == state.Placed {
			in.StillFires(inc, ch)
		}
	}
}

// letGo: the window that held a back no longer does. It returns the record that
// tells of a when a is placed now.
func (in *Intake) letGo(a *state.Alert, h *state.Suppression, sub *identity.Subject) *state.SeenSignal {
	sc := h.Window.Scope
	if a.Firing && in.Now.Sub(a.SeenAt) >= int64(in.Rules.Lifecycle.Inactivity) {
		in.EndAlert(a, in.Now) // nothing was heard of it for as long as elsewhere
	}
	if !a.Firing {
		a.Rare.Suppression, a.Rare.WasHeld = nil, true
		if a.Signals.First == nil {
			in.DropAlert(sc, a)
			return nil
		}
		sc.Lone = append(sc.Lone, a)
		return nil
	}
	r := in.spokesman(sc, a, h)
	w := in.suppressingSince(sc, h.Signal, sub, in.Weigher.MatchRules(h.Signal), in.Now)
	switch {
	case w == nil:
		told := *h.Signal
		told.StartsAt = a.Start() // its recovery will name that one
		in.DropAlert(sc, a)
		in.As(&told, func() { in.placeAlert(sc, h.Signal, r, sub, nil) })
		return r
	case w.Window.IsZero():
		in.DropAlert(sc, a)
	default:
		h.Window = sc.WindowOf(w.Window)
		h.Window.Suppressed = append(h.Window.Suppressed, a)
	}
	in.Decide(r, h.Signal, state.Suppressed, nil, w)
	return nil
}

// spokesman is the record that tells of a.
func (in *Intake) spokesman(sc *state.Scope, a *state.Alert, h *state.Suppression) *state.SeenSignal {
	for r := range a.Signals.All() {
		return r
	}
	id, err := schemas.ParseID(h.Signal.ID)
	if err != nil {
		id = schemas.SignalID(h.Signal)
	}
	if r := in.FindSignal(id); r != nil {
		return r
	}
	return in.NewSignalAgain(sc, h.Signal, id)
}

// ruledOut returns the reason when a rule takes an alert as expected, or nil.
func (in *Intake) ruledOut(matched []int32) *evidence.Reason {
	for _, i := range matched {
		if r := &in.Rules.Rules[i]; r.Action == rules.ActionSuppress {
			return &evidence.Reason{Text: "rule " + r.Name + " takes it as expected"}
		}
	}
	return nil
}

// suppressing returns the reason to take an alert as expected, or nil. When it
// began does not matter: a silence that is put over what fires silences it. But
// what was received before a window began, and comes late in the log, is not
// its doing.
func (in *Intake) suppressing(sc *state.Scope, s *schemas.Signal, sub *identity.Subject, matched []int32) *evidence.Reason {
	return in.suppressingSince(sc, s, sub, matched, min(s.ReceivedAt, in.Now))
}

func (in *Intake) suppressingSince(sc *state.Scope, s *schemas.Signal, sub *identity.Subject, matched []int32, since schemas.Time) *evidence.Reason {
	if w := in.ruledOut(matched); w != nil {
		w.Service = sub.Service
		return w
	}
	ch := in.FirstWindow(sc, s, sub.Service, func(ch *state.Change) bool {
		return suppresses(ch, in.Now, s, sub) && (since == 0 || ch.Running(since))
	})
	if ch == nil {
		return nil
	}
	return &evidence.Reason{Text: "expected during " + ch.Title + untilText(ch.EndsAt), Window: ch.ID, Service: sub.Service}
}

// expected reports whether an alert that fires again is taken as expected.
func (in *Intake) expected(sc *state.Scope, s *schemas.Signal) bool {
	sub := identity.About(in.State, sc, s)
	defer identity.Release(sc, &sub)
	return in.suppressing(sc, s, &sub, in.Weigher.MatchRules(s)) != nil
}

// suppresses reports whether ch takes s as expected at the moment.
func suppresses(ch *state.Change, now schemas.Time, s *schemas.Signal, sub *identity.Subject) bool {
	return ch.Suppress && ch.Running(now) && covers(ch, s, sub)
}

func untilText(t schemas.Time) string {
	if t == 0 {
		return ""
	}
	return ", which lasts until " + t.String()
}

func covers(ch *state.Change, s *schemas.Signal, sub *identity.Subject) bool {
	if len(ch.Texts) > 0 && ch.AsSent {
		return ch.Matchers.MatchLabels(s)
	}
	if len(ch.Texts) > 0 {
		return ch.Matchers.Match(s)
	}
	return sub.Service != "" && slices.Contains(ch.Services, sub.Service)
}

func (in *Intake) suppress(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, w *evidence.Reason) {
	switch ch := sc.WindowOf(w.Window); {
	case ch == nil: // a rule does
	case s.Status == schemas.StatusResolved:
		in.addLone(sc, s, r, sub)
	default:
		a := in.newAlert(sc, s, sub)
		a.Rarely().Suppression = &state.Suppression{Window: ch, Signal: ownCopy(s)}
		ch.Suppressed = append(ch.Suppressed, a)
		a.Attach(r)
	}
	in.Decide(r, s, state.Suppressed, nil, w)
}

// ownCopy is s for as long as it is needed.
func ownCopy(s *schemas.Signal) *schemas.Signal {
	c := *s
	c.Labels = slices.Clone(s.Labels)
	return &c
}

// onSuppressed: another signal of an alert that a window holds back. Once it has
// recovered it stays there, so that a late copy of its firing is known as one.
func (in *Intake) onSuppressed(sc *state.Scope, a *state.Alert, s *schemas.Signal, r *state.SeenSignal) {
	h := a.Suppression()
	if s.Status == schemas.StatusFiring {
		sub := identity.About(in.State, sc, s)
		defer identity.Release(sc, &sub)
		if !suppresses(h.Window, in.Now, s, &sub) { // its labels are others now
			h.Window.Release(a)
			in.DropAlert(sc, a)
			in.newEpisode(sc, s, r, nil)
			return
		}
	}
	w := &evidence.Reason{Text: "expected during " + h.Window.Title, Window: h.Window.ID, Service: a.Service}
	switch {
	case s.Status == schemas.StatusResolved && a.Earlier(s):
	case s.Status == schemas.StatusResolved:
		w.Text += "; it has recovered"
		a.EndsAt = max(a.EndsAt, s.EndsAt, a.StartsAt)
		a.Firing = false
		a.SeenAt = in.At
	case a.Firing:
		a.SeenAt = in.Now
		if s.StartsAt > a.Start() {
			a.Rarely().Told = s.StartsAt
		}
	case in.copied(a, s):
		w.Text += "; it arrived after its own recovery"
	default:
		in.beginAgain(a, s, s.StartsAt)
		h.Signal = ownCopy(s)
	}
	a.Attach(r)
	in.Decide(r, s, state.Suppressed, nil, w)
}
