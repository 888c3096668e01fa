package ingest

import (
	"errors"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceServiceNow is ServiceNow's event API.
const SourceServiceNow Source = "servicenow"

var serviceNow = sender{
	name: SourceServiceNow, path: "/webhook/servicenow", topic: schemas.TopicAlerts,
	looks: func(m members) bool { return m["records"].kind == jsonscan.Array },
	hint:  "records",
	read:  (*batch).serviceNow,
}

// serviceNow reads events in the shape of ServiceNow's em_event API:
// {"records": [{…}]}.
func (b *batch) serviceNow(r *jsonscan.Reader) error {
	seen := false
	err := r.Object(func(name string) error {
		if name != "records" {
			return nil
		}
		seen = true
		return r.Array(func(i int) error {
			return b.element(r, "records", i, func(s *schemas.Signal) error {
				e := nowEvent{more: map[string]string{}}
				if err := r.Object(func(name string) error { return e.field(r, name) }); err != nil {
					return err
				}
				return e.signal(s)
			})
		})
	})
	if err == nil && !seen {
		err = errors.New("records: missing")
	}
	return err
}

type nowEvent struct {
	source, class, node, resource, metric, typ string
	key, severity, description, resolution     string
	at                                         schemas.Time
	more                                       map[string]string // additional_info
}

func (e *nowEvent) field(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "source":
		e.source, err = r.Text()
	case "event_class":
		e.class, err = r.Text()
	case "node":
		e.node, err = r.Text()
	case "resource":
		e.resource, err = r.Text()
	case "metric_name":
		e.metric, err = r.Text()
	case "type":
		e.typ, err = r.Text()
	case "message_key":
		e.key, err = r.Text()
	case "severity":
		e.severity, err = r.Text()
		e.severity = strings.TrimSpace(e.severity)
	case "description":
		e.description, err = r.Text()
	case "resolution_state":
		e.resolution, err = r.Text()
	case "time_of_event":
		e.at, err = readNowTime(r)
	case "additional_info":
		err = e.additional(r)
	}
	return err
}

// additional reads an object, or the text of one. Text that is none stays text.
func (e *nowEvent) additional(r *jsonscan.Reader) error {
	if r.Kind() == jsonscan.Object {
		return readFlat(r, e.more)
	}
	v, err := r.Text()
	if err != nil || v == "" {
		return err
	}
	inner := jsonscan.New(v)
	if inner.Kind() != jsonscan.Object || readFlat(&inner, e.more) != nil || inner.End() != nil {
		e.more["additional_info"] = v
	}
	return nil
}

// readFlat keeps an object's texts, numbers and booleans; what is nested is
// left out.
func readFlat(r *jsonscan.Reader, into map[string]string) error {
	return r.Object(func(name string) error {
		if k := r.Kind(); k == jsonscan.Object || k == jsonscan.Array {
			return nil
		}
		v, err := r.Text()
		into[name] = v
		return err
	})
}

// nowSeverities are ServiceNow's: 0 says that it is over.
var nowSeverities = map[string]schemas.Severity{
	"1": schemas.SeverityCritical, "2": schemas.SeverityMajor, "3": schemas.SeverityWarning,
	"4": schemas.SeverityWarning, "5": schemas.SeverityInfo,
}

func (e *nowEvent) signal(s *schemas.Signal) error {
	labels := e.more
	for name, v := range map[string]string{
		"event_source": e.source, "event_class": e.class, "node": e.node, "resource": e.resource,
		"metric_name": e.metric, "type": e.typ,
	} {
		if v != "" {
			labels[name] = v
		}
	}
	*s = schemas.Signal{
		Kind: schemas.KindAlert, Source: string(SourceServiceNow), Fingerprint: e.key, Status: schemas.StatusFiring,
		Severity: nowSeverities[e.severity], Summary: firstLine(e.description, ""), Description: e.description,
		StartsAt: e.at, Host: e.node, Instance: e.resource, Labels: schemas.LabelsOf(labels),
	}
	for _, name := range []string{e.metric, e.typ, s.Summary, e.key} {
		if s.Name == "" {
			s.Name = name
		}
	}
	if s.Fingerprint == "" { // what ServiceNow makes its own key of
		s.Fingerprint = schemas.FingerprintOf(schemas.Labels{
			{Name: "source", Value: e.source}, {Name: "node", Value: e.node}, {Name: "type", Value: e.typ},
			{Name: "resource", Value: e.resource}, {Name: "metric_name", Value: e.metric},
		})
	}
	if e.severity == "0" || strings.EqualFold(e.resolution, "Closing") {
		resolvedAt(s, e.at)
	}
	return nil
}

// resolvedAt makes s the end of something whose start the sender does not
// repeat. The time of the end stands in for it, so that the same message sent
// twice still is one signal.
func resolvedAt(s *schemas.Signal, at schemas.Time) {
	s.Status, s.StartsAt, s.EndsAt = schemas.StatusResolved, at, at
	s.Flags = append(s.Flags, "starts_at_missing")
}

// readNowTime reads "2026-11-22 10:32:00", GMT, or RFC 3339.
func readNowTime(r *jsonscan.Reader) (schemas.Time, error) {
	if r.Kind() != jsonscan.String {
		return schemas.ReadTime(r)
	}
	v, err := r.String()
	if err != nil || v == "" {
		return 0, err
	}
	if t, err := time.Parse(time.DateTime, v); err == nil {
		return schemas.TimeOf(t), nil
	}
	return schemas.ParseTime(v)
}
