package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pinkstar/schemas"
	"pinkstar/schemas/secret"
)

// ways are payloads by what they would do, with a path that takes them.
var ways = []struct {
	effect Effect
	path   string
	body   string
}{
	{Alerts, "/signals", `{"name":"x"}`},
	{Alerts, "/signals", `{"name":"x","source":"alertmanager","status":"resolved","fingerprint":"ab"}`},
	{Alerts, "/webhook/grafana", `{"orgId":1,"version":"1","alerts":[{"labels":{"alertname":"x"},"startsAt":"2026-11-22T10:00:00Z","fingerprint":"ab"}]}`},
	{Alerts, "/webhook/alertmanager", `{"version":"4","groupKey":"g","alerts":[{"labels":{"alertname":"x"},"startsAt":"2026-11-22T10:00:00Z"}]}`},
	{Alerts, "/webhook/cloudevents", `{"specversion":"1.0","id":"1","source":"s","type":"pinkstar.signal.v1","data":{"name":"x"}}`},
	{Alerts, "/webhook/cloudevents", `{"specversion":"1.0","id":"1","source":"s","type":"x","data":{"version":"4","groupKey":"g","alerts":[{"labels":{"alertname":"x"},"startsAt":"2026-11-22T10:00:00Z"}]}}`},
	{Tickets, "/signals", `{"kind":"ticket","name":"x","ticket":{"key":"A-1"}}`},
	{Changes, "/signals", `{"kind":"change","name":"x"}`},
	{Changes, "/signals", `{"kind":"maintenance","name":"x","change":{"suppress":false}}`},
	{Impacts, "/signals", `{"kind":"impact","impact":{"users":3}}`},
	{Windows, "/signals", `{"kind":"maintenance","name":"x","change":{"suppress":true,"services":["core"]}}`},
	{Windows, "/signals", `{"kind":"change","name":"x","change":{"suppress":true}}`},
	{Windows, "/webhook/cloudevents", `{"specversion":"1.0","id":"1","source":"s","type":"pinkstar.signal.v1","data":{"kind":"maintenance","name":"x","change":{"suppress":true}}}`},
	{Windows, "/webhook/cloudevents", `{"specversion":"1.0","id":"1","source":"s","type":"x","data":{"id":"1","matchers":[{"name":"a","value":"b"}],"startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T11:00:00Z"}}`},
	{commands, "/signals", `{"kind":"command","command":{"action":"resolve","by":"ceo","incident_id":"INC-1"}}`},
	{commands, "/signals", `[{"kind":"command","source":"pinkstar-api","command":{"action":"resolve","by":"ceo","incident_id":"INC-1"}}]`},
	{commands, "/webhook/cloudevents", `{"specversion":"1.0","id":"1","source":"s","type":"pinkstar.signal.v1","data":{"kind":"command","command":{"action":"resolve","incident_id":"INC-1"}}}`},
	{commands, "/webhook/cloudevents", `{"specversion":"1.0","id":"1","source":"s","type":"pinkstar.signal.v1","data_base64":"eyJraW5kIjoiY29tbWFuZCIsImNvbW1hbmQiOnsiYWN0aW9uIjoicmVzb2x2ZSJ9fQ=="}`},
	{commands, "/webhook/cloudevents", `{"specversion":"1.0","id":"1","source":"s","type":"x","data":{"source":"signals","payload":{"kind":"command","command":{"action":"resolve"}}}}`},
}

func contentTypeOf(path string) string {
	if path == "/webhook/cloudevents" {
		return "application/cloudevents+json"
	}
	return "application/json"
}

// send posts one way and says whether something of it was taken.
func send(t *testing.T, g *Gateway, path, body, token string) bool {
	t.Helper()
	m := g.producer.(*memory)
	m.signals = nil
	w := post(g, path, []byte(body), "Content-Type", contentTypeOf(path), "Authorization", "Bearer "+token)
	if taken := w.Code == http.StatusAccepted; taken != (len(m.signals) > 0) {
		t.Errorf("%s %s: %d, %d signals", path, body, w.Code, len(m.signals))
	}
	if w.Code != http.StatusAccepted {
		answer(t, w)
	}
	return w.Code == http.StatusAccepted
}

// TestOneProtectedPathProtectsItsEffects: with a bearer on one path no other way
// leads to the same, or to anything else that nobody was given.
func TestOneProtectedPathProtectsItsEffects(t *testing.T) {
	g := newGateway(t, &memory{}, func(c *Config) {
		c.Sources = map[string]SourceConfig{"alertmanager": {Bearer: []secret.Text{secret.New("am")}}}
	})
	for _, w := range ways {
		if send(t, g, w.path, w.body, "") {
			t.Errorf("without credentials: %s %s", w.path, w.body)
		}
		if got, want := send(t, g, w.path, w.body, "am"), w.path == "/webhook/alertmanager"; got != want {
			t.Errorf("with Alertmanager's token: %s %s: %v", w.path, w.body, got)
		}
	}
}

// TestEveryWayToAnEffectNeedsTheRight: whatever a sender may, it does that and
// nothing else, on every path that its credentials open. Never commands.
func TestEveryWayToAnEffectNeedsTheRight(t *testing.T) {
	for _, may := range [][]Effect{nil, {Alerts}, {Tickets}, {Changes}, {Impacts}, {Windows}, {Alerts, Windows}, everything} {
		g := newGateway(t, &memory{}, func(c *Config) {
			c.Sources = map[string]SourceConfig{}
			for name := range webhooks(senders) {
				c.Sources[name] = SourceConfig{Bearer: []secret.Text{secret.New("t")}, May: may}
			}
		})
		given := may
		if may == nil {
			given = ordinary
		}
		for _, w := range ways {
			if got := send(t, g, w.path, w.body, "t"); got != slices.Contains(given, w.effect) {
				t.Errorf("may %v: %s %s: taken %v", may, w.path, w.body, got)
			}
		}
	}
}

// TestOpenOnLoopbackTakesAllButCommands, and nothing once the port is reached
// from elsewhere.
func TestOpenOnLoopbackTakesAllButCommands(t *testing.T) {
	open, closed := newGateway(t, &memory{}, nil), newGateway(t, &memory{}, func(c *Config) { c.Closed = true })
	known := newGateway(t, &memory{}, func(c *Config) { c.Closed, c.Authenticated = true, true })
	for _, w := range ways {
		if got := send(t, open, w.path, w.body, ""); got != (w.effect != commands) {
			t.Errorf("open: %s %s: %v", w.path, w.body, got)
		}
		if send(t, closed, w.path, w.body, "") {
			t.Errorf("closed: %s %s", w.path, w.body)
		}
		if got := send(t, known, w.path, w.body, ""); got != slices.Contains(ordinary, w.effect) {
			t.Errorf("checked by the server: %s %s: %v", w.path, w.body, got)
		}
	}
}

// TestNobodySpeaksForAProtectedSender: a token for one path ends no alert of
// another's, but whoever has both credentials may.
func TestNobodySpeaksForAProtectedSender(t *testing.T) {
	g := newGateway(t, &memory{}, func(c *Config) {
		c.Sources = map[string]SourceConfig{
			"signals":      {Bearer: []secret.Text{secret.New("team"), secret.New("both")}, May: everything},
			"alertmanager": {Bearer: []secret.Text{secret.New("both")}},
			"grafana":      {HMAC: &HMACConfig{Secrets: []secret.Text{secret.New("h")}}},
			"jira":         {Anybody: []Effect{Tickets}},
		}
	})
	for _, c := range []struct {
		source, token string
		want          bool
	}{
		{"team-x", "team", true}, {"alertmanager", "team", false}, {"alertmanager", "both", true},
		{"grafana", "both", false}, {"jira", "team", true}, {"", "team", true},
	} {
		body := fmt.Sprintf(`{"name":"x","source":%q,"status":"resolved","fingerprint":"ab"}`, c.source)
		if got := send(t, g, "/signals", body, c.token); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if !send(t, g, "/webhook/jira", string(readPayloads(t)["jira_created.json"]), "") {
		t.Error("what anybody may is refused")
	}
}

// A sender without the right to suppress cannot prolong a window that does.
func TestATextWithoutSuppressDoesNotProlongAWindow(t *testing.T) {
	g := newGateway(t, &memory{}, func(c *Config) {
		c.Sources = map[string]SourceConfig{"signals": {Bearer: []secret.Text{secret.New("t")}}}
	})
	if !send(t, g, "/signals", `{"kind":"maintenance","name":"x","fingerprint":"w1","ends_at":"2027-01-01T00:00:00Z"}`, "t") {
		t.Fatal("an announcement is refused")
	}
	if s := g.producer.(*memory).signals[0]; s.Change == nil || s.Change.Suppress {
		t.Errorf("got %+v; want it said that it suppresses nothing", s)
	}
}

// What may be taken is, what may not is told and in the dead letter.
func TestWhatIsForbiddenDoesNotCostTheRest(t *testing.T) {
	m := &memory{}
	w := post(newGateway(t, m, nil), "/signals", []byte(`{"name":"a"} {"kind":"command","command":{"action":"resolve"}} {"name":7} {"name":"b"}`))
	var got accepted
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 202 || got.Accepted != 2 || got.Refused != 2 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if len(m.signals) != 2 || m.signals[0].Name != "a" || m.signals[1].Name != "b" || len(m.dead) != 2 || !strings.Contains(m.dead[0].Reason, "known person") {
		t.Errorf("%+v %+v", m.signals, m.dead)
	}
}

func TestRightsAreChecked(t *testing.T) {
	for want, s := range map[string]SourceConfig{
		`sources.jira.may[1]: "commands" is not one of`: {May: []Effect{Alerts, "commands"}},
		`sources.jira.anybody[0]: "all" is not one of`:  {Anybody: []Effect{"all"}},
		`sources.jira.anybody: stands beside`:           {Anybody: []Effect{Alerts}, Bearer: []secret.Text{secret.New("t")}},
	} {
		cfg := DefaultConfig()
		cfg.Sources = map[string]SourceConfig{"jira": s}
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCommandsOfATopicAreRefusedAlone(t *testing.T) {
	const text = `{"name":"a"} {"kind":"command","command":{"action":"resolve","by":"ceo"}} {"name":7} {"name":"b"}`
	signals, err := newTranslator().Recognise("pinkstar.alerts", nil, []byte(text), receivedAt)
	if len(signals) != 3 {
		t.Fatalf("%d signals, %v", len(signals), err)
	}
	signals, err = WithoutCommands(signals, err)
	var refused Refusals
	if !errors.As(err, &refused) || len(refused) != 2 || refused[0].Index != 1 || refused[1].Index != 2 || !errors.Is(refused[0], errCommand) {
		t.Errorf("refused %v", err)
	}
	if len(signals) != 2 || slices.ContainsFunc(signals, func(s schemas.Signal) bool { return s.Kind == schemas.KindCommand }) {
		t.Errorf("got %+v", signals)
	}
	if s, err := WithoutCommands(nil, errEmpty); s != nil || !errors.Is(err, errEmpty) {
		t.Errorf("%v %v", s, err)
	}
}

var errEmpty = errors.New("empty")
