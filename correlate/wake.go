package correlate

import (
	"slices"

	"pinkstar/schemas"
)

type wakeKind uint8

const (
	wakeFlushRepeats  wakeKind = iota + 1
	wakeForget                 // drop what has long been silent from the tables
	wakeFlushIncident          // write counts of an incident
	wakeResolve                // the resolve delay is over
	wakeClose                  // the reopen window is over
	wakeQuiet                  // look for alerts nothing was heard of
	wakeLifetime               // the incident has lived long enough
	wakeWindowEnd              // a maintenance window ends
	wakeChangeForget           // a change is too old to explain anything
	wakeCost                   // the costs of an open incident have grown
)

// wake is something to do at a log time. One that no longer fits its object is
// ignored when it comes up, and taken out by sweep if that is far away.
type wake struct {
	at   schemas.Time
	seq  int64
	kind wakeKind
	inc  *incident
	ch   *change
}

// wakeQueue is a binary heap by deadline, then by order of creation.
type wakeQueue struct {
	heap  []wake
	clean int // how many there were after the last sweep
	ended int // incidents closed since then: each leaves at least one that no longer fits
}

func (e *Engine) wake(at schemas.Time, kind wakeKind, inc *incident, ch *change) {
	if at <= e.now { // never in the past, or the order of output would depend on arrival
		at = e.now.Add(1)
	}
	e.wakes.push(wake{at, e.nextSeq(), kind, inc, ch})
	e.wakes.tidy()
}

// tidy sweeps when it is likely that half of the wakes no longer fit.
func (q *wakeQueue) tidy() {
	if n := len(q.heap); n > 2*q.clean+sweepAbove || q.ended > n/2+sweepAbove/2 {
		q.sweep()
	}
}

// sweepAbove is how many wakes are not worth a sweep.
const sweepAbove = 1024

// sweep takes out the wakes that no longer fit their objects. Each would keep a
// closed incident, with all it held, until the end of its longest life. It is
// done whenever their number may have doubled, so its cost is a constant for
// each wake; nothing it does can be seen, since a wake without an object does
// nothing.
func (q *wakeQueue) sweep() {
	kept := make([]wake, 0, len(q.heap)/2)
	for _, w := range q.heap {
		if w.fits() {
			kept = append(kept, w)
		}
	}
	slices.SortFunc(kept, func(a, b wake) int { // sorted is a heap
		if a.before(&b) {
			return -1
		}
		return 1
	})
	q.heap, q.clean, q.ended = kept, len(kept), 0
}

// fits reports whether w is still what its object waits for.
func (w *wake) fits() bool {
	switch w.kind {
	case wakeFlushIncident:
		return !w.inc.closed && w.inc.flushAt == w.at
	case wakeResolve:
		return !w.inc.closed && w.inc.resolveAt == w.at
	case wakeClose:
		return !w.inc.closed && w.inc.closeAt == w.at
	case wakeQuiet:
		return !w.inc.closed && w.inc.quietAt == w.at
	case wakeLifetime:
		return !w.inc.closed
	case wakeCost:
		return !w.inc.closed && w.inc.costAt == w.at
	case wakeWindowEnd:
		return !w.ch.gone && w.ch.endAt == w.at
	case wakeChangeForget:
		return !w.ch.gone && w.ch.forgetAt == w.at
	default: // of the engine, not of an object
		return true
	}
}

func (a *wake) before(b *wake) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (q *wakeQueue) push(w wake) {
	q.heap = append(q.heap, w)
	h := q.heap
	for i := len(h) - 1; i > 0; {
		p := (i - 1) / 2
		if !h[i].before(&h[p]) {
			return
		}
		h[i], h[p] = h[p], h[i]
		i = p
	}
}

func (q *wakeQueue) pop() wake {
	h := q.heap
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h[last] = wake{}
	h = h[:last]
	q.heap = h
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			break
		}
		if c+1 < last && h[c+1].before(&h[c]) {
			c++
		}
		if !h[c].before(&h[i]) {
			break
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
	return top
}

func (e *Engine) runWake(w wake) {
	if !w.fits() {
		return
	}
	switch w.kind {
	case wakeFlushRepeats:
		e.flushRepeats()
	case wakeForget:
		e.forgetOld()
	case wakeFlushIncident, wakeCost:
		e.emitIncident(w.inc)
	case wakeResolve:
		e.onResolveDue(w.inc)
	case wakeClose:
		e.closeIncident(w.inc)
	case wakeQuiet:
		e.onQuiet(w.inc)
	case wakeLifetime:
		e.onLifetime(w.inc)
	case wakeWindowEnd:
		e.onWindowEnd(w.ch)
	case wakeChangeForget:
		e.forgetChange(w.ch)
	}
}
