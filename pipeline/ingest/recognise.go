package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// Header is one header of a Kafka record.
type Header struct {
	Key   string
	Value []byte
}

// Recognise translates a record of any known form, as Translate does. topic is
// only for the reader of an error. With receivedAt zero the time comes from
// the payload.
func (t *Translator) Recognise(topic string, headers []Header, value []byte, receivedAt schemas.Time) ([]schemas.Signal, error) {
	meta := Meta{ReceivedAt: receivedAt}
	for _, h := range headers {
		key := strings.ToLower(h.Key)
		if key == schemas.HeaderContentType {
			meta.ContentType = string(h.Value)
		}
		if name, ok := strings.CutPrefix(key, "ce_"); ok {
			if meta.Attributes == nil {
				meta.Attributes = map[string]string{}
			}
			meta.Attributes[name] = validText(string(h.Value))
		}
	}
	signals, err := t.Translate(SourceAny, value, meta)
	var rs Refusals
	if errors.As(err, &rs) && len(rs) > 0 && rs[0].Index < 0 && topic != "" {
		rs[0].Err = fmt.Errorf("topic %s: %w", topic, rs[0].Err)
	}
	return signals, err
}

// validText replaces broken UTF-8, as the JSON reader does: an id must be the
// hash of what is written out.
func validText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// recogniseText decides by what stands around the value and by its first
// bytes; a JSON value is then recognised by its members.
func (b *batch) recogniseText(text string) error {
	ct := strings.ToLower(b.meta.ContentType)
	switch {
	case text == "":
		return errors.New("the value is empty")
	case strings.HasPrefix(ct, "application/cloudevents"):
		return b.values(SourceCloudEvents, text)
	case b.meta.Attributes["type"] != "":
		return b.cloudEventBinary(text)
	case len(text) >= 5 && text[0] == 0:
		return fmt.Errorf("framed for a Confluent schema registry (schema id %d), which is not supported: "+
			"produce plain JSON or plain protobuf", binary.BigEndian.Uint32([]byte(text[1:5])))
	case strings.HasPrefix(ct, "text/calendar"), looksLikeCalendar(text):
		return b.calendar(text)
	case looksLikeProtobuf(text):
		return b.recorderProto(text)
	}
	return b.values(SourceAny, text)
}

func looksLikeCalendar(text string) bool {
	const begin = "BEGIN:VCALENDAR"
	text = strings.TrimLeft(text, "\ufeff \t\r\n")
	return len(text) >= len(begin) && strings.EqualFold(text[:len(begin)], begin)
}

// looksLikeProtobuf tells an event recorder's protobuf (its first byte is the
// tag of field 1, 2 or 3) from JSON, which may begin with a line feed: the same
// byte as tag 1.
func looksLikeProtobuf(text string) bool {
	if text == "" || text[0] != 0x0a && text[0] != 0x12 && text[0] != 0x1a {
		return false
	}
	rest := strings.TrimLeft(text, " \t\r\n")
	return rest == text || rest != "" && rest[0] != '{' && rest[0] != '['
}

// members is what an object shows of itself.
type members struct {
	names   map[string]bool
	version string
}

func (m members) have(names ...string) bool {
	for _, n := range names {
		if !m.names[n] {
			return false
		}
	}
	return true
}

func (m members) any(names ...string) bool {
	for _, n := range names {
		if m.names[n] {
			return true
		}
	}
	return false
}

// detect names the form of the object that r stands before, and leaves r there.
func detect(r *jsonscan.Reader) (Source, error) {
	if r.Kind() != jsonscan.Object {
		return "", errors.New("want an object")
	}
	start := r.Mark()
	m := members{names: make(map[string]bool, 16)}
	err := r.Object(func(name string) (err error) {
		m.names[name] = true
		if name == "version" && r.Kind() == jsonscan.String {
			m.version, err = r.String()
		}
		return err
	})
	r.Rewind(start)
	if err != nil {
		return "", err
	}
	return m.source()
}

func (m members) source() (Source, error) {
	switch {
	case m.have("event_action"):
		return SourcePagerDuty, nil
	case m.have("payload", "source"):
		return SourceWrapped, nil
	case m.have("specversion", "type"):
		return SourceCloudEvents, nil
	case m.have("alerts") && m.version != "4" && m.any("orgId", "state"):
		return SourceGrafana, nil
	case m.have("alerts") && m.any("groupKey", "receiver", "version"):
		return SourceAlertmanager, nil
	case m.any("@timestamp", "timestamp") && m.have("data"):
		return SourceRecorder, nil
	case m.have("webhookEvent"):
		return SourceJira, nil
	case m.have("event"):
		return SourcePagerDuty, nil
	case m.have("records"):
		return SourceServiceNow, nil
	case m.have("context", "subject"):
		return SourceCDEvents, nil
	case m.have("matchers") && m.any("startsAt", "endsAt"):
		return SourceSilences, nil
	case m.any("kind", "fingerprint", "starts_at", "labels", "name"):
		return SourceSignals, nil
	}
	return "", errors.New("not a payload of any known sender: no groupKey with version 4 (Alertmanager), " +
		"orgId (Grafana), @timestamp with data (event recorder), webhookEvent (Jira), event (PagerDuty), records (ServiceNow), " +
		"specversion (CloudEvents), context with subject (CDEvents), matchers (silence), and no field of our own signal")
}

// maxNested is how many envelopes may lie around a payload.
const maxNested = 3

// inside runs f for a value within an envelope.
func (b *batch) inside(step string, f func() error) error {
	if b.nested >= maxNested {
		return errors.New("more than 3 envelopes around each other")
	}
	outer := b.prefix
	b.nested++
	if b.prefix != "" {
		b.prefix += "."
	}
	b.prefix += step
	err := f()
	b.nested--
	b.prefix = outer
	return err
}

// wrapped reads {"source": "alertmanager", "received_at": "…", "payload": …}:
// a payload as it came, with what is not in it.
func (b *batch) wrapped(r *jsonscan.Reader) error {
	var source string
	var receivedAt schemas.Time
	var payload jsonscan.Mark
	found := false
	err := r.Object(func(name string) (err error) {
		switch name {
		case "source":
			source, err = r.String()
		case "received_at":
			receivedAt, err = schemas.ReadTime(r)
		case "payload":
			payload, found = r.Mark(), true
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return errors.New("payload: missing")
	}
	end := r.Mark()
	outer := b.meta
	b.meta = Meta{ReceivedAt: outer.ReceivedAt}
	before := len(b.found)
	r.Rewind(payload)
	err = b.inside("payload", func() error { return b.payload(sourceNamed(source), r) })
	r.Rewind(end)
	b.meta = outer
	for i := before; receivedAt != 0 && i < len(b.found); i++ {
		b.found[i].wrapped = receivedAt
	}
	if err != nil {
		return jsonscan.Within(err, "payload", payload.Offset())
	}
	return nil
}

// payload reads a value in an envelope; a string holds a text of its own, such
// as a calendar.
func (b *batch) payload(source Source, r *jsonscan.Reader) error {
	if r.Kind() != jsonscan.String {
		return b.value(source, r)
	}
	text, err := r.String()
	if err != nil {
		return err
	}
	return b.body(source, text)
}

// sourceNamed maps the names in use for a sender to the form of its payload.
// An unknown one is a team's own name: the payload is then recognised.
func sourceNamed(name string) Source {
	switch s := Source(strings.ToLower(name)); s {
	case SourceAlertmanager, SourceGrafana, SourceRecorder, SourceSilences, SourceJira, SourceServiceNow,
		SourcePagerDuty, SourceCloudEvents, SourceCDEvents, SourceCalendar, SourceSignals:
		return s
	case "eventrecorder", "event_recorder", "alertmanager_event_recorder":
		return SourceRecorder
	case "silence", "alertmanager_silences":
		return SourceSilences
	case "ical", "icalendar", "ics":
		return SourceCalendar
	case "signal", "pinkstar":
		return SourceSignals
	}
	return SourceAny
}
