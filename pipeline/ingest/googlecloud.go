package ingest

import (
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceGoogleCloud is Google Cloud Monitoring's webhook, schema version 1.2.
const SourceGoogleCloud Source = "googlecloud"

var googleCloud = sender{
	name: SourceGoogleCloud, aliases: []string{"gcp", "stackdriver"}, path: "/webhook/googlecloud", topic: schemas.TopicAlerts,
	looks: func(m members) bool {
		return m["incident"].kind == jsonscan.Object && m.have("version") && !m.have("alerts")
	},
	hint: "incident with version",
	read: func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceGoogleCloud, readGoogleCloud) },
}

func readGoogleCloud(t tree, s *schemas.Signal) error {
	if strings.EqualFold(t.text("version"), "test") {
		return errTest // the channel's "send test notification": an incident that is none
	}
	i := t.object("incident")
	started, err := i.time("started_at")
	if err != nil {
		return fmt.Errorf("incident.%w", err)
	}
	ended, err := i.time("ended_at")
	if err != nil {
		return fmt.Errorf("incident.%w", err)
	}
	labels := map[string]string{}
	for _, part := range []string{"resource.labels", "metric.labels", "metadata.user_labels", "metadata.userLabels", "policy_user_labels"} {
		i.object(part).flat(labels)
	}
	for label, path := range map[string]string{
		"condition": "condition_name", "resource_type": "resource.type", "metric_type": "metric.type", "project": "scoping_project_id",
	} {
		if v := i.text(path); v != "" {
			labels[label] = v
		}
	}
	s.Name, s.Summary, s.Description = i.text("policy_name"), i.text("summary"), i.text("documentation.content")
	s.Fingerprint, s.URL, s.StartsAt, s.Labels = i.text("incident_id"), schemas.HTTPURL(i.text("url")), started, schemas.LabelsOf(labels)
	if v := strings.ToLower(i.text("severity")); v != "no severity" {
		s.Severity = schemas.Severity(v)
	}
	s.Instance = i.text("resource_display_name", "resource_name")
	if s.Labels.Get("service") == "" {
		s.Service = labels["service_name"]
	}
	switch state := strings.ToLower(i.text("state")); state {
	case "open", "acknowledged":
	case "closed":
		over(s, started, ended)
	default:
		return fmt.Errorf("incident.state: %q is neither open nor closed", state)
	}
	return nil
}
