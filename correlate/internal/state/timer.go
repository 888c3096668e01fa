package state

import (
	"slices"

	"pinkstar/schemas"
)

// TimerKind is what is due. The kinds stand in snapshots.
type TimerKind uint8

const (
	FlushRedeliveriesDue TimerKind = iota + 1
	ExpiryDue                      // drop what has long been silent from the tables
	FlushIncidentDue               // write counts of an incident
	ResolveDue                     // the resolve delay is over
	CloseDue                       // the reopen window is over
	QuietDue                       // look for alerts nothing was heard of
	LifetimeDue                    // the incident has lived long enough
	WindowEndDue                   // a maintenance window ends
	ChangeEvictionDue              // a change is too old to explain anything
	WakeCost                       // the costs of an open incident have grown
	SpeakDue                       // people hear what changed of an incident
	EscalateDue                    // nobody answered a page
	ReviseDue                      // late figures changed what incidents lost
)

// Timer is something to do at a log time. One that no longer fits its object is
// ignored when it comes up, and taken out by sweep if that is far away.
type Timer struct {
	At       schemas.Time
	seq      int64
	Kind     TimerKind
	Incident *Incident
	Change   *Change
}

// TimerQueue is a binary heap by deadline, then by order of creation.
type TimerQueue struct {
	Heap  []Timer
	clean int // how many there were after the last sweep
	Ended int // incidents closed since then: each leaves a timer or more
}

// SetTimer has something done at a log time.
func (st *State) SetTimer(at schemas.Time, kind TimerKind, inc *Incident, ch *Change) {
	if at <= st.Now { // never in the past, or the order of output would depend on arrival
		at = st.Now.Add(1)
	}
	st.Timers.push(Timer{at, st.NextSeq(), kind, inc, ch})
	st.Timers.Tidy()
}

// Tidy sweeps when half of the timers may be those of what has left, or incidents
// have left that are an eighth of them: each is kept by its timers with all it held.
func (q *TimerQueue) Tidy() {
	if n := len(q.Heap); n > 2*q.clean+sweepAbove || q.Ended > n/8+sweepEnded {
		q.sweep()
	}
}

const (
	// sweepAbove is how many timers are not worth a sweep, and sweepEnded how many
	// closed incidents.
	sweepAbove = 1024
	sweepEnded = 64
)

// sweep takes out the timers of what has left. Each would keep a closed incident,
// with all it held, until the end of its longest life. It is done whenever their
// number may have doubled or an eighth of them be such, so its cost is a constant for
// each timer. Nothing it does can be seen: such a timer does nothing, and is in no
// snapshot.
func (q *TimerQueue) sweep() {
	kept := slices.DeleteFunc(q.Heap, func(w Timer) bool { return w.gone() })
	if len(kept) < cap(kept)/4 { // after a storm
		kept = slices.Clone(kept)
	}
	q.Heap, q.clean, q.Ended = kept, len(kept), 0
	for i := len(kept)/2 - 1; i >= 0; i-- {
		q.sink(i)
	}
}

// gone reports whether the object of w has left for good. One that merely waits
// for another time may come to wait for this one again.
func (w *Timer) gone() bool {
	return w.Incident != nil && w.Incident.Closed || w.Change != nil && w.Change.Evicted
}

// Fits reports whether w is still what its object waits for.
func (w *Timer) Fits() bool {
	switch w.Kind {
	case FlushIncidentDue:
		return !w.Incident.Closed && w.Incident.FlushAt == w.At
	case ResolveDue:
		return !w.Incident.Closed && w.Incident.ResolveAt == w.At
	case CloseDue:
		return !w.Incident.Closed && w.Incident.CloseAt == w.At
	case QuietDue:
		return !w.Incident.Closed && w.Incident.QuietAt == w.At
	case LifetimeDue:
		return !w.Incident.Closed
	case WakeCost:
		return !w.Incident.Closed && w.Incident.CostAt == w.At
	case SpeakDue:
		return !w.Incident.Closed && w.Incident.Talk.DueAt == w.At
	case EscalateDue:
		return !w.Incident.Closed && w.Incident.Talk.StepAt == w.At
	case WindowEndDue:
		return !w.Change.Evicted && w.Change.EndAt == w.At
	case ChangeEvictionDue:
		return !w.Change.Evicted && w.Change.EvictAt == w.At
	default: // of the engine, not of an object
		return true
	}
}

func (a *Timer) before(b *Timer) bool { return a.At < b.At || a.At == b.At && a.seq < b.seq }

func (q *TimerQueue) push(w Timer) {
	q.Heap = append(q.Heap, w)
	h := q.Heap
	for i := len(h) - 1; i > 0; {
		p := (i - 1) / 2
		if !h[i].before(&h[p]) {
			return
		}
		h[i], h[p] = h[p], h[i]
		i = p
	}
}

// Pop takes out the timer that is due first.
func (q *TimerQueue) Pop() Timer {
	h := q.Heap
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h[last] = Timer{}
	q.Heap = h[:last]
	q.sink(0)
	return top
}

// sink brings the timer at i below those that are due before it.
func (q *TimerQueue) sink(i int) {
	h := q.Heap
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1].before(&h[c]) {
			c++
		}
		if !h[c].before(&h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}
