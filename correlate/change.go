package correlate

import (
	"hash/fnv"
	"io"
	"slices"
	"strconv"

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
	asSent   bool     // the matchers see an alert's labels and nothing else: a silence of Alertmanager
	sets     []string // what it is part of: see settle
	held     []*alert
	text     uint64       // of the signal in force: see textOf; 0 from a snapshot that did not say
	told     schemas.ID   // that signal
	toldAt   schemas.Time // its record time
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
	key := keyOf(s.Source, s.Fingerprint)
	ch := sc.byKey[key]
	fresh := ch == nil
	if fresh {
		if len(sc.changes) >= e.set.Limits.Changes {
			e.stats.Limited++
			e.refuse(r, s, "limits.changes: "+itoa(int64(len(sc.changes)))+" changes and windows are held already")
			return
		}
		ch = &change{key: key, seq: e.nextSeq(), sc: sc, kind: r.kind, id: r.id}
	}
	if err := e.setChange(sc, ch, s); err != "" {
		e.refuse(r, s, err)
		if !fresh { // what its newest text says is not known: it suppresses nothing
			ch.suppress = false
			e.recheck(ch)
		}
		return
	}
	ch.text, ch.told, ch.toldAt = textOf(s), r.id, e.at
	if fresh {
		sc.changes, sc.byKey[key] = append(sc.changes, ch), ch
	}
	e.scheduleChange(ch)
	inc := e.explain(ch)
	w := &why{text: changeText(ch, inc), service: firstOf(ch.services)}
	if n := e.settle(sc, s); n > 0 {
		w.text = itoa(int64(n)) + " of its windows are no longer in it and suppress nothing from now on"
	}
	e.decide(r, s, placed, inc, w)
	if inc != nil {
		e.count(inc)
	}
	e.recheck(ch)
}

// changeNews reports whether s, a text about a window or change that was told
// before, is another one than is in force. Many calendars change a window and
// leave its sequence number, so its identity, as it was: the newest text counts.
func (e *Engine) changeNews(s *schemas.Signal, r *record) bool {
	ch := r.sc.byKey[keyOf(s.Source, s.Fingerprint)]
	if ch == nil { // forgotten, or never taken
		if s.Kind != schemas.KindMaintenance || s.EndsAt <= e.now || isOver(s.Status) {
			return false
		}
		if r.verdict == refused {
			_, err := rules.ParseMatchers(matchersOf(s))
			return err == nil && e.scopes[s.Scope] == r.sc && len(r.sc.changes) < e.set.Limits.Changes
		}
		return true
	}
	if textOf(s) == ch.text {
		return false
	}
	// A peer tells the text before the one in force a moment later.
	return ch.told == r.id || e.at.Sub(ch.toldAt) > int64(e.set.Lifecycle.PeerDelay)
}

func matchersOf(s *schemas.Signal) []string {
	if s.Change == nil {
		return nil
	}
	return s.Change.Matchers
}

func isOver(s schemas.Status) bool {
	return s == schemas.StatusFinished || s == schemas.StatusCancelled
}

// textOf is a digest of what a signal says of its window or change. It is part
// of the state, so it is the same in every process.
func textOf(s *schemas.Signal) uint64 {
	h := fnv.New64a()
	say := func(parts ...string) {
		for _, p := range parts {
			_, _ = io.WriteString(h, strconv.Itoa(len(p))) // a hash never fails
			_, _ = io.WriteString(h, ":"+p)
		}
	}
	say(string(s.Kind), string(s.Status), s.Name, s.Service, s.Team, itoa(int64(s.StartsAt)), itoa(int64(s.EndsAt)))
	if c := s.Change; c != nil {
		say(c.Type, c.Version, c.By, c.Contact, strconv.FormatBool(c.Suppress), strconv.Itoa(len(c.Services)))
		say(c.Services...)
		say(c.Matchers...)
		if len(c.Sets)+len(c.Complete) > 0 {
			say(c.Sets...)
			say(c.Complete...)
			say(c.Members...)
		}
	}
	return h.Sum64()
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

// setChange takes what s says of ch: the newest text counts. It returns why it
// can't be read, "" when it can.
func (e *Engine) setChange(sc *scope, ch *change, s *schemas.Signal) string {
	m, err := rules.ParseMatchers(matchersOf(s))
	if err != nil {
		return "change.matchers: " + err.Error()
	}
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
		ch.matchers, ch.texts, ch.asSent = m, c.Matchers, c.Type == "silence"
		ch.sets = c.Sets
	}
	// The news that something ended often names no service; a window covers
	// what its newest text names and nothing else.
	if len(names) > 0 || len(ch.services) == 0 || ch.suppress && !isOver(s.Status) {
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
	if !isOver(ch.status) || ch.startsAt == 0 {
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
	if ch.gone {
		return false
	}
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
	if !isOver(ch.status) && ch.endsAt != 0 && ch.endsAt != ch.endAt {
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
	ch.gone = true
	ch.sc.changes = slices.DeleteFunc(ch.sc.changes, func(x *change) bool { return x == ch })
	delete(ch.sc.byKey, ch.key)
	e.recheck(ch)
}

// onWindowEnd: what still fires was not the window's doing, unless another one
// covers it.
func (e *Engine) onWindowEnd(ch *change) {
	ch.endAt = 0
	e.recheck(ch)
}

// recheck looks at what ch holds back: what it no longer covers is handed to
// another window that does, or is placed now.
func (e *Engine) recheck(ch *change) {
	waiting := ch.held
	ch.held = nil
	for _, a := range waiting {
		h := a.held()
		if h == nil || a.gone {
			continue
		}
		sub := e.about(ch.sc, h.sig)
		if ch.suppresses(e.now, h.sig, &sub) {
			ch.held = append(ch.held, a)
		} else {
			e.letGo(a, h, &sub)
		}
		ch.sc.release(&sub)
	}
}

// letGo: the window that held a back no longer does.
func (e *Engine) letGo(a *alert, h *held, sub *subject) {
	sc := h.ch.sc
	if a.firing && e.now.Sub(a.seenAt) >= int64(e.set.Lifecycle.Inactivity) {
		e.endAlert(a, e.now) // nothing was heard of it for as long as elsewhere
	}
	if !a.firing {
		a.rare.held, a.rare.wasHeld = nil, true
		if a.records.first == nil {
			e.dropAlert(sc, a)
			return
		}
		sc.lone = append(sc.lone, a)
		return
	}
	r := e.spokesman(sc, a, h)
	w := e.suppressingSince(sc, h.sig, sub, e.matchRules(h.sig), e.now)
	switch {
	case w == nil:
		e.dropAlert(sc, a)
		e.placeAlert(sc, h.sig, r, sub, nil)
		return
	case w.window.IsZero():
		e.dropAlert(sc, a)
	default:
		h.ch = sc.windowOf(w.window)
		h.ch.held = append(h.ch.held, a)
	}
	e.decide(r, h.sig, suppressed, nil, w)
}

// spokesman is the record that tells of a.
func (e *Engine) spokesman(sc *scope, a *alert, h *held) *record {
	for r := range a.records.all() {
		return r
	}
	id, err := schemas.ParseID(h.sig.ID)
	if err != nil {
		id = schemas.SignalID(h.sig)
	}
	if r := e.find(id); r != nil {
		return r
	}
	return e.newRecord(sc, h.sig, id) // a limit had it forgotten
}

func (sc *scope) windowOf(id schemas.ID) *change {
	for _, ch := range sc.changes {
		if ch.id == id {
			return ch
		}
	}
	return nil
}

// ruledOut returns the reason when a rule takes an alert as expected, or nil.
func (e *Engine) ruledOut(matched []int32) *why {
	for _, i := range matched {
		if r := &e.set.Rules[i]; r.Action == rules.ActionSuppress {
			return &why{text: "rule " + r.Name + " takes it as expected"}
		}
	}
	return nil
}

// suppressing returns the reason to take an alert as expected, or nil. When it
// began does not matter: a silence that is put over what fires silences it. But
// what was received before a window began, and comes late in the log, is not
// its doing.
func (e *Engine) suppressing(sc *scope, s *schemas.Signal, sub *subject, matched []int32) *why {
	return e.suppressingSince(sc, s, sub, matched, min(s.ReceivedAt, e.now))
}

func (e *Engine) suppressingSince(sc *scope, s *schemas.Signal, sub *subject, matched []int32, since schemas.Time) *why {
	if w := e.ruledOut(matched); w != nil {
		w.service = sub.service
		return w
	}
	for _, ch := range sc.changes {
		if ch.suppresses(e.now, s, sub) && (since == 0 || ch.running(since)) {
			return &why{text: "expected during " + ch.title + untilText(ch.endsAt), window: ch.id, service: sub.service}
		}
	}
	return nil
}

// expected reports whether an alert that fires again is taken as expected.
func (e *Engine) expected(sc *scope, s *schemas.Signal) bool {
	sub := e.about(sc, s)
	defer sc.release(&sub)
	return e.suppressing(sc, s, &sub, e.matchRules(s)) != nil
}

// suppresses reports whether ch takes s as expected at the moment.
func (ch *change) suppresses(now schemas.Time, s *schemas.Signal, sub *subject) bool {
	return ch.suppress && ch.running(now) && ch.covers(s, sub)
}

func untilText(t schemas.Time) string {
	if t == 0 {
		return ""
	}
	return ", which lasts until " + t.String()
}

func (ch *change) covers(s *schemas.Signal, sub *subject) bool {
	if len(ch.texts) > 0 && ch.asSent {
		return ch.matchers.MatchLabels(s)
	}
	if len(ch.texts) > 0 {
		return ch.matchers.Match(s)
	}
	return sub.service != "" && slices.Contains(ch.services, sub.service)
}

func (e *Engine) suppress(sc *scope, s *schemas.Signal, r *record, sub *subject, w *why) {
	switch ch := sc.windowOf(w.window); {
	case ch == nil: // a rule does
	case s.Status == schemas.StatusResolved:
		e.addLone(sc, s, r, sub)
	default:
		a := e.newAlert(sc, s, sub)
		a.rarely().held = &held{ch, ownCopy(s)}
		ch.held = append(ch.held, a)
		a.attach(r)
	}
	e.decide(r, s, suppressed, nil, w)
}

// ownCopy is s for as long as it is needed.
func ownCopy(s *schemas.Signal) *schemas.Signal {
	c := *s
	c.Labels = slices.Clone(s.Labels)
	return &c
}

// release takes a out of what ch holds back.
func (ch *change) release(a *alert) {
	ch.held = slices.DeleteFunc(ch.held, func(x *alert) bool { return x == a })
}

// onHeld: another signal of an alert that a window holds back. Once it has
// recovered it stays there, so that a late copy of its firing is known as one.
func (e *Engine) onHeld(sc *scope, a *alert, s *schemas.Signal, r *record) {
	h := a.held()
	if s.Status == schemas.StatusFiring {
		sub := e.about(sc, s)
		defer sc.release(&sub)
		if !h.ch.suppresses(e.now, s, &sub) { // its labels are others now
			h.ch.release(a)
			e.dropAlert(sc, a)
			e.newEpisode(sc, s, r, nil)
			return
		}
	}
	w := &why{text: "expected during " + h.ch.title, window: h.ch.id, service: a.service}
	switch {
	case s.Status == schemas.StatusResolved && a.earlier(s):
	case s.Status == schemas.StatusResolved:
		w.text += "; it has recovered"
		a.endsAt = max(a.endsAt, s.EndsAt, a.startsAt)
		a.firing = false
		a.seenAt = e.at
	case a.firing:
		a.seenAt = e.now
		if s.StartsAt > a.start() {
			a.rarely().told = s.StartsAt
		}
	case e.copied(a, s):
		w.text += "; it arrived after its own recovery"
	default:
		e.beginAgain(a, s, s.StartsAt)
		h.sig = ownCopy(s)
	}
	a.attach(r)
	e.decide(r, s, suppressed, nil, w)
}
