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

// Rota says whose turn it is. It has either people who take turns, or a week of
// shifts, or a calendar; overrides come before each of them.
type Rota struct {
	// Zone is an IANA zone, such as Europe/Rome: all times of the rota are in it,
	// and a handover stays at its hour when the clocks change. UTC when empty.
	Zone string `yaml:"zone,omitempty"`
	// People take turns of Days days, 7 unless said, from the handover at Start on,
	// written 2026-01-05 09:00.
	People []string `yaml:"people,omitempty"`
	Start  string   `yaml:"start,omitempty"`
	Days   int      `yaml:"days,omitempty"`
	// Week lists who is on duty on which days and hours.
	Week []Shift `yaml:"week,omitempty"`
	// Calendar is the name of a calendar whose events are the shifts; it comes by
	// the log.
	Calendar string `yaml:"calendar,omitempty"`
	// Overrides replace whoever would be on duty; the last that covers a moment
	// counts.
	Overrides []Override `yaml:"overrides,omitempty"`

	location  *time.Location
	start     time.Time
	week      []shift
	overrides []span
}

// Shift is a part of the week.
type Shift struct {
	Days   []string `yaml:"days,omitempty"` // mon … sun on which it begins; none: every day
	From   string   `yaml:"from"`           // 09:00
	To     string   `yaml:"to"`             // 17:00; not after From: on the next day; 24:00 is midnight
	People []string `yaml:"people"`
}

// Override puts somebody else on duty for a while.
type Override struct {
	From   string   `yaml:"from"` // 2026-11-22 09:00
	To     string   `yaml:"to"`
	People []string `yaml:"people"`
}

type shift struct {
	days     [7]bool
	from, to int // minutes of the day; to may be beyond its end
	people   []string
}

type span struct {
	from, to schemas.Time
	people   []string
}

const moment = "2006-01-02 15:04"

func (s *Set) checkRotas(d *document) {
	for _, name := range slices.Sorted(maps.Keys(s.Rotas)) {
		if s.Rotas[name] == nil {
			s.Rotas[name] = &Rota{}
		}
		s.Rotas[name].check(d, "rotas."+name, name)
		if s.People[name] != nil {
			d.bad("rotas."+name, "%q is a rota and one of people: rename one", name)
		}
	}
}

func (r *Rota) check(d *document, path, name string) {
	var err error
	if r.location, err = zone.Load(r.Zone); err != nil {
		d.bad(path+".zone", "rota %q: %s", name, err)
		r.location = time.UTC
	}
	kinds := 0
	for _, has := range []bool{len(r.People) > 0, len(r.Week) > 0, r.Calendar != ""} {
		if has {
			kinds++
		}
	}
	if kinds != 1 {
		d.bad(path, "rota %q needs one of people:, week: and calendar:", name)
	}
	if r.Days < 0 || r.Days > 366 {
		d.bad(path+".days", "rota %q: turns of 1 to 366 days, not %d", name, r.Days)
	}
	if len(r.People) > 0 {
		if r.start, err = time.ParseInLocation(moment, r.Start, r.location); err != nil {
			d.bad(path+".start", "rota %q: say when a first turn began, as 2026-01-05 09:00 (not %q)", name, r.Start)
		}
	}
	r.week, r.overrides = nil, nil
	for i := range r.Week {
		r.week = append(r.week, r.Week[i].parsed(d, fmt.Sprintf("%s.week[%d]", path, i), name))
	}
	for i := range r.Overrides {
		r.overrides = append(r.overrides, r.Overrides[i].parsed(d, fmt.Sprintf("%s.overrides[%d]", path, i), name, r.location))
	}
}

func (s *Shift) parsed(d *document, path, name string) shift {
	out := shift{people: s.People}
	for _, day := range s.Days {
		if n := weekday(day); n >= 0 {
			out.days[n] = true
		} else {
			d.bad(path+".days", "rota %q: day %q is not one of mon, tue, wed, thu, fri, sat, sun", name, day)
		}
	}
	if len(s.Days) == 0 {
		out.days = [7]bool{true, true, true, true, true, true, true}
	}
	var ok [2]bool
	out.from, ok[0] = minuteOf(s.From)
	out.to, ok[1] = minuteOf(s.To)
	if !ok[0] || !ok[1] || out.from == 24*60 {
		d.bad(path, "rota %q: hours are written 09:00, not %q to %q", name, s.From, s.To)
	}
	if out.to <= out.from {
		out.to += 24 * 60
	}
	if len(s.People) == 0 {
		d.bad(path, "rota %q: a shift without people", name)
	}
	return out
}

func minuteOf(s string) (int, bool) {
	if s == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil
}

func (o *Override) parsed(d *document, path, name string, in *time.Location) span {
	from, err := time.ParseInLocation(moment, o.From, in)
	to, err2 := time.ParseInLocation(moment, o.To, in)
	if err != nil || err2 != nil || !to.After(from) {
		d.bad(path, "rota %q: an override goes from a moment to a later one, written 2026-11-22 09:00, not %q to %q", name, o.From, o.To)
	}
	if len(o.People) == 0 {
		d.bad(path, "rota %q: an override without people", name)
	}
	return span{schemas.TimeOf(from), schemas.TimeOf(to), o.People}
}

// OnDuty returns who is on duty at t, and why, for a person to read; nobody where
// there is a gap. shifts are those of the rota's calendar, if it has one.
func (r *Rota) OnDuty(t schemas.Time, shifts *Shifts) (people []string, why string) {
	for _, o := range slices.Backward(r.overrides) {
		if o.from <= t && t < o.to {
			return o.people, "override until " + r.local(o.to)
		}
	}
	switch {
	case len(r.People) > 0:
		return r.turn(t)
	case len(r.week) > 0:
		return r.onShift(t)
	case shifts != nil:
		return shifts.onDuty(t, r)
	}
	return nil, ""
}

// Change returns the first whole minute after from and before until at which
// others are on duty than at from; 0 when there is none. It looks at every quarter
// of an hour: who is on duty for less than that may be passed over. shifts are those
// of the rota's calendar, if it has one.
func (r *Rota) Change(from, until schemas.Time, shifts *Shifts) schemas.Time {
	const quarter = 15 * schemas.Minute
	now, _ := r.OnDuty(from, shifts)
	same := func(t schemas.Time) bool {
		then, _ := r.OnDuty(t, shifts)
		return slices.Equal(then, now)
	}
	start := schemas.Time(int64(from) / schemas.Minute * schemas.Minute)
	for t := start; t < until; t = t.Add(quarter) {
		if same(t.Add(quarter)) {
			continue
		}
		for n := int64(1); n <= quarter/schemas.Minute; n++ {
			if at := t.Add(n * schemas.Minute); !same(at) && at < until {
				return at
			}
		}
	}
	return 0
}

func (r *Rota) local(t schemas.Time) string {
	return t.Std().In(r.location).Format(moment + " MST")
}

// handover is when the n-th turn begins.
func (r *Rota) handover(n int) time.Time {
	y, m, d := r.start.Date()
	return time.Date(y, m, d+n*r.days(), r.start.Hour(), r.start.Minute(), 0, 0, r.location)
}

func (r *Rota) days() int {
	if r.Days == 0 {
		return 7
	}
	return r.Days
}

func (r *Rota) turn(t schemas.Time) (people []string, why string) {
	at := t.Std()
	n := int(at.Sub(r.start) / (24 * time.Hour) / time.Duration(r.days()))
	for r.handover(n).After(at) { // days are not all of 24 hours
		n--
	}
	for !r.handover(n + 1).After(at) {
		n++
	}
	if n < 0 {
		return nil, ""
	}
	return []string{r.People[n%len(r.People)]}, "until " + r.handover(n+1).Format(moment+" MST")
}

func (r *Rota) onShift(t schemas.Time) (people []string, why string) {
	at := t.Std().In(r.location)
	y, m, d := at.Date()
	for _, s := range r.week {
		for back := range 2 { // it may have begun the day before
			day := time.Date(y, m, d-back, 12, 0, 0, 0, r.location)
			from := time.Date(y, m, d-back, 0, s.from, 0, 0, r.location)
			to := time.Date(y, m, d-back, 0, s.to, 0, 0, r.location)
			if s.days[day.Weekday()] && !at.Before(from) && at.Before(to) {
				people = append(people, s.people...)
				if why == "" {
					why = "until " + to.Format(moment+" MST")
				}
			}
		}
	}
	return unique(people), why
}

func unique(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// Shifts are the shifts of a calendar, as they come by the log: expanded by
// whoever read the calendar.
type Shifts struct {
	Calendar string         `yaml:"calendar"`
	Shifts   []CalendarTurn `yaml:"shifts,omitempty"`

	Text  string `yaml:"-"`
	spans []span
}

// CalendarTurn is an event of a calendar of shifts.
type CalendarTurn struct {
	From   string   `yaml:"from"` // RFC 3339
	To     string   `yaml:"to"`
	People []string `yaml:"people"`
}

// MaxShifts bounds how many shifts a calendar may tell at once.
const MaxShifts = 5000

// ParseShifts reads the shifts of a calendar out of an activation.
func ParseShifts(text string) (*Shifts, error) {
	s := &Shifts{Text: text}
	d := decodeStrict("shifts", []byte(text), s, []Source{FromLog})
	if s.Calendar == "" {
		d.bad("calendar", "missing: which calendar these are the shifts of")
	}
	if len(s.Shifts) > MaxShifts {
		d.bad("shifts", "more than %d", MaxShifts)
	}
	for i := range s.Shifts {
		from, err := schemas.ParseTime(s.Shifts[i].From)
		to, err2 := schemas.ParseTime(s.Shifts[i].To)
		if err != nil || err2 != nil || to <= from {
			d.bad(fmt.Sprintf("shifts[%d]", i), "from a moment to a later one, not %q to %q", s.Shifts[i].From, s.Shifts[i].To)
		}
		s.spans = append(s.spans, span{from, to, s.Shifts[i].People})
	}
	return s, d.err()
}

func (s *Shifts) onDuty(t schemas.Time, r *Rota) (people []string, why string) {
	for _, x := range s.spans {
		if x.from <= t && t < x.to {
			people = append(people, x.people...)
			if why == "" {
				why = "until " + r.local(x.to)
			}
		}
	}
	return unique(people), why
}

// OnCall resolves the name of a person or of a rota to who is meant at t. What is
// neither is taken for a person. A rota with a gap gives nobody.
func (s *Set) OnCall(name string, t schemas.Time, calendars map[string]*Shifts) []schemas.Person {
	r := s.Rotas[name]
	if r == nil {
		return []schemas.Person{s.person(name, "")}
	}
	duty, why := r.OnDuty(t, calendars[r.Calendar])
	out := make([]schemas.Person, 0, len(duty))
	for _, p := range duty {
		out = append(out, s.person(p, strings.TrimSpace(name+" "+why)))
	}
	return out
}

func (s *Set) person(name, rota string) schemas.Person {
	p := schemas.Person{Name: name, Rota: rota}
	if c := s.People[name]; c != nil {
		p.Targets = c.Reach
	}
	return p
}
