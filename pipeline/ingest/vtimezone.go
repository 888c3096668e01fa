package ingest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	ical "github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"
)

// A calendar may say itself what its zones are: each STANDARD and DAYLIGHT is an
// offset with the rule of when it begins. It is made into what Go calls a
// location by way of its file format, TZif (RFC 8536), so that everything else
// works as with a zone of IANA's.

// Zones are written out for as long as calendars are about.
const (
	firstZoneYear = 1970
	lastZoneYear  = 2100
	maxOnsets     = 1000
	maxZoneParts  = 64
)

// onset is the moment from which an offset holds.
type onset struct {
	at       int64 // Unix seconds
	from, to int   // seconds east of Greenwich
	daylight bool
}

func definedZone(id string, c *ical.Component) (*time.Location, error) {
	if len(c.Children) > maxZoneParts {
		return nil, fmt.Errorf("VTIMEZONE %q: more than %d parts", id, maxZoneParts)
	}
	var all []onset
	for _, part := range c.Children {
		if part.Name != ical.CompTimezoneStandard && part.Name != ical.CompTimezoneDaylight {
			continue
		}
		some, err := onsets(part)
		if err != nil {
			return nil, fmt.Errorf("VTIMEZONE %q: %w", id, err)
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("VTIMEZONE %q: neither STANDARD nor DAYLIGHT", id)
	}
	slices.SortStableFunc(all, func(a, b onset) int { return int(min(max(a.at-b.at, -1), 1)) })
	loc, err := time.LoadLocationFromTZData(id, tzif(all))
	if err != nil {
		return nil, fmt.Errorf("VTIMEZONE %q: %w", id, err)
	}
	return loc, nil
}

// onsets lists when one STANDARD or DAYLIGHT begins.
func onsets(c *ical.Component) ([]onset, error) {
	from, err := utcOffset(c, ical.PropTimezoneOffsetFrom)
	if err != nil {
		return nil, err
	}
	to, err := utcOffset(c, ical.PropTimezoneOffsetTo)
	if err != nil {
		return nil, err
	}
	p := c.Props.Get(ical.PropDateTimeStart)
	if p == nil {
		return nil, errors.New("DTSTART: missing")
	}
	// Onsets are written in the time that held before them.
	before := time.FixedZone("", from)
	start, err := (&ical.Prop{Name: p.Name, Params: ical.Params{}, Value: strings.TrimSpace(p.Value)}).DateTime(before)
	if err != nil {
		return nil, fmt.Errorf("DTSTART: %w", err)
	}
	times := []time.Time{start}
	if rule := c.Props.Get(ical.PropRecurrenceRule); rule != nil {
		if times, err = yearly(c, start); err != nil {
			return nil, fmt.Errorf("RRULE: %w", err)
		}
	}
	for _, dates := range c.Props[ical.PropRecurrenceDates] {
		for v := range strings.SplitSeq(dates.Value, ",") {
			at, err := (&ical.Prop{Name: dates.Name, Params: ical.Params{}, Value: strings.TrimSpace(v)}).DateTime(before)
			if err != nil {
				return nil, fmt.Errorf("RDATE: %w", err)
			}
			times = append(times, at)
		}
	}
	if len(times) > maxOnsets {
		return nil, fmt.Errorf("more than %d onsets", maxOnsets)
	}
	out := make([]onset, len(times))
	for i, at := range times {
		out[i] = onset{at: at.Unix(), from: from, to: to, daylight: c.Name == ical.CompTimezoneDaylight}
	}
	return out, nil
}

// yearly writes a zone's rule out. Windows begins its rules in 1601: of a rule
// without a count the years before 1970 are left out.
func yearly(c *ical.Component, start time.Time) ([]time.Time, error) {
	rule := c.Props.Get(ical.PropRecurrenceRule)
	if len(rule.Value) > maxRuleBytes {
		return nil, fmt.Errorf("%d bytes, at most %d are taken", len(rule.Value), maxRuleBytes)
	}
	option, err := c.Props.RecurrenceRule()
	if err != nil {
		return nil, err
	}
	switch {
	case option.Freq != rrule.YEARLY:
		return nil, errors.New("a zone's rule must be yearly")
	case option.Interval > 1 && start.Year() < firstZoneYear:
		return nil, errors.New("an INTERVAL from before 1970")
	case len(option.Byhour)+len(option.Byminute)+len(option.Bysecond) > 0:
		return nil, errors.New("BYHOUR, BYMINUTE and BYSECOND are not supported")
	case start.Year() < 1600 || start.Year() > lastZoneYear:
		return nil, fmt.Errorf("begins in %d", start.Year())
	case !everHappens(*option, start):
		return nil, errors.New("there is no such day in 300 years")
	}
	if start.Year() < firstZoneYear && option.Count == 0 {
		start = time.Date(firstZoneYear, start.Month(), start.Day(), start.Hour(), start.Minute(), start.Second(), 0, start.Location())
	}
	option.Dtstart = start
	if end := time.Date(lastZoneYear, 1, 1, 0, 0, 0, 0, time.UTC); option.Until.IsZero() || option.Until.After(end) {
		option.Until = end
	}
	r, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, err
	}
	var out []time.Time
	next := r.Iterator()
	for len(out) < maxOnsets {
		at, ok := next()
		if !ok {
			break
		}
		out = append(out, at)
	}
	return out, nil
}

// utcOffset reads +0100, -053000.
func utcOffset(c *ical.Component, name string) (int, error) {
	p := c.Props.Get(name)
	if p == nil {
		return 0, fmt.Errorf("%s: missing", name)
	}
	v := strings.TrimSpace(p.Value)
	if len(v) != 5 && len(v) != 7 || v[0] != '+' && v[0] != '-' {
		return 0, fmt.Errorf("%s: %q is no offset such as +0100", name, p.Value)
	}
	seconds := 0
	for i, unit := range []int{3600, 60, 1} {
		if at := 1 + 2*i; at < len(v) {
			n, err := strconv.Atoi(v[at : at+2])
			if err != nil || n < 0 || n > 59 || i == 0 && n > 24 {
				return 0, fmt.Errorf("%s: %q is no offset such as +0100", name, p.Value)
			}
			seconds += n * unit
		}
	}
	if v[0] == '-' {
		seconds = -seconds
	}
	return seconds, nil
}

// tzif writes onsets, in order of time, as a TZif file of version 2.
func tzif(all []onset) []byte {
	type kind struct {
		offset   int
		daylight bool
	}
	kinds := []kind{{offset: all[0].from}} // what held before the first
	index := make([]byte, len(all))
	for i, o := range all {
		k := kind{o.to, o.daylight}
		n := slices.Index(kinds, k)
		if n < 0 {
			n = len(kinds)
			kinds = append(kinds, k)
		}
		index[i] = byte(n)
	}
	var b bytes.Buffer
	const name = "LOC\x00"
	put := func(v any) { _ = binary.Write(&b, binary.BigEndian, v) } // to memory
	header := func(times, types, chars int) {
		b.WriteString("TZif2")
		b.Write(make([]byte, 15))
		for _, n := range []int{0, 0, 0, times, types, chars} {
			put(int32(n))
		}
	}
	header(0, 1, 1) // version 1, which no reader of version 2 looks at
	b.Write([]byte{0, 0, 0, 0, 0, 0, 0})
	header(len(all), len(kinds), len(name))
	for _, o := range all {
		put(o.at)
	}
	b.Write(index)
	for _, k := range kinds {
		put(int32(k.offset))
		put(k.daylight)
		b.WriteByte(0)
	}
	b.WriteString(name + "\n\n")
	return b.Bytes()
}
