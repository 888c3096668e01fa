package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinkstar/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// receivedAt is 2026-11-22T10:41:40Z.
const receivedAt = schemas.Time(1795344100000)

func newTranslator() *Translator { return NewTranslator(schemas.DefaultNaming(), DefaultLimits()) }

// golden compares with a file under testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it anew):\n%s", name, got)
	}
}

func lines(signals []schemas.Signal, err error) []byte {
	var b []byte
	for i := range signals {
		b = append(schemas.AppendSignal(b, &signals[i]), '\n')
	}
	if rs, ok := errors.AsType[Refusals](err); ok {
		for _, r := range rs {
			b = append(b, "refused: "+r.Error()+"\n"...)
		}
	} else if err != nil {
		b = append(b, "error without a place: "+err.Error()+"\n"...)
	}
	return b
}

func readPayloads(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/payloads/*")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d payloads, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = b
	}
	return out
}

func TestPayloadsAreRecognisedAndTranslated(t *testing.T) {
	for name, body := range readPayloads(t) {
		t.Run(name, func(t *testing.T) {
			got, err := newTranslator().Recognise("alerts", nil, body, receivedAt)
			golden(t, "testdata/golden/"+name+".txt", lines(got, err))
			for i := range got {
				if len(got[i].ID) != 32 || got[i].Scope == "" ||
					got[i].ReceivedAt != receivedAt && name != "wrapped.ndjson" {
					t.Errorf("not complete: %+v", got[i])
				}
			}
		})
	}
}

// A path that knows its sender and a topic that has to recognise it must agree.
func TestSourceAndRecognitionAgree(t *testing.T) {
	payloads := readPayloads(t)
	for name, source := range map[string]Source{
		"alertmanager.json": SourceAlertmanager, "grafana.json": SourceGrafana, "jira_created.json": SourceJira,
		"servicenow.json": SourceServiceNow, "pagerduty_v3.json": SourcePagerDuty, "pagerduty_events_v2.json": SourcePagerDuty,
		"cloudevents_batch.json": SourceCloudEvents, "calendar.ics": SourceCalendar, "silences.json": SourceSilences,
		"recorder_created.json": SourceRecorder, "recorder_created.pb": SourceRecorder, "cdevents.json": SourceCDEvents,
	} {
		a, errA := newTranslator().Translate(source, payloads[name], Meta{ReceivedAt: receivedAt})
		b, errB := newTranslator().Recognise("", nil, payloads[name], receivedAt)
		if got, want := lines(a, errA), lines(b, errB); !bytes.Equal(got, want) || len(a) == 0 {
			t.Errorf("%s: as %s\n%s\nrecognised\n%s", name, source, got, want)
		}
	}
}

func TestOfflineTimesComeFromThePayload(t *testing.T) {
	for line := range bytes.SplitSeq(bytes.TrimSpace(readPayloads(t)["wrapped.ndjson"]), []byte("\n")) {
		var want struct {
			At schemas.Time `json:"received_at"`
		}
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		got, _ := newTranslator().Recognise("", nil, line, 0)
		if len(got) == 0 || got[0].ReceivedAt != want.At {
			t.Errorf("%s: received_at is not %s: %+v", line, want.At, got)
		}
	}
	got, err := newTranslator().Recognise("", nil, []byte(`{"name":"a","starts_at":"2026-01-01T00:00:00Z"}`), 0)
	if err != nil || got[0].ReceivedAt != got[0].StartsAt {
		t.Errorf("without received_at: %+v, %v", got, err)
	}
	if _, err := newTranslator().Recognise("", nil, []byte(`{"name":"a"}`), 0); err == nil || !strings.Contains(err.Error(), "received_at") {
		t.Errorf("without any time: %v", err)
	}
}

func TestOneBadAlertLosesNoOther(t *testing.T) {
	body := `{"version":"4","groupKey":"g","alerts":[
 {"status":"firing","labels":{"alertname":"A"},"startsAt":"2026-11-22T10:00:00Z"},
 {"status":"firing","labels":{"alertname":"B"},"startsAt":"noon"},
 {"status":"firing","labels":{"alertname":"C","x":{}},"startsAt":"2026-11-22T10:00:00Z"},
 "what",
 {"status":"firing","labels":{},"startsAt":"2026-11-22T10:00:00Z"},
 {"status":"firing","labels":{"alertname":"F"},"startsAt":"2026-11-22T10:00:00Z"}]}`
	got, err := newTranslator().Recognise("alerts", nil, []byte(body), receivedAt)
	if len(got) != 2 || got[0].Name != "A" || got[1].Name != "F" {
		t.Fatalf("good ones: %+v", got)
	}
	want := []string{
		`alerts[1].startsAt: "noon" is not an RFC 3339 time such as 2026-11-22T10:32:00Z at byte `,
		`alerts[2].labels.x: a label must be a string at byte `,
		`alerts[3]: want an object, found a string at byte `,
		`alerts[4]: name: missing`,
	}
	var rs Refusals
	if !errors.As(err, &rs) || len(rs) != len(want) {
		t.Fatalf("refusals: %v", err)
	}
	for i, w := range want {
		if !strings.HasPrefix(rs[i].Error(), w) || rs[i].Index != i+1 {
			t.Errorf("got %d: %s\nwant %s", rs[i].Index, rs[i], w)
		}
	}
	for i, sample := range []string{`"noon"`, `{},"st`, ``, `{"status":"firing","labels":{},`} {
		if !strings.HasPrefix(body[rs[i].Offset:], sample) && sample != "" && !strings.HasPrefix(body[rs[i].Offset:], "{}}") {
			t.Errorf("refusal %d points at %.20q, want %q", i, body[rs[i].Offset:], sample)
		}
	}
	if p := Positions(len(got), err); p[0] != 0 || p[1] != 5 {
		t.Errorf("positions %v, want 0 and 5", p)
	}
}

func TestBrokenTextIsRefusedWhole(t *testing.T) {
	for body, want := range map[string]string{
		`{"version":"4","groupKey":"g","alerts":[{"labels":{"alertname":"A"}},{]}`: "alerts[1]: want a member's name, found ']' at byte 70",
		``:                          "the value is empty",
		"  \n":                      "the body is empty",
		`{"hello":1}`:               "not a payload of any known sender",
		"\x00\x00\x00\x00\x07hello": "Confluent schema registry (schema id 7)",
		`42`:                        "want an object",
		`{"a":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`:                                        "nested more than 32 deep",
		`{"source":"x","payload":{"source":"x","payload":{"source":"x","payload":{"source":"x","payload":{}}}}}`: "more than 3 envelopes",
		`{"specversion":"1.0","type":"pinkstar.incident.v1","id":"1","source":"s","data":{}}`:                    "is an outcome of Pinkstar",
		`{"specversion":"0.3","type":"pinkstar.signal.v1","id":"1","source":"s","data":{}}`:                      "1.0 can be read",
		`{"kind":"tick","name":"x"}`:                                                                   "is not one of",
		`{"kind":"activation","name":"x","activation":{"what":"rules"}}`:                               "is not one of",
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n":                                                          "calendar",
		`{"name":"` + strings.Repeat("x", 600) + `","fingerprint":"` + strings.Repeat("f", 600) + `"}`: "at most 512 are taken",
	} {
		got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
		if len(got) != 0 || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s\n got %d signals, %v\nwant %s", body, len(got), err, want)
		}
	}
}

func TestHeadersDecide(t *testing.T) {
	headers := func(typ string, more ...Header) []Header {
		return append([]Header{
			{"ce_type", []byte(typ)}, {"ce_id", []byte("1")}, {"ce_source", []byte("/team")}, {"CE_SpecVersion", []byte("1.0")},
			{"ce_time", []byte("2026-11-22T10:00:00Z")},
		}, more...)
	}
	got, err := newTranslator().Recognise("", headers(schemas.TypeSignal), []byte(`{"name":"x","labels":{"service":"a"}}`), receivedAt)
	if err != nil || len(got) != 1 || got[0].Source != "/team" || got[0].StartsAt.String() != "2026-11-22T10:00:00.000Z" {
		t.Errorf("binary mode: %+v, %v", got, err)
	}
	got, err = newTranslator().Recognise("", headers("com.example.alertmanager"), readPayloads(t)["alertmanager.json"], receivedAt)
	if err != nil || len(got) != 3 {
		t.Errorf("binary mode around a foreign payload: %d, %v", len(got), err)
	}
	structured := []Header{{"content-type", []byte("application/cloudevents-batch+json; charset=UTF-8")}}
	if got, err = newTranslator().Recognise("", structured, readPayloads(t)["cloudevents_batch.json"], receivedAt); err != nil || len(got) != 3 {
		t.Errorf("batch: %d, %v", len(got), err)
	}
	if _, err = newTranslator().Recognise("alerts", []Header{{"ce_type", []byte("x")}}, []byte(`{}`), receivedAt); err == nil ||
		!strings.Contains(err.Error(), "topic alerts: header ce_specversion: missing") {
		t.Errorf("incomplete attributes: %v", err)
	}
}

func TestLimitsNeverLoseTheStateOfAnAlert(t *testing.T) {
	l := DefaultLimits()
	l.Labels, l.TextBytes, l.NameBytes = 3, 10, 8
	labels := `"alertname":"Aé234567890","service":"pay","v":"` + strings.Repeat("long", 10) + `","w":"1"`
	body := `{"alerts":[{"status":"resolved","labels":{` + labels + `},"annotations":{"summary":"ééééééééééé"},` +
		`"startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T10:30:00Z"}],"version":"4"}`
	full, err := newTranslator().Translate(SourceAlertmanager, []byte(body), Meta{ReceivedAt: receivedAt})
	if err != nil {
		t.Fatal(err)
	}
	cut, err := NewTranslator(schemas.DefaultNaming(), l).Translate(SourceAlertmanager, []byte(body), Meta{ReceivedAt: receivedAt})
	if err != nil || len(cut) != 1 {
		t.Fatal(cut, err)
	}
	s := cut[0]
	if s.ID != full[0].ID || s.Service != "pay" || s.Name != "Aé23456"[:8] || len(s.Summary) != 10 || len(s.Labels) != 3 {
		t.Errorf("%+v", s)
	}
	if got := strings.Join(s.Flags, " "); got != "text_cut labels_dropped" {
		t.Errorf("flags %q", got)
	}
	l.Signals = 2
	_, err = NewTranslator(schemas.DefaultNaming(), l).Recognise("", nil, []byte(`[{"name":"1"},{"name":"2"},{"name":"3"}]`), receivedAt)
	if !errors.Is(err, ErrLimit) {
		t.Errorf("too many signals: %v", err)
	}
}
