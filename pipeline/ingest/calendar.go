package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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
		cal, err = ical.NewDecoder(strings.NewReader(bareZone.ReplaceAllString(strings.TrimPrefix(text, "\ufeff"), `;TZID="$1":$2`))).Decode()
		return err
	})
	if err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	if n := repeatingEvents(cal); n > maxRepeating {
		return fmt.Errorf("%d repeating events in one calendar, at most %d are taken: %w", n, maxRepeating, ErrLimit)
	}
	read := calendarReading{batch: b, calendar: cal, cancelled: isCancelled(cal)}
	if err := guarded(func() (err error) { read.zones, err = zonesOf(cal); return err }); err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	read.moved, read.feed = read.movedWindows(cal), feedOf(cal)
	if b.meta.Feed != nil { // it is the whole of it, whatever it says of itself
		read.feed = "feed:polled/" + b.meta.Feed.Name
	}
	first := len(b.found)
	for i, e := range cal.Events() {
		p := place{prefix: b.prefix, list: "VEVENT", index: i, offset: -1}
		before := len(b.found)
		if err := guarded(func() error { return read.event(&e, p) }); errors.Is(err, ErrLimit) {
			return err
		} else if err != nil {
			b.found = b.found[:before]
			if err := b.refuse(p, err); err != nil {
				return err
			}
		}
	}
	return read.complete(first)
}

// calendarReading is what the events of one calendar share.
type calendarReading struct {
	*batch
	calendar  *ical.Calendar
	zones     *zones
	moved     map[string]bool        // single dates that an event of their own replaces
	ranges    map[string][]time.Time // by UID, from where on an event of its own moves the dates
	dates     map[string][]date      // by UID, of the series of which dates were moved
	cancelled bool                   // METHOD:CANCEL: everything in it is off
	feed      string                 // the set that is the whole calendar; "": a part of one
	series    []series
}

func isCancelled(cal *ical.Calendar) bool {
	p := cal.Props.Get(ical.PropMethod)
	return p != nil && strings.EqualFold(strings.TrimSpace(p.Value), "CANCEL")
}

// bareZone finds a TZID with a colon or comma in it that somebody forgot to
// quote: tzone://Microsoft/Utc, (UTC+01:00) Amsterdam, Berlin.
var bareZone = regexp.MustCompile(`(?mi);TZID=([^"\r\n;]*[:,][^"\r\n;]*):(\d{8}[^:\r\n]*)\r?$`)

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
func (c *calendarReading) movedWindows(cal *ical.Calendar) map[string]bool {
	moved := map[string]bool{}
	for _, e := range cal.Events() {
		uid := uidOf(&e)
		if p := e.Props.Get(ical.PropRecurrenceID); p != nil {
			_ = guarded(func() error { // said where the event itself is read
				t, _, err := c.zones.time(p)
				if err == nil {
					moved[windowID(uid, t)] = true
					c.noteRange(&e, uid, t)
				}
				return err
			})
		}
	}
	return moved
}

func windowID(uid string, start time.Time) string {
	return uid + "/" + start.UTC().Format("20060102T150405Z")
}

func (c *calendarReading) event(e *ical.Event, p place) error {
	uid := uidOf(e)
	if uid == "" {
		return errors.New("UID: missing")
	}
	window := c.window(e)
	if c.cancelled {
		window.Status = schemas.StatusCancelled
	}
	start, end, floating, err := c.span(e)
	if err != nil && window.Status == schemas.StatusCancelled {
		return c.off(e, p, window, start)
	} else if err != nil {
		return err
	}
	if floating {
		window.Flags = append(window.Flags, "zone_missing")
	}
	repeats := e.Props.Get(ical.PropRecurrenceRule) != nil || len(e.Props[ical.PropRecurrenceDates]) > 0
	window.Change.Sets = c.sets(uid)
	if repeats {
		c.series = append(c.series, series{uid: uid, window: window, start: start})
	}
	add := func(id string, at time.Time, status schemas.Status) error {
		s := window
		change := *window.Change // each signal owns its parts
		s.Change, s.Fingerprint, s.Status, s.Flags = &change, id, status, slices.Clone(window.Flags)
		s.StartsAt, s.EndsAt = schemas.TimeOf(at), schemas.TimeOf(at.Add(end.Sub(start)))
		return c.add(p, s)
	}
	if prop := e.Props.Get(ical.PropRecurrenceID); prop != nil {
		original, _, err := c.zones.time(prop)
		if err != nil {
			return fmt.Errorf("RECURRENCE-ID: %w", err)
		}
		if err := add(windowID(uid, original), start, window.Status); err != nil {
			return err
		}
		return c.following(e, uid, original, start, func(id string, at time.Time) error { return add(id, at, window.Status) })
	}
	if !repeats {
		c.alone(&window, uid)
		return add(uid, start, window.Status)
	}
	dates, err := c.repeats(e, start, end.Sub(start))
	if err != nil {
		return err
	}
	for _, d := range dates {
		id, status := windowID(uid, d.start), window.Status
		if d.off { // it may have been told as a window before it was taken out
			status = schemas.StatusCancelled
		}
		if !c.moved[id] && !c.movedOn(uid, d.start) {
			if err := add(id, d.start, status); err != nil {
				return err
			}
		}
	}
	return nil
}

// off takes an event that is cancelled without a word of when it would have been,
// as RFC 5546 allows: one date of it, or all of them. start may be known.
func (c *calendarReading) off(e *ical.Event, p place, window schemas.Signal, start time.Time) error {
	uid := uidOf(e)
	window.Change.Sets, window.Fingerprint = c.sets(uid), uid
	if prop := e.Props.Get(ical.PropRecurrenceID); prop != nil {
		original, _, err := c.zones.time(prop)
		if err != nil {
			return fmt.Errorf("RECURRENCE-ID: %w", err)
		}
		window.Fingerprint, start = windowID(uid, original), original
	} else {
		c.alone(&window, uid)
	}
	if stamp := e.Props.Get(ical.PropDateTimeStamp); start.IsZero() && stamp != nil {
		if at, _, err := c.zones.time(stamp); err == nil {
			start = at
		}
	}
	if !start.IsZero() {
		window.StartsAt = schemas.TimeOf(start)
		window.EndsAt = window.StartsAt
	}
	return c.add(p, window)
}

// alone says that an event has this one window: it may have repeated before.
func (c *calendarReading) alone(window *schemas.Signal, uid string) {
	window.Change.Complete = []string{schemas.MemberID("series:" + uid)}
	if window.Status != schemas.StatusCancelled {
		window.Change.Members = []string{schemas.MemberID(shortened(uid, c.t.limits.IdentityBytes))}
	}
}

func uidOf(e *ical.Event) string {
	uid, err := e.Props.Text(ical.PropUID)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(uid)
}

// span reads when an event begins and ends.
func (c *calendarReading) span(e *ical.Event) (start, end time.Time, floating bool, err error) {
	p := e.Props.Get(ical.PropDateTimeStart)
	if p == nil {
		return start, end, false, errors.New("DTSTART: missing")
	}
	if start, floating, err = c.zones.time(p); err != nil || start.IsZero() {
		return start, end, false, fmt.Errorf("DTSTART: not a time: %w", orMissing(err))
	}
	switch until, lasts := e.Props.Get(ical.PropDateTimeEnd), e.Props.Get(ical.PropDuration); {
	case until != nil:
		if end, _, err = c.zones.time(until); err != nil {
			return start, end, false, fmt.Errorf("DTEND: %w", err)
		}
	case lasts != nil:
		d, err := lasts.Duration()
		if err != nil {
			return start, end, false, fmt.Errorf("DURATION: %w", err)
		}
		end = start.Add(d)
	case len(strings.TrimSpace(p.Value)) == len("20060102"): // a day
		end = start.AddDate(0, 0, 1)
	}
	if !end.After(start) {
		return start, end, false, errors.New("DTEND: the window has no length")
	}
	return start, end, floating, nil
}

func orMissing(err error) error {
	if err == nil {
		return errors.New("no value")
	}
	return err
}
