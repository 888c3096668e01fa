package demo

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// alert is one alert as a monitoring rule would raise it.
type alert struct {
	Name     string
	Service  string
	Severity string
	Instance string // "" for the whole service
	Team     string
	Summary  string
	Start    time.Time
	End      time.Time // zero while it fires
}

func (a alert) labels() map[string]string {
	l := map[string]string{
		"alertname": a.Name, "service": a.Service, "severity": a.Severity,
		"team": a.Team, "environment": "production",
	}
	if a.Instance != "" {
		l["instance"] = a.Instance
	}
	for k, v := range l {
		if v == "" {
			delete(l, k)
		}
	}
	return l
}

func (a alert) status() string {
	if a.End.IsZero() {
		return "firing"
	}
	return "resolved"
}

// fingerprint is computed as Prometheus does, so that the alert is the same one
// whichever Alertmanager of a pair sends it.
func (a alert) fingerprint() string {
	ls := model.LabelSet{}
	for k, v := range a.labels() {
		ls[model.LabelName(k)] = model.LabelValue(v)
	}
	return ls.Fingerprint().String()
}

// alertmanagerWebhook builds what Alertmanager posts, version 4.
func alertmanagerWebhook(alerts ...alert) json.RawMessage {
	status := "resolved"
	list := make([]map[string]any, len(alerts))
	for i, a := range alerts {
		if a.End.IsZero() {
			status = "firing"
		}
		end := a.End
		list[i] = map[string]any{
			"status": a.status(), "labels": a.labels(),
			"annotations": map[string]string{"summary": a.Summary},
			"startsAt":    rfc3339(a.Start), "endsAt": rfc3339(end),
			"generatorURL": "http://prometheus.pinkstar.example/graph?g0.expr=" + a.Name,
			"fingerprint":  a.fingerprint(),
		}
	}
	group := map[string]string{"alertname": alerts[0].Name}
	return mustJSON(map[string]any{
		"version": "4", "receiver": "pinkstar", "status": status, "alerts": list,
		"groupLabels": group, "commonLabels": group, "commonAnnotations": map[string]string{},
		"externalURL":     "http://alertmanager.pinkstar.example",
		"groupKey":        fmt.Sprintf("{}:{alertname=%q}", alerts[0].Name),
		"truncatedAlerts": 0,
	})
}

// rfc3339 writes t as Alertmanager does; Go's zero time is what it sends as
// the end of an alert that still fires.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// ticket is one state of a ticket in a team's tracker.
type ticket struct {
	Key      string
	Title    string
	Text     string
	Service  string // the tracker's component; "" when the writer chose none
	Reporter string
	Closed   bool
	Created  time.Time
	Updated  time.Time
}

// jiraWebhook builds what Jira Cloud posts.
func jiraWebhook(t ticket) json.RawMessage {
	project, _, _ := strings.Cut(t.Key, "-")
	event, state, category := "jira:issue_created", "Open", "new"
	if t.Closed {
		event, state, category = "jira:issue_updated", "Done", "done"
	}
	components := []map[string]string{}
	if t.Service != "" {
		components = append(components, map[string]string{"name": t.Service})
	}
	const layout = "2006-01-02T15:04:05.000-0700"
	body := map[string]any{
		"timestamp": t.Updated.UnixMilli(), "webhookEvent": event,
		"user": map[string]string{"displayName": t.Reporter},
		"issue": map[string]any{
			"id": "1" + strings.TrimLeft(strings.ReplaceAll(t.Key, "-", ""), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "key": t.Key,
			"self": "https://jira.pinkstar.example/rest/api/2/issue/" + t.Key,
			"fields": map[string]any{
				"summary": t.Title, "description": t.Text,
				"created": t.Created.UTC().Format(layout), "updated": t.Updated.UTC().Format(layout),
				"project":    map[string]string{"key": project},
				"issuetype":  map[string]string{"name": "Incident"},
				"priority":   map[string]string{"name": "High"},
				"status":     map[string]any{"name": state, "statusCategory": map[string]string{"key": category}},
				"reporter":   map[string]string{"displayName": t.Reporter},
				"components": components,
			},
		},
	}
	if t.Closed {
		body["issue_event_type_name"] = "issue_generic"
		body["changelog"] = map[string]any{"items": []map[string]string{
			{"field": "status", "fromString": "Open", "toString": "Done"}}}
	}
	return mustJSON(body)
}

// mustJSON encodes values made of maps, strings and numbers, which always can
// be.
func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("demo: " + err.Error())
	}
	return b
}
