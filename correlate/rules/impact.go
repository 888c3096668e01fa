package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pinkstar/correlate/rules/zone"
	"pinkstar/schemas"
)

func (m *Impact) check(d *document) {
	for _, name := range slices.Sorted(maps.Keys(m.Loss)) {
		f := m.Loss[name]
		if len(f) != 3 || f[0] < 0 || f[0] > f[1] || f[1] > f[2] || f[2] > 1 {
			d.bad("impact.loss."+name, "loss of %q must be three shares from 0 to 1: low, likely, high", name)
		}
	}
	var err error
	if m.zone, err = zone.Load(m.Zone); err != nil {
		d.bad("impact.zone", "%s", err)
	}
	if m.CatchUp < 0 || int64(m.CatchUp) > 7*schemas.Day {
		d.bad("impact.catch_up", "%s is not from 0 to 7 days", m.CatchUp)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Figures)) {
		if m.Figures[name].Worth < 0 {
			d.bad("impact.figures."+name, "one of %q can't be worth less than 0", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Services)) {
		r := m.Services[name]
		r.check(d, "impact.services."+name, name, m.zone)
		m.Services[name] = r
	}
}

func (r *Revenue) check(d *document, path, name string, usual *time.Location) {
	r.zone = usual
	if r.Zone != "" {
		var err error
		if r.zone, err = zone.Load(r.Zone); err != nil {
			d.bad(path+".zone", "revenue of %q: %s", name, err)
		}
	}
	for i, h := range r.Hours {
		at := fmt.Sprintf("%s.hours[%d]", path, i)
		if h.From < 0 || h.From > 23 || h.To < 1 || h.To > 24 || h.From == h.To {
			d.bad(at, "revenue of %q: hours must go from 0-23 to another of 1-24; to before from runs over midnight", name)
		}
		for _, day := range h.Days {
			if weekday(day) < 0 {
				d.bad(at+".days", "revenue of %q: day %q is not one of mon, tue, wed, thu, fri, sat, sun", name, day)
			}
		}
	}
}

func weekday(s string) int {
	return slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, strings.ToLower(s))
}

// PerMinute returns what service earns in one minute at a time, and whether
// anything is known. It changes with the hours of the week, and nowhere else.
func (m *Impact) PerMinute(service string, at schemas.Time) (float64, bool) {
	r, ok := m.Services[service]
	if !ok {
		return 0, false
	}
	v := r.PerMinute
	if len(r.Hours) == 0 {
		return v, true
	}
	local := at.Std()
	if r.zone != nil {
		local = local.In(r.zone)
	}
	day, hour := int(local.Weekday()), local.Hour()
	for i := range r.Hours {
		if r.Hours[i].holds(day, hour) {
			v = r.Hours[i].PerMinute
		}
	}
	return v, true
}

// holds reports whether an hour of a day (0: Sunday) is one of h.
func (h *RevenueHours) holds(day, hour int) bool {
	on := func(day int) bool {
		return len(h.Days) == 0 || slices.ContainsFunc(h.Days, func(d string) bool { return weekday(d) == day })
	}
	if h.From < h.To {
		return hour >= h.From && hour < h.To && on(day)
	}
	return hour >= h.From && on(day) || hour < h.To && on((day+6)%7)
}

// RevenueFigure is the business figure that is money itself.
const RevenueFigure = "revenue"

// Worth is what one of a business figure is worth, 0 when it is not priced.
func (m *Impact) Worth(figure string) float64 {
	if f, ok := m.Figures[figure]; ok {
		return f.Worth
	}
	if figure == RevenueFigure {
		return 1
	}
	return 0
}

// Offset tells how far local time is from UTC, in milliseconds; nil: it is UTC.
func (m *Impact) Offset() func(at schemas.Time) int64 {
	if m.zone == nil || m.zone == time.UTC {
		return nil
	}
	return func(at schemas.Time) int64 {
		_, seconds := at.Std().In(m.zone).Zone()
		return int64(seconds) * schemas.Second
	}
}

// CatchUpTime is for how long customers are taken to come back, in milliseconds.
func (m *Impact) CatchUpTime() int64 {
	if m.CatchUp == 0 {
		return 6 * schemas.Hour
	}
	return int64(m.CatchUp)
}

// FiguresHeld is how many business figures a scope may have.
func (l *Limits) FiguresHeld() int {
	if l.Figures == 0 {
		return 200
	}
	return l.Figures
}

// AccountsHeld is of how many incidents of a scope the losses are kept.
func (l *Limits) AccountsHeld() int {
	if l.Accounts == 0 {
		return 1000
	}
	return l.Accounts
}

// ActionsHeld is how many open actions of post-mortems a scope may have.
func (l *Limits) ActionsHeld() int {
	if l.Actions == 0 {
		return 2000
	}
	return l.Actions
}
