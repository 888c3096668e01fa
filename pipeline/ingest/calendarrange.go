package ingest

import (
	"slices"
	"strings"
	"time"

	ical "github.com/emersion/go-ical"
)

// An event may move one date of a repeating event and all that follow it
// (RECURRENCE-ID;RANGE=THISANDFUTURE): the others move as far as that one.

// fromHere says that e changes a date and all after it.
func fromHere(e *ical.Event) bool {
	p := e.Props.Get(ical.PropRecurrenceID)
	return p != nil && strings.EqualFold(p.Params.Get(ical.ParamRange), "THISANDFUTURE")
}

// movedOn reports whether a date of a series is among those that an event moves
// with all that follow; of several such events the last before it counts.
func (c *calendarReading) movedOn(uid string, at time.Time) bool {
	return slices.ContainsFunc(c.ranges[uid], func(from time.Time) bool { return !at.Before(from) })
}

// following calls add for each date after original that e moves along with it.
func (c *calendarReading) following(e *ical.Event, uid string, original, start time.Time, add func(id string, at time.Time) error) error {
	if !fromHere(e) {
		return nil
	}
	next := func(at time.Time) bool { // another event moves it on
		return slices.ContainsFunc(c.ranges[uid], func(from time.Time) bool { return from.After(original) && !at.Before(from) })
	}
	for _, d := range c.datesOf(uid) {
		id := windowID(uid, d.start)
		if d.off || !d.start.After(original) || next(d.start) || c.moved[id] {
			continue
		}
		if err := add(id, d.start.Add(start.Sub(original))); err != nil {
			return err
		}
	}
	return nil
}

// datesOf are the dates of a series as its own event has them, none where that can't
// be read, which is said there. They are written out once, however many events move
// some of them.
func (c *calendarReading) datesOf(uid string) []date {
	if dates, known := c.dates[uid]; known {
		return dates
	}
	if c.dates == nil {
		c.dates = map[string][]date{}
	}
	c.dates[uid] = nil
	events := c.calendar.Events()
	i := slices.IndexFunc(events, func(x ical.Event) bool {
		return uidOf(&x) == uid && x.Props.Get(ical.PropRecurrenceID) == nil
	})
	if i < 0 {
		return nil
	}
	if first, end, _, err := c.span(&events[i]); err == nil {
		if dates, err := c.repeats(&events[i], first, end.Sub(first)); err == nil {
			c.dates[uid] = dates
		}
	}
	return c.dates[uid]
}

// noteRange keeps from where on an event moves the dates of its series.
func (c *calendarReading) noteRange(e *ical.Event, uid string, original time.Time) {
	if fromHere(e) {
		if c.ranges == nil {
			c.ranges = map[string][]time.Time{}
		}
		c.ranges[uid] = append(c.ranges[uid], original)
	}
}
