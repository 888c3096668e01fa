package correlate

import (
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// change is a change or a maintenance window that may explain or suppress.
type change struct {
	key      alertKey
	seq      int64
	sc       *scope
	kind     kindCode
	id       schemas.ID // of the first signal about it
	title    string
	services []string // as the engine names them
	team     string
	contact  string
	by       string
	status   schemas.Status
	startsAt schemas.Time
	endsAt   schemas.Time
	suppress bool
	texts    []string // matchers
	matchers rules.Matchers
	held     []*alert
	endAt    schemas.Time
	forgetAt schemas.Time
	gone     bool
}

// held is an alert that a window takes as expected.
type held struct {
	ch  *change
	sig *schemas.Signal
}

func (e *Engine) onChange(sc *scope, s *schemas.Signal, r *record) {
	ch := sc.changeOf(keyOf(s.Source, s.Fingerprint))
	fresh := ch == nil
	if fresh {
		if len(sc.changes) >= e.set.Limits.Changes {
			e.stats.Limited++
			e.refuse(r, s, "limits.changes: "+itoa(int64(len(sc.changes)))+" changes and windows are held already")
			return
		}
		ch = &change{key: keyOf(s.Source, s.Fingerprint), seq: e.nextSeq(), sc: sc, kind: r.kind, id: r.id}
	}
	if err := e.setChange(sc, ch, s); err != "" {
		e.refuse(r, s, err)
		return
	}
	if fresh {
		sc.changes = append(sc.changes, ch)
	}
	e.scheduleChange(ch)
	inc := e.explain(ch)
	w := &why{text: changeText(ch, inc), service: firstOf(ch.services)}
	e.decide(r, s, placed, inc, w)
	if inc != nil {
		e.count(inc)
	}
}

func (sc *scope) changeOf(key alertKey) *change {
	for _, ch := range sc.changes {
		if ch.key == key {
			return ch
		}
	}
	return nil
}

func firstOf(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func changeText(ch *change, inc *incident) string {
	switch {
	case inc != nil && ch.status == schemas.StatusCancelled:
		return "candidate cause of " + inc.pub.ID + "; it was cancelled or rolled back"
	case inc != nil:
		return "candidate cause of " + inc.pub.ID
	case ch.status == schemas.StatusCancelled:
		return "noted: it was cancelled"
	case ch.suppress:
		return "noted: alerts it covers are expected while it lasts"
	default:
		return "noted: explains nothing that is open"
	}
}

func (e *Engine) setChange(sc *scope, ch *change, s *schemas.Signal) string {
	ch.status = s.Status
	if ch.title == "" || s.Name != "" {
		ch.title = s.Name
	}
	if s.Team != "" || ch.team == "" {
		ch.team = e.strings.of(s.Team)
	}
	e.setChangeTimes(ch, s)
	names := []string{}
	sub := e.about(sc, s)
	if sub.service != "" {
		names = append(names, sub.service)
	}
	sc.release(&sub)
	if c := s.Change; c != nil {
		ch.contact, ch.by, ch.suppress = c.Contact, c.By, c.Suppress
		for _, name := range c.Services {
			if n := e.topo.lookupNonEmpty(name); n >= 0 {
				name = e.topo.nodes[n].name
			}
			if name != "" && !slices.Contains(names, name) {
				names = append(names, e.strings.of(name))
			}
		}
		m, err := rules.ParseMatchers(c.Matchers)
		if err != nil {
			return "change.matchers: " + err.Error()
		}
		ch.matchers, ch.texts = m, c.Matchers
	}
	if len(names) > 0 || len(ch.services) == 0 {
		ch.services = names
	}
	if ch.team == "" && len(ch.services) > 0 {
		if n := e.topo.exact(ch.services[0]); n >= 0 {
			ch.team = e.topo.nodes[n].svc.Team
		}
	}
	return ""
}

// setChangeTimes takes the times of a signal about ch. The news that it ended
// often carries only its own time: the start that is known stays.
func (e *Engine) setChangeTimes(ch *change, s *schemas.Signal) {
	over := ch.status == schemas.StatusFinished || ch.status == schemas.StatusCancelled
	if !over || ch.startsAt == 0 {
		if s.StartsAt != 0 {
			ch.startsAt = s.StartsAt
		}
		ch.endsAt = s.EndsAt
		return
	}
	ch.startsAt = min(ch.startsAt, s.StartsAt)
	if ch.endsAt = s.EndsAt; ch.endsAt == 0 {
		ch.endsAt = max(s.StartsAt, ch.startsAt)
	}
}

// running reports whether ch is in progress at t.
func (ch *change) running(t schemas.Time) bool {
	switch ch.status {
	case schemas.StatusStarted, schemas.StatusPlanned:
		if ch.status == schemas.StatusPlanned && kindNames[ch.kind] != schemas.KindMaintenance {
			return false
		}
		return t >= ch.startsAt && (ch.endsAt == 0 || t < ch.endsAt)
	}
	return false
}

// scheduleChange sets when the window ends and when ch is too old to explain.
func (e *Engine) scheduleChange(ch *change) {
	over := ch.status == schemas.StatusFinished || ch.status == schemas.StatusCancelled
	if over {
		e.onWindowEnd(ch)
	} else if ch.endsAt != 0 && ch.endsAt != ch.endAt {
		ch.endAt = ch.endsAt
		e.wake(ch.endAt, wakeWindowEnd, nil, ch)
		if ch.endAt <= e.now {
			ch.endAt = e.now.Add(1) // wake() never wakes in the past
		}
	}
	last := max(ch.startsAt, ch.endsAt, e.now)
	if forget := last.Add(int64(e.set.Correlation.ChangeLookBack)); forget != ch.forgetAt {
		ch.forgetAt = forget
		e.wake(forget, wakeChangeForget, nil, ch)
	}
}

func (e *Engine) forgetChange(ch *change) {
	if ch.running(e.now) && ch.endsAt == 0 && e.now.Sub(ch.startsAt) < int64(e.set.Lifecycle.MaxLifetime) {
		ch.forgetAt = e.now.Add(int64(e.set.Correlation.ChangeLookBack))
		e.wake(ch.forgetAt, wakeChangeForget, nil, ch)
		return
	}
	e.onWindowEnd(ch)
	ch.gone = true
	ch.sc.changes = slices.DeleteFunc(ch.sc.changes, func(x *change) bool { return x == ch })
}

// onWindowEnd: what still fires was not the window's doing; it is placed now.
func (e *Engine) onWindowEnd(ch *change) {
	ch.endAt = 0
	waiting := ch.held
	ch.held = nil
	for _, a := range waiting {
		h := a.held()
		if h == nil || a.gone {
			continue
		}
		r := a.first()
		e.dropAlert(ch.sc, a)
		if r == nil {
			continue
		}
		sub := e.about(ch.sc, h.sig)
		e.matchRules(h.sig)
		e.placeAlert(ch.sc, h.sig, r, &sub, nil)
		ch.sc.release(&sub)
	}
}

// suppressing returns the reason to take an alert as expected, or nil.
func (e *Engine) suppressing(sc *scope, s *schemas.Signal, sub *subject, matched []int32) *why {
	for _, i := range matched {
		if r := &e.set.Rules[i]; r.Action == rules.ActionSuppress {
			return &why{text: "rule " + r.Name + " takes it as expected", service: sub.service}
		}
	}
	for _, ch := range sc.changes {
		if !ch.suppress || !ch.running(e.now) || !ch.running(s.StartsAt) || !ch.covers(s, sub) {
			continue
		}
		return &why{text: "expected during " + ch.title + untilText(ch.endsAt), window: ch.id, service: sub.service}
	}
	return nil
}

func untilText(t schemas.Time) string {
	if t == 0 {
		return ""
	}
	return ", which lasts until " + t.String()
}

func (ch *change) covers(s *schemas.Signal, sub *subject) bool {
	if len(ch.texts) > 0 {
		return ch.matchers.Match(s)
	}
	return sub.service != "" && slices.Contains(ch.services, sub.service)
}

func (e *Engine) suppress(sc *scope, s *schemas.Signal, r *record, sub *subject, w *why) {
	if !w.window.IsZero() && s.Status == schemas.StatusFiring {
		a := e.newAlert(sc, s, sub)
		c := *s
		c.Labels = slices.Clone(s.Labels)
		for _, ch := range sc.changes {
			if ch.id == w.window {
				a.rarely().held = &held{ch, &c}
				ch.held = append(ch.held, a)
				break
			}
		}
		a.attach(r)
	}
	e.decide(r, s, suppressed, nil, w)
}

// onHeld: another signal of an alert that a window holds back.
func (e *Engine) onHeld(sc *scope, a *alert, s *schemas.Signal, r *record) {
	w := &why{text: "expected during " + a.held().ch.title, window: a.held().ch.id, service: a.service}
	if s.Status == schemas.StatusResolved && s.EndsAt >= a.startsAt {
		w.text += "; it has recovered"
		ch := a.held().ch
		ch.held = slices.DeleteFunc(ch.held, func(x *alert) bool { return x == a })
		e.dropAlert(sc, a)
	}
	e.decide(r, s, suppressed, nil, w)
}
