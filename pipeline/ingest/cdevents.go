package ingest

import (
	"errors"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceCDEvents is CDEvents without a CloudEvents envelope.
const SourceCDEvents Source = "cdevents"

var cdEvents = sender{
	name: SourceCDEvents, topic: schemas.TopicChanges,
	looks: func(m members) bool { return m.have("context", "subject") && !m.have("specversion") },
	hint:  "context with subject",
	read:  (*batch).cdEvent,
}

// cdEvent is what is used of a CDEvents event: what happened to which service.
type cdEvent struct {
	id, source, typ            string
	at                         schemas.Time
	subject, environment       string
	artifact, service, comment string
	url                        string
}

// cdEvent reads {"context": …, "subject": …}: a service that was deployed,
// upgraded, rolled back, published or removed is a change, an incident is an
// alert. Pipelines, builds and tests change nothing that runs, and give no
// signal.
func (b *batch) cdEvent(r *jsonscan.Reader) error {
	at := b.here(r)
	var e cdEvent
	if err := r.Object(func(name string) error { return e.field(r, name) }); err != nil {
		return err
	}
	if e.typ == "" {
		return b.refuse(at, errors.New("context.type: missing"))
	}
	subject, predicate := e.what()
	switch subject {
	case "service":
		return b.add(at, e.change(predicate))
	case "incident":
		return b.add(at, e.incident(predicate))
	}
	return nil
}

func (e *cdEvent) field(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "context":
		err = r.Object(func(name string) (err error) {
			switch name {
			case "id":
				e.id, err = r.Text()
			case "source":
				e.source, err = r.Text()
			case "type":
				e.typ, err = r.String()
			case "timestamp":
				e.at, err = schemas.ReadTime(r)
			}
			return err
		})
	case "subject":
		err = r.Object(func(name string) (err error) {
			switch name {
			case "id":
				e.subject, err = r.Text()
			case "content":
				err = r.Object(func(name string) error { return e.content(r, name) })
			}
			return err
		})
	}
	return err
}

func (e *cdEvent) content(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "environment":
		e.environment, err = readMember(r, "id")
	case "service":
		e.service, err = readMember(r, "id")
	case "artifactId":
		e.artifact, err = r.Text()
	case "description":
		e.comment, err = r.Text()
	case "ticketURI":
		e.url, err = r.Text()
	}
	return err
}

// what splits dev.cdevents.service.rolledback.0.2.0 into service and rolledback.
func (e *cdEvent) what() (subject, predicate string) {
	parts := strings.Split(strings.TrimPrefix(e.typ, "dev.cdevents."), ".")
	if len(parts) < 2 {
		return "", ""
	}
	return parts[0], parts[1]
}

func (e *cdEvent) change(predicate string) schemas.Signal {
	kind, ok := map[string]string{
		"deployed": "deployment", "upgraded": "deployment", "rolledback": "rollback", "removed": "removal", "published": "publication",
	}[predicate]
	if !ok {
		kind = predicate
	}
	service := lastSegment(e.subject)
	return schemas.Signal{
		Kind: schemas.KindChange, Source: string(SourceCDEvents), Fingerprint: e.subject + "@" + e.environment, Occurrence: e.id,
		Status: schemas.StatusFinished, Name: strings.TrimSpace(service + " " + predicate), Service: service,
		Environment: lastSegment(e.environment), Summary: strings.TrimSpace(service + " " + predicate + " " + e.artifact),
		StartsAt: e.at, EndsAt: e.at, Labels: schemas.LabelsOf(map[string]string{"event_source": e.source}),
		Change: &schemas.Change{Type: kind, Version: e.artifact},
	}
}

func (e *cdEvent) incident(predicate string) schemas.Signal {
	s := schemas.Signal{
		Kind: schemas.KindAlert, Source: string(SourceCDEvents), Fingerprint: e.subject, Status: schemas.StatusFiring,
		Name: firstLine(e.comment, e.subject), Description: e.comment, Service: lastSegment(e.service),
		Environment: lastSegment(e.environment), StartsAt: e.at, URL: e.url,
		Labels: schemas.LabelsOf(map[string]string{"event_source": e.source, "artifact": e.artifact}),
	}
	if predicate == "resolved" {
		resolvedAt(&s, e.at)
	}
	return s
}

// lastSegment takes the name out of "/namespaces/shop/payment" or "ns/payment".
func lastSegment(id string) string {
	id = strings.TrimRight(id, "/")
	return id[strings.LastIndexByte(id, '/')+1:]
}
