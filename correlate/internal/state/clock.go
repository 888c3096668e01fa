package state

import "pinkstar/schemas"

// SetClock puts log time back to at, because an operator says so (`pinkstar
// clock`) after a wrong clock had moved it ahead. A time that is not in the past
// changes nothing here: records move log time forward.
func (st *State) SetClock(at schemas.Time) {
	if at <= 0 || at >= st.Now {
		return
	}
	by := st.Now.Sub(at)
	st.Now = at
	for _, sc := range st.Order {
		for _, r := range []*Rate{&sc.Opened, &sc.Refired, &sc.Refires} {
			r.at = min(r.at, at)
		}
		for _, inc := range sc.Live {
			inc.putBack(at, by)
		}
		for _, a := range sc.Lone {
			a.SeenAt = min(a.SeenAt, at)
		}
		for _, ch := range sc.Changes {
			earlier(&ch.EvictAt, by) // endAt is when people said it ends
			ch.ToldAt = min(ch.ToldAt, at)
			for _, a := range ch.Suppressed {
				a.SeenAt = min(a.SeenAt, at)
			}
		}
	}
	earlier(&st.FlushAt, by)
	earlier(&st.ExpiryAt, by)
	earlier(&st.ReviseAt, by)
	items := st.Expiry.Items[st.Expiry.Head:]
	for i := range items {
		items[i].Since = min(items[i].Since, at)
		r := items[i].Signal
		r.At, r.LastAt = min(r.At, at), min(r.LastAt, at)
	}
	// What is due keeps its distance from now. The heap is built anew, since what
	// is due by other people's time keeps that.
	due := st.Timers.Heap
	st.Timers.Heap = make([]Timer, 0, len(due))
	for _, w := range due {
		if w.Kind != WindowEndDue {
			w.At = w.At.Add(-by)
		}
		st.Timers.push(w)
	}
}

// putBack moves what inc waits for back by the same distance as log time, and
// nothing it remembers is later than log time.
func (inc *Incident) putBack(at schemas.Time, by int64) {
	for _, t := range []*schemas.Time{&inc.FlushAt, &inc.ResolveAt, &inc.CloseAt, &inc.QuietAt, &inc.CostAt, &inc.Talk.DueAt, &inc.Talk.StepAt} {
		earlier(t, by)
	}
	inc.FlapUntil = min(inc.FlapUntil, at)
	inc.SeenAt = min(inc.SeenAt, at)
	inc.Rate.at = min(inc.Rate.at, at)
	if t := inc.Whole(); t != nil {
		t.Rate.at = min(t.Rate.at, at)
	}
	for i := range inc.Responders {
		inc.Responders[i].Since = min(inc.Responders[i].Since, at)
	}
	inc.Talk.Since, inc.Talk.LastAt = min(inc.Talk.Since, at), min(inc.Talk.LastAt, at)
	inc.Minute, inc.Joined = 0, 0
	for _, a := range inc.Alerts {
		a.SeenAt = min(a.SeenAt, at)
	}
}

// earlier moves a deadline, if there is one.
func earlier(t *schemas.Time, by int64) {
	if *t != 0 {
		*t = t.Add(-by)
	}
}
