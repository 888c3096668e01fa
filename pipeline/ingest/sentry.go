package ingest

import (
	"errors"
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceSentry is the webhook of a Sentry integration: metric alerts, issue
// alerts and issues.
const SourceSentry Source = "sentry"

var sentry = sender{
	name: SourceSentry, path: "/webhook/sentry", topic: schemas.TopicAlerts,
	signature: signature{header: "Sentry-Hook-Signature"},
	looks: func(m members) bool {
		return m.have("action", "data") && m.any("installation", "actor") && !m.any("schemaId", "specversion")
	},
	hint: "action with data and actor",
	read: func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceSentry, readSentry) },
}

func readSentry(t tree, s *schemas.Signal) error {
	action := strings.ToLower(t.text("action"))
	d := t.object("data")
	switch {
	case action == "test", isSentrySample(d.object("event")), isSentrySample(t.object("event")): // the latter from the old plugin
		return errTest
	case d.at("metric_alert") != nil:
		return readSentryMetric(d, action, s)
	case d.at("event") != nil:
		return readSentryEvent(d.object("event"), d, s)
	case d.at("issue") != nil:
		return readSentryIssue(d.object("issue"), action, s)
	case d.at("installation") != nil, d.at("comment") != nil, d.at("error") != nil:
		return nothingError("of Sentry's webhooks only metric alerts, issue alerts and issues say that something is wrong")
	}
	return errors.New("data: none of metric_alert, event and issue")
}

func readSentryMetric(d tree, action string, s *schemas.Signal) error {
	a := d.object("metric_alert")
	started, err := a.time("date_started", "date_detected", "date_created")
	if err != nil {
		return fmt.Errorf("data.metric_alert.%w", err)
	}
	ended, err := a.time("date_closed")
	if err != nil {
		return fmt.Errorf("data.metric_alert.%w", err)
	}
	labels := map[string]string{"project": strings.Join(a.texts("projects"), ","), "environment": a.text("alert_rule.environment")}
	s.Name = a.text("alert_rule.name", "title")
	s.Summary, s.Description = firstLine(d.text("description_title"), s.Name), d.text("description_text")
	s.Fingerprint, s.StartsAt, s.URL = "metric/"+a.text("id", "identifier"), started, schemas.HTTPURL(d.text("web_url"))
	s.Labels, s.Service, s.Severity = schemas.LabelsOf(labels), a.text("projects[0]"), schemas.Severity(action)
	switch action {
	case "critical", "warning":
	case "resolved":
		s.Severity = ""
		over(s, started, ended)
	default:
		return fmt.Errorf("action: %q is none of critical, warning, resolved", action)
	}
	return nil
}

// isSentrySample tells the sample event that a test notification carries.
func isSentrySample(e tree) bool { return strings.EqualFold(sentryTags(e)["sample_event"], "yes") }

// sentryTags are an event's tags, which are pairs.
func sentryTags(e tree) map[string]string {
	labels := map[string]string{}
	list, _ := e.at("tags").([]any)
	for _, pair := range list {
		if p, ok := pair.([]any); ok && len(p) == 2 {
			name, _ := p[0].(string)
			value, _ := p[1].(string)
			labels[name] = value
		}
	}
	delete(labels, "")
	return labels
}

// readSentryEvent reads an issue alert: a rule that was met by an event.
func readSentryEvent(e, d tree, s *schemas.Signal) error {
	at, err := e.time("datetime", "timestamp")
	if err != nil {
		return fmt.Errorf("data.event.%w", err)
	}
	labels := sentryTags(e)
	labels["rule"] = d.text("triggered_rule")
	s.Name, s.Summary, s.Description = e.text("title"), e.text("title"), e.text("message", "culprit")
	s.Fingerprint, s.Severity, s.StartsAt = "issue/"+e.text("issue_id", "groupID"), schemas.Severity(e.text("level")), at
	s.URL, s.Service, s.Labels = schemas.HTTPURL(e.text("web_url")), e.text("project_slug"), schemas.LabelsOf(labels)
	if e.text("issue_id", "groupID") == "" {
		return errors.New("data.event.issue_id: missing")
	}
	return nil
}

func readSentryIssue(i tree, action string, s *schemas.Signal) error {
	first, err := i.time("firstSeen")
	if err != nil {
		return fmt.Errorf("data.issue.%w", err)
	}
	last, err := i.time("statusDetails.resolvedAt", "lastSeen")
	if err != nil {
		return fmt.Errorf("data.issue.%w", err)
	}
	s.Name, s.Summary, s.Description = i.text("title", "shortId"), i.text("title"), i.text("culprit")
	s.Fingerprint, s.Severity, s.StartsAt = "issue/"+i.text("id"), schemas.Severity(i.text("level")), first
	s.URL, s.Service = schemas.HTTPURL(i.text("web_url", "permalink")), i.text("project.slug")
	s.Labels = schemas.LabelsOf(map[string]string{"short_id": i.text("shortId"), "platform": i.text("platform")})
	switch action {
	case "created", "unresolved", "regression", "triggered":
		if action == "unresolved" || action == "regression" {
			s.StartsAt = last
		}
	case "resolved", "ignored", "archived":
		over(s, first, last)
	default:
		return nothingError("what people do about an issue at Sentry does not change whether it is there")
	}
	return nil
}
