package ingest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// Mappings are senders that the configuration describes, by their names. Each has
// its path /webhook/NAME and its part of sources, as those that are built in.
type Mappings map[string]Mapping

// Mapping says where in a sender's JSON stands what an alert is made of. A path
// is names with dots between and [0] for an element of a list:
// alert.devices[0].name. Of several the first that holds a text counts.
type Mapping struct {
	// Recognise are paths, from the body's start, with the text that must stand
	// there ("" for any): by them it is known on topics and in replays. Without
	// any it is taken on its path only.
	Recognise map[string]string `yaml:"recognise"`
	// Each is the path of a list whose elements are one alert each; empty: the
	// body is one alert. Paths that begin with $. start at the body, the others at
	// the element.
	Each string `yaml:"each"`

	Name        Fields `yaml:"name"`
	Fingerprint Fields `yaml:"fingerprint"` // what names the alert, whatever its state: all of these together
	Severity    Fields `yaml:"severity"`
	Summary     Fields `yaml:"summary"`
	Description Fields `yaml:"description"`
	Service     Fields `yaml:"service"`
	Host        Fields `yaml:"host"`
	Instance    Fields `yaml:"instance"`
	Team        Fields `yaml:"team"`
	Environment Fields `yaml:"environment"`
	Tenant      Fields `yaml:"tenant"`
	URL         Fields `yaml:"url"`
	Runbook     Fields `yaml:"runbook"`
	StartsAt    Fields `yaml:"starts_at"` // RFC 3339, or a number since 1970
	EndsAt      Fields `yaml:"ends_at"`

	// Status is where its state stands. Its words are read as Firing, Resolved and
	// Ignore list them, whatever their case; words that are listed nowhere as
	// usual (open, triggered, ok, closed, ...), and refused when they are no usual
	// ones either. Without a path everything fires.
	Status   Fields   `yaml:"status"`
	Firing   []string `yaml:"firing"`
	Resolved []string `yaml:"resolved"`
	Ignore   []string `yaml:"ignore"` // says nothing: answered, and no signal

	Severities map[string]string `yaml:"severities"` // its words for critical, major, warning, info
	Labels     map[string]Fields `yaml:"labels"`
	// AllOf are paths of objects whose texts all become labels, or of lists of
	// texts such as "env:prod".
	AllOf []string `yaml:"all_of"`
}

// Fields is one path, or a list of them.
type Fields []string

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (f *Fields) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*f = Fields{one}
		return nil
	}
	return unmarshal((*[]string)(f))
}

var (
	mappingName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	mappingPath = regexp.MustCompile(`^(\$\.)?[^.\[\]]+(\[\d{1,4}\])*(\.[^.\[\]]+(\[\d{1,4}\])*)*$`)
)

// validate says what is wrong with a mapping, each with its field.
func (m Mappings) validate() (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("mappings.%s%w", name, fmt.Errorf(format, args...)))
		}
		if !mappingName.MatchString(name) || senderNamed(senders, name) != nil {
			bad(": no name for a sender: lower case letters, digits and -, and none that is built in")
			continue
		}
		one := m[name]
		if len(one.Name) == 0 {
			bad(".name: missing; say where the alert's name stands")
		}
		if len(one.Status) == 0 && len(one.Firing)+len(one.Resolved)+len(one.Ignore) > 0 {
			bad(".status: missing; without its path the words of firing, resolved and ignore mean nothing")
		}
		for field, paths := range one.paths() {
			for _, p := range paths {
				if !mappingPath.MatchString(p) {
					bad(".%s: %q is no path such as alert.devices[0].name", field, p)
				}
			}
		}
		for word, severity := range one.Severities {
			if schemas.ParseSeverity(severity) == schemas.SeverityUnknown {
				bad(".severities.%s: %q is none of critical, major, warning, info", word, severity)
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

func (m *Mapping) paths() map[string][]string {
	out := map[string][]string{
		"name": m.Name, "fingerprint": m.Fingerprint, "severity": m.Severity, "summary": m.Summary, "description": m.Description,
		"service": m.Service, "host": m.Host, "instance": m.Instance, "team": m.Team, "environment": m.Environment, "tenant": m.Tenant,
		"url": m.URL, "runbook": m.Runbook, "starts_at": m.StartsAt, "ends_at": m.EndsAt, "status": m.Status, "all_of": m.AllOf,
		"recognise": slices.Sorted(maps.Keys(m.Recognise)),
	}
	if m.Each != "" {
		out["each"] = []string{m.Each}
	}
	for label, fields := range m.Labels {
		out["labels."+label] = fields
	}
	return out
}

// with returns the built-in senders and those of the mappings.
func (m Mappings) with(list []*sender) []*sender {
	out := slices.Clone(list)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		one := m[name]
		out = append(out, one.sender(name))
	}
	return out
}

func (m Mapping) sender(name string) *sender {
	snd := &sender{
		name: Source(name), path: "/webhook/" + name, topic: schemas.TopicAlerts,
		read: func(b *batch, r *jsonscan.Reader) error { return b.mapped(&m, name, r) },
	}
	if len(m.Recognise) > 0 {
		snd.looksWhole = func(t tree) bool {
			for path, want := range m.Recognise {
				if got, ok := t.at(strings.TrimPrefix(path, "$.")).(string); want != "" && got != want || !ok && t.at(path) == nil {
					return false
				}
			}
			return true
		}
	}
	return snd
}

// mapped reads a body by its mapping.
func (b *batch) mapped(m *Mapping, name string, r *jsonscan.Reader) error {
	p := b.here(r)
	whole, err := readTree(r)
	if err != nil {
		return err
	}
	elements := []any{whole}
	if m.Each != "" {
		var ok bool
		if elements, ok = whole.at(strings.TrimPrefix(m.Each, "$.")).([]any); !ok {
			return fmt.Errorf("%s: no list, where each of mappings.%s says", m.Each, name)
		}
		p.list = m.Each
	}
	for i, e := range elements {
		if m.Each != "" {
			p.index = i
		}
		var s schemas.Signal
		t, ok := e.(tree)
		if err = errors.New("want an object"); ok {
			err = m.signal(name, t, whole, &s)
		}
		nothing, isNothing := errors.AsType[nothingError](err)
		switch {
		case isNothing:
			b.note(nothing)
			err = nil
		case err != nil:
			err = b.refuse(p, err)
		default:
			err = b.add(p, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapping) signal(source string, t, whole tree, s *schemas.Signal) error {
	get := func(paths Fields) string {
		for _, p := range paths {
			from := t
			if rest, ok := strings.CutPrefix(p, "$."); ok {
				from, p = whole, rest
			}
			if v := from.text(p); v != "" {
				return v
			}
		}
		return ""
	}
	*s = schemas.Signal{
		Kind: schemas.KindAlert, Source: source, Status: schemas.StatusFiring, Name: get(m.Name), Summary: get(m.Summary), Description: get(m.Description),
		Service: get(m.Service), Host: get(m.Host), Instance: get(m.Instance), Team: get(m.Team), Environment: get(m.Environment),
		Tenant: get(m.Tenant), URL: schemas.HTTPURL(get(m.URL)), Runbook: get(m.Runbook),
	}
	if s.Name == "" {
		return fmt.Errorf("%s: nothing there to name the alert by (mappings.%s.name)", strings.Join(m.Name, ", "), source)
	}
	for _, at := range []struct {
		field Fields
		to    *schemas.Time
	}{{m.StartsAt, &s.StartsAt}, {m.EndsAt, &s.EndsAt}} {
		if v := strings.TrimSpace(get(at.field)); v != "" && v != "0" {
			var err error
			if *at.to, err = anyTime(v); err != nil {
				return fmt.Errorf("%s: %w", strings.Join(at.field, ", "), err)
			}
		}
	}
	m.labels(t, whole, get, s)
	m.severity(get(m.Severity), s)
	m.identify(get, s)
	return m.status(source, get(m.Status), s)
}

func (m *Mapping) labels(t, whole tree, get func(Fields) string, s *schemas.Signal) {
	labels := map[string]string{}
	for _, p := range m.AllOf {
		from := t
		if rest, ok := strings.CutPrefix(p, "$."); ok {
			from, p = whole, rest
		}
		from.object(p).flat(labels)
		tags(from.texts(p), labels)
	}
	for label, fields := range m.Labels {
		if v := get(fields); v != "" {
			labels[label] = v
		}
	}
	s.Labels = schemas.LabelsOf(labels)
}

func (m *Mapping) severity(word string, s *schemas.Signal) {
	s.Severity = schemas.Severity(word)
	for its, ours := range m.Severities {
		if strings.EqualFold(its, word) {
			s.Severity = schemas.Severity(ours)
		}
	}
}

// identify puts the fingerprint together. Without a declared one it is name and
// entity: figures that differ with each message must not be part of it.
func (m *Mapping) identify(get func(Fields) string, s *schemas.Signal) {
	var parts schemas.Labels
	for _, p := range m.Fingerprint {
		parts = append(parts, schemas.Label{Name: p, Value: get(Fields{p})})
	}
	switch {
	case len(parts) == 1 && parts[0].Value != "":
		s.Fingerprint = parts[0].Value
	case len(parts) > 1:
		s.Fingerprint = schemas.FingerprintOf(parts)
	default:
		s.Fingerprint = schemas.FingerprintOf(schemas.Labels{
			{Name: "name", Value: s.Name}, {Name: "service", Value: s.Service}, {Name: "host", Value: s.Host}, {Name: "instance", Value: s.Instance},
		})
	}
}

func (m *Mapping) status(source, word string, s *schemas.Signal) error {
	is := func(list []string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return strings.EqualFold(strings.TrimSpace(w), strings.TrimSpace(word)) })
	}
	switch {
	case len(m.Status) == 0:
		return nil
	case word == "":
		return fmt.Errorf("%s: no status there (mappings.%s.status)", strings.Join(m.Status, ", "), source)
	case is(m.Ignore):
		return nothingError("status " + word + " says nothing, by mappings." + source + ".ignore")
	case is(m.Firing):
		s.EndsAt = 0
	case is(m.Resolved):
		over(s, s.StartsAt, s.EndsAt)
	default:
		s.Status = schemas.Status(word) // a usual word, or refused when completed
	}
	return nil
}
