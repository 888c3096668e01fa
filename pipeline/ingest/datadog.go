package ingest

import (
	"errors"
	"regexp"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceDatadog is Datadog's webhook. Its body is a template of the user's; ours
// is in deploy/senders/datadog.json. The default one is understood, too, but tells
// monitors apart by their titles only.
const SourceDatadog Source = "datadog"

var datadog = sender{
	name: SourceDatadog, path: "/webhook/datadog", topic: schemas.TopicAlerts,
	looks: func(m members) bool {
		return m.any("alert_transition", "alert_cycle_key", "aggreg_key") || m.have("event_type", "last_updated", "org")
	},
	hint: "alert_transition",
	read: func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceDatadog, readDatadog) },
}

// datadogPrefix is how a title begins: [Triggered on {host:web-1}], [Re-Warn].
var datadogPrefix = regexp.MustCompile(`^\[(?i:(TEST)\] \[)?([A-Za-z -]+?)(?: on \{[^}]*\})?\] `)

func readDatadog(t tree, s *schemas.Signal) error {
	title := t.text("alert_title", "title")
	transition := t.text("alert_transition")
	if m := datadogPrefix.FindStringSubmatch(title); m != nil {
		if m[1] != "" {
			return errTest
		}
		if transition == "" {
			transition = m[2]
		}
		title = title[len(m[0]):]
	}
	at, err := t.time("date", "last_updated")
	if err != nil {
		return err
	}
	labels := map[string]string{}
	tags(t.texts("alert_scope"), labels)
	tags(t.texts("tags"), labels)
	for label, path := range map[string]string{"alert_id": "alert_id", "metric": "alert_metric", "host": "hostname", "datadog_org": "org.name"} {
		if v := t.text(path); v != "" {
			labels[label] = v
		}
	}
	s.Name, s.Summary, s.Description = title, firstLine(t.text("alert_status", "body"), title), t.text("body", "text_only_msg")
	s.URL, s.StartsAt, s.Labels = schemas.HTTPURL(t.text("link")), at, schemas.LabelsOf(labels)
	s.Severity = schemas.Severity(t.text("alert_priority", "priority"))
	if schemas.ParseSeverity(string(s.Severity)) == schemas.SeverityUnknown {
		s.Severity = schemas.Severity(t.text("alert_type"))
	}
	if s.Fingerprint = t.text("aggreg_key"); s.Fingerprint == "" {
		s.Fingerprint = schemas.FingerprintOf(schemas.Labels{
			{Name: "id", Value: t.text("alert_id")}, {Name: "scope", Value: t.text("alert_scope")}, {Name: "title", Value: title},
		})
	}
	switch word := strings.ToLower(strings.TrimPrefix(strings.ToLower(transition), "re-")); {
	case strings.HasPrefix(word, "recover"):
		over(s, 0, at)
		s.Severity = ""
	case strings.HasPrefix(word, "trigger"), strings.HasPrefix(word, "no data"), strings.HasPrefix(word, "renotify"), word == "alert", word == "error":
	case strings.HasPrefix(word, "warn"):
		if s.Severity == "" || s.Severity == "error" {
			s.Severity = schemas.SeverityWarning
		}
	default:
		return errors.New(`alert_transition: missing, and the title does not begin with [Triggered] or [Recovered]; add "alert_transition": "$ALERT_TRANSITION" to the payload`)
	}
	return nil
}
