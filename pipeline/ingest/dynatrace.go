package ingest

import (
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceDynatrace is Dynatrace's custom webhook for problems, with its default
// payload or deploy/senders/dynatrace.json.
const SourceDynatrace Source = "dynatrace"

var dynatrace = sender{
	name: SourceDynatrace, path: "/webhook/dynatrace", topic: schemas.TopicAlerts,
	looks: func(m members) bool { return m.any("ProblemID", "PID") && m.any("State", "ProblemStatus") },
	hint:  "ProblemID with State",
	read:  func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceDynatrace, readDynatrace) },
}

var dynatraceSeverities = map[string]schemas.Severity{
	"AVAILABILITY": schemas.SeverityCritical, "ERROR": schemas.SeverityMajor, "PERFORMANCE": schemas.SeverityWarning,
	"RESOURCE_CONTENTION": schemas.SeverityWarning, "CUSTOM_ALERT": schemas.SeverityWarning, "MONITORING_UNAVAILABLE": schemas.SeverityInfo,
}

func readDynatrace(t tree, s *schemas.Signal) error {
	if t.text("ProblemID") == "999" && strings.Contains(strings.ToLower(t.text("ProblemTitle")), "test") {
		return errTest
	}
	details := t.object("ProblemDetailsJSON")
	if v2 := t.object("ProblemDetailsJSONv2"); len(v2) > 0 {
		details = v2
	}
	started, err := details.time("startTime")
	if err != nil {
		return fmt.Errorf("ProblemDetailsJSON.%w", err)
	}
	if end := details.text("endTime"); strings.HasPrefix(end, "-") { // -1: not over
		delete(details, "endTime")
	}
	ended, err := details.time("endTime")
	if err != nil {
		return fmt.Errorf("ProblemDetailsJSON.%w", err)
	}
	labels := map[string]string{}
	tags(t.texts("Tags"), labels)
	for label, path := range map[string]string{"problem": "ProblemID", "impact": "ProblemImpact", "entity": "ImpactedEntity"} {
		labels[label] = t.text(path)
	}
	s.Name, s.Summary, s.Description = t.text("ProblemTitle"), t.text("ProblemTitle"), t.text("ProblemDetailsText", "ProblemDetailsMarkdown", "ProblemDetails")
	s.Severity, s.URL, s.StartsAt = dynatraceSeverities[t.text("ProblemSeverity")], schemas.HTTPURL(t.text("ProblemURL")), started
	s.Labels = schemas.LabelsOf(labels)
	if s.Fingerprint = t.text("PID", "ProblemID"); s.Name == "" {
		s.Name = "Problem " + t.text("ProblemID", "PID")
	}
	entity := t.text("ImpactedEntities[0].name", "ImpactedEntityNames")
	switch kind := t.text("ImpactedEntities[0].type"); kind {
	case "HOST":
		s.Host = entity
	case "SERVICE", "APPLICATION":
		s.Service = entity
	default:
		s.Instance = entity
	}
	switch state := strings.ToUpper(t.text("State", "ProblemStatus")); state {
	case "OPEN":
	case "RESOLVED", "CLOSED", "MERGED": // merged: another problem tells of it from now on
		over(s, started, ended)
	default:
		return fmt.Errorf("field State: %q is none of OPEN, RESOLVED, MERGED", state)
	}
	return nil
}
