package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/alertmanager/pkg/labels"

	"pinkstar/correlate/rules"
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
	for name, body := range payloads {
		source := senderOf(name)
		a, errA := newTranslator().Translate(source, body, Meta{ReceivedAt: receivedAt})
		b, errB := newTranslator().Recognise("", nil, body, receivedAt)
		if got, want := lines(a, errA), lines(b, errB); !bytes.Equal(got, want) {
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
		`{"kind":"tick","name":"x"}`:                                     "is not one of",
		`{"kind":"activation","name":"x","activation":{"what":"rules"}}`: "is not one of",
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n":                            "calendar",
		`{"name":"x","tenant":"` + strings.Repeat("t", 600) + `"}`:       "at most 512 are taken",
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

// ServiceNow allows 1,024 characters in a message_key: all of them count.
func TestLongIdentitiesAreHashed(t *testing.T) {
	key := func(end string) schemas.Signal {
		body := `{"records":[{"source":"x","node":"n","type":"CPU","metric_name":"cpu","severity":"1","time_of_event":"2026-11-22 10:00:00",` +
			`"message_key":"` + strings.Repeat("k", 1000) + end + `"}]}`
		got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		return got[0]
	}
	a, again, b := key("a"), key("a"), key("b")
	if a.ID != again.ID || a.ID == b.ID || a.Fingerprint == b.Fingerprint {
		t.Errorf("%s %s %s", a.ID, again.ID, b.ID)
	}
	if id := schemas.SignalID(&a); id.String() != a.ID || len(a.Fingerprint) != 512 || !strings.HasPrefix(a.Fingerprint, "kkkk") {
		t.Errorf("id %s of %+v", a.ID, a)
	}
}

// Whatever stands in a silence's matchers, as many as there are: what reaches the
// engine matches as Alertmanager would, or the silence is refused.
func TestSilencesKeepEveryMatcher(t *testing.T) {
	names := []string{"alertname", "service.name", "k8s/pod", "Größe", "my label", `a"b`, "a=b", "{x}", "1st", "a,b"}
	values := []string{"", "rails", `C:\Program Files\"x"`, "a\nb\tc", "ä", "a,b", `\d+`, "{}", "'", "\u2028", "\x7f\x01"}
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		n := 1 + rnd.IntN(5)
		if rnd.IntN(10) == 0 {
			n = 200
		}
		var ms []map[string]any
		var want labels.Matchers
		for range n {
			name, value, regex, equal := names[rnd.IntN(len(names))], values[rnd.IntN(len(values))], rnd.IntN(2) == 0, rnd.IntN(2) == 0
			if _, err := regexp.Compile(value); err != nil {
				regex = false
			}
			typ := map[[2]bool]labels.MatchType{{false, true}: labels.MatchEqual, {false, false}: labels.MatchNotEqual,
				{true, true}: labels.MatchRegexp, {true, false}: labels.MatchNotRegexp}[[2]bool{regex, equal}]
			m, err := labels.NewMatcher(typ, name, value)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, m)
			ms = append(ms, map[string]any{"name": name, "value": value, "isRegex": regex, "isEqual": equal})
		}
		body, err := json.Marshal(map[string]any{"id": "s", "startsAt": "2026-11-22T10:00:00Z", "endsAt": "2026-11-22T12:00:00Z", "matchers": ms})
		if err != nil {
			t.Fatal(err)
		}
		got, err := newTranslator().Recognise("", nil, body, receivedAt)
		absent := true // nearly every alert would match: Alertmanager refuses it, too
		for _, m := range want {
			absent = absent && m.Matches("")
		}
		if absent {
			if err == nil || len(got) != 0 {
				t.Fatalf("%s: taken", body)
			}
			continue
		}
		if err != nil || len(got) != 1 || !got[0].Change.Suppress {
			t.Fatalf("%s: %+v, %v", body, got, err)
		}
		parsed, err := rules.ParseMatchers(got[0].Change.Matchers)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			s := schemas.Signal{Labels: schemas.LabelsOf(map[string]string{
				names[rnd.IntN(len(names))]: values[rnd.IntN(len(values))], names[rnd.IntN(len(names))]: values[rnd.IntN(len(values))],
			})}
			hold := true
			for _, m := range want {
				hold = hold && m.Matches(s.Labels.Get(m.Name))
			}
			if parsed.Match(&s) != hold {
				t.Fatalf("%s\nas %q\non %v: %v", body, got[0].Change.Matchers, s.Labels, !hold)
			}
		}
	}
}

// A matcher that says more than is understood may say which alerts are not meant.
func TestMatchersInOtherForms(t *testing.T) {
	for matcher, want := range map[string]string{
		`{"name":"alertname","value":"X"}`:                        `alertname="X"`,
		`{"name":"alertname","pattern":"X","type":"NOT_EQUAL"}`:   `alertname!="X"`,
		`{"name":"alertname","pattern":"X","type":"TYPE_REGEXP"}`: `alertname=~"X"`,
		`{"name":"alertname","value":"X","type":"NOT_REGEXP"}`:    `alertname!~"X"`,
		`{"name":"alertname","value":"X","type":"LIKE"}`:          "refused",
		`{"name":"alertname","value":"X","except":"Y"}`:           "refused",
		`{"name":"alertname","value":"X","isEqual":"false"}`:      "refused",
		`{"name":"alertname","value":["X","Y"]}`:                  "refused",
	} {
		body := `{"id":"s","startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T12:00:00Z","matchers":[{"name":"service","value":"shop"},` + matcher + `]}`
		got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
		said := "refused"
		if err == nil && len(got) == 1 && len(got[0].Change.Matchers) == 2 {
			said = got[0].Change.Matchers[1]
		}
		if said != want {
			t.Errorf("%s: %s, want %s (%v)", matcher, said, want, err)
		}
	}
}

func TestASilenceOverTheLimitIsRefusedWhole(t *testing.T) {
	for value, taken := range map[string]bool{strings.Repeat("KubePod00000|", 1800) + "x": true, strings.Repeat("x", 65<<10): false, "(": false} {
		body := `{"id":"s","startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T12:00:00Z","matchers":[` +
			`{"name":"alertname","value":"` + value + `","isRegex":true},{"name":"severity","value":"warning"}]}`
		got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
		if taken && (err != nil || len(got) != 1 || len(got[0].Change.Matchers) != 2) || !taken && (len(got) != 0 || err == nil) {
			t.Errorf("%.40s: %d, %v", value, len(got), err)
		}
	}
}

// Each alert is held against every window: an expression that takes a minute for one
// alert, or 130 MB when compiled, would do so at every start again.
func TestExpressionsAreBounded(t *testing.T) {
	hosts := strings.Repeat("node-0123456789.*|", 400) + "x"
	for value, taken := range map[string]bool{
		hosts: true, strings.Repeat("KubePod00000|", 4000) + "x": true, `10\\.0\\.[0-9]{1,3}\\.[0-9]{1,3}`: true, "x.{0,999}": true,
		strings.Repeat("(.{0,1000}a|b.*)*", 64): false, strings.Repeat("x{1000}", 3000): false, strings.Repeat(".*a", 9000): false, ".*" + strings.Repeat("a", 30000): false,
		"((((x{30}){30})))y{0,900}" + strings.Repeat("(z|y{1000})?", 10): false,
	} {
		for _, body := range []string{
			`{"id":"s","startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T12:00:00Z","matchers":[{"name":"alertname","value":"` + value + `","isRegex":true}]}`,
			`{"kind":"maintenance","source":"x","name":"w","status":"started","change":{"suppress":true,"matchers":["{b!=\"y\", alertname!~\"` + strings.ReplaceAll(value, `\`, `\\`) + `\"}"]}}`,
		} {
			got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
			if taken && (err != nil || len(got) != 1) || !taken && (len(got) != 0 || !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), "limits.matcher_steps")) {
				t.Errorf("%.60s: %d, %.300v", value, len(got), err)
			}
		}
	}
}

// Replay gives the windows around the envelope's time, as the running product
// gives those around the time of receipt.
func TestAWrappedCalendarIsWrittenOutAroundItsReceipt(t *testing.T) {
	ics := `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20180105T220000Z\r\nDURATION:PT1H\r\n` +
		`RRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`
	for _, at := range []schemas.Time{0, receivedAt, receivedAt + 1e9} {
		got, err := newTranslator().Recognise("", nil, []byte(`{"payload":"`+ics+`","source":"ics","received_at":"2026-11-20T10:00:00Z"}`), at)
		if err != nil || len(got) != 6 || got[0].StartsAt.String() != "2026-11-20T22:00:00.000Z" {
			t.Errorf("%d: %d windows, %v", at, len(got), err)
		}
	}
}

// One instant in the life of an alert, in every form in which known senders write
// it: what has ended must never be read as firing.
func TestSingleAlertsAreReadWhole(t *testing.T) {
	const head = `"labels":{"alertname":"A","service":"s"},"annotations":{"summary":"x"},"startsAt":"2026-11-22T10:00:00Z",`
	const firing, resolved, nothing, refused = "firing", "resolved", "", "refused"
	for body, want := range map[string]string{
		`{"status":"firing",` + head + `"endsAt":"0001-01-01T00:00:00Z"}`:                                                firing,
		`{"status":"resolved",` + head + `"endsAt":"2026-11-22T10:30:00Z","fingerprint":"00aa"}`:                         resolved,
		`{` + head + `"endsAt":"2026-11-22T10:45:00Z","generatorURL":"http://p"}`:                                        firing,
		`[{` + head + `"endsAt":"2026-11-22T10:30:00Z","generatorURL":"http://p"}]`:                                      resolved,
		`{` + head + `"endsAt":"2026-11-22T10:45:00Z","status":{"state":"suppressed","silencedBy":[],"inhibitedBy":[]}}`: firing,
		`{` + head + `"endsAt":"2026-11-22T10:30:00Z","status":{"state":"active"}}`:                                      resolved,
		`{` + head + `"status":{"state":"what"}}`:                                                                        refused,
		`{"activeAt":"2026-11-22T10:00:00Z","labels":{"alertname":"A"},"state":"firing","value":"1e+00"}`:                firing,
		`{"activeAt":"2026-11-22T10:00:00Z","labels":{"alertname":"A"},"state":"pending","value":"1e+00"}`:               nothing,
		`{"activeAt":"2026-11-22T10:00:00Z","labels":{"alertname":"A"},"state":"inactive"}`:                              resolved,
		`{"status":"resolved",` + head + `"endsAt":"2026-11-22T10:30:00Z","valueString":"1","ruleUID":"u"}`:              resolved,
		`{"name":"disk","level":"OK","host":"h1"}`:                                                                       resolved, `{"name":"disk","level":"CRITICAL"}`: firing, `{"name":"job","status":"success"}`: resolved,
		`{"name":"disk","state":0}`: resolved, `{"name":"disk","state":2}`: firing, `{"name":"disk","Status":"resolved"}`: resolved, `{"name":"disk","STATUS":"FIRING"}`: firing,
		`{"name":"disk","isFiring":false}`: resolved, `{"name":"disk","newStateName":"OK"}`: resolved, `{"name":"disk","alertType":"success"}`: resolved,
		`{"name":"disk","event_type":"alert_resolved"}`: resolved, `{"name":"disk","event_type":"alert.not_resolved"}`: firing, `{"name":"disk","event":"unresolved"}`: firing,
		`{"name":"disk","check_status":"passing"}`: resolved, `{"name":"disk","host_state":"UP","service_state":"CRITICAL"}`: firing, `{"name":"disk","previous_state":"OK"}`: firing,
		`{"name":"fan","power_status":"OK","severity":"critical"}`: firing, `{"name":"disk","severity":"critical","lifecycle":"cleared"}`: resolved,
		`{"name":"disk","resolvedAt":"2026-11-22T10:30:00Z"}`: resolved, `{"name":"disk","endsAt":"0001-01-01T00:00:00Z"}`: firing, `{"name":"disk","endsAt":"2026-11-22T10:59:00Z"}`: firing,
		`{"name":"disk","closed_at":null}`: firing, `{"name":"disk","end_time":"never"}`: firing, `{"name":"disk","end_time":1795343000}`: resolved,
		`{"name":"disk","title":"[RESOLVED] disk"}`: resolved, `{"name":"disk","message":"Recovered: all is well"}`: resolved, `{"name":"disk","message":"OK button is broken"}`: firing,
		`{"name":"disk","labels":{"alertstate":"resolved"}}`: resolved, `{"name":"disk","labels":{"status":"500"}}`: firing, `{"name":"disk","status":"expired"}`: resolved,
		`{"kind":"maintenance","name":"w","endsAt":"2026-11-22T10:30:00Z"}`: "planned",
		`{"name":"disk","health":"Healthy"}`:                                resolved, `{"name":"disk","result":"failure"}`: firing,
		`{"name":"disk","state":"OK","host":"h1"}`:  resolved,
		`{"name":"disk","state":"ALARM"}`:           firing,
		`{"name":"disk","alert_state":"Recovered"}`: resolved,
		`{"name":"disk","resolved":true}`:           resolved,
		`{"name":"disk","resolved":false}`:          firing,
		`{"name":"disk","ok":true}`:                 resolved, `{"name":"disk","firing":false}`: resolved, `{"name":"disk","active":true}`: firing,
		`{"name":"disk","action":"resolve"}`: resolved, `{"name":"disk","event":"RECOVERY"}`: resolved, `{"name":"disk","type":"host"}`: firing,
		`{"name":"disk","status":"firing","resolved":true}`: firing, // a status of ours says it
		`{"name":"disk","state":"purple"}`:                  refused,
		`{"name":"disk","status":"ok"}`:                     resolved,
		`{"name":"disk","severity":"clear"}`:                resolved,
		`{"name":"disk","labels":{"severity":"OK"}}`:        resolved,
		`{"name":"disk","severity":"critical"}`:             firing,
	} {
		got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
		switch {
		case want == refused && (err == nil || len(got) > 0), want != refused && err != nil, want == nothing && len(got) > 0:
			t.Errorf("%s: %d, %v", body, len(got), err)
		case want != refused && want != nothing && (len(got) != 1 || string(got[0].Status) != want):
			t.Errorf("%s: %+v, want %s", body, got, want)
		case len(got) == 1 && strings.Contains(body, "10:00:00Z") && got[0].StartsAt.String() != "2026-11-22T10:00:00.000Z":
			t.Errorf("%s: starts at %s", body, got[0].StartsAt)
		}
	}
}

// What reaches the engine must let it tell the news of a ticket from a note on it.
func TestNewsOfTickets(t *testing.T) {
	duty := func(event, data string) string {
		return `{"event":{"id":"E1","event_type":"` + event + `","occurred_at":"2026-11-22T10:30:00Z","data":` + data + `}}`
	}
	incident := func(status string) string {
		return `{"id":"Q1","type":"incident","title":"checkout: errors","status":"` + status + `","created_at":"2026-11-22T10:00:00Z"}`
	}
	const about = `"incident":{"id":"Q1","type":"incident_reference","summary":"[#42] checkout: errors"}`
	issue := func(event, category, changelog string) string {
		return `{"timestamp":1795343520123,"webhookEvent":"` + event + `","issue":{"key":"OPS-7","fields":{"summary":"s","status":{"name":"X","statusCategory":{"key":"` +
			category + `"}}}}` + changelog + `}`
	}
	for body, want := range map[string]string{
		duty("incident.triggered", incident("triggered")):                                                                        "open triggered checkout: errors",
		duty("incident.reopened", incident("triggered")):                                                                         "open triggered checkout: errors",
		duty("incident.acknowledged", incident("acknowledged")):                                                                  "updated acknowledged checkout: errors",
		duty("incident.resolved", incident("resolved")):                                                                          "closed resolved checkout: errors",
		duty("incident.priority_updated", incident("resolved")):                                                                  "closed resolved checkout: errors",
		duty("incident.annotated", `{`+about+`,"id":"N1","content":"a bad deploy","type":"incident_note"}`):                      "updated  checkout: errors",
		duty("incident.status_update_published", `{`+about+`,"id":"S1","message":"all good"}`):                                   "updated  checkout: errors",
		duty("incident.custom_field_values.updated", `{`+about+`,"custom_fields":[],"type":"incident_field_values"}`):            "updated  checkout: errors",
		duty("pagey.ping", `{"message":"hello","type":"ping"}`):                                                                  "",
		issue("jira:issue_created", "new", ""):                                                                                   "open X s",
		issue("jira:issue_updated", "done", ""):                                                                                  "closed X s",
		issue("jira:issue_updated", "indeterminate", ""):                                                                         "updated X s",
		issue("jira:issue_updated", "indeterminate", `,"changelog":{"items":[{"field":"resolution","from":"10000","to":null}]}`): "open X s",
		issue("jira:issue_updated", "indeterminate", `,"changelog":{"items":[{"field":"assignee","from":"a","to":null}]}`):       "updated X s",
		`{"timestamp":1795343520123,"webhookEvent":"comment_created","comment":{"body":"looking"}}`:                              "",
		// What we wrote there ourselves comes back another way, and is no news here.
		strings.Replace(issue("jira:issue_updated", "done", ""), `"summary":"s"`, `"summary":"s","labels":["pinkstar","pinkstar-DLV-7K3M9QX2AB4T"]`, 1):        "",
		strings.Replace(issue("jira:issue_created", "new", ""), `"summary":"s"`, `"summary":"s","description":"It is new.\n\nPinkstar DLV-7K3M9QX2AB4T\n"`, 1): "",
		strings.Replace(issue("comment_created", "new", ""), `"issue"`, `"comment":{"body":"Owner. Ada. Pinkstar DLV-7K3M9QX2AB4T"},"issue"`, 1):               "",
		strings.Replace(issue("jira:issue_created", "new", ""), `"summary":"s"`, `"summary":"s","labels":["pinkstar"]`, 1):                                     "open X s",
		duty("incident.acknowledged", strings.Replace(incident("acknowledged"), `"title"`, `"incident_key":"INC-7K3M9QX2AB4T","title"`, 1)):                    "",
		duty("incident.acknowledged", strings.Replace(incident("acknowledged"), `"title"`, `"incident_key":"INC-4711","title"`, 1)):                            "updated acknowledged checkout: errors",
	} {
		got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
		said := ""
		if len(got) == 1 {
			said = string(got[0].Status) + " " + got[0].Ticket.State + " " + got[0].Summary
		}
		if err != nil || said != want {
			t.Errorf("%s\n%q, want %q (%v)", body, said, want, err)
		}
	}
}
