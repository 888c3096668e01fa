package correlate

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

// toldCode is what the signal of a record says of its alert.
type toldCode uint8

const (
	toldUnknown   toldCode = iota // the record is from a snapshot that did not say
	toldFiring                    //
	toldRecovered                 //
)

func toldBy(s *schemas.Signal) toldCode {
	switch {
	case s.Kind != schemas.KindAlert:
		return toldUnknown
	case s.Status == schemas.StatusResolved:
		return toldRecovered
	}
	return toldFiring
}

// newest is the record that deliveries of the signal of r count for.
func (e *Engine) newest(r *record) *record {
	if r.relayed {
		return e.relays[r]
	}
	return r
}

// relay has deliveries of the signal of base count for r from now on.
func (e *Engine) relay(base, r *record) {
	if old := e.relays[base]; old != nil {
		delete(e.bases, old)
	}
	if e.relays == nil {
		e.relays, e.bases = map[*record]*record{}, map[*record]*record{}
	}
	base.relayed = true
	e.relays[base], e.bases[r] = r, base
}

// unrelay forgets what r stands for, and what stands for it.
func (e *Engine) unrelay(r *record) {
	if r.relayed {
		r.relayed = false
		delete(e.bases, e.relays[r])
		delete(e.relays, r)
	}
	if base := e.bases[r]; base != nil {
		base.relayed = false
		delete(e.relays, base)
		delete(e.bases, r)
	}
}

// isRepeat reports whether one more delivery of the signal of r can say nothing
// new, by what its record alone tells.
func (e *Engine) isRepeat(r *record) bool {
	switch kindNames[r.kind] {
	case schemas.KindMaintenance, schemas.KindChange:
		return false // its text may be another
	case schemas.KindAlert:
	default:
		return true
	}
	a := r.alert
	switch {
	case r.told == toldUnknown:
		return false
	case a == nil:
		return r.verdict == suppressed && r.versions == e.versions && !r.why.hasWindow()
	case a.past:
		return false
	case r.told == toldRecovered:
		return !a.firing
	}
	return a.firing
}

// copied reports whether s, a firing that is told now of a, which has recovered,
// began before the recovery and was sent before it too.
func (e *Engine) copied(a *alert, s *schemas.Signal) bool {
	if s.StartsAt > a.endsAt {
		return false
	}
	within := e.set.Lifecycle.PeerDelay
	if a.inc == nil && (a.rare == nil || a.rare.held == nil && !a.rare.wasHeld) {
		within = e.set.Lifecycle.NewEpisode
	}
	return e.at.Sub(a.seenAt) <= int64(within)
}

// again takes a signal whose id is known. It returns false when it is a repeat.
func (e *Engine) again(s *schemas.Signal, base *record) bool {
	r := e.newest(base)
	if !e.isNews(s, r) {
		e.repeat(r)
		return false
	}
	x := *s
	x.Occurrence = e.now.String()
	if s.Occurrence != "" {
		x.Occurrence = s.Occurrence + " " + x.Occurrence
	}
	if s.Kind == schemas.KindAlert && s.Status == schemas.StatusFiring && r.incident != nil {
		x.StartsAt = e.firesSince(r, s)
	}
	id := schemas.SignalID(&x)
	if e.find(id) != nil { // told twice in one millisecond
		e.repeat(r)
		return false
	}
	x.ID = id.String()
	e.stats.Signals++
	told := *s
	e.retold = &told
	e.input(&x, id)
	e.retold = nil
	if y := e.find(id); y != nil && e.find(base.id) == base {
		e.relay(base, y)
	}
	return true
}

// firesSince is since when an alert fires that is told again under its old
// start: until its end it was part of another story.
func (e *Engine) firesSince(r *record, s *schemas.Signal) schemas.Time {
	since := max(e.at, s.StartsAt)
	e.scratch.key = appendKey(e.scratch.key[:0], s.Source, s.Fingerprint)
	if a := r.sc.latest(e.scratch.key); a != nil && a.endsAt >= since {
		since = a.endsAt.Add(1)
	}
	return since
}

// isNews reports whether a signal whose latest record is r says something new.
func (e *Engine) isNews(s *schemas.Signal, r *record) bool {
	switch s.Kind {
	case schemas.KindAlert:
		return e.alertNews(s, r)
	case schemas.KindMaintenance, schemas.KindChange:
		return e.changeNews(s, r)
	}
	return false
}

func (e *Engine) alertNews(s *schemas.Signal, r *record) bool {
	r.told = toldBy(s)
	e.scratch.key = appendKey(e.scratch.key[:0], s.Source, s.Fingerprint)
	a := r.sc.latest(e.scratch.key)
	firing := r.told == toldFiring
	if a == nil && !firing {
		e.rememberLone(s, r)
		return false
	}
	if a == nil {
		return !e.stillBarred(s, r)
	}
	news := false
	if firing {
		news = !a.firing && !e.copied(a, s)
	} else {
		news = a.firing && !a.earlier(s)
	}
	if !news && firing == a.firing {
		a.seen(e)
		if firing && s.StartsAt > a.start() {
			a.rarely().told = s.StartsAt
		}
		if r.alert == nil && a.inc != nil && r.incident == a.inc.id { // among its newest again
			a.attach(r)
		}
	}
	return news
}

// rememberLone keeps in mind that an alert of which nothing is held has
// recovered: a late copy of its firing must not open an incident.
func (e *Engine) rememberLone(s *schemas.Signal, r *record) {
	if e.scopes[s.Scope] != r.sc || e.alerts >= e.set.Limits.Alerts {
		return
	}
	sub := e.about(r.sc, s)
	e.addLone(r.sc, s, r, &sub)
	r.sc.release(&sub)
}

// stillBarred reports whether what kept a firing alert out still does.
func (e *Engine) stillBarred(s *schemas.Signal, r *record) bool {
	switch r.verdict {
	case refused:
		return e.scopes[s.Scope] != r.sc || e.alerts >= e.set.Limits.Alerts || len(r.sc.incidents) >= e.set.Limits.Incidents
	case suppressed:
		return e.ruledOut(e.matchRules(s)) != nil
	}
	return false
}
