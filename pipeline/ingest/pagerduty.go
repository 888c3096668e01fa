package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourcePagerDuty is PagerDuty's webhook, version 3, and Events v2.
const SourcePagerDuty Source = "pagerduty"

var pagerDuty = sender{
	name: SourcePagerDuty, path: "/webhook/pagerduty", topic: schemas.TopicTickets,
	signature: signature{header: "X-PagerDuty-Signature"},
	looks: func(m members) bool {
		return m.have("event_action") || m["event"].kind == jsonscan.Object && !m.any("webhookEvent", "data", "payload")
	},
	hint: "event, or event_action,",
	read: (*batch).pagerDuty,
}

// pagerDuty reads a webhook of version 3, which is about an incident there (a
// ticket to us), or a message of Events v2, which is an alert.
func (b *batch) pagerDuty(r *jsonscan.Reader) error {
	start := r.Mark()
	v3 := false
	err := r.Object(func(name string) error {
		v3 = v3 || name == "event"
		return nil
	})
	if err != nil {
		return err
	}
	r.Rewind(start)
	if v3 {
		return b.pagerDutyWebhook(r)
	}
	return b.pagerDutyEvent(r)
}

// dutyWebhook is what is used of a version 3 webhook.
type dutyWebhook struct {
	id, eventType, resource string
	at                      schemas.Time
	incident                dutyIncident
	note                    string
	noteOf                  dutyIncident
	agent                   string
	dataType                string
}

type dutyIncident struct {
	id, key, title, status, urgency, priority, service, team, assignee, url, policy string
	created                                                                         schemas.Time
}

func (b *batch) pagerDutyWebhook(r *jsonscan.Reader) error {
	at := b.here(r)
	var w dutyWebhook
	err := r.Object(func(name string) error {
		if name != "event" {
			return nil
		}
		return r.Object(func(name string) error { return w.field(r, name) })
	})
	if err != nil {
		return err
	}
	if w.eventType == "" {
		return errors.New("event.event_type: missing")
	}
	if w.eventType == "pagey.ping" {
		b.notes = append(b.notes, string(errTest))
	}
	if !strings.HasPrefix(w.eventType, "incident.") {
		return nil // pagey.ping, service.updated: nothing happened to an incident
	}
	if schemas.IsIncidentID(w.incident.key) { // it would be part of the incident that it is of
		b.notes = append(b.notes, "an incident that Pinkstar triggered: what happens to it comes back by /reply/TARGET")
		return nil
	}
	s, err := w.signal()
	if err != nil {
		return b.refuse(at, err)
	}
	return b.add(at, s)
}

func (w *dutyWebhook) field(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "id":
		w.id, err = r.Text()
	case "event_type":
		w.eventType, err = r.String()
	case "resource_type":
		w.resource, err = r.Text()
	case "occurred_at":
		w.at, err = schemas.ReadTime(r)
	case "agent":
		w.agent, err = readMember(r, "summary")
	case "data":
		err = r.Object(func(name string) (err error) {
			switch name {
			case "type":
				w.dataType, err = r.Text()
			case "content", "message": // of a note, of a status update
				w.note, err = r.Text()
			case "incident": // of whatever is not about the incident itself
				err = r.Object(func(name string) error { return w.noteOf.field(r, name) })
			default:
				err = w.incident.field(r, name)
			}
			return err
		})
	}
	return err
}

func (i *dutyIncident) field(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "id":
		i.id, err = r.Text()
	case "title", "summary":
		var v string
		if v, err = r.Text(); v != "" {
			i.title = v
		}
	case "incident_key":
		i.key, err = r.Text()
	case "status":
		i.status, err = r.Text()
	case "urgency":
		i.urgency, err = r.Text()
	case "html_url":
		i.url, err = r.Text()
	case "created_at":
		i.created, err = schemas.ReadTime(r)
	case "priority":
		i.priority, err = readMember(r, "summary")
	case "service":
		i.service, err = readMember(r, "summary")
	case "escalation_policy":
		i.policy, err = readMember(r, "summary")
	case "teams":
		i.team, err = readFirst(r, "summary")
	case "assignees":
		i.assignee, err = readFirst(r, "summary")
	}
	return err
}

var dutyNumber = regexp.MustCompile(`^\[#\d+\] `)

// readFirst returns a member of the first object of an array.
func readFirst(r *jsonscan.Reader, member string) (v string, err error) {
	err = r.Array(func(n int) (err error) {
		if n == 0 {
			v, err = readMember(r, member)
		}
		return err
	})
	return v, err
}

func (w *dutyWebhook) signal() (schemas.Signal, error) {
	i := w.incident
	if w.noteOf.id != "" {
		i = w.noteOf
	}
	if i.id == "" {
		return schemas.Signal{}, errors.New("event.data.id: missing")
	}
	severity := i.priority
	if schemas.ParseSeverity(severity) == schemas.SeverityUnknown {
		severity = i.urgency
	}
	s := schemas.Signal{
		Kind: schemas.KindTicket, Source: string(SourcePagerDuty), Fingerprint: i.id, Occurrence: w.id,
		Status: schemas.StatusUpdated, Name: i.id, Severity: schemas.Severity(severity), Service: i.service, Team: i.team,
		Summary: i.title, Description: w.note, StartsAt: i.created, URL: i.url,
		Labels: schemas.LabelsOf(map[string]string{"escalation_policy": i.policy, "urgency": i.urgency}),
		Ticket: &schemas.Ticket{
			Key: i.id, Type: "PagerDuty incident", State: i.status, Assignee: i.assignee, Reporter: w.agent, Priority: i.priority,
		},
	}
	if s.Occurrence == "" {
		s.Occurrence = w.eventType + " " + w.at.String()
	}
	if s.StartsAt == 0 {
		s.StartsAt = w.at
	}
	switch {
	case w.noteOf.id != "":
		// The reference has "[#42] " before the title, and no status: a note changes
		// nothing of the ticket.
		s.Summary = dutyNumber.ReplaceAllString(i.title, "")
	case w.eventType == "incident.triggered", w.eventType == "incident.reopened":
		s.Status = schemas.StatusOpen
	case w.eventType == "incident.resolved":
		s.Status, s.EndsAt = schemas.StatusClosed, w.at
	case i.status == "resolved": // something else about one that is over
		s.Status = schemas.StatusClosed
	}
	return s, nil
}

// dutyEvent is a message of Events v2. Its routing key is a secret: it is never
// read.
type dutyEvent struct {
	action, key, client, clientURL string
	summary, source, severity      string
	component, group, class        string
	at                             schemas.Time
	link                           string
	details                        map[string]string
}

func (b *batch) pagerDutyEvent(r *jsonscan.Reader) error {
	at := b.here(r)
	e := dutyEvent{details: map[string]string{}}
	if err := r.Object(func(name string) error { return e.field(r, name) }); err != nil {
		return err
	}
	switch e.action {
	case "trigger", "resolve":
		return b.add(at, e.signal())
	case "acknowledge":
		// Somebody looks at it at the sender's; the alert is what it was. An
		// incident of ours is acknowledged by a command.
		return nil
	case "":
		return b.refuse(at, errors.New("event_action: missing"))
	}
	return b.refuse(at, fmt.Errorf("event_action: %q is none of trigger, acknowledge, resolve", e.action))
}

func (e *dutyEvent) field(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "event_action":
		e.action, err = r.String()
	case "dedup_key":
		e.key, err = r.Text()
	case "client":
		e.client, err = r.Text()
	case "client_url":
		e.clientURL, err = r.Text()
	case "payload":
		err = r.Object(func(name string) error { return e.payload(r, name) })
	case "links":
		e.link, err = readFirst(r, "href")
	}
	return err
}

func (e *dutyEvent) payload(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "summary":
		e.summary, err = r.Text()
	case "source":
		e.source, err = r.Text()
	case "severity":
		e.severity, err = r.Text()
	case "timestamp":
		e.at, err = readJiraTime(r) // with or without a colon in the offset
	case "component":
		e.component, err = r.Text()
	case "group":
		e.group, err = r.Text()
	case "class":
		e.class, err = r.Text()
	case "custom_details":
		if r.Kind() == jsonscan.Object {
			err = readFlat(r, e.details)
		}
	}
	return err
}

func (e *dutyEvent) signal() schemas.Signal {
	labels := e.details
	for name, v := range map[string]string{
		"component": e.component, "group": e.group, "class": e.class, "client": e.client, "event_source": e.source,
	} {
		if v != "" {
			labels[name] = v
		}
	}
	s := schemas.Signal{
		Kind: schemas.KindAlert, Source: string(SourcePagerDuty), Fingerprint: e.key, Status: schemas.StatusFiring,
		Name: e.class, Severity: schemas.Severity(e.severity), Summary: e.summary, StartsAt: e.at, Host: e.source,
		Labels: schemas.LabelsOf(labels), URL: e.link,
	}
	for _, name := range []string{e.summary, e.key} {
		if s.Name == "" {
			s.Name = name
		}
	}
	if s.URL == "" {
		s.URL = e.clientURL
	}
	if s.Fingerprint == "" { // the details may hold figures that change with every message
		s.Fingerprint = schemas.FingerprintOf(schemas.Labels{
			{Name: "source", Value: e.source}, {Name: "component", Value: e.component}, {Name: "group", Value: e.group},
			{Name: "class", Value: e.class}, {Name: "summary", Value: e.summary},
		})
	}
	if e.action == "resolve" {
		resolvedAt(&s, e.at)
	}
	return s
}
