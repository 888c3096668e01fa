package correlate

import "pinkstar/schemas"

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
)

// wake is something to do at a log time. Wakes are never removed: one that no
// longer fits its object is ignored when it comes up.
type wake struct {
	at   schemas.Time
	seq  int64
	kind wakeKind
	inc  *incident
	ch   *change
}

// wakeQueue is a binary heap by deadline, then by order of creation.
type wakeQueue struct{ heap []wake }

func (e *Engine) wake(at schemas.Time, kind wakeKind, inc *incident, ch *change) {
	if at <= e.now { // never in the past, or the order of output would depend on arrival
		at = e.now.Add(1)
	}
	e.wakes.push(wake{at, e.nextSeq(), kind, inc, ch})
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
	switch w.kind {
	case wakeFlushRepeats:
		e.flushRepeats()
	case wakeForget:
		e.forgetOld()
	case wakeFlushIncident:
		if w.inc.flushAt == w.at && !w.inc.closed {
			e.emitIncident(w.inc)
		}
	case wakeResolve:
		if w.inc.resolveAt == w.at && !w.inc.closed {
			e.onResolveDue(w.inc)
		}
	case wakeClose:
		if w.inc.closeAt == w.at && !w.inc.closed {
			e.closeIncident(w.inc)
		}
	case wakeQuiet:
		if w.inc.quietAt == w.at && !w.inc.closed {
			e.onQuiet(w.inc)
		}
	case wakeLifetime:
		if !w.inc.closed {
			e.onLifetime(w.inc)
		}
	case wakeWindowEnd:
		if w.ch.endAt == w.at && !w.ch.gone {
			e.onWindowEnd(w.ch)
		}
	case wakeChangeForget:
		if w.ch.forgetAt == w.at && !w.ch.gone {
			e.forgetChange(w.ch)
		}
	}
}
