package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
)

// word is one part of an input line: a bare word, or name=value.
type word struct{ name, value string }

// words splits a line; double quotes keep spaces together.
func words(line string) ([]word, error) {
	var out []word
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		text, quoted := "", false
		i := 0
		for ; i < len(rest) && (quoted || rest[i] != ' ' && rest[i] != '\t'); i++ {
			if rest[i] == '"' {
				quoted = !quoted
				continue
			}
			text += rest[i : i+1]
		}
		if quoted {
			return nil, fmt.Errorf("a quotation mark is not closed")
		}
		rest = rest[i:]
		if n, v, ok := strings.Cut(text, "="); ok && n != "" {
			out = append(out, word{n, v})
		} else {
			out = append(out, word{"", text})
		}
	}
	return out, nil
}

// baseDay is the date of a time without one. It is a Sunday.
var baseDay = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// clockOf reads a time of the day on day.
func clockOf(s string, day time.Time) (schemas.Time, error) {
	for _, layout := range []string{"15:04:05.999", "15:04:05", "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return schemas.TimeOf(day.Add(t.Sub(t.Truncate(24 * time.Hour)))), nil
		}
	}
	if t, err := schemas.ParseTime(s); err == nil {
		return t, nil
	}
	return 0, fmt.Errorf("%q is not a time such as 10:32 or 10:32:05", s)
}

// dayOf reads an optional day at the start of a line: 2026-11-23 or +3d.
func dayOf(ws []word) (time.Time, []word, error) {
	if len(ws) == 0 {
		return baseDay, ws, nil
	}
	first := ws[0].value
	if t, err := time.Parse("2006-01-02", first); err == nil {
		return t, ws[1:], nil
	}
	if n, ok := strings.CutPrefix(first, "+"); ok && strings.HasSuffix(n, "d") {
		days, err := strconv.Atoi(strings.TrimSuffix(n, "d"))
		if err != nil {
			return baseDay, nil, fmt.Errorf("%q is not a number of days such as +3d", first)
		}
		return baseDay.AddDate(0, 0, days), ws[1:], nil
	}
	return baseDay, ws, nil
}

// order is one line of the input.
type order struct {
	at   schemas.Time
	day  time.Time
	verb string
	args []word
	line int
}

func orderOf(line string) (order, error) {
	ws, err := words(line)
	if err != nil {
		return order{}, err
	}
	day, ws, err := dayOf(ws)
	if err != nil {
		return order{}, err
	}
	if len(ws) < 2 || ws[0].name != "" || ws[1].name != "" {
		return order{}, fmt.Errorf("want a time and what comes, for example: 10:32:00 alert ShieldDown service=shield")
	}
	at, err := clockOf(ws[0].value, day)
	if err != nil {
		return order{}, err
	}
	return order{at: at, day: day, verb: ws[1].value, args: ws[2:]}, nil
}

// bare takes the next bare word off the arguments, "" when there is none.
func (o *order) bare() string {
	for i, w := range o.args {
		if w.name == "" {
			o.args = append(append([]word{}, o.args[:i]...), o.args[i+1:]...)
			return w.value
		}
	}
	return ""
}

// take takes the value of name off the arguments.
func (o *order) take(name string) string {
	for i, w := range o.args {
		if w.name == name {
			o.args = append(append([]word{}, o.args[:i]...), o.args[i+1:]...)
			return w.value
		}
	}
	return ""
}

// takeTime takes a time off the arguments, 0 when it is not there.
func (o *order) takeTime(name string) (schemas.Time, error) {
	v := o.take(name)
	if v == "" {
		return 0, nil
	}
	t, err := clockOf(v, o.day)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}
