package ingest

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/eventrecorder/eventrecorderpb"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"pinkstar/schemas"
)

var startsAt = time.Date(2026, 11, 22, 10, 32, 0, 123456789, time.UTC)

// webhookAlert, webhookMessage have the fields, names and order of
// template.Alert, template.Data and webhook.Message in Alertmanager 0.34. (Those
// packages would bring a hundred modules with them; pipeline/alertmanagertest
// runs the real thing.)
type webhookAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

type webhookMessage struct {
	Receiver           string            `json:"receiver"`
	Status             string            `json:"status"`
	Alerts             []webhookAlert    `json:"alerts"`
	NotificationReason string            `json:"notification_reason"`
	GroupLabels        map[string]string `json:"groupLabels"`
	CommonLabels       map[string]string `json:"commonLabels"`
	CommonAnnotations  map[string]string `json:"commonAnnotations"`
	RouteLabels        map[string]string `json:"routeLabels"`
	ExternalURL        string            `json:"externalURL"`
	Version            string            `json:"version"`
	GroupKey           string            `json:"groupKey"`
	TruncatedAlerts    uint64            `json:"truncatedAlerts"`
}

// alerts are three of Alertmanager's own; the last is resolved and has neither
// a service nor a severity.
func alerts() []*alert.Alert {
	of := func(labels, annotations model.LabelSet, ends time.Time) *alert.Alert {
		return &alert.Alert{Alert: model.Alert{
			Labels: labels, Annotations: annotations, StartsAt: startsAt, EndsAt: ends,
			GeneratorURL: "http://prometheus.station:9090/graph?g0.expr=up%3D%3D0&g0.tab=1",
		}}
	}
	return []*alert.Alert{
		of(model.LabelSet{
			"alertname": "ShieldDown", "service": "shield-generator", "severity": "critical", "instance": "shield-1:9100",
			"team": "shield", "job": "node", "env": "prod",
		}, model.LabelSet{
			"summary": "The force field <is> down & out", "description": "35 \"starfighters\"\nseen", "runbook_url": "https://runbooks/shield",
		}, time.Time{}),
		of(model.LabelSet{"alertname": "TurretDown", "app": "turret-control", "severity": "warning", "pod": "turret-1"}, nil, time.Time{}),
		of(model.LabelSet{"alertname": "RadarNoise"}, nil, startsAt.Add(5*time.Minute)),
	}
}

// webhookBody is what Alertmanager itself would send.
func webhookBody(t testing.TB) []byte {
	t.Helper()
	m := webhookMessage{
		Receiver: "pinkstar", Status: "firing", NotificationReason: "first_notification", GroupLabels: map[string]string{"env": "prod"},
		CommonLabels: map[string]string{}, CommonAnnotations: map[string]string{}, RouteLabels: map[string]string{"route": "all"},
		ExternalURL: "http://alertmanager.station:9093", Version: "4", GroupKey: `{}/{env="prod"}:{env="prod"}`, TruncatedAlerts: 2,
	}
	kv := func(ls model.LabelSet) map[string]string {
		out := map[string]string{}
		for n, v := range ls {
			out[string(n)] = string(v)
		}
		return out
	}
	for _, a := range alerts() {
		m.Alerts = append(m.Alerts, webhookAlert{
			Status: string(a.StatusAt(startsAt.Add(time.Hour))), Labels: kv(a.Labels), Annotations: kv(a.Annotations),
			StartsAt: a.StartsAt, EndsAt: a.EndsAt, GeneratorURL: a.GeneratorURL, Fingerprint: a.Fingerprint().String(),
		})
	}
	b, err := json.Marshal(&m)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// recorded is what the event recorder's AlertAsProto makes of an alert.
func recorded(a *alert.Alert) *eventrecorderpb.Alert {
	pairs := func(ls model.LabelSet) *eventrecorderpb.LabelSet {
		set := &eventrecorderpb.LabelSet{}
		for _, n := range slices.Sorted(maps.Keys(ls)) {
			set.Labels = append(set.Labels, &eventrecorderpb.LabelPair{Key: string(n), Value: string(ls[n])})
		}
		return set
	}
	return &eventrecorderpb.Alert{
		Fingerprint: uint64(a.Fingerprint()), Name: a.Name(), Labels: pairs(a.Labels), Annotations: pairs(a.Annotations),
		StartsAt: timestamppb.New(a.StartsAt), EndsAt: timestamppb.New(a.EndsAt), Resolved: a.ResolvedAt(startsAt.Add(time.Hour)),
	}
}

func recorderEvent(d *eventrecorderpb.EventData) *eventrecorderpb.Event {
	return &eventrecorderpb.Event{
		Timestamp: timestamppb.New(startsAt.Add(time.Second)), Instance: "alertmanager-0", ClusterPosition: 1, Data: d,
	}
}

// recorderEvents are what the event recorder writes about the same alerts.
func recorderEvents() map[string]*eventrecorderpb.Event {
	as := alerts()
	group := &eventrecorderpb.AlertGroupInfo{GroupKey: `{}/{env="prod"}:{env="prod"}`, ReceiverName: "pinkstar"}
	grouped := func(a *alert.Alert) *eventrecorderpb.GroupedAlert {
		return &eventrecorderpb.GroupedAlert{Hash: 7, Details: recorded(a)}
	}
	silence := &eventrecorderpb.Silence{
		Id: "8e1b5a5e-1b0c-4d4a-8a2b-0a3cbb1f2c11", CreatedBy: "shield-team", Comment: "force field maintenance",
		StartsAt: timestamppb.New(startsAt), EndsAt: timestamppb.New(startsAt.Add(time.Hour)), UpdatedAt: timestamppb.New(startsAt),
		Matchers: []*eventrecorderpb.Matcher{{
			Type: eventrecorderpb.Matcher_TYPE_EQUAL, Name: "service", Pattern: "shield-generator", Rendered: `service="shield-generator"`,
		}},
	}
	return map[string]*eventrecorderpb.Event{
		"created": recorderEvent(&eventrecorderpb.EventData{EventType: &eventrecorderpb.EventData_AlertCreated{
			AlertCreated: &eventrecorderpb.AlertCreatedEvent{Alert: recorded(as[0])},
		}}),
		"resolved": recorderEvent(&eventrecorderpb.EventData{EventType: &eventrecorderpb.EventData_AlertResolved{
			AlertResolved: &eventrecorderpb.AlertResolvedEvent{Alert: grouped(as[2]), GroupInfo: group},
		}}),
		"notification": recorderEvent(&eventrecorderpb.EventData{EventType: &eventrecorderpb.EventData_Notification{
			Notification: &eventrecorderpb.NotificationEvent{
				Alerts:       []*eventrecorderpb.GroupedAlert{grouped(as[0]), {Hash: 9}, grouped(as[1])},
				FiringAlerts: []*eventrecorderpb.GroupedAlert{{Hash: 7}}, GroupInfo: group,
			},
		}}),
		"silence": recorderEvent(&eventrecorderpb.EventData{EventType: &eventrecorderpb.EventData_SilenceCreated{
			SilenceCreated: &eventrecorderpb.SilenceCreatedEvent{Silence: silence},
		}}),
		"muted": recorderEvent(&eventrecorderpb.EventData{EventType: &eventrecorderpb.EventData_SilenceMutedAlert{
			SilenceMutedAlert: &eventrecorderpb.SilenceMutedAlertEvent{Silence: silence, MutedAlert: &eventrecorderpb.MutedAlert{
				Fingerprint: uint64(as[0].Fingerprint()), Labels: recorded(as[0]).Labels,
			}},
		}}),
		"startup": recorderEvent(&eventrecorderpb.EventData{EventType: &eventrecorderpb.EventData_AlertmanagerStartupEvent{
			AlertmanagerStartupEvent: &eventrecorderpb.AlertmanagerStartupEvent{Version: "0.34.0"},
		}}),
	}
}

// The payloads under testdata are Alertmanager's own bytes: this makes them
// from its own types.
func TestPayloadsAreAlertmanagersOwn(t *testing.T) {
	golden(t, "testdata/payloads/alertmanager.json", webhookBody(t))
	for name, e := range recorderEvents() {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/payloads/recorder_"+name+".pb", b)
		// protojson's white space is random by intention, so meanings are compared.
		file := "testdata/payloads/recorder_" + name + ".json"
		if *update {
			if b, err = protojson.Marshal(e); err != nil {
				t.Fatal(err)
			}
			golden(t, file, b)
		}
		var back eventrecorderpb.Event
		if err := protojson.Unmarshal(readPayloads(t)["recorder_"+name+".json"], &back); err != nil || !proto.Equal(&back, e) {
			t.Errorf("%s is not what the event recorder writes: %v", file, err)
		}
	}
}

// The fingerprint is decimal in the recorder and hexadecimal in the webhook,
// and still it is one alert.
func TestWebhookAndRecorderNameTheSameSignals(t *testing.T) {
	payloads := readPayloads(t)
	ids := func(name string) (out []string) {
		got, err := newTranslator().Recognise("", nil, payloads[name], receivedAt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range got {
			out = append(out, got[i].ID)
		}
		return out
	}
	web := ids("alertmanager.json")
	if len(web) != 3 {
		t.Fatalf("webhook: %v", web)
	}
	for name, want := range map[string][]string{
		"recorder_created.json": {web[0]}, "recorder_created.pb": {web[0]},
		"recorder_resolved.json": {web[2]}, "recorder_resolved.pb": {web[2]},
		"recorder_notification.json": {web[0], web[1]}, "recorder_notification.pb": {web[0], web[1]},
		"recorder_muted.json": {}, "recorder_startup.pb": {},
	} {
		got := ids(name)
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	}
	// A sender that leaves the fingerprint out means the same alert, too.
	var m map[string]any
	if err := json.Unmarshal(payloads["alertmanager.json"], &m); err != nil {
		t.Fatal(err)
	}
	for _, a := range m["alerts"].([]any) {
		delete(a.(map[string]any), "fingerprint")
	}
	b, _ := json.Marshal(m)
	got, err := newTranslator().Recognise("", nil, b, receivedAt)
	if err != nil || got[0].ID != web[0] || got[1].ID != web[1] || got[2].ID != web[2] {
		t.Errorf("without fingerprints: %v", err)
	}
}

func TestRecorderPostsToTheWebhookPath(t *testing.T) {
	p := readPayloads(t)
	batch := "[" + string(p["recorder_created.json"]) + "," + string(p["recorder_startup.json"]) + "," + string(p["recorder_resolved.json"]) + "]"
	got, err := newTranslator().Translate(SourceAlertmanager, []byte(batch), Meta{ReceivedAt: receivedAt})
	if err != nil || len(got) != 2 || got[0].Source != "alertmanager" || got[1].Status != schemas.StatusResolved {
		t.Errorf("%+v, %v", got, err)
	}
}

// A pair of Alertmanagers tells everything twice, at other times.
func TestRepeatsKeepTheirID(t *testing.T) {
	body := readPayloads(t)["alertmanager.json"]
	a, _ := newTranslator().Recognise("", nil, body, receivedAt)
	b, _ := newTranslator().Recognise("", nil, body, receivedAt.Add(4*schemas.Hour))
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Truncated != 2 {
			t.Errorf("%s became %s", a[i].ID, b[i].ID)
		}
	}
}

func BenchmarkWebhookOf50(b *testing.B) {
	var m webhookMessage
	if err := json.Unmarshal(webhookBody(b), &m); err != nil {
		b.Fatal(err)
	}
	for len(m.Alerts) < 50 {
		m.Alerts = append(m.Alerts, m.Alerts[0])
	}
	body, err := json.Marshal(&m)
	if err != nil {
		b.Fatal(err)
	}
	perAlert := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50, "ns/alert")
	}
	b.Run("ours", func(b *testing.B) {
		t := newTranslator()
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			signals, err := t.Translate(SourceAlertmanager, body, Meta{ReceivedAt: receivedAt})
			if err != nil || len(signals) != 50 {
				b.Fatal(len(signals), err)
			}
			for i := range signals {
				out = schemas.AppendSignal(out[:0], &signals[i])
			}
		}
		perAlert(b)
	})
	// Only reading the group and writing it again, with none of our work.
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var m webhookMessage
			if err := json.Unmarshal(body, &m); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(&m); err != nil {
				b.Fatal(err)
			}
		}
		perAlert(b)
	})
}
