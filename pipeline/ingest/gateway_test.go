package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// memory is a Producer that keeps what it is given, or fails.
type memory struct {
	mu      sync.Mutex
	signals []schemas.Signal
	dead    []schemas.DeadLetter
	err     error
	hold    chan struct{} // Produce waits for it, when set
	entered chan struct{}
}

func (m *memory) Produce(ctx context.Context, s []schemas.Signal) error {
	if m.hold != nil {
		m.entered <- struct{}{}
		select {
		case <-m.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.signals = append(m.signals, s...)
	return nil
}

func (m *memory) Refuse(_ context.Context, dead []schemas.DeadLetter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.dead = append(m.dead, dead...)
	}
	return m.err
}

func newGateway(t *testing.T, p Producer, change func(*Config)) *Gateway {
	t.Helper()
	cfg := DefaultConfig()
	if change != nil {
		change(&cfg)
	}
	g, err := New(cfg, schemas.DefaultNaming(), p, zerolog.Nop(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	g.now = receivedAt.Std
	return g
}

func post(g *Gateway, path string, body []byte, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.Handler().ServeHTTP(w, r)
	return w
}

func TestEveryPathTakesItsSender(t *testing.T) {
	p := readPayloads(t)
	for _, c := range []struct {
		path, file, contentType string
		n                       int
	}{
		{"/webhook/alertmanager", "alertmanager.json", "application/json", 3},
		{"/webhook/alertmanager", "recorder_created.json", "application/json", 1},
		{"/webhook/grafana", "grafana.json", "application/json", 2},
		{"/webhook/jira", "jira_created.json", "application/json; charset=UTF-8", 1},
		{"/webhook/servicenow", "servicenow.json", "application/json", 3},
		{"/webhook/pagerduty", "pagerduty_v3.json", "application/json", 1},
		{"/webhook/pagerduty", "pagerduty_ping.json", "application/json", 0},
		{"/webhook/pagerduty", "pagerduty_events_v2.json", "application/json", 2},
		{"/webhook/cloudevents", "cloudevents_batch.json", "application/cloudevents-batch+json", 3},
		{"/signals", "signals.ndjson", "application/x-ndjson", 2}, // and a command, which is refused
	} {
		m := &memory{}
		w := post(newGateway(t, m, nil), c.path, p[c.file], "Content-Type", c.contentType)
		var got accepted
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusAccepted || got.Accepted != c.n {
			t.Errorf("%s %s: %d %s", c.path, c.file, w.Code, w.Body)
			continue
		}
		if len(m.signals) != c.n || len(got.IDs) != c.n || got.IDs == nil {
			t.Errorf("%s %s: %d produced, ids %v", c.path, c.file, len(m.signals), got.IDs)
		}
		for i, s := range m.signals {
			if got.IDs[i] != s.ID {
				t.Errorf("%s: id %s answered, %s produced", c.file, got.IDs[i], s.ID)
			}
		}
	}
}

// What is recognised on a topic is taken on its sender's own path, by that name.
func TestEveryFixtureIsTakenOnItsPath(t *testing.T) {
	for file, body := range readPayloads(t) {
		snd := senderNamed(senders, string(senderOf(file)))
		if snd == nil || snd.path == "" || snd.name == SourceSignals { // ours has a command in it, which not everybody may send
			continue
		}
		contentType := "application/json"
		for _, typ := range snd.mediaTypes {
			if snd.onlyMedia || typ == "text/plain" {
				contentType = typ + "; charset=UTF-8"
			}
		}
		want, err := newTranslator().Translate(snd.name, body, Meta{ReceivedAt: receivedAt})
		m := &memory{}
		w := post(newGateway(t, m, nil), snd.path, body, "Content-Type", contentType)
		if code := map[bool]int{true: 202, false: 400}[err == nil]; w.Code != code || !bytes.Equal(lines(m.signals, nil), lines(want, nil)) {
			t.Errorf("%s: %d %s", file, w.Code, w.Body)
		}
	}
}

// The gateway fetches nothing it is told to, and says what to do instead.
func TestASubscriptionIsKeptForWhoConfirmsIt(t *testing.T) {
	p := readPayloads(t)
	m := &memory{}
	w := post(newGateway(t, m, nil), "/webhook/cloudwatch", p["cloudwatch_subscription.json"], "Content-Type", "text/plain; charset=UTF-8")
	if e := answer(t, w); !strings.Contains(e.Detail, "aws sns confirm-subscription") || len(m.dead) != 1 || !strings.Contains(string(m.dead[0].Value), "SubscribeURL") {
		t.Errorf("%+v %v", e, m.dead)
	}
	w = post(newGateway(t, m, nil), "/webhook/cloudwatch", p["cloudwatch_subscription_foreign.json"])
	if e := answer(t, w); !strings.Contains(e.Detail, "do not open it") {
		t.Errorf("%+v", e)
	}
}

func TestCloudEventsInBinaryMode(t *testing.T) {
	m := &memory{}
	w := post(newGateway(t, m, nil), "/webhook/cloudevents", []byte(`{"name":"x"}`), "Content-Type", "application/json",
		"Ce-Type", schemas.TypeSignal, "ce-id", "1", "ce-source", "/team", "ce-specversion", "1.0")
	if w.Code != http.StatusAccepted || len(m.signals) != 1 || m.signals[0].Source != "/team" {
		t.Errorf("%d %s %+v", w.Code, w.Body, m.signals)
	}
}

func answer(t *testing.T, w *httptest.ResponseRecorder) apierror.Error {
	t.Helper()
	var p apierror.Error
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Fatalf("Content-Type %q: %d %s", ct, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Title == "" || p.Detail == "" {
		t.Fatalf("no problem document: %d %s %v", w.Code, w.Body, err)
	}
	return p
}

// Alertmanager does not send a group again after a 4xx: the good alerts of it are
// taken, and the bad one is told of and kept.
func TestOneBadAlertDoesNotLoseItsGroup(t *testing.T) {
	const good = `{"labels":{"alertname":"A"},"startsAt":"2026-11-22T10:00:00Z"}`
	for name, bad := range map[string]string{
		"empty labels":   `{"labels":{},"startsAt":"2026-11-22T10:00:00Z"}`,
		"bad time":       `{"labels":{"alertname":"B"},"startsAt":12.5}`,
		"nested label":   `{"labels":{"alertname":"B","x":{"a":1}},"startsAt":"2026-11-22T10:00:00Z"}`,
		"unknown status": `{"status":"suppressed","labels":{"alertname":"B"},"startsAt":"2026-11-22T10:00:00Z"}`,
		"no object":      `"what"`,
	} {
		m := &memory{}
		w := post(newGateway(t, m, nil), "/webhook/alertmanager", []byte(`{"version":"4","alerts":[`+good+`, `+bad+` ,`+strings.Replace(good, "A", "C", 1)+`]}`))
		var got accepted
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 202 || got.Accepted != 2 || got.Refused != 1 ||
			len(got.Errors) != 1 || !strings.HasPrefix(got.Errors[0].Field, "alerts[1]") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
			continue
		}
		if len(m.signals) != 2 || len(m.dead) != 1 || string(m.dead[0].Value) != bad || m.dead[0].Topic != "/webhook/alertmanager" ||
			!strings.Contains(m.dead[0].Reason, got.Errors[0].Detail) {
			t.Errorf("%s: %d signals, dead %+v", name, len(m.signals), m.dead)
		}
		first := m.dead[0].SignalID
		again := &memory{err: errors.New("away")}
		if w := post(newGateway(t, again, nil), "/webhook/alertmanager", []byte(`{"version":"4","alerts":[`+good+`,`+bad+`]}`)); w.Code != 503 {
			t.Errorf("%s: not durable, and answered %d", name, w.Code)
		}
		post(newGateway(t, m, nil), "/webhook/alertmanager", []byte(`{"version":"4","alerts":[`+good+`, `+bad+`]}`))
		if len(m.dead) != 2 || m.dead[1].SignalID != first {
			t.Errorf("%s: sent again it has another id", name)
		}
	}
}

// The test button of a contact point gets an answer that says it came, and makes
// no incident that nobody would ever resolve.
func TestTestButtonsAreAnswered(t *testing.T) {
	for path, body := range map[string]string{
		"/webhook/grafana": `{"receiver":"x","status":"firing","orgId":1,"version":"1","alerts":[{"status":"firing","labels":{"alertname":"TestAlert","instance":"Grafana"},` +
			`"annotations":{"summary":"Notification test"},"startsAt":"2026-11-22T10:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"57c6d9296de2ad39"}]}`,
		"/webhook/pagerduty": `{"event":{"id":"1","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2026-11-22T10:00:00Z","data":{"message":"hi","type":"ping"}}}`,
	} {
		m := &memory{}
		w := post(newGateway(t, m, nil), path, []byte(body))
		var got accepted
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 202 || got.Accepted != 0 || len(got.Notes) != 1 ||
			!strings.Contains(got.Notes[0], "test") || len(m.signals)+len(m.dead) != 0 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// What is not known of our own signals is taken all the same and said, with what
// was probably meant.
func TestUnknownFieldsAreNamed(t *testing.T) {
	m := &memory{}
	w := post(newGateway(t, m, nil), "/signals", []byte(`[{"name":"a","sevice":"x","env":"prod","labels":{"anything":"goes"},"x-own":{"sevice":1}},`+
		`{"kind":"maintenance","name":"b","suppress":true,"change":{"supress":true},"status":"planned"},{"name":"c","sevice":"y"}]`))
	var got accepted
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 202 || got.Accepted != 3 || len(m.signals) != 3 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	want := []string{`field "change.supress" is not known and was ignored; did you mean "suppress"?`, `field "env" is not known and was ignored; did you mean "environment"?`,
		`field "sevice" is not known and was ignored; did you mean "service"?`, `field "suppress" is not known and was ignored; did you mean "change.suppress"?`,
		`field "x-own" is not known and was ignored`}
	if !slices.Equal(got.Warnings, want) {
		t.Errorf("got %q", got.Warnings)
	}
	w = post(newGateway(t, m, nil), "/signals", []byte(`{"kind":"ticket","name":"d","ticket":{"key":"OPS-1"},"state":"closed","starts_at":"2026-11-22T10:00:00Z"}`))
	if w.Code != 202 || strings.Contains(w.Body.String(), "warnings") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// So with the test buttons of others; the same with another subscription, version
// or entity is an alert.
func TestSampleAlertsAreTests(t *testing.T) {
	for _, c := range []struct{ file, tell, other string }{
		{"azure_test.json", "11111111-1111-1111-1111-111111111111", "22222222-1111-1111-1111-111111111111"},
		{"googlecloud_test.json", `"version": "test"`, `"version": "1.2"`},
		{"newrelic_test.json", "'Some-Entity'", "'checkout'"},
		{"opsgenie_test.json", "test alert", "test alert of the pager"},
		{"sentry_test.json", `"sample_event"`, `"other"`},
	} {
		sample, err := os.ReadFile("testdata/payloads/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		other := strings.NewReplacer(c.tell, c.other, "12345678-1234-1234-1234-1234567890ab", "x").Replace(string(sample))
		name, _, _ := strings.Cut(c.file, "_")
		for body, n := range map[string]int{string(sample): 0, other: 1} {
			m := &memory{}
			w := post(newGateway(t, m, nil), "/webhook/"+name, []byte(body))
			var got accepted
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 202 || got.Accepted != n ||
				n == 0 && (len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "test")) || len(m.dead) != 0 {
				t.Errorf("%s: %d %s\n%s", name, w.Code, w.Body, body)
			}
		}
	}
	m := &memory{}
	w := post(newGateway(t, m, nil), "/webhook/sentry", []byte(`{"id":"1","project":"shop","level":"error","event":{"tags":[["sample_event","yes"]]}}`)) // its old plugin
	if w.Code != 202 || !strings.Contains(w.Body.String(), "a test") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestNothingGoodIs400AndKept(t *testing.T) {
	m := &memory{}
	body := `{"version":"4","alerts":[{"labels":{"alertname":"B"},"startsAt":12.5}]}`
	p := answer(t, post(newGateway(t, m, nil), "/webhook/alertmanager", []byte(body)))
	if p.Status != 400 || len(p.Errors) != 1 || p.Errors[0].Field != "alerts[0].startsAt" || body[p.Errors[0].Offset:][:4] != "12.5" || len(m.dead) != 1 {
		t.Errorf("%+v, dead %+v", p, m.dead)
	}
	m = &memory{}
	p = answer(t, post(newGateway(t, m, nil), "/signals", []byte(`{"name":"x"} {"name":`)))
	if p.Status != 400 || p.Errors[0].Offset != 21 || len(m.signals)+len(m.dead) != 0 {
		t.Errorf("%+v", p)
	}
	post(newGateway(t, m, nil), "/webhook/pagerduty", []byte(`{"routing_key":"hush\"hush","event_action":"snooze"}`))
	if len(m.dead) != 1 || strings.Contains(string(m.dead[0].Value), "hush") {
		t.Errorf("dead %+v", m.dead)
	}
}

func zip(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefusals(t *testing.T) {
	small := func(c *Config) {
		c.Limits.BodyBytes, c.Limits.DecompressedBytes, c.Limits.Signals = 1000, 2000, 2
		c.Limits.InFlightBytes, c.Limits.Values = 64<<20, 7
		c.Sources = map[string]SourceConfig{"jira": {Disabled: true}}
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := bytes.Repeat([]byte(" "), 1<<20)
	for _, c := range []struct {
		name, method, path string
		body               []byte
		header             []string
		want               int
	}{
		{"get", "GET", "/signals", nil, nil, 405},
		{"no path", "POST", "/webhook/barista", nil, nil, 404},
		{"switched off", "POST", "/webhook/jira", nil, nil, 403},
		{"large", "POST", "/signals", bytes.Repeat([]byte(" "), 1001), nil, 413},
		{"gzip bomb", "POST", "/signals", zip(t, bomb), []string{"Content-Encoding", "gzip"}, 413},
		{"zstd bomb", "POST", "/signals", enc.EncodeAll(bomb, nil), []string{"Content-Encoding", "zstd"}, 413},
		{"no gzip", "POST", "/signals", []byte("{}"), []string{"Content-Encoding", "gzip"}, 400},
		{"brotli", "POST", "/signals", []byte("{}"), []string{"Content-Encoding", "br"}, 415},
		{"xml", "POST", "/signals", []byte("<a/>"), []string{"Content-Type", "application/xml"}, 415},
		{"cloudevents as protobuf", "POST", "/webhook/cloudevents", []byte("x"), []string{"Content-Type", "application/cloudevents+protobuf"}, 415},
		{"too many values", "POST", "/signals", []byte(`{"name":"1","labels":{},"annotations":{"a":"1","b":"2","c":"3","d":"4"}}`), nil, 413},
		{"too many", "POST", "/signals", []byte(`[{"name":"1"},{"name":"2"},{"name":"3"}]`), nil, 413},
		{"empty", "POST", "/signals", nil, nil, 400},
	} {
		m := &memory{}
		g := newGateway(t, m, small)
		r := httptest.NewRequest(c.method, c.path, bytes.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		w := httptest.NewRecorder()
		g.Handler().ServeHTTP(w, r)
		if p := answer(t, w); p.Status != c.want || len(m.signals) != 0 {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.want)
		}
	}
}

func TestCompressedBodiesAreTaken(t *testing.T) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	body := readPayloads(t)["alertmanager.json"]
	for encoding, b := range map[string][]byte{"gzip": zip(t, body), "zstd": enc.EncodeAll(body, nil), "": body} {
		m := &memory{}
		if w := post(newGateway(t, m, nil), "/webhook/alertmanager", b, "Content-Encoding", encoding); w.Code != 202 || len(m.signals) != 3 {
			t.Errorf("%q: %d %s", encoding, w.Code, w.Body)
		}
	}
}

func TestUnacknowledgedIs503NeverAccepted(t *testing.T) {
	g := newGateway(t, &memory{err: errors.New("broker away")}, nil)
	w := post(g, "/webhook/alertmanager", readPayloads(t)["alertmanager.json"])
	if p := answer(t, w); p.Status != 503 || w.Header().Get("Retry-After") != "5" || strings.Contains(p.Detail, "broker away") {
		t.Errorf("%+v %v", p, w.Header())
	}
	if n := testutil.ToFloat64(g.metrics.signals.WithLabelValues("alertmanager", "alert")); n != 0 {
		t.Errorf("%v signals counted as acknowledged", n)
	}
}

func TestSlowBrokersAre503(t *testing.T) {
	m := &memory{hold: make(chan struct{}), entered: make(chan struct{}, 1)}
	g := newGateway(t, m, func(c *Config) { c.ProduceTimeout = 20 * time.Millisecond })
	if w := post(g, "/signals", []byte(`{"name":"x"}`)); w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOverloadIs503(t *testing.T) {
	m := &memory{hold: make(chan struct{}), entered: make(chan struct{}, 1)}
	g := newGateway(t, m, func(c *Config) { c.MaxConcurrent = 1 })
	done := make(chan int)
	go func() { done <- post(g, "/signals", []byte(`{"name":"x"}`)).Code }()
	<-m.entered
	w := post(g, "/signals", []byte(`{"name":"y"}`))
	if p := answer(t, w); p.Status != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%+v", p)
	}
	close(m.hold)
	if code := <-done; code != 202 {
		t.Errorf("the first request: %d", code)
	}
	if n := testutil.ToFloat64(g.metrics.overload); n != 1 {
		t.Errorf("overload_total %v", n)
	}
}

func TestSlowBodyIsCutOff(t *testing.T) {
	g := newGateway(t, &memory{}, func(c *Config) { c.BodyTimeout = 50 * time.Millisecond })
	srv := httptest.NewServer(g.Handler())
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /signals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn) // the server hangs up after its answer, which may end in a reset
	if !strings.HasPrefix(string(b), "HTTP/1.1 408 ") {
		t.Errorf("%v: %q", err, b)
	}
}

func TestMetricsAreNamedAsPrometheusWants(t *testing.T) {
	reg := prometheus.NewRegistry()
	g, err := New(DefaultConfig(), schemas.DefaultNaming(), &memory{}, zerolog.Nop(), reg)
	if err != nil {
		t.Fatal(err)
	}
	post(g, "/signals", []byte(`{"name":"x"}`))
	post(g, "/signals", []byte(`{`))
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	if n := testutil.ToFloat64(g.metrics.requests.WithLabelValues("signals", "400")); n != 1 {
		t.Errorf("requests_total{code=400} %v", n)
	}
}
