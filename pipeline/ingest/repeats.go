package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	ical "github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"
)

// oldestRule bounds the search for the first window worth writing out.
const oldestRule = 20 * 366 * 24 * time.Hour

// Bounds on what a calendar may make us compute.
const (
	maxRuleBytes = 512
	maxRepeating = 500 // events with a rule, or that move the rest of a series, in one calendar
)

func repeatingEvents(cal *ical.Calendar) (n int) {
	for _, e := range cal.Events() {
		if e.Props.Get(ical.PropRecurrenceRule) != nil || fromHere(&e) {
			n++
		}
	}
	return n
}

// date is one date of a repeating window; off: it was taken out (EXDATE).
type date struct {
	start time.Time
	off   bool
}

// longestRunning is how long ago a window may have begun that is still told.
const longestRunning = 31 * 24 * time.Hour

// repeats lists the dates of a repeating window within the span that is written
// out, from those that may still run. Rules finer than a day would be no windows, and the library
// would count through each of their seconds.
func (c *calendarReading) repeats(e *ical.Event, start time.Time, lasts time.Duration) ([]date, error) {
	now := c.meta.ReceivedAt.Std()
	if c.meta.ReceivedAt == 0 {
		now = start
	}
	from, to := now.AddDate(0, 0, -1).Add(-min(lasts, longestRunning)), now.AddDate(0, 0, c.t.limits.CalendarDays)
	set := &rrule.Set{}
	rule, err := repeatingRule(e, start, now, to)
	if err != nil {
		return nil, fmt.Errorf("RRULE: %w", err)
	}
	if rule != nil {
		set.RRule(rule)
	}
	set.DTStart(start)
	var dates []date
	days := exceptDays(e)
	if err := c.eachDate(e, ical.PropExceptionDates, func(t time.Time) {
		set.ExDate(t)
		if !t.Before(from) && !t.After(to) && len(dates) < c.t.limits.CalendarWindows {
			dates = append(dates, date{t, true})
		}
	}); err != nil {
		return nil, err
	}
	if err := c.eachDate(e, ical.PropRecurrenceDates, set.RDate); err != nil {
		return nil, err
	}
	for _, at := range upTo(set, from, to, c.t.limits.CalendarWindows) {
		dates = append(dates, date{at, days[at.In(start.Location()).Format(dayLayout)]})
	}
	slices.SortStableFunc(dates, func(a, b date) int { return a.start.Compare(b.start) })
	return dates, nil
}

// untilDay finds an UNTIL that is a day.
var untilDay = regexp.MustCompile(`(?i)(?:^|;)UNTIL=(\d{8})(?:;|$)`)

const dayLayout = "20060102"

// exceptDays are the days that are taken out whole: many makers write EXDATE as
// a date where the window has an hour.
func exceptDays(e *ical.Event) map[string]bool {
	days := map[string]bool{}
	for _, prop := range e.Props[ical.PropExceptionDates] {
		for v := range strings.SplitSeq(prop.Value, ",") {
			if v = strings.TrimSpace(v); len(v) == len(dayLayout) {
				days[v] = true
			}
		}
	}
	return days
}

// repeatingRule returns the event's rule up to a time, nil if it has none.
func repeatingRule(e *ical.Event, start, now, to time.Time) (*rrule.RRule, error) {
	prop := e.Props.Get(ical.PropRecurrenceRule)
	if prop == nil {
		return nil, nil
	}
	if len(prop.Value) > maxRuleBytes {
		return nil, fmt.Errorf("%d bytes, at most %d are taken", len(prop.Value), maxRuleBytes)
	}
	option, err := e.Props.RecurrenceRule()
	if err != nil {
		return nil, err
	}
	switch {
	case option.Freq > rrule.DAILY:
		return nil, errors.New("repeats more often than daily; write the hours into one window")
	case len(option.Byhour) > 1 || len(option.Byminute) > 1 || len(option.Bysecond) > 1:
		return nil, errors.New("BYHOUR, BYMINUTE and BYSECOND with several values are not supported")
	case option.Interval < 0:
		return nil, errors.New("INTERVAL must be over zero")
	case now.Sub(start) > oldestRule || start.Sub(now) > oldestRule:
		return nil, errors.New("DTSTART is more than 20 years away")
	case !everHappens(*option, start):
		return nil, errors.New("there is no such day in 300 years")
	}
	if m := untilDay.FindStringSubmatch(prop.Value); m != nil { // inclusive, in the event's zone
		day, err := time.ParseInLocation(dayLayout, m[1], start.Location())
		if err != nil {
			return nil, fmt.Errorf("UNTIL: %w", err)
		}
		option.Until = day.AddDate(0, 0, 1).Add(-time.Second)
	}
	if option.Until.IsZero() || option.Until.After(to) {
		option.Until = to // the library runs to the year 9999 otherwise
	}
	option.Dtstart = start
	return rrule.NewRRule(*option)
}

// everHappens tells a rule without any day (30 February) from others. The
// library would look for one until the year 9999, and that for each rule of a
// calendar. The Gregorian calendar repeats itself, weekdays included, every 400
// years: begun 7600 years later, the search is the same and ends after 400 at
// most.
func everHappens(o rrule.ROption, start time.Time) bool {
	utc := start.UTC()
	o.Dtstart = time.Date(utc.Year()+7600, utc.Month(), utc.Day(), utc.Hour(), utc.Minute(), utc.Second(), 0, time.UTC)
	o.Until, o.Count = time.Time{}, 1
	rule, err := rrule.NewRRule(o)
	if err != nil {
		return true // said better where it is used
	}
	_, ok := rule.Iterator()()
	return ok
}

// upTo takes at most n starts between from and to.
func upTo(set *rrule.Set, from, to time.Time, n int) []time.Time {
	var starts []time.Time
	next := set.Iterator()
	for len(starts) < n {
		at, ok := next()
		if !ok || at.After(to) {
			break
		}
		if !at.Before(from) {
			starts = append(starts, at)
		}
	}
	return starts
}

// eachDate reads EXDATE or RDATE, each with one or several times. (The
// library's own RecurrenceSet takes one only, and EXDATE for RDATE.)
func (c *calendarReading) eachDate(e *ical.Event, name string, add func(time.Time)) error {
	for _, prop := range e.Props[name] {
		for v := range strings.SplitSeq(prop.Value, ",") {
			one := prop
			one.Value, _, _ = strings.Cut(strings.TrimSpace(v), "/") // a PERIOD begins with its start
			at, _, err := c.zones.time(&one)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			add(at)
		}
	}
	return nil
}
