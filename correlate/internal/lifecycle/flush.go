package lifecycle

import "pinkstar/correlate/internal/state"

// EmitUrgent writes the incidents whose state changed in a way that people must
// see at once, and looks at what they should hear.
func (lc *Lifecycle) EmitUrgent() {
	for len(lc.urgent)+len(lc.heard)+len(lc.aftermaths) > 0 { // what is said has the incident written again
		for i := 0; i < len(lc.urgent); i++ {
			inc := lc.urgent[i]
			if inc.Urgent {
				lc.EmitIncident(inc)
			}
		}
		clear(lc.urgent)
		lc.urgent = lc.urgent[:0]
		lc.speakOfHeard()
		lc.speakOfWindows()
	}
}

// FlushRedeliveries writes the counts that redeliveries changed.
func (lc *Lifecycle) FlushRedeliveries() {
	lc.FlushAt = 0
	for _, r := range lc.Dirty {
		lc.FlushSignal(r)
	}
	clear(lc.Dirty)
	lc.Dirty = lc.Dirty[:0]
}

// FlushSignal writes the count of one signal, if redeliveries changed it.
func (lc *Lifecycle) FlushSignal(r *state.SeenSignal) {
	if !r.Dirty {
		return
	}
	r.Dirty = false
	w := r.Reason.Decode(lc.scratch.decoded)
	lc.scratch.decoded = w.Items
	lc.emitDecision(r, &w, nil)
	if inc := r.Scope.Incidents[r.IncidentID()]; inc != nil {
		inc.Pub.RepeatCount += int64(r.Unwritten)
		lc.EmitSoon(inc)
	}
	r.Unwritten = 0
}

// ExpireOld drops signals of which nothing was heard for the configured time,
// unless their alert is still held.
func (lc *Lifecycle) ExpireOld() {
	lc.ExpiryAt = 0
	keep := int64(lc.Rules.Lifecycle.Forget)
	for {
		since, ok := lc.Expiry.Oldest()
		if !ok || lc.Now.Sub(since) < keep {
			break
		}
		r := lc.Expiry.Pop()
		if lc.inUse(r, keep) || r.Relayed && lc.inUse(lc.Relays[r], keep) {
			lc.ExpireLater(r)
			continue
		}
		lc.expire(r)
	}
	lc.ScheduleExpiry()
}

// inUse reports whether r is still needed. What a window holds back of an alert
// that recovered long ago is not.
func (lc *Lifecycle) inUse(r *state.SeenSignal, keep int64) bool {
	if lc.Now.Sub(r.LastAt) < keep {
		return true
	}
	a := r.Alert
	if a == nil || a.Evicted {
		return false
	}
	if a.Incident == nil && !a.Firing && lc.Now.Sub(a.SeenAt) >= keep {
		if h := a.Suppression(); h != nil {
			h.Window.Release(a)
		}
		lc.DropAlert(r.Scope, a)
		return false
	}
	return true
}

func (lc *Lifecycle) expire(r *state.SeenSignal) {
	lc.Unrelay(r)
	lc.FlushSignal(r)
	lc.RemoveSignal(r)
	if a := r.Alert; a != nil {
		r.Relist()
		a.Signals.Remove(r)
		r.Alert = nil
		if a.Incident == nil && a.Suppression() == nil && a.Signals.First == nil {
			lc.DropAlert(r.Scope, a)
		}
	}
}
