package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas/secret"
)

// request is one HTTP request as a stranger, a browser or a program may send it.
type request struct {
	method, path, body string
	header             map[string]string // Host is the host
}

func (r request) do(t *testing.T, addr string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.method, "http://"+addr+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range r.header {
		switch {
		case k == "Host":
			req.Host = v
		case v == "":
			req.Header.Del(k)
		default:
			req.Header.Set(k, v)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// doorStep starts gateway and API without ClickHouse.
func doorStep(t *testing.T, change func(*config.Config)) string {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Topology = t.TempDir(), "127.0.0.1:0", station
	cfg.Roles = []string{config.RoleGateway, config.RoleNormalise, config.RoleCorrelate, config.RoleWeb}
	cfg.ClickHouse.DSN = "clickhouse://pinkstar:hush@127.0.0.1:1/pinkstar"
	if change != nil {
		change(&cfg)
	}
	return start(t, &cfg).Endpoints().HTTP
}

func token(s string) *secret.Text { v := secret.New(s); return &v }

// openIncident makes one and returns its id.
func openIncident(t *testing.T, addr string, header map[string]string) string {
	t.Helper()
	var list struct{ Incidents []struct{ ID string } }
	code, body := request{"POST", "/webhook/alertmanager", alertmanagerBody(stormStart, [2]string{"ShieldDown", "shield-generator"}), header}.do(t, addr)
	if code != http.StatusAccepted {
		t.Fatalf("%d %s", code, body)
	}
	for deadline := time.Now().Add(kafkatest.Patience); len(list.Incidents) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the incident never shows")
		}
		_, body := request{"GET", "/api/v1/incidents", "", header}.do(t, addr)
		unmarshal(t, body, &list)
	}
	return list.Incidents[0].ID
}

// TestWhatABrowserCanBeMadeToSend: no page of another site, and none whose name
// has been made to mean 127.0.0.1, gets anything done or told.
func TestWhatABrowserCanBeMadeToSend(t *testing.T) {
	addr := doorStep(t, func(c *config.Config) {
		c.Access.Hosts = []string{"pinkstar.example"}
		c.Access.TrustedOrigins = []string{"https://board.example"}
	})
	id := openIncident(t, addr, nil)
	command := "/api/v1/incidents/" + id + "/commands"
	const note, sig = `{"action":"note","note":"seen","by":"kim"}`, `{"name":"x"}`
	cross := map[string]string{"Sec-Fetch-Site": "cross-site"}
	for _, c := range []struct {
		name string
		r    request
		want int
	}{
		{"form", request{"POST", command, note, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415},
		{"text", request{"POST", command, note, map[string]string{"Content-Type": "text/plain"}}, 415},
		{"no type", request{"POST", command, note, map[string]string{"Content-Type": ""}}, 415},
		{"form to signals", request{"POST", "/signals", sig, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415},
		{"text to signals", request{"POST", "/signals", sig, map[string]string{"Content-Type": "text/plain"}}, 415},
		{"no type to signals", request{"POST", "/signals", sig, map[string]string{"Content-Type": ""}}, 415},
		{"text to a webhook", request{"POST", "/webhook/alertmanager", alertmanagerBody(stormStart, [2]string{"a", "b"}), map[string]string{"Content-Type": "text/plain"}}, 415},
		{"cross-site", request{"POST", command, note, cross}, 403},
		{"cross-site to signals", request{"POST", "/signals", sig, cross}, 403},
		{"same-site", request{"POST", command, note, map[string]string{"Sec-Fetch-Site": "same-site"}}, 403},
		{"an old browser's origin", request{"POST", command, note, map[string]string{"Origin": "https://evil.example"}}, 403},
		{"no origin", request{"POST", command, note, map[string]string{"Origin": "null"}}, 403},
		{"rebound name", request{"POST", command, note, map[string]string{"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}}, 421},
		{"rebound name reads", request{"GET", "/api/v1/incidents", "", map[string]string{"Host": "evil.example:8080"}}, 421},
		{"rebound name reads metrics", request{"GET", "/metrics", "", map[string]string{"Host": "evil.example"}}, 421},
		{"rebound name sends", request{"POST", "/signals", sig, map[string]string{"Host": "evil.example"}}, 421},
		{"a name that only begins so", request{"GET", "/api/v1/incidents", "", map[string]string{"Host": "localhost.evil.example"}}, 421},
		{"a name that only begins so, in figures", request{"GET", "/api/v1/incidents", "", map[string]string{"Host": "127.0.0.1.evil.example"}}, 421},
		{"passed on by a proxy", request{"GET", "/api/v1/incidents", "", map[string]string{"X-Forwarded-For": "203.0.113.7"}}, 403},
		{"an absolute address", request{"GET", "/api/v1/incidents", "", map[string]string{"Host": "evil.example@localhost"}}, 421},
		{"an image of another site", request{"GET", "/api/v1/incidents/" + id + "/explanation?with=x", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}}, 403},
		{"a frame of another site", request{"GET", "/api/v1/incidents", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}}, 403},
		{"a window that a page opens", request{"GET", "/api/v1/incidents", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}}, 403},
		{"a link that a person follows", request{"GET", "/api/v1/incidents", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}}, 200},
		{"a method that is none", request{"DELETE", "/api/v1/incidents/" + id, "", cross}, 403},
		{"a preflight", request{"OPTIONS", command, "", map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}}, 405},
		{"an encoded path", request{"POST", "/%73ignals", sig, cross}, 403},
		{"a profile", request{"GET", "/debug/pprof/heap", "", nil}, 200},
		{"a command line", request{"GET", "/debug/pprof/cmdline", "", nil}, 404},
		{"a probe by any name", request{"GET", "/-/ready", "", map[string]string{"Host": "pod-7"}}, 200},
		{"our name", request{"GET", "/api/v1/incidents", "", map[string]string{"Host": "Pinkstar.example:80"}}, 200},
		{"localhost", request{"GET", "/api/v1/incidents", "", map[string]string{"Host": "localhost:8080"}}, 200},
		{"IPv6", request{"GET", "/api/v1/incidents", "", map[string]string{"Host": "[::1]:8080"}}, 200},
		{"same origin", request{"POST", command, note, map[string]string{"Sec-Fetch-Site": "same-origin"}}, 202},
		{"trusted origin", request{"POST", command, note, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://board.example"}}, 202},
		{"a program", request{"POST", command, note, nil}, 202},
		{"a program to signals", request{"POST", "/signals", sig, nil}, 202},
	} {
		if code, body := c.r.do(t, addr); code != c.want {
			t.Errorf("%s: %d %s; want %d", c.name, code, body, c.want)
		} else if code >= 400 && !strings.Contains(body, `"detail":`) {
			t.Errorf("%s: no reason: %s", c.name, body)
		}
	}
}

// TestTokensGuardEverything: with tokens nothing but health is told to anybody
// else, on loopback too; what was done is by the token's name.
func TestTokensGuardEverything(t *testing.T) {
	addr := doorStep(t, func(c *config.Config) {
		c.Access.Tokens = []access.Token{{Name: "sam", Role: "act", Token: token("sam-token")}, {Name: "grafana", Role: "read", Token: token("read-token")}}
		c.Gateway.Sources = map[string]ingest.SourceConfig{"alertmanager": {Bearer: []secret.Text{*token("am-token")}}}
	})
	bearer := func(s string) map[string]string { return map[string]string{"Authorization": "Bearer " + s} }
	code, _ := request{"POST", "/webhook/alertmanager", alertmanagerBody(stormStart, [2]string{"ShieldDown", "shield-generator"}), bearer("am-token")}.do(t, addr)
	if code != http.StatusAccepted {
		t.Fatal(code)
	}
	var list struct {
		Incidents []struct{ ID, Status, Assignee string }
	}
	for deadline := time.Now().Add(kafkatest.Patience); len(list.Incidents) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the incident never shows")
		}
		_, body := request{"GET", "/api/v1/incidents", "", bearer("read-token")}.do(t, addr)
		unmarshal(t, body, &list)
	}
	incident := "/api/v1/incidents/" + list.Incidents[0].ID
	ack := request{"POST", incident + "/commands", `{"action":"acknowledge"}`, nil}
	for who, want := range map[string]int{"": 401, "x": 401, "am-token": 401, "read-token": 403, "sam-toke": 401, "sam-token": 202} {
		ack.header = bearer(who)
		if code, body := ack.do(t, addr); code != want {
			t.Errorf("acknowledge by %q: %d %s; want %d", who, code, body, want)
		}
	}
	for _, path := range []string{incident, "/api/v1/incidents", "/api/v1/problems", "/api/v1/openapi.yaml", "/metrics", incident + "/explanation"} {
		for who, want := range map[string]int{"": 401, "am-token": 401} {
			if code, _ := (request{"GET", path, "", bearer(who)}).do(t, addr); code != want {
				t.Errorf("%s by %q: %d; want %d", path, who, code, want)
			}
		}
	}
	for who, want := range map[string]int{"": 401, "am-token": 401, "read-token": 403, "sam-token": 403} {
		if code, _ := (request{"GET", "/debug/pprof/heap", "", bearer(who)}).do(t, addr); code != want {
			t.Errorf("a profile for %q: %d; want %d", who, code, want)
		}
	}
	for _, path := range []string{"/signals", "/webhook/grafana", "/webhook/jira"} {
		if code, _ := (request{"POST", path, `{"name":"x"}`, bearer("sam-token")}).do(t, addr); code != 403 {
			t.Errorf("%s with an operator's token: %d", path, code)
		}
	}
	if code, body := (request{"GET", "/-/ready", "", nil}).do(t, addr); code != 200 || strings.Contains(body, "reason") {
		t.Errorf("/-/ready: %d %s", code, body)
	}
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(50 * time.Millisecond) {
		_, body := request{"GET", "/api/v1/incidents", "", bearer("read-token")}.do(t, addr)
		if unmarshal(t, body, &list); list.Incidents[0].Status == "acknowledged" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("never acknowledged: %+v", list)
		}
	}
	if list.Incidents[0].Assignee != "sam" {
		t.Errorf("taken by %q; want sam", list.Incidents[0].Assignee)
	}
}

func unmarshal(t *testing.T, body string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
}

func produceOne(t *testing.T, at, topic, value string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(at))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte(value)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func consumeOne(t *testing.T, at, topic string) string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(at), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	fetches := cl.PollRecords(ctx, 1)
	for _, r := range fetches.Records() {
		return string(r.Value)
	}
	t.Fatalf("nothing on %s: %v", topic, fetches.Err())
	return ""
}

// TestCommandsOfATopicNeedTrust: on a topic that nobody has said to trust a
// command goes to the dead letter; on one that is trusted it is taken.
func TestCommandsOfATopicNeedTrust(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		var kafkaAt, prefix string
		cfg := config.Default()
		cfg.Data, cfg.HTTP.Listen, cfg.Topology = t.TempDir(), "127.0.0.1:0", station
		cfg.Roles = []string{config.RoleGateway, config.RoleNormalise, config.RoleCorrelate, config.RoleWeb}
		cfg.ClickHouse.DSN = "clickhouse://pinkstar:hush@127.0.0.1:1/pinkstar"
		topic := "ops.commands"
		cfg.Kafka.EventRecorderTopics = []string{topic}
		if trusted {
			cfg.Kafka.CommandTopics = []string{topic}
		}
		a := start(t, &cfg)
		kafkaAt, prefix = a.Endpoints().Kafka, cfg.Kafka.TopicPrefix
		id := openIncident(t, a.Endpoints().HTTP, nil)
		produceOne(t, kafkaAt, topic, `{"kind":"command","command":{"action":"acknowledge","by":"chatbot","incident_id":"`+id+`"}}`)
		if !trusted {
			dead := consumeOne(t, kafkaAt, prefix+"deadletter")
			if !strings.Contains(dead, "known person") || !strings.Contains(dead, "kafka.command_topics") {
				t.Errorf("dead letter: %s", dead)
			}
		}
		var list struct {
			Incidents []struct{ Status, Assignee string }
		}
		for deadline := time.Now().Add(kafkatest.Patience); trusted; time.Sleep(50 * time.Millisecond) {
			_, body := request{"GET", "/api/v1/incidents", "", nil}.do(t, a.Endpoints().HTTP)
			if unmarshal(t, body, &list); list.Incidents[0].Assignee == "chatbot" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("a trusted topic's command was never carried out: %+v", list)
			}
		}
		_, body := request{"GET", "/api/v1/incidents", "", nil}.do(t, a.Endpoints().HTTP)
		if unmarshal(t, body, &list); (list.Incidents[0].Status == "acknowledged") != trusted {
			t.Errorf("trusted %v: %+v", trusted, list)
		}
	}
}

// TestBeyondLoopbackNeedsAuthentication, and the sentence says what to do.
func TestBeyondLoopbackNeedsAuthentication(t *testing.T) {
	const sources = "gateway: {sources: {alertmanager: {bearer: [sender-secret]}}}\n"
	const tokens = "access: {tokens: [{name: sam, role: act, token: persons-secret}]}\n"
	users := file(t, "web.yml", "basic_auth_users: {sam: $2a$04$w/TTNrnTz4nehuiEOvWlXuFaS9OkyFFDAT3mX6gIitgqhRyzLLc1G}\n")
	for _, c := range []struct {
		name, text, listen, more string
		says                     string // "" for: it is taken
	}{
		{"nothing", "", "0.0.0.0:8080", "", "gateway.sources.alertmanager.bearer"},
		{"every address", "", ":8080", "", "access.tokens"},
		{"a name", "", "pinkstar.example:8080", "", "access.tokens"},
		{"IPv6", "", "[::]:8080", "", "access.tokens"},
		{"only senders", sources, "0.0.0.0:8080", "", "access.tokens"},
		{"only people", tokens, "0.0.0.0:8080", "", "gateway.sources"},
		{"both", sources + tokens, "0.0.0.0:8080", "", ""},
		{"only the gateway", sources, "0.0.0.0:8080", "--roles gateway", ""},
		{"only the correlator", "", "0.0.0.0:8080", "--roles correlate", ""},
		{"the server asks", "", "0.0.0.0:8080", "--web-config " + users, ""},
		{"in so many words", "", "0.0.0.0:8080", "--insecure-open-to-anybody", ""},
		{"loopback", "", "127.0.0.1:8080", "", ""},
		{"another loopback", "", "127.8.9.1:8080", "", ""},
		{"localhost", "", "localhost:8080", "", ""},
		{"IPv6 loopback", "", "[::1]:8080", "", ""},
	} {
		args := append([]string{"config", "check", "--config", file(t, "pinkstar.yaml", c.text), "--http", c.listen}, strings.Fields(c.more)...)
		got := command(t, "", args...)
		if c.says == "" && got.code != exitOK || c.says != "" && (got.code != exitUsage || !strings.Contains(got.err, c.says) || !strings.Contains(got.err, "insecure_open_to_anybody")) {
			t.Errorf("%s: exit code %d: %s%s", c.name, got.code, got.out, got.err)
		}
	}
}

func TestConfigPrintHidesTokens(t *testing.T) {
	text := "access: {tokens: [{name: sam, role: act, token: hush1}, {name: kim, role: read, token: {file: /etc/kim}}]}\n" +
		"gateway: {sources: {alertmanager: {bearer: [hush2], basic: [{user: u, password: hush3}]}, jira: {hmac: {secrets: [hush4]}}}}\n"
	got := command(t, "", "config", "print", "--config", file(t, "pinkstar.yaml", text))
	if got.code != exitOK || strings.Contains(got.out, "hush") || !strings.Contains(got.out, "/etc/kim") || !strings.Contains(got.out, "insecure_open_to_anybody: false") {
		t.Errorf("exit code %d:\n%s%s", got.code, got.out, got.err)
	}
}

// TestExplainSendsItsToken: the command line is known by a token as well.
func TestExplainSendsItsToken(t *testing.T) {
	addr := doorStep(t, func(c *config.Config) {
		c.Access.Tokens = []access.Token{{Name: "sam", Role: "read", Token: token("sam-token")}}
	})
	for given, says := range map[string]string{"": tokenEnv, "wrong": tokenEnv, "sam-token": "ClickHouse holds it"} {
		stderr := filepath.Join(t.TempDir(), "stderr")
		f, err := os.Create(stderr)
		if err != nil {
			t.Fatal(err)
		}
		w := world{strings.NewReader(""), io.Discard, f, func(k string) string { return map[string]string{tokenEnv: given}[k] }}
		code := run(t.Context(), []string{"explain", "INC-0", "--api", "http://" + addr}, w)
		_ = f.Close()
		said, _ := os.ReadFile(stderr)
		if code == exitOK || !strings.Contains(string(said), says) {
			t.Errorf("token %q: exit code %d: %s", given, code, said)
		}
	}
}
