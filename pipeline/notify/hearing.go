package notify

import (
	"maps"
	"slices"

	"pinkstar/schemas"
)

// hearing is who has heard of an incident.
type hearing struct {
	told bool // anybody: what comes then goes on with it, however old it is
	// called are the targets by which people were called, and by which effect first:
	// a pager goes on calling until it is told that somebody answered.
	called map[string]int64
	last   schemas.Time
}

// answered are the effects that whoever was called hears of as well.
var answered = map[schemas.EffectKind]bool{
	schemas.EffectOwner: true, schemas.EffectResolved: true, schemas.EffectExpired: true, schemas.EffectLinked: true,
}

// before reports whether e is of a time when nobody was to be told.
func (d *desk) before(e *schemas.Effect) bool {
	since, err := d.cfg.since() // New has seen that it can be read
	if err != nil || since.IsZero() {
		return false
	}
	return d.olderThan(schemas.TimeOf(since), e)
}

func (d *desk) olderThan(since schemas.Time, e *schemas.Effect) bool {
	if e.At >= since && (e.Head.DetectedAt == 0 || e.Head.DetectedAt >= since) {
		return false
	}
	if e.At < since || e.Kind == schemas.EffectReopened {
		return e.At < since
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.heard[e.IncidentID]
	return h == nil || !h.told
}

// legs are the targets of e: those it is for, and those by which people were called
// before it, when it says that somebody answered.
func (d *desk) legs(e *schemas.Effect) []leg {
	legs := d.routes.plan(e)
	if !answered[e.Kind] {
		return legs
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.heard[e.IncidentID]
	if h == nil {
		return legs
	}
	for _, target := range slices.Sorted(maps.Keys(h.called)) {
		r := d.routes.of(target)
		if h.called[target] >= e.Seq || r == nil || !r.Target.Takes(e) || slices.ContainsFunc(legs, func(l leg) bool { return l.target == target }) {
			continue
		}
		legs = append(legs, leg{target: target})
	}
	return legs
}

// hears notes x with what is known of its incident.
func (d *desk) hears(x *schemas.Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heardOf(x)
}

// heardOf is hears for who has the lock.
func (d *desk) heardOf(x *schemas.Delivery) {
	h := d.heard[x.IncidentID]
	if h == nil {
		h = &hearing{called: map[string]int64{}}
		d.heard[x.IncidentID] = h
	}
	h.last = max(h.last, x.At)
	if x.State == schemas.DeliveryFailed && x.Attempts == 0 {
		return
	}
	h.told = true
	if seq, ok := h.called[x.Target]; x.Person != "" && (!ok || x.Seq < seq) {
		h.called[x.Target] = x.Seq
	}
}
