package ingest

import (
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceSplunk is Splunk's webhook alert action. A search tells that it found
// something and never that it is over: an alert ends by itself when it has not
// come again for lifecycle.inactivity, or with a field alert_state in the result.
const SourceSplunk Source = "splunk"

var splunk = sender{
	name: SourceSplunk, path: "/webhook/splunk", topic: schemas.TopicAlerts,
	looks: func(m members) bool { return m.have("sid") && m.any("search_name", "results_link", "result") },
	hint:  "sid with search_name",
	read:  func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceSplunk, readSplunk) },
}

func readSplunk(t tree, s *schemas.Signal) error {
	row := t.object("result")
	at, err := row.time("_time", "trigger_time")
	if err != nil {
		at = 0 // a search may name any column so
	}
	labels := map[string]string{}
	for name, v := range row {
		if text, ok := v.(string); ok && !strings.HasPrefix(name, "_") && text != "" {
			labels[name] = text
		}
	}
	for label, path := range map[string]string{"app": "app", "splunk_owner": "owner"} {
		if v := t.text(path); v != "" && label != "app" {
			labels[label] = v
		} else if v != "" {
			labels["splunk_app"] = v // "app" would name a service
		}
	}
	if s.Name = t.text("search_name"); s.Name == "" {
		s.Name = "Splunk search"
	}
	s.Summary, s.Description, s.URL, s.StartsAt = row.text("summary", "message"), row.text("_raw"), schemas.HTTPURL(t.text("results_link")), at
	s.Severity, s.Labels = schemas.Severity(row.text("severity", "urgency")), schemas.LabelsOf(labels)
	s.Fingerprint = schemas.FingerprintOf(schemas.Labels{ // a row's figures differ each time
		{Name: "app", Value: t.text("app")}, {Name: "search", Value: t.text("search_name")}, {Name: "host", Value: row.text("host")},
		{Name: "service", Value: row.text("service")}, {Name: "source", Value: row.text("source")},
	})
	if state := row.text("alert_state"); state != "" {
		s.Status = schemas.Status(state)
		if s.StartsAt == 0 || schemas.Status(strings.ToLower(state)) != schemas.StatusFiring {
			s.EndsAt = at
		}
	}
	return nil
}
