package ingest

import (
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceNewRelic is the webhook of a New Relic workflow, with its default template.
const SourceNewRelic Source = "newrelic"

var newRelic = sender{
	name: SourceNewRelic, path: "/webhook/newrelic", topic: schemas.TopicAlerts,
	looks: func(m members) bool {
		return m.have("state") && m.any("issueUrl", "issuePageUrl", "alertConditionNames", "alertPolicyNames") && !m.have("alerts")
	},
	hint: "issueUrl with state",
	read: func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceNewRelic, readNewRelic) },
}

// isNewRelicTest tells the sample issue that a workflow's test button fills its
// template with.
func isNewRelicTest(t tree, title string) bool {
	return strings.Contains(t.text("issueUrl", "issuePageUrl"), "/accounts/1/issues/") && strings.Contains(title, "'Some-Entity'")
}

func readNewRelic(t tree, s *schemas.Signal) error {
	title := t.text("title", "title[0]", "annotations.title[0]")
	if isNewRelicTest(t, title) {
		return errTest
	}
	created, err := t.time("createdAt", "activatedAt")
	if err != nil {
		return err
	}
	ended, err := t.time("closedAt", "updatedAt")
	if err != nil {
		return err
	}
	s.Name = t.text("alertConditionNames[0]", "alertConditionNames", "conditionName")
	if s.Name == "" {
		s.Name = title
	}
	s.Fingerprint, s.Severity, s.Summary = t.text("id", "issueId"), schemas.Severity(t.text("priority", "severity")), title
	s.Description = t.text("annotations.description[0]", "description[0]", "description")
	s.URL, s.Runbook, s.StartsAt = schemas.HTTPURL(t.text("issueUrl", "issuePageUrl")), t.text("runbookUrl", "runbookUrl[0]"), created
	labels := map[string]string{}
	for label, path := range map[string]string{"policy": "alertPolicyNames", "workflow": "workflowName", "entity": "impactedEntities"} {
		if v := strings.Join(t.texts(path), ","); v != "" {
			labels[label] = v
		}
	}
	s.Labels = schemas.LabelsOf(labels)
	entity := t.text("impactedEntities[0]", "entitiesData.names[0]")
	switch strings.ToUpper(t.text("entitiesData.types[0]", "entityTypes[0]")) {
	case "HOST":
		s.Host = entity
	case "", "APPLICATION", "SERVICE":
		s.Service = entity
	default:
		s.Instance = entity
	}
	switch state := strings.ToUpper(t.text("state")); state {
	case "CREATED", "ACTIVATED", "ACKNOWLEDGED":
	case "CLOSED", "RESOLVED", "DEACTIVATED":
		over(s, created, ended)
	default:
		return fmt.Errorf("state: %q is none of CREATED, ACTIVATED, CLOSED", state)
	}
	return nil
}
