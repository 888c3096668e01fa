package ingest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	ical "github.com/emersion/go-ical"
	wtz "github.com/yaegashi/wtz.go"
)

// zones knows the zones of one calendar. A window in a zone that is not known is
// refused: taken for UTC it would be hours off, and nobody would see it.
type zones struct {
	components map[string]*ical.Component // VTIMEZONE by TZID
	known      map[string]*time.Location
	defined    int
	floating   *time.Location // of times that name no zone; nil: UTC, with a flag
}

func zonesOf(cal *ical.Calendar) (*zones, error) {
	z := &zones{components: map[string]*ical.Component{}, known: map[string]*time.Location{}}
	for _, c := range cal.Children {
		if c.Name == ical.CompTimezone {
			if p := c.Props.Get(ical.PropTimezoneID); p != nil {
				z.components[unquoted(p.Value)] = c
			}
		}
	}
	if p := cal.Props.Get("X-WR-TIMEZONE"); p != nil && strings.TrimSpace(p.Value) != "" {
		loc, err := z.location(p.Value)
		if err != nil {
			return nil, fmt.Errorf("X-WR-TIMEZONE: %w", err)
		}
		z.floating = loc
	}
	return z, nil
}

const maxDefinedZones = 100

func unquoted(s string) string { return strings.TrimSpace(strings.Trim(strings.TrimSpace(s), `"`)) }

// newerZones are Windows' names that came or moved after the list of wtz.go.
var newerZones = map[string]string{
	"Alberta Standard Time": "America/Edmonton", "British Columbia Standard Time": "America/Vancouver",
	"Manitoba Standard Time": "America/Winnipeg", "South Sudan Standard Time": "Africa/Juba", "Yukon Standard Time": "America/Whitehorse",
	"Central Asia Standard Time": "Asia/Bishkek", "Mountain Standard Time (Mexico)": "America/Mazatlan",
}

// windowsZones are IANA's names by Windows' in lower case.
var windowsZones = func() map[string]string {
	out := make(map[string]string, len(wtz.WindowsToUnixMap)+len(newerZones))
	for _, list := range []map[string]string{wtz.WindowsToUnixMap, newerZones} {
		for windows, name := range list {
			out[strings.ToLower(windows)] = name
		}
	}
	return out
}()

// location finds a zone: IANA's name; what the calendar itself says of it;
// Windows' name; a name of IANA's at the end of another; an offset.
func (z *zones) location(tzid string) (*time.Location, error) {
	id := unquoted(tzid)
	if loc := z.known[id]; loc != nil {
		return loc, nil
	}
	loc, err := z.find(id)
	if err != nil {
		return nil, err
	}
	z.known[id] = loc
	return loc, nil
}

func (z *zones) find(id string) (*time.Location, error) {
	if loc := iana(id); loc != nil {
		return loc, nil
	}
	if c := z.components[id]; c != nil {
		if z.defined++; z.defined > maxDefinedZones {
			return nil, fmt.Errorf("more than %d zones of its own in one calendar: %w", maxDefinedZones, ErrLimit)
		}
		loc, err := definedZone(id, c)
		if p := c.Props.Get("X-LIC-LOCATION"); err != nil && p != nil && iana(unquoted(p.Value)) != nil {
			return iana(unquoted(p.Value)), nil
		}
		return loc, err
	}
	if loc := iana(windowsZones[strings.ToLower(id)]); loc != nil {
		return loc, nil
	}
	// /freeassociation.sourceforge.net/Europe/Zurich, tzone://Microsoft/Utc
	for rest := id; ; {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		if loc := iana(rest); loc != nil {
			return loc, nil
		}
	}
	if loc := offsetZone(id); loc != nil {
		return loc, nil
	}
	return nil, fmt.Errorf("time zone %q is not known: name it as IANA does (Europe/Zurich) or as Windows does, or put its VTIMEZONE into the calendar", id)
}

// iana returns nil when there is no such zone. "Local" is none, and "" is UTC to
// Go only.
func iana(name string) *time.Location {
	switch strings.ToUpper(name) {
	case "UTC", "GMT", "Z":
		return time.UTC
	case "", "LOCAL":
		return nil
	}
	for _, spelt := range []string{name, titled(name)} {
		if loc, err := time.LoadLocation(spelt); err == nil {
			return loc
		}
	}
	return nil
}

// titled writes europe/zurich as Europe/Zurich.
func titled(name string) string {
	up := true
	return strings.Map(func(c rune) rune {
		was := up
		up = c == '/' || c == '_' || c == '-'
		if was {
			return unicode.ToUpper(c)
		}
		return unicode.ToLower(c)
	}, name)
}

var offsetName = regexp.MustCompile(`^\(?(?:UTC|GMT)([+-])(\d{1,2}):?(\d{2})?\)?$`)

// offsetZone reads UTC+02:00, GMT-5. Where a place follows the offset, it is no
// offset but a zone with summer time.
func offsetZone(id string) *time.Location {
	m := offsetName.FindStringSubmatch(id)
	if m == nil {
		return nil
	}
	hours, err := strconv.Atoi(m[2])
	if err != nil || hours > 14 {
		return nil
	}
	minutes, err := strconv.Atoi("0" + m[3])
	if err != nil {
		return nil
	}
	seconds := hours*3600 + minutes*60
	if m[1] == "-" {
		seconds = -seconds
	}
	return time.FixedZone(id, seconds)
}

// time reads a date or time of an event. floating says that no zone is known and
// UTC stands in.
func (z *zones) time(p *ical.Prop) (at time.Time, floating bool, err error) {
	value := strings.TrimSpace(p.Value)
	loc := z.floating
	if id := p.Params.Get(ical.PropTimezoneID); id != "" && !strings.HasSuffix(value, "Z") {
		if loc, err = z.location(id); err != nil {
			return time.Time{}, false, err
		}
	}
	one := ical.Prop{Name: p.Name, Params: ical.Params{}, Value: value}
	if v := p.Params.Get(ical.ParamValue); v != "" {
		one.Params.Set(ical.ParamValue, v)
	}
	if loc == nil {
		loc, floating = time.UTC, !strings.HasSuffix(value, "Z")
	}
	at, err = one.DateTime(loc)
	return at, floating, err
}
