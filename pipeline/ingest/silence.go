package ingest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/alertmanager/pkg/labels"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceSilences is a silence as Alertmanager's API v2 has it.
const SourceSilences Source = "silences"

var silences = sender{
	name: SourceSilences, aliases: []string{"silence", "alertmanager_silences"}, topic: schemas.TopicChanges,
	looks: func(m members) bool { return m.have("matchers") && m.any("startsAt", "endsAt") },
	hint:  "matchers with endsAt",
	read:  (*batch).silence,
}

// silenceWindow is an Alertmanager silence, whichever way it came.
type silenceWindow struct {
	id, by, comment  string
	state            string // pending, active, expired
	startsAt, endsAt schemas.Time
	updatedAt        schemas.Time
	matchers         []string // in Alertmanager's syntax
	equal            schemas.Labels
	annotations      schemas.Labels
	names            bool // a matcher wants a label to be there
}

// silence reads one silence of Alertmanager's API v2.
func (b *batch) silence(r *jsonscan.Reader) error {
	return b.element(r, "", -1, func(s *schemas.Signal) error {
		var w silenceWindow
		if err := r.Object(func(name string) error { return w.field(r, name) }); err != nil {
			return err
		}
		if err := w.signal(s); err != nil {
			return err
		}
		if f := b.meta.Feed; f != nil {
			s.Tenant, s.Environment = f.Tenant, f.Environment
		}
		return nil
	})
}

func (w *silenceWindow) field(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "id":
		w.id, err = r.String()
	case "matchers":
		err = r.Array(func(int) error { return w.readMatcher(r) })
	case "startsAt":
		w.startsAt, err = schemas.ReadTime(r)
	case "endsAt":
		w.endsAt, err = schemas.ReadTime(r)
	case "updatedAt":
		w.updatedAt, err = schemas.ReadTime(r)
	case "createdBy":
		w.by, err = r.String()
	case "comment":
		w.comment, err = r.String()
	case "annotations":
		w.annotations, err = schemas.ReadLabels(r)
	case "status":
		err = r.Object(func(name string) (err error) {
			if name == "state" {
				w.state, err = r.String()
			}
			return err
		})
	}
	return err
}

// matcherTypes say of Alertmanager's own names whether they are regular
// expressions, and whether what matches is meant.
var matcherTypes = map[string][2]bool{"EQUAL": {false, true}, "NOT_EQUAL": {false, false}, "REGEXP": {true, true}, "NOT_REGEXP": {true, false}}

func (w *silenceWindow) readMatcher(r *jsonscan.Reader) error {
	var name, value, kind string
	regex, equal := false, true
	err := r.Object(func(field string) (err error) {
		switch field {
		case "name":
			name, err = r.String()
		case "value", "pattern": // the latter in its protobuf form, with type
			value, err = r.String()
		case "type":
			kind, err = r.String()
		case "isRegex":
			regex, err = r.Bool()
		case "isEqual": // absent in old versions, where it meant true
			equal, err = r.Bool()
		default: // it may well say which alerts are not meant
			err = fmt.Errorf("%s: not known of a matcher; the silence would match more than it says", field)
		}
		return err
	})
	if err != nil {
		return err
	}
	if kind != "" {
		op, ok := matcherTypes[strings.TrimPrefix(strings.ToUpper(kind), "TYPE_")]
		if !ok {
			return fmt.Errorf("type: %q is none of EQUAL, NOT_EQUAL, REGEXP, NOT_REGEXP", kind)
		}
		regex, equal = op[0], op[1]
	}
	if name == "" {
		return errors.New("name: missing")
	}
	w.matcher(name, value, regex, equal)
	return nil
}

func (w *silenceWindow) matcher(name, value string, regex, equal bool) {
	op := map[[2]bool]string{{false, true}: "=", {true, true}: "=~", {false, false}: "!=", {true, false}: "!~"}[[2]bool{regex, equal}]
	w.matchers = append(w.matchers, matcherName(name)+op+quoteMatcher(value))
	w.names = w.names || wantsLabel(op, name, value)
	if op == "=" {
		w.equal = with(w.equal, name, value)
	}
}

// wantsLabel reports whether a matcher does not match where its label is not
// there. Longer expressions than anybody writes for "anything" are not compiled
// for it: how much they cost is looked at later.
func wantsLabel(op, name, value string) bool {
	const longest = 100
	if len(value) > longest {
		return op != "!="
	}
	m, err := labels.NewMatcher(matchTypes[op], name, value)
	return err != nil || !m.Matches("")
}

var matchTypes = map[string]labels.MatchType{
	"=": labels.MatchEqual, "!=": labels.MatchNotEqual, "=~": labels.MatchRegexp, "!~": labels.MatchNotRegexp,
}

// quoteMatcher quotes a value as Alertmanager's matcher syntax wants it.
func quoteMatcher(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(v) + `"`
}

// signal writes the silence as a maintenance window that suppresses what it
// matches.
func (w *silenceWindow) signal(s *schemas.Signal) error {
	if w.id == "" {
		return errors.New("id: missing")
	}
	if w.endsAt == 0 {
		return errors.New("endsAt: missing")
	}
	if len(w.matchers) > 0 && !w.names {
		return errors.New("matchers: all of them match a label that is not there, so the silence would match nearly every alert; Alertmanager takes none like it")
	}
	status, ok := map[string]schemas.Status{
		"": schemas.StatusPlanned, "pending": schemas.StatusPlanned, "active": schemas.StatusStarted, "expired": schemas.StatusFinished,
	}[w.state]
	if !ok {
		return fmt.Errorf("status.state: %q is none of pending, active, expired", w.state)
	}
	*s = schemas.Signal{
		Kind: schemas.KindMaintenance, Source: string(SourceAlertmanager), Fingerprint: w.id, Status: status,
		Name: "Silence: " + firstLine(w.comment, w.id), Summary: firstLine(w.comment, ""), Description: w.comment,
		StartsAt: w.startsAt, EndsAt: w.endsAt, Labels: w.equal, Annotations: w.annotations,
		Change: &schemas.Change{Type: "silence", By: w.by, Suppress: len(w.matchers) > 0, Matchers: w.matchers},
	}
	if w.updatedAt != 0 { // prolonging keeps the id: another state of the window
		s.Occurrence = w.updatedAt.String()
	}
	return nil
}

// firstLine returns the first line of text, or fallback when it is empty.
func firstLine(text, fallback string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return fallback
	}
	return line
}
