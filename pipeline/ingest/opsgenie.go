package ingest

import (
	"errors"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceOpsgenie is Opsgenie's outgoing webhook.
const SourceOpsgenie Source = "opsgenie"

var opsgenie = sender{
	name: SourceOpsgenie, path: "/webhook/opsgenie", topic: schemas.TopicAlerts,
	looks: func(m members) bool {
		return m["alert"].kind == jsonscan.Object && m.have("action") && m.any("integrationId", "integrationName")
	},
	hint: "alert with action and integrationId",
	read: func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceOpsgenie, readOpsgenie) },
}

// isOpsgenieTest tells a try of the integration: an action of that name, or the
// sample alert of its documentation.
func isOpsgenieTest(t, a tree) bool {
	return strings.HasPrefix(strings.ToLower(t.text("action")), "test") ||
		strings.EqualFold(a.text("message"), "test alert") && strings.HasPrefix(strings.ToLower(a.text("alias")), "aliastest")
}

func readOpsgenie(t tree, s *schemas.Signal) error {
	a := t.object("alert")
	if isOpsgenieTest(t, a) {
		return errTest
	}
	created, err := a.time("createdAt")
	if err != nil {
		return err
	}
	updated, err := a.time("updatedAt", "createdAt") // in nanoseconds, the other in milliseconds
	if err != nil {
		return err
	}
	labels := map[string]string{}
	tags(a.texts("tags"), labels)
	a.object("details").flat(labels)
	for label, v := range map[string]string{"entity": a.text("entity"), "event_source": a.text("source"), "tiny_id": a.text("tinyId"), "team": t.text("escalationTeam", "alert.team")} {
		if v != "" && labels[label] == "" {
			labels[label] = v
		}
	}
	s.Name, s.Summary, s.Description = a.text("message"), a.text("message"), a.text("description")
	s.Severity, s.StartsAt, s.Labels = schemas.Severity(a.text("priority")), created, schemas.LabelsOf(labels)
	if s.Fingerprint = a.text("alias", "alertId"); s.Fingerprint == "" {
		return errors.New("alert.alias: missing, and no alertId")
	}
	switch action := strings.ToLower(t.text("action")); action {
	case "create":
	case "close", "delete":
		over(s, created, updated)
	case "":
		return errors.New("action: missing")
	default:
		return nothingError("what people do about an alert at Opsgenie does not change whether it fires: only Create, Close and Delete are used")
	}
	return nil
}
