package correlate

import (
	"math"

	"pinkstar/schemas"
)

// record is what is kept of one signal id: enough to write its decision again
// with a new count, in a compact form. There may be millions.
type record struct {
	id schemas.ID
	*origin
	alert    *alert // while the alert is held
	why      packedWhy
	incident *string // id of the incident it is placed in, nil for none
	repeats  int64
	at       schemas.Time
	lastAt   schemas.Time
	unread   uint32 // repeats since they were last written and added to the incident
	revision int32
	kind     kindCode
	verdict  verdictCode
	told     toldCode // of its alert
	decided  bool
	dirty    bool
	relayed  bool // deliveries count for a newer record: see Engine.relays
}

// origin is where a signal came up, and what its decision was made under.
type origin struct {
	sc       *scope
	versions *versions
}

// originIn is the origin of what is decided in sc now.
func (e *Engine) originIn(sc *scope) *origin {
	if sc.origin == nil || sc.origin.versions != e.versions {
		sc.origin = &origin{sc, e.versions}
	}
	return sc.origin
}

// incidentID is the id of the incident r is placed in, "" for none.
func (r *record) incidentID() string {
	if r.incident == nil {
		return ""
	}
	return *r.incident
}

// why is the reason of a decision. Its text is rendered when it is written; in
// between it is kept packed, which keeps a million of them small.
type why struct {
	text        string     // the sentence; "" when it follows from the evidence
	evidence    []evidence // in memory that the next signal uses again
	anchor      schemas.ID
	window      schemas.ID // that suppressed it
	runnerUp    string     // the incident that was not chosen
	runnerScore int64
	service     string // the service as the engine understood it
	score       int64
	threshold   int64
	candidates  int32
}

type (
	kindCode    uint8
	verdictCode uint8
)

var kindNames = [...]schemas.Kind{"", schemas.KindAlert, schemas.KindTicket, schemas.KindMaintenance,
	schemas.KindChange, schemas.KindImpact, schemas.KindCommand}

func codeOf(k schemas.Kind) kindCode {
	for i, n := range kindNames {
		if n == k {
			return kindCode(i)
		}
	}
	return 0
}

const (
	placed verdictCode = iota
	duplicate
	suppressed
	late
	refused
)

var verdictNames = [...]schemas.Verdict{schemas.VerdictPlaced, schemas.VerdictDuplicate,
	schemas.VerdictSuppressed, schemas.VerdictLate, schemas.VerdictRefused}

// find returns the record of a known signal, or nil.
func (e *Engine) find(id schemas.ID) *record {
	return e.known.find(hashBytes(id[:]), func(r *record) bool { return r.id == id })
}

// newRecord makes the record of a signal seen for the first time.
func (e *Engine) newRecord(sc *scope, s *schemas.Signal, id schemas.ID) *record {
	if e.known.n >= e.set.Limits.KnownSignals {
		e.stats.Limited++
		if _, ok := e.forget.oldest(); ok {
			e.forgetRecord(e.forget.pop())
		}
	}
	r := &record{id: id, origin: e.originIn(sc), kind: codeOf(s.Kind), told: toldBy(s), at: e.now, lastAt: e.now}
	r.revision = e.firstRevision(s)
	e.known.add(hashBytes(id[:]), r)
	e.remember(r)
	return r
}

// firstRevision is the revision before the first of a new record: 0, unless the
// signal began so long ago that it may have been told, decided and forgotten
// before. The newest decision on an id must have the highest revision; one a
// second is more than the older ones can have used up.
func (e *Engine) firstRevision(s *schemas.Signal) int32 {
	age := e.now.Sub(s.StartsAt)
	if s.Kind != schemas.KindAlert || age < int64(e.set.Lifecycle.Forget) {
		return 0
	}
	return int32(min(age/schemas.Second, math.MaxInt32/2))
}

// decide sets what happened to the signal of r and writes it. The signal goes
// with the first revision only.
func (e *Engine) decide(r *record, s *schemas.Signal, v verdictCode, inc *incident, w *why) {
	if !r.decided {
		r.decided = true
		e.countVerdict(v)
	} else {
		s = nil
		r.relist()
	}
	e.scratch.key = w.pack(e.scratch.key[:0])
	r.verdict, r.why, r.origin = v, packedWhy(e.scratch.key), e.originIn(r.sc)
	r.incident = nil
	if inc != nil {
		r.incident = inc.id
	}
	e.emitDecision(r, w, s)
}

func (e *Engine) countVerdict(v verdictCode) {
	switch v {
	case placed:
		e.stats.Placed++
	case duplicate:
		e.stats.Duplicates++
	case suppressed:
		e.stats.Suppressed++
	case late:
		e.stats.Late++
	case refused:
		e.stats.Refused++
	}
}

// relist has the members' list of its incident rendered anew.
func (r *record) relist() {
	if r.alert != nil && r.alert.inc != nil {
		r.alert.inc.listed = nil
	}
}

func (e *Engine) refuse(r *record, s *schemas.Signal, reason string) {
	e.decide(r, s, refused, nil, &why{text: reason})
}

// emitDecision writes the decision of r, whose reason is w.
func (e *Engine) emitDecision(r *record, w *why, s *schemas.Signal) {
	e.stats.Decisions++
	r.revision++
	p := &e.scratch.prose
	p.reset()
	p.id(r.id).end()
	p.tellAll(w.evidence, w.service)
	w.tellReason(p, r.incidentID())
	p.end()
	if !w.anchor.IsZero() {
		p.id(w.anchor).end()
	}
	if !w.window.IsZero() {
		p.id(w.window).end()
	}
	if w.runnerUp != "" {
		w.tellRunner(p)
		p.end()
	}
	text := p.pieces() // to be taken below in the order they were told
	d := schemas.Decision{
		SignalID:   text.next(),
		Revision:   int64(r.revision),
		Scope:      r.sc.name,
		Kind:       kindNames[r.kind],
		Verdict:    verdictNames[r.verdict],
		IncidentID: r.incidentID(),
		Evidence:   text.evidence(w.evidence),
		Reason:     text.next(),
		At:         r.at,
		Repeats:    r.repeats,
		LastAt:     r.lastAt,
		Score:      w.score,
		Threshold:  w.threshold,
		Rules:      r.versions.rules,
		Topology:   r.versions.topology,
		Learnt:     r.versions.learnt,
		Candidates: int(w.candidates),
		Signal:     s,
	}
	if !w.anchor.IsZero() {
		d.AnchorID = text.next()
	}
	if !w.window.IsZero() {
		d.WindowID = text.next()
	}
	if w.runnerUp != "" {
		d.RunnerUp = &schemas.RunnerUp{IncidentID: w.runnerUp, Score: w.runnerScore, Reason: text.next()}
	}
	e.out.Decisions = append(e.out.Decisions, d)
}

// flushRepeats writes the counts that repeats changed.
func (e *Engine) flushRepeats() {
	e.flushAt = 0
	for _, r := range e.dirty {
		e.flushRecord(r)
	}
	clear(e.dirty)
	e.dirty = e.dirty[:0]
}

func (e *Engine) flushRecord(r *record) {
	if !r.dirty {
		return
	}
	r.dirty = false
	w := r.why.unpack(e.scratch.unpacked)
	e.scratch.unpacked = w.evidence
	e.emitDecision(r, &w, nil)
	if inc := r.sc.incidents[r.incidentID()]; inc != nil {
		inc.pub.RepeatCount += int64(r.unread)
		e.changed(inc)
	}
	r.unread = 0
}

// forgetOld drops signals of which nothing was heard for the configured time,
// unless their alert is still held.
func (e *Engine) forgetOld() {
	e.forgetAt = 0
	keep := int64(e.set.Lifecycle.Forget)
	for {
		since, ok := e.forget.oldest()
		if !ok || e.now.Sub(since) < keep {
			break
		}
		r := e.forget.pop()
		if e.inUse(r, keep) || r.relayed && e.inUse(e.relays[r], keep) {
			e.remember(r)
			continue
		}
		e.forgetRecord(r)
	}
	e.scheduleForget()
}

// inUse reports whether r is still needed. What a window holds back of an alert
// that recovered long ago is not.
func (e *Engine) inUse(r *record, keep int64) bool {
	if e.now.Sub(r.lastAt) < keep {
		return true
	}
	a := r.alert
	if a == nil || a.gone {
		return false
	}
	if a.inc == nil && !a.firing && e.now.Sub(a.seenAt) >= keep {
		if h := a.held(); h != nil {
			h.ch.release(a)
		}
		e.dropAlert(r.sc, a)
		return false
	}
	return true
}

func (e *Engine) forgetRecord(r *record) {
	e.unrelay(r)
	e.flushRecord(r)
	e.known.remove(hashBytes(r.id[:]), r)
	if a := r.alert; a != nil {
		r.relist()
		a.records.remove(r)
		r.alert = nil
		if a.inc == nil && a.held() == nil && a.records.first == nil {
			e.dropAlert(r.sc, a)
		}
	}
}

// remember puts r at the end of the queue of those to be forgotten.
func (e *Engine) remember(r *record) {
	e.forget.push(r, e.now)
	e.scheduleForget()
}

// scheduleForget wakes the engine for the oldest record, at most once a minute.
func (e *Engine) scheduleForget() {
	since, ok := e.forget.oldest()
	if e.forgetAt != 0 || !ok {
		return
	}
	e.forgetAt = max(since.Add(int64(e.set.Lifecycle.Forget)), e.now.Add(schemas.Minute))
	e.wake(e.forgetAt, wakeForget, nil, nil)
}

// recordQueue is a first-in, first-out queue of records and when each was put
// in.
type recordQueue struct {
	items []queued
	head  int
}

type queued struct {
	r     *record
	since schemas.Time
}

func (q *recordQueue) push(r *record, since schemas.Time) {
	q.items = append(q.items, queued{r, since})
}

func (q *recordQueue) oldest() (schemas.Time, bool) {
	if q.head == len(q.items) {
		return 0, false
	}
	return q.items[q.head].since, true
}

func (q *recordQueue) pop() *record {
	r := q.items[q.head].r
	q.items[q.head] = queued{}
	q.head++
	if q.head > 1024 && q.head > len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return r
}
