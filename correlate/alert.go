package correlate

import (
	"encoding/binary"
	"iter"
	"slices"
	"strconv"

	"pinkstar/schemas"
)

// alertKey is an alert's identity over all its episodes: its source, with its
// length, and its fingerprint. One string, since a table of a million of them
// is a third smaller than one of two.
type alertKey string

func keyOf(source, fingerprint string) alertKey {
	return alertKey(appendKey(make([]byte, 0, 64), source, fingerprint))
}

// hash finds the alert in its scope.
func (k alertKey) hash() uint32 { return hashText(string(k)) }

func appendKey(b []byte, source, fingerprint string) []byte {
	b = binary.AppendUvarint(b, uint64(len(source)))
	return append(append(b, source...), fingerprint...)
}

// parts gives back what keyOf was given.
func (k alertKey) parts() (source, fingerprint string) {
	r := packReader{b: string(k)}
	source = r.text()
	return source, r.b
}

// whereabouts is where an alert fires; the alerts of a service mostly share it.
type whereabouts struct{ service, host string }

// whereOf is the whereabouts of sub, in the memory of the alert before it in
// the same place. Hosts differ from one instance of a service to the next.
func whereOf(sub *subject) *whereabouts {
	w := whereabouts{sub.service, sub.host}
	ent := sub.ent
	if sub.host != "" && sub.instEnt != nil {
		ent = sub.instEnt
	}
	if ent != nil && ent.where != nil && *ent.where == w {
		return ent.where
	}
	fresh := new(whereabouts)
	*fresh = w
	if ent != nil {
		ent.where = fresh
	}
	return fresh
}

// alert is one episode of an alert: from firing to recovery. There may be a
// million: its fields are in an order that leaves no gaps.
type alert struct {
	key      alertKey
	seq      int64
	inc      *incident
	records  ownRecords
	rare     *rareState // nil for none
	name     string
	instance string
	*whereabouts
	startsAt schemas.Time
	endsAt   schemas.Time
	seenAt   schemas.Time // firing: log time of the latest delivery; recovered: record time of the latest word of it
	severity uint8
	firing   bool
	past     bool // there is a later episode
	gone     bool // no longer held
	cut      bool // its group was truncated: silence means nothing
}

// rareState is what few alerts have.
type rareState struct {
	held     *held        // suppressed by a window
	wasHeld  bool         // it had fired and recovered when the window let it go
	told     schemas.Time // the start that its sender names last, where it is not startsAt
	flapFrom schemas.Time // start of the current run of recoveries
	flaps    int32
}

// rarely is where to write what few alerts have.
func (a *alert) rarely() *rareState {
	if a.rare == nil {
		a.rare = &rareState{}
	}
	return a.rare
}

// held is what a window holds back of a, nil for nothing.
func (a *alert) held() *held {
	if a.rare == nil {
		return nil
	}
	return a.rare.held
}

// seen notes that a was told again as what it is.
func (a *alert) seen(e *Engine) {
	if a.firing {
		a.seenAt = e.now
	} else {
		a.seenAt = max(a.seenAt, e.at)
	}
}

// start is the latest start that the sender of a has named.
func (a *alert) start() schemas.Time {
	if a.rare != nil && a.rare.told != 0 {
		return a.rare.told
	}
	return a.startsAt
}

// earlier reports whether s is the recovery of an episode before a: it names
// both its times, and they lie before the start of a. A recovery that knows no
// start of its own is of what fires, whatever its sender's clock says.
func (a *alert) earlier(s *schemas.Signal) bool {
	start := a.start()
	return s.StartsAt < s.EndsAt && s.EndsAt < start && s.StartsAt < start
}

// ownRecords are the records of the signals of one episode that keep a way back
// to it: the one that opened it, and the newest. Mostly there is one.
type ownRecords struct {
	first *record
	later *[]*record // nil for none
}

// maxRecords bounds how many there are.
const maxRecords = 8

func (o *ownRecords) len() int {
	switch {
	case o.first == nil:
		return 0
	case o.later == nil:
		return 1
	}
	return 1 + len(*o.later)
}

// all are the records, the oldest first.
func (o *ownRecords) all() iter.Seq[*record] {
	return func(yield func(*record) bool) {
		if o.first == nil || !yield(o.first) || o.later == nil {
			return
		}
		for _, r := range *o.later {
			if !yield(r) {
				return
			}
		}
	}
}

// add puts r last.
func (o *ownRecords) add(r *record) {
	switch {
	case o.first == nil:
		o.first = r
	case o.later == nil:
		o.later = &[]*record{r}
	default:
		*o.later = append(*o.later, r)
	}
}

func (o *ownRecords) remove(r *record) {
	rest := *o
	*o = ownRecords{}
	for x := range rest.all() {
		if x != r {
			o.add(x)
		}
	}
}

var severities = [...]schemas.Severity{schemas.SeverityUnknown, schemas.SeverityInfo,
	schemas.SeverityWarning, schemas.SeverityMajor, schemas.SeverityCritical}

func (a *alert) attach(r *record) {
	if r.alert != nil { // it told of an episode before
		r.relist()
		r.alert.records.remove(r)
	}
	r.alert = a
	if a.records.len() == maxRecords {
		oldest := (*a.records.later)[0]
		oldest.alert = nil
		a.records.remove(oldest)
	}
	if a.records.first == nil {
		r.relist()
	}
	a.records.add(r)
}

// first is the record of the signal that began the episode, nil when it has been
// forgotten.
func (a *alert) first() *record { return a.records.first }

// firstID is the id of that signal, zero when it has been forgotten.
func (a *alert) firstID() schemas.ID {
	if r := a.first(); r != nil {
		return r.id
	}
	return schemas.ID{}
}

func (e *Engine) onAlert(sc *scope, s *schemas.Signal, r *record) {
	e.scratch.key = appendKey(e.scratch.key[:0], s.Source, s.Fingerprint)
	a := sc.latest(e.scratch.key)
	switch {
	case a == nil:
		e.newEpisode(sc, s, r, nil)
	case a.held() != nil:
		e.onHeld(sc, a, s, r)
	case s.Status == schemas.StatusResolved:
		e.onRecovery(a, s, r)
	case a.firing:
		e.onFiringAgain(sc, a, s, r)
	default:
		e.onRefire(sc, a, s, r)
	}
}

// newEpisode places an alert of which no episode is held, or whose last one is
// too long ago.
func (e *Engine) newEpisode(sc *scope, s *schemas.Signal, r *record, last *alert) {
	if e.alerts >= e.set.Limits.Alerts {
		e.stats.Limited++
		e.refuse(r, s, "limits.alerts: "+strconv.Itoa(e.alerts)+" alerts are held already; its state is lost until some of them end")
		return
	}
	sub := &e.scratch.subject
	*sub = e.about(sc, s)
	defer sc.release(sub)
	rules := e.matchRules(s)
	if w := e.suppressing(sc, s, sub, rules); w != nil {
		e.suppress(sc, s, r, sub, w)
		return
	}
	e.placeAlert(sc, s, r, sub, last)
}

// placeAlert finds or opens the incident of a new episode.
func (e *Engine) placeAlert(sc *scope, s *schemas.Signal, r *record, sub *subject, last *alert) {
	e.place(sc, s, s, r, sub, last)
}

// place does so for s, which was told as the signal told.
func (e *Engine) place(sc *scope, s, told *schemas.Signal, r *record, sub *subject, last *alert) {
	q := e.query(sc, s, sub)
	if last != nil {
		q.last, q.refire = last.inc, last.firing
	}
	p := e.choosePlace(q, s)
	lone := told.Status == schemas.StatusResolved
	if lone && (p.inc == nil || s.StartsAt >= s.EndsAt) {
		e.lone(sc, s, r, sub, p.why)
		return
	}
	inc := p.inc
	if inc == nil {
		inc = e.openIncident(sc, s, r, sub, p)
		if inc == nil {
			return
		}
	}
	a := e.newAlert(sc, s, sub)
	a.attach(r)
	e.join(inc, a, s, r, sub, q)
	if lone && p.why.text == "" {
		p.why.text = "its recovery is all that arrived; " + p.why.reason(inc.pub.ID)
	}
	e.decide(r, told, placed, inc, p.why)
	e.afterJoin(inc, sub, q, &p)
}

func (e *Engine) newAlert(sc *scope, s *schemas.Signal, sub *subject) *alert {
	a := &alert{
		key:         keyOf(s.Source, s.Fingerprint),
		seq:         e.nextSeq(),
		name:        e.strings.of(s.Name),
		instance:    sub.instance,
		whereabouts: whereOf(sub),
		startsAt:    s.StartsAt,
		endsAt:      s.EndsAt,
		seenAt:      e.now,
		severity:    uint8(s.Severity.Rank()),
		firing:      s.Status == schemas.StatusFiring,
		cut:         s.Truncated > 0,
	}
	if !a.firing {
		a.seenAt = e.at
	}
	if e.retold != nil && e.retold.StartsAt != a.startsAt {
		a.rarely().told = e.retold.StartsAt
	}
	e.succeed(sc, a, s.StartsAt)
	if sc.lasting >= 0 && sc.lasting < eventsAfter && a.firing {
		sc.lasting++
	}
	e.alerts++
	return a
}

// succeed makes a the latest episode of its alert. The one before it has ended
// by at.
func (e *Engine) succeed(sc *scope, a *alert, at schemas.Time) {
	old := sc.setLatest(a)
	if old == nil {
		return
	}
	old.past = true
	if old.firing {
		e.endAlert(old, at)
	}
	if old.inc == nil && old.held() == nil {
		e.dropAlert(sc, old)
	}
}

// onFiringAgain: the alert is held as firing and fires under another start. It
// has not recovered in between, so it is one alert: a second monitor, or one that
// was restarted, names another start. Where nothing ever recovers it is an event
// of its own, and after a long silence (correlation.stale) a recovery was lost.
func (e *Engine) onFiringAgain(sc *scope, a *alert, s *schemas.Signal, r *record) {
	silent := e.now.Sub(a.seenAt) > int64(e.set.Correlation.Stale) // a recovery in between was lost
	if (sc.events() || silent) && s.StartsAt.Sub(a.start()) > int64(e.set.Lifecycle.NewEpisode) {
		e.newEpisode(sc, s, r, a)
		return
	}
	a.seenAt = e.now
	text := "the same alert is firing already; told again with another start, as a second monitor or a restarted one does"
	if s.StartsAt > a.start() {
		a.rarely().told = s.StartsAt
	}
	if s.StartsAt < a.startsAt {
		a.startsAt = s.StartsAt
		if a.inc != nil && s.StartsAt < a.inc.pub.StartedAt {
			a.inc.pub.StartedAt = s.StartsAt
			e.changed(a.inc)
		}
	}
	anchor := a.firstID()
	a.attach(r)
	e.decide(r, s, duplicate, a.inc, &why{text: text, anchor: anchor})
}

// onRefire: the alert is held as recovered and a firing arrives.
func (e *Engine) onRefire(sc *scope, a *alert, s *schemas.Signal, r *record) {
	since := s.StartsAt
	if s.StartsAt <= a.endsAt { // it had begun before the recovery
		if e.copied(a, s) {
			e.onOvertaken(sc, a, s, r)
			return
		}
		since = max(e.at, a.endsAt)
	}
	if since.Sub(a.endsAt) > int64(e.set.Lifecycle.ReopenWindow) || a.inc == nil || a.inc.closed || e.expected(sc, s) {
		e.newEpisode(sc, s, r, a)
		return
	}
	e.fireAgain(a, s, r, since)
}

// onOvertaken: a firing that its own recovery overtook.
func (e *Engine) onOvertaken(sc *scope, a *alert, s *schemas.Signal, r *record) {
	if a.inc == nil { // only now is it known that there was something to recover from
		e.placeOver(sc, a, s, r)
		return
	}
	if s.StartsAt < a.startsAt {
		a.startsAt = s.StartsAt
	}
	a.attach(r)
	e.count(a.inc)
	e.decide(r, s, placed, a.inc, &why{text: "it arrived after its own recovery: recorded, the alert stays recovered"})
}

// placeOver places an alert whose recovery, which came before, was lone.
func (e *Engine) placeOver(sc *scope, a *alert, s *schemas.Signal, r *record) {
	over := *s
	over.Status, over.EndsAt = schemas.StatusResolved, max(a.endsAt, s.StartsAt)
	sub := &e.scratch.subject
	*sub = e.about(sc, &over)
	defer sc.release(sub)
	if w := e.suppressing(sc, s, sub, e.matchRules(s)); w != nil {
		w.text += "; its recovery was here before it"
		e.decide(r, s, suppressed, nil, w)
		return
	}
	seen := a.seenAt
	e.dropAlert(sc, a)
	e.place(sc, &over, s, r, sub, nil)
	if r.alert != nil {
		r.alert.seenAt = seen
	}
}

// fireAgain puts a recovered alert back into its incident. since is when it
// began to fire anew, as far as is known.
func (e *Engine) fireAgain(a *alert, s *schemas.Signal, r *record, since schemas.Time) {
	inc := a.inc
	gap := max(0, since.Sub(a.endsAt))
	e.beginAgain(a, s, since)
	inc.active++
	e.fires(inc, a, 1)
	l := &e.set.Lifecycle
	flap := a.rarely()
	if e.now.Sub(flap.flapFrom) > int64(l.FlapWindow) {
		flap.flapFrom, flap.flaps = e.now, 0
	}
	flap.flaps++
	text := "the same alert fires again " + spanText(gap) + " after its recovery"
	if int(flap.flaps) >= l.FlapCount {
		text = "flapping: the same alert recovered and fired " + strconv.Itoa(int(flap.flaps)) + " times within " + l.FlapWindow.String()
		inc.pub.FlapCount++
		inc.flapUntil = e.now.Add(int64(l.FlapWindow))
	}
	anchor := a.firstID()
	a.attach(r)
	e.touchPlace(inc, a, r)
	e.count(inc)
	e.reopen(inc, a.name+" on "+orUnknown(a.service)+" fires again")
	e.watchQuiet(inc)
	e.decide(r, s, placed, inc, &why{text: text, anchor: anchor})
}

// beginAgain makes a fire anew since a time; its sender may name an older start.
func (e *Engine) beginAgain(a *alert, s *schemas.Signal, since schemas.Time) {
	a.firing, a.endsAt, a.startsAt, a.seenAt = true, 0, since, e.now
	told := s.StartsAt
	if e.retold != nil {
		told = e.retold.StartsAt
	}
	if told == since {
		told = 0
	}
	if told != 0 || a.rare != nil {
		a.rarely().told = told
	}
}

// onRecovery: a recovery of an alert that is held.
func (e *Engine) onRecovery(a *alert, s *schemas.Signal, r *record) {
	text := "recovery of the alert"
	r.sc.lasting = -1
	switch {
	case a.earlier(s):
		text = "recovery of an earlier episode; the alert has fired again since"
	case !a.firing:
		text = "the alert had recovered already"
		a.seen(e)
		if s.EndsAt > a.endsAt {
			a.endsAt = s.EndsAt
			if a.inc != nil {
				a.inc.ended(s.EndsAt)
			}
		}
	default:
		e.endAlert(a, s.EndsAt)
		a.seenAt = e.at
	}
	anchor := a.firstID()
	a.attach(r)
	e.count(a.inc)
	if a.inc == nil {
		e.decide(r, s, late, nil, &why{text: loneText, anchor: anchor})
		return
	}
	e.decide(r, s, placed, a.inc, &why{text: text, anchor: anchor})
}

// loneText is said of a recovery of something that never fired here.
const loneText = "its recovery is all that arrived, and nothing open is related to it: recorded, no incident"

// lone records a recovery of something that never fired here. It is remembered,
// in case its firing is only late.
func (e *Engine) lone(sc *scope, s *schemas.Signal, r *record, sub *subject, w *why) {
	w.text = loneText
	if gap := e.now.Sub(s.EndsAt); gap > int64(e.set.Lifecycle.LateAfter) {
		w.text = "it ended " + spanText(gap) + " before it arrived and belongs to nothing that is open: recorded, nothing changed"
	}
	e.addLone(sc, s, r, sub)
	e.decide(r, s, late, nil, w)
}

func (e *Engine) addLone(sc *scope, s *schemas.Signal, r *record, sub *subject) {
	a := e.newAlert(sc, s, sub)
	a.attach(r)
	sc.lone = append(sc.lone, a)
}

// endAlert takes a firing alert as over. Its end is at the earliest its start:
// the one that its sender names, since of an alert that fires again under its
// old start only the moment is known at which that was told.
func (e *Engine) endAlert(a *alert, at schemas.Time) {
	a.firing = false
	a.endsAt = max(at, min(a.startsAt, a.start()))
	a.startsAt = min(a.startsAt, a.endsAt)
	if a.inc == nil {
		return
	}
	a.inc.active--
	e.fires(a.inc, a, -1)
	a.inc.ended(a.endsAt)
	e.changed(a.inc)
	e.scheduleResolve(a.inc)
}

// dropAlert forgets an episode.
func (e *Engine) dropAlert(sc *scope, a *alert) {
	if a.gone {
		return
	}
	a.gone = true
	e.alerts--
	for r := range a.records.all() {
		r.alert = nil
	}
	a.records = ownRecords{}
	sc.alerts.remove(a.key.hash(), a)
	if a.inc == nil {
		if i := slices.Index(sc.lone, a); i >= 0 { // mostly the first
			sc.lone = slices.Delete(sc.lone, i, i+1)
		}
	}
	a.inc, a.rare = nil, nil
}

// release drops the entities of sub that no incident came to refer to.
func (sc *scope) release(sub *subject) {
	for _, ent := range [...]*entity{sub.ent, sub.instEnt, sub.hostEnt, sub.nsEnt} {
		if ent != nil && ent.refs == 0 {
			sc.drop(ent)
		}
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "an unknown service"
	}
	return s
}
