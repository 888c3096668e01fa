package ingest

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // TZID must work in an image without a zone database

	ical "github.com/emersion/go-ical"

	"pinkstar/schemas"
)

// SourceCalendar is an iCalendar text.
const SourceCalendar Source = "calendar"

var calendar = sender{
	name: SourceCalendar, aliases: []string{"ical", "icalendar", "ics"}, topic: schemas.TopicChanges,
	isText: func(text, contentType string) bool {
		return strings.HasPrefix(contentType, "text/calendar") || looksLikeCalendar(text)
	},
	text: (*batch).calendar,
}

func looksLikeCalendar(text string) bool {
	const begin = "BEGIN:VCALENDAR"
	text = strings.TrimLeft(text, "\ufeff \t\r\n")
	return len(text) >= len(begin) && strings.EqualFold(text[:len(begin)], begin)
}

// calendar reads an iCalendar text: every event is a maintenance window, and a
// repeating one is written out from the day before to Limits.CalendarDays ahead.
//
// The windows keep the status "planned" whenever they are read, so that a
// calendar fetched every hour gives the same signals each time.
func (b *batch) calendar(text string) error {
	text = validText(text)
	defer func(outer string) { b.text = outer }(b.text)
	b.text = text
	if strings.Count(strings.ToUpper(text), "BEGIN") > b.t.limits.Signals {
		return fmt.Errorf("more than %d components in one calendar: %w", b.t.limits.Signals, ErrLimit)
	}
	var cal *ical.Calendar
	err := guarded(func() (err error) {
		cal, err = ical.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).Decode()
		return err
	})
	if err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	if n := repeatingEvents(cal); n > maxRepeating {
		return fmt.Errorf("%d repeating events in one calendar, at most %d are taken: %w", n, maxRepeating, ErrLimit)
	}
	moved := movedWindows(cal)
	for i, e := range cal.Events() {
		p := place{prefix: b.prefix, list: "VEVENT", index: i, offset: -1}
		before := len(b.found)
		if err := guarded(func() error { return b.calendarEvent(&e, moved, p) }); errors.Is(err, ErrLimit) {
			return err
		} else if err != nil {
			b.found = b.found[:before]
			if err := b.refuse(p, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// guarded turns a panic into an error: go-ical and rrule-go index past the end
// of some malformed lines (the fuzz corpus has them), and no text that
// somebody sends may end the process.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed: the parser gave up: %v", p)
		}
	}()
	return f()
}

// movedWindows finds the single dates of a repeating event that an event of
// their own replaces.
func movedWindows(cal *ical.Calendar) map[string]bool {
	moved := map[string]bool{}
	for _, e := range cal.Events() {
		uid, _ := e.Props.Text(ical.PropUID)
		if p := e.Props.Get(ical.PropRecurrenceID); p != nil {
			if t, err := p.DateTime(time.UTC); err == nil {
				moved[windowID(uid, t)] = true
			}
		}
	}
	return moved
}

func windowID(uid string, start time.Time) string {
	return uid + "/" + start.UTC().Format("20060102T150405Z")
}

func (b *batch) calendarEvent(e *ical.Event, moved map[string]bool, p place) error {
	uid, err := e.Props.Text(ical.PropUID)
	if err != nil || uid == "" {
		return errors.New("UID: missing")
	}
	start, err := e.DateTimeStart(time.UTC)
	if err != nil || start.IsZero() {
		return fmt.Errorf("DTSTART: missing or not a time: %w", orMissing(err))
	}
	end, err := e.DateTimeEnd(time.UTC)
	if err != nil {
		return fmt.Errorf("DTEND: %w", err)
	}
	if !end.After(start) {
		return errors.New("DTEND: the window has no length")
	}
	window := b.window(e)
	add := func(id string, at time.Time) error {
		s := window
		change := *window.Change // each signal owns its parts
		s.Change, s.Fingerprint = &change, id
		s.StartsAt, s.EndsAt = schemas.TimeOf(at), schemas.TimeOf(at.Add(end.Sub(start)))
		return b.add(p, s)
	}
	if prop := e.Props.Get(ical.PropRecurrenceID); prop != nil {
		original, err := prop.DateTime(time.UTC)
		if err != nil {
			return fmt.Errorf("RECURRENCE-ID: %w", err)
		}
		return add(windowID(uid, original), start)
	}
	if e.Props.Get(ical.PropRecurrenceRule) == nil && len(e.Props[ical.PropRecurrenceDates]) == 0 {
		return add(uid, start)
	}
	starts, err := b.repeats(e, start)
	if err != nil {
		return err
	}
	for _, at := range starts {
		if id := windowID(uid, at); !moved[id] {
			if err := add(id, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func orMissing(err error) error {
	if err == nil {
		return errors.New("no value")
	}
	return err
}
