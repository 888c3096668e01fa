package ingest

import (
	"regexp"
	"strings"

	ical "github.com/emersion/go-ical"

	"pinkstar/schemas"
)

// The properties by which a calendar says what RFC 5545 has no word for.
const (
	propServices    = "X-PINKSTAR-SERVICES"    // comma-separated; otherwise CATEGORIES
	propEnvironment = "X-PINKSTAR-ENVIRONMENT" //
	propTenant      = "X-PINKSTAR-TENANT"      //
	propTeam        = "X-PINKSTAR-TEAM"        //
	propSuppress    = "X-PINKSTAR-SUPPRESS"    // TRUE: alerts of the services are expected
	propMatchers    = "X-PINKSTAR-MATCHERS"    // semicolon-separated, Alertmanager's syntax
)

// genericCategories say what kind of event it is, not which service it is about.
var genericCategories = map[string]bool{
	"maintenance": true, "planned maintenance": true, "downtime": true, "outage": true, "change": true,
	"business": true, "appointment": true, "meeting": true, "work": true,
}

// window reads what all the dates of an event share.
func (b *batch) window(e *ical.Event) schemas.Signal {
	text := func(name string) string {
		p := e.Props.Get(name)
		if p == nil {
			return ""
		}
		// Many calendars do not escape the commas of a text, which makes it a list.
		list, err := p.TextList()
		if err != nil { // another value type than text: take it as written
			return strings.TrimSpace(p.Value)
		}
		return strings.TrimSpace(strings.Join(list, ","))
	}
	services := splitList(text(propServices), ",")
	if len(services) == 0 {
		services = categories(e)
	}
	s := schemas.Signal{
		Kind: schemas.KindMaintenance, Source: string(SourceCalendar), Status: schemas.StatusPlanned,
		Name: firstLine(text(ical.PropSummary), "Maintenance"), Summary: text(ical.PropSummary),
		Description: text(ical.PropDescription), URL: text(ical.PropURL), Team: text(propTeam),
		Environment: text(propEnvironment), Tenant: text(propTenant),
		Change: &schemas.Change{
			Services: services, Type: "calendar", By: organizer(e), Contact: text(ical.PropContact),
			Suppress: strings.EqualFold(text(propSuppress), "true"), Matchers: splitList(text(propMatchers), ";"),
		},
	}
	if len(services) > 0 {
		s.Service = services[0]
	}
	if f := b.meta.Feed; f != nil {
		f.apply(&s)
		if f.withPeople {
			s.Annotations = schemas.LabelsOf(map[string]string{"people": strings.Join(peopleOf(e, text), "\n")})
		}
	}
	if isOff(text) {
		s.Status = schemas.StatusCancelled
	}
	if v := text(ical.PropSequence); v != "" && v != "0" { // the organizer changed it
		s.Occurrence = v
	}
	return s
}

// cancelledTitle is what Outlook and others put before the title of an
// appointment that is off, in the language of its owner.
var cancelledTitle = regexp.MustCompile(`(?i)^\s*(?:` + cancelledWord + `\s*:|\[` + cancelledWord + `\]|\(` + cancelledWord + `\))`)

const cancelledWord = `(?:cancell?ed|abgesagt|annul[ée]e?|annullat[oa]|cancelad[oa]|geannuleerd|avlyst|inställ[dt]|aflyst|odwołan[eoay])(?: event)?`

// isOff says that an event no longer takes place: by its status, or in Outlook's
// way, which leaves it as CONFIRMED, gives the time free and says so in the title.
func isOff(text func(string) string) bool {
	if status := text(ical.PropStatus); strings.EqualFold(status, string(ical.EventCancelled)) || strings.EqualFold(status, "CANCELED") {
		return true
	}
	return cancelledTitle.MatchString(text(ical.PropSummary))
}

func categories(e *ical.Event) []string {
	var out []string
	for _, p := range e.Props[ical.PropCategories] {
		list, err := p.TextList()
		if err != nil {
			continue
		}
		for _, v := range list {
			if v = strings.TrimSpace(v); v != "" && !genericCategories[strings.ToLower(v)] {
				out = append(out, v)
			}
		}
	}
	return out
}

func organizer(e *ical.Event) string {
	p := e.Props.Get(ical.PropOrganizer)
	if p == nil {
		return ""
	}
	if cn := p.Params.Get(ical.ParamCommonName); cn != "" {
		return cn
	}
	return strings.TrimPrefix(strings.TrimPrefix(p.Value, "mailto:"), "MAILTO:")
}

func splitList(v, sep string) []string {
	var out []string
	for p := range strings.SplitSeq(v, sep) {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
