package schemas

import (
	"fmt"
	"strconv"
	"time"

	"pinkstar/schemas/jsonscan"
)

// Time is an instant in milliseconds since the Unix epoch, UTC. The zero value
// means "not known" and is written as JSON null. An integer, because the
// correlator compares and stores millions of them and must never depend on a
// location or a monotonic reading.
type Time int64

// Common spans, in the unit of Time.
const (
	Millisecond = int64(1)
	Second      = 1000 * Millisecond
	Minute      = 60 * Second
	Hour        = 60 * Minute
	Day         = 24 * Hour
)

// The first millisecond of the year 2 and the last of 9999. The year 1 is
// "not known" (Go's zero time); later ones have no RFC 3339 form.
const (
	minTime = -62104060800000
	maxTime = 253402300799999
)

// timeLayout has a fixed width, so that times sort as text.
const timeLayout = "2006-01-02T15:04:05.000Z"

// TimeOf converts t, cutting it to milliseconds. Go's zero time and
// Alertmanager's 0001-01-01T00:00:00Z become "not known", as all of the year 1
// does, in UTC: a zone must not decide whether a time is known.
func TimeOf(t time.Time) Time {
	if ms := Time(t.UnixMilli()); ms >= minTime {
		return ms
	}
	return 0
}

// EndOfDay is the last moment of the day in which t is, in t's zone: what is due on
// a day is not late on it.
func EndOfDay(t time.Time) Time {
	year, month, day := t.Date()
	return TimeOf(time.Date(year, month, day+1, 0, 0, 0, 0, t.Location())) - 1
}

// ParseTime reads RFC 3339 with or without a fraction.
func ParseTime(s string) (Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	v := TimeOf(t)
	if err != nil || v > maxTime {
		return 0, fmt.Errorf("%q is not an RFC 3339 time such as 2026-11-22T10:32:00Z", s)
	}
	return v, nil
}

// Std returns t as a time.Time in UTC; "not known" becomes the zero time.
func (t Time) Std() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t)).UTC()
}

// Add returns t moved by ms milliseconds.
func (t Time) Add(ms int64) Time { return t + Time(ms) }

// Sub returns t-u in milliseconds.
func (t Time) Sub(u Time) int64 { return int64(t - u) }

// String returns t as RFC 3339 with milliseconds, or "-" when it is not known.
func (t Time) String() string {
	if t == 0 {
		return "-"
	}
	return t.Std().Format(timeLayout)
}

// AppendSpan appends a span in milliseconds for people, without a sign: 0.4 s, 12 s,
// 3 min, 2 h 5 min, 3 days. What is not whole is cut, never rounded up, so that one
// duration reads the same in a message, on a page and in a story.
func AppendSpan(b []byte, ms int64) []byte {
	if ms < 0 {
		ms = -ms
	}
	number := func(n int64) []byte { return strconv.AppendInt(b, n, 10) }
	switch {
	case ms < 10*Second:
		b = append(number(ms/Second), '.', byte('0'+ms%Second/100))
		return append(b, " s"...)
	case ms < 2*Minute:
		return append(number(ms/Second), " s"...)
	case ms < 2*Hour:
		return append(number(ms/Minute), " min"...)
	case ms < 2*Day:
		b = append(number(ms/Hour), " h "...)
		return append(number(ms%Hour/Minute), " min"...)
	}
	return append(number(ms/Day), " days"...)
}

// SpanText is AppendSpan as a text.
func SpanText(ms int64) string { return string(AppendSpan(nil, ms)) }

// AppendJSON appends t as a JSON string, or null.
func (t Time) AppendJSON(b []byte) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	if t < minTime || t > maxTime { // no four digits: made by arithmetic, never read
		b = append(b, '"')
		b = t.Std().AppendFormat(b, timeLayout)
		return append(b, '"')
	}
	// Digit by digit: a third of what AppendFormat takes, on three times of every
	// signal.
	u := t.Std()
	year, month, day := u.Date()
	hour, minute, second := u.Clock()
	b = append(b, '"')
	b = append2(append2(b, year/100), year%100)
	b = append2(append(b, '-'), int(month))
	b = append2(append(b, '-'), day)
	b = append2(append(b, 'T'), hour)
	b = append2(append(b, ':'), minute)
	b = append2(append(b, ':'), second)
	ms := u.Nanosecond() / 1e6
	b = append(b, '.', byte('0'+ms/100))
	b = append2(b, ms%100)
	return append(b, 'Z', '"')
}

func append2(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// UnmarshalJSON takes null, "", an RFC 3339 string, or a number of milliseconds
// or of seconds since 1970: which one shows in its size.
func (t *Time) UnmarshalJSON(b []byte) error {
	r := jsonscan.NewCopying(string(b))
	v, err := ReadTime(&r)
	*t = v
	return err
}
