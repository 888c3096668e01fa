package ingest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/alertmanager/eventrecorder/eventrecorderpb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceRecorder is Alertmanager's event recorder, as JSON or protobuf.
const SourceRecorder Source = "recorder"

var recorder = sender{
	name: SourceRecorder, aliases: []string{"eventrecorder", "event_recorder", "alertmanager_event_recorder"},
	topic: schemas.TopicAlerts,
	looks: func(m members) bool {
		return m.any("@timestamp", "timestamp") && m.have("data") && !m.have("specversion")
	},
	hint:   "@timestamp with data",
	read:   (*batch).recorderJSON,
	isText: func(text, _ string) bool { return looksLikeProtobuf(text) },
	text:   (*batch).recorderProto,
}

// looksLikeProtobuf tells an event recorder's protobuf (its first byte is the
// tag of field 1, 2 or 3) from JSON or a calendar, which may begin with a line
// feed: the same byte as tag 1.
func looksLikeProtobuf(text string) bool {
	if text == "" || text[0] != 0x0a && text[0] != 0x12 && text[0] != 0x1a || looksLikeCalendar(text) {
		return false
	}
	rest := strings.TrimLeft(text, " \t\r\n")
	return rest == text || rest != "" && rest[0] != '{' && rest[0] != '['
}

// recorderJSON reads one event of Alertmanager's event recorder as protojson.
func (b *batch) recorderJSON(r *jsonscan.Reader) error {
	at := b.here(r)
	raw, err := r.Raw()
	if err != nil {
		return err
	}
	var e eventrecorderpb.Event
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal([]byte(raw), &e); err != nil {
		return fmt.Errorf("event recorder: %s", protoMessage(err))
	}
	return b.recorderEvent(&e, at)
}

// recorderProto reads one event of the event recorder as protobuf.
func (b *batch) recorderProto(text string) error {
	var e eventrecorderpb.Event
	if err := proto.Unmarshal([]byte(text), &e); err != nil {
		return fmt.Errorf("event recorder: %s", protoMessage(err))
	}
	if e.GetTimestamp() == nil && e.GetData() == nil {
		return errors.New("event recorder: neither timestamp nor data; this is another protobuf message")
	}
	return b.recorderEvent(&e, place{prefix: b.prefix, index: -1, offset: -1})
}

// protoMessage is the text of a protobuf error. The library puts a random kind
// of space behind its prefix, so that nobody compares it; a refusal must read
// the same in two runs.
func protoMessage(err error) string {
	return strings.ReplaceAll(err.Error(), "\u00a0", " ")
}

func (b *batch) recorderEvent(e *eventrecorderpb.Event, at place) error {
	d := e.GetData()
	switch {
	case d.GetAlertCreated() != nil:
		return b.recorderAlert(d.GetAlertCreated().GetAlert(), nil, at)
	case d.GetAlertResolved() != nil:
		return b.recorderAlert(d.GetAlertResolved().GetAlert().GetDetails(), d.GetAlertResolved().GetGroupInfo(), at)
	case d.GetAlertGrouped() != nil:
		return b.recorderAlert(d.GetAlertGrouped().GetAlert().GetDetails(), d.GetAlertGrouped().GetGroupInfo(), at)
	case d.GetNotification() != nil:
		return b.recorderNotification(d.GetNotification(), at)
	case d.GetSilenceCreated() != nil:
		return b.recorderSilence(d.GetSilenceCreated().GetSilence(), e.GetTimestamp(), at)
	case d.GetSilenceUpdated() != nil:
		return b.recorderSilence(d.GetSilenceUpdated().GetSilence(), e.GetTimestamp(), at)
	}
	// Start-up, shut-down and mutings, and what later versions add: they report
	// the state of Alertmanager, not of an alert. (A muting names an alert by its
	// labels alone, without the start time that would make its identity.)
	return nil
}

// recorderNotification reads the alerts a notification was about. References
// without details say nothing that their own events have not said.
func (b *batch) recorderNotification(n *eventrecorderpb.NotificationEvent, at place) error {
	for i, g := range n.GetAlerts() {
		if g.GetDetails() == nil {
			continue
		}
		p := at
		p.list, p.index = "data.notification.alerts", i
		if err := b.recorderAlert(g.GetDetails(), n.GetGroupInfo(), p); err != nil {
			return err
		}
	}
	return nil
}

// recorderAlert must give the identity that the webhook gives the same alert:
// the fingerprint is a decimal number here and 16 hexadecimal digits there.
func (b *batch) recorderAlert(a *eventrecorderpb.Alert, g *eventrecorderpb.AlertGroupInfo, at place) error {
	if a == nil {
		return b.refuse(at, errors.New("data: the event has no alert"))
	}
	s := schemas.Signal{
		Kind: schemas.KindAlert, Source: string(SourceAlertmanager), Status: schemas.StatusFiring,
		Labels: recorderLabels(a.GetLabels()), Annotations: recorderLabels(a.GetAnnotations()),
		StartsAt: timeOf(a.GetStartsAt()), EndsAt: timeOf(a.GetEndsAt()), GroupKey: g.GetGroupKey(),
	}
	if a.GetResolved() {
		s.Status = schemas.StatusResolved
	}
	if fp := a.GetFingerprint(); fp != 0 {
		s.Fingerprint = fmt.Sprintf("%016x", fp)
	}
	finishAlert(&s)
	if a.GetName() != "" {
		s.Name = a.GetName()
	}
	return b.add(at, s)
}

func (b *batch) recorderSilence(sil *eventrecorderpb.Silence, at *timestamppb.Timestamp, p place) error {
	w := silenceWindow{
		id: sil.GetId(), by: sil.GetCreatedBy(), comment: sil.GetComment(), annotations: recorderLabels(sil.GetAnnotations()),
		startsAt: timeOf(sil.GetStartsAt()), endsAt: timeOf(sil.GetEndsAt()), updatedAt: timeOf(sil.GetUpdatedAt()),
	}
	switch now := timeOf(at); {
	case w.endsAt <= now:
		w.state = "expired"
	case w.startsAt <= now:
		w.state = "active"
	default:
		w.state = "pending"
	}
	// Since 0.34 a silence may have several sets of matchers, which are
	// alternatives. Each is a window of its own; the sets of an id never change.
	sets := sil.GetMatcherSets()
	if len(sets) == 0 {
		sets = []*eventrecorderpb.MatcherSet{{Matchers: sil.GetMatchers()}}
	}
	for i, set := range sets {
		one := w
		if i > 0 {
			one.id += "/" + strconv.Itoa(i+1)
		}
		one.recorded(set.GetMatchers())
		var s schemas.Signal
		err := one.signal(&s)
		if err != nil {
			err = b.refuse(p, err)
		} else {
			err = b.add(p, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recorded adds matchers as the event recorder has them.
func (w *silenceWindow) recorded(matchers []*eventrecorderpb.Matcher) {
	for _, m := range matchers {
		regex := m.GetType() == eventrecorderpb.Matcher_TYPE_REGEXP || m.GetType() == eventrecorderpb.Matcher_TYPE_NOT_REGEXP
		not := m.GetType() == eventrecorderpb.Matcher_TYPE_NOT_EQUAL || m.GetType() == eventrecorderpb.Matcher_TYPE_NOT_REGEXP
		w.matcher(m.GetName(), m.GetPattern(), regex, !not)
	}
}

func recorderLabels(set *eventrecorderpb.LabelSet) schemas.Labels {
	m := make(map[string]string, len(set.GetLabels()))
	for _, l := range set.GetLabels() {
		m[l.GetKey()] = l.GetValue()
	}
	return schemas.LabelsOf(m)
}

func timeOf(t *timestamppb.Timestamp) schemas.Time {
	if t == nil || !t.IsValid() {
		return 0
	}
	return schemas.TimeOf(t.AsTime())
}
