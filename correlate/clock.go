package correlate

import "pinkstar/schemas"

// setClock puts log time back to at, because an operator says so (`pinkstar
// clock`) after a wrong clock had moved it ahead. A time that is not in the past
// changes nothing here: records move log time forward.
func (e *Engine) setClock(at schemas.Time) {
	if at <= 0 || at >= e.now {
		return
	}
	by := e.now.Sub(at)
	e.now = at
	for _, sc := range e.order {
		sc.opened.at = min(sc.opened.at, at)
		for _, inc := range sc.live {
			inc.putBack(at, by)
		}
		for _, a := range sc.lone {
			a.seenAt = min(a.seenAt, at)
		}
		for _, ch := range sc.changes {
			earlier(&ch.forgetAt, by) // endAt is when people said it ends
			ch.toldAt = min(ch.toldAt, at)
			for _, a := range ch.held {
				a.seenAt = min(a.seenAt, at)
			}
		}
	}
	earlier(&e.flushAt, by)
	earlier(&e.forgetAt, by)
	items := e.forget.items[e.forget.head:]
	for i := range items {
		items[i].since = min(items[i].since, at)
		r := items[i].r
		r.at, r.lastAt = min(r.at, at), min(r.lastAt, at)
	}
	// What is due keeps its distance from now. The heap is built anew, since what
	// is due by other people's time keeps that.
	due := e.wakes.heap
	e.wakes.heap = make([]wake, 0, len(due))
	for _, w := range due {
		if w.kind != wakeWindowEnd {
			w.at = w.at.Add(-by)
		}
		e.wakes.push(w)
	}
}

// putBack moves what inc waits for back by the same distance as log time, and
// nothing it remembers is later than log time.
func (inc *incident) putBack(at schemas.Time, by int64) {
	for _, t := range []*schemas.Time{&inc.flushAt, &inc.resolveAt, &inc.closeAt, &inc.quietAt, &inc.costAt} {
		earlier(t, by)
	}
	inc.flapUntil = min(inc.flapUntil, at)
	inc.seenAt = min(inc.seenAt, at)
	inc.rate.at = min(inc.rate.at, at)
	inc.minute, inc.joined = 0, 0
	for _, a := range inc.alerts {
		a.seenAt = min(a.seenAt, at)
	}
}

// earlier moves a deadline, if there is one.
func earlier(t *schemas.Time, by int64) {
	if *t != 0 {
		*t = t.Add(-by)
	}
}
