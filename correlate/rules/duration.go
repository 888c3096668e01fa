package rules

import (
	"fmt"
	"strconv"
	"strings"

	"pinkstar/schemas"
)

// Duration is a span in milliseconds, written as 500ms, 90s, 5m, 2h, 7d, 2w or
// a sum such as 1h30m.
type Duration int64

// Milliseconds returns d as a plain number.
func (d Duration) Milliseconds() int64 { return int64(d) }

var durationUnits = []struct {
	name string
	ms   int64
}{
	{"w", 7 * schemas.Day}, {"d", schemas.Day}, {"h", schemas.Hour},
	{"ms", 1}, {"m", schemas.Minute}, {"s", schemas.Second},
}

// ParseDuration reads a Duration.
func ParseDuration(s string) (Duration, error) {
	bad := fmt.Errorf("%q is not a duration such as 30s, 5m, 2h or 7d", s)
	if s == "0" {
		return 0, nil
	}
	var total int64
	rest := s
	for rest != "" {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 40)
		if err != nil {
			return 0, bad
		}
		rest = rest[digits:]
		unit := int64(0)
		for _, u := range durationUnits {
			if strings.HasPrefix(rest, u.name) && !(u.name == "m" && strings.HasPrefix(rest, "ms")) {
				unit, rest = u.ms, rest[len(u.name):]
				break
			}
		}
		if unit == 0 || n > (1<<55)/unit {
			return 0, bad
		}
		total += n * unit
	}
	if s == "" {
		return 0, bad
	}
	return Duration(total), nil
}

// String renders d the way ParseDuration reads it.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	ms := int64(d)
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", schemas.Day}, {"h", schemas.Hour}, {"m", schemas.Minute}, {"s", schemas.Second}, {"ms", 1}} {
		if n := ms / u.ms; n > 0 {
			b.WriteString(strconv.FormatInt(n, 10))
			b.WriteString(u.name)
			ms -= n * u.ms
		}
	}
	return b.String()
}

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (d *Duration) UnmarshalYAML(read func(any) error) error {
	var s string
	if err := read(&s); err != nil {
		return err
	}
	v, err := ParseDuration(s)
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// MarshalYAML implements yaml.InterfaceMarshaler.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }
