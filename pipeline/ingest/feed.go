package ingest

import (
	"net/mail"
	"regexp"
	"strings"

	ical "github.com/emersion/go-ical"

	"pinkstar/schemas"
)

// apply has a window say what the settings say of its feed.
func (f *Feed) apply(s *schemas.Signal) {
	if s.Tenant == "" {
		s.Tenant = f.Tenant
	}
	if s.Environment == "" {
		s.Environment = f.Environment
	}
	switch f.Suppress {
	case SuppressAll:
		s.Change.Suppress = true
	case SuppressMarked:
	default:
		s.Change.Suppress = false
	}
}

// Shift is an event of a calendar of shifts: who is on duty from when to when.
type Shift struct {
	From, To schemas.Time
	People   []string
}

// propPeople says whose turn an event is, comma-separated.
const propPeople = "X-PINKSTAR-PEOPLE"

// Shifts reads the shifts of a calendar, those of repeating events from the day
// before receivedAt to Limits.CalendarDays ahead. Nothing of it is right when a
// part is wrong: a rota with a hole is found at night.
func (t *Translator) Shifts(text []byte, receivedAt schemas.Time) ([]Shift, error) {
	signals, err := t.Translate(SourceCalendar, text, Meta{ReceivedAt: receivedAt, Feed: &Feed{Name: "shifts", withPeople: true}})
	if err != nil {
		return nil, err
	}
	var out []Shift
	for i := range signals {
		s := &signals[i]
		if s.Status == schemas.StatusCancelled || s.Change == nil || s.Change.Type == typeSet || s.EndsAt < receivedAt.Add(-schemas.Day) {
			continue
		}
		if people := splitList(s.Annotations.Get("people"), "\n"); len(people) > 0 {
			out = append(out, Shift{s.StartsAt, s.EndsAt, people})
		}
	}
	return out, nil
}

// pagerDutyTitle is what PagerDuty's feed calls a shift: On Call - NAME - SCHEDULE.
var pagerDutyTitle = regexp.MustCompile(`(?i)^on[ -]call - (.+?)(?: - .*)?$`)

// peopleOf says whose turn an event is: by our own property, its attendees, or its
// title.
func peopleOf(e *ical.Event, text func(string) string) []string {
	if own := splitList(text(propPeople), ","); len(own) > 0 {
		return own
	}
	var people []string
	for _, p := range e.Props[ical.PropAttendee] {
		if strings.EqualFold(p.Params.Get(ical.ParamParticipationStatus), "DECLINED") || strings.EqualFold(p.Params.Get("CUTYPE"), "ROOM") {
			continue
		}
		if name := attendee(&p); name != "" {
			people = append(people, name)
		}
	}
	if len(people) > 0 {
		return people
	}
	title := text(ical.PropSummary)
	if m := pagerDutyTitle.FindStringSubmatch(title); m != nil {
		title = m[1]
	}
	return splitList(title, ",")
}

// attendee is somebody's mail address, which is the same in every calendar, or
// the name where there is none.
func attendee(p *ical.Prop) string {
	v := p.Value
	if len(v) > len("mailto:") && strings.EqualFold(v[:len("mailto:")], "mailto:") {
		v = v[len("mailto:"):]
	}
	if a, err := mail.ParseAddress(v); err == nil {
		return strings.ToLower(a.Address)
	}
	return strings.TrimSpace(p.Params.Get(ical.ParamCommonName))
}
