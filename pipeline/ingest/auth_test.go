package ingest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/secret"
)

var signal = []byte(`{"name":"x"}`)

func TestBearerAndBasic(t *testing.T) {
	g := newGateway(t, &memory{}, func(c *Config) {
		c.Sources = map[string]SourceConfig{
			"signals": {
				Bearer: []secret.Text{secret.New("new-token"), secret.New("old-token")},
				Basic:  []BasicUser{{User: "am", Password: secret.New("pass:word")}},
			},
		}
	})
	for _, c := range []struct {
		authorization string
		want          int
	}{
		{"", 401},
		{"Bearer new-token", 202},
		{"bearer old-token", 202}, // during a rotation both hold
		{"Bearer other", 401},
		{"Bearer ", 401},
		{"Bearer", 401},
		{"Basic YW06cGFzczp3b3Jk", 202}, // am:pass:word
		{"Basic YW06d3Jvbmc=", 401},     // am:wrong
		{"Basic eDpwYXNzOndvcmQ=", 401}, // x:pass:word
		{"Basic ???", 401},
	} {
		w := post(g, "/signals", signal, "Authorization", c.authorization)
		if w.Code != c.want {
			t.Errorf("%q: %d %s, want %d", c.authorization, w.Code, w.Body, c.want)
		}
		if c.want == 401 && len(w.Header().Values("WWW-Authenticate")) != 2 {
			t.Errorf("%q: %v", c.authorization, w.Header())
		}
	}
}

func TestTokenInAHeader(t *testing.T) {
	g := newGateway(t, &memory{}, func(c *Config) {
		c.Sources = map[string]SourceConfig{"zabbix": {Token: &HeaderToken{Header: "X-Auth-Token", Secrets: []secret.Text{secret.New("new"), secret.New("old")}}}}
	})
	body := readPayloads(t)["zabbix_problem.json"]
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"X-Auth-Token", "new", 202}, {"x-auth-token", "old", 202}, {"X-Auth-Token", "other", 401}, {"X-Auth-Token", "", 401},
		{"Authorization", "Bearer new", 401}, {"X-Other", "new", 401},
	} {
		if w := post(g, "/webhook/zabbix", body, c.header, c.value); w.Code != c.want {
			t.Errorf("%s: %q: %d %s, want %d", c.header, c.value, w.Code, w.Body, c.want)
		}
	}
	for _, bad := range []HeaderToken{{Header: "X Y", Secrets: []secret.Text{secret.New("s")}}, {Header: "Authorization", Secrets: []secret.Text{secret.New("s")}}, {Header: "X"}} {
		c := DefaultConfig()
		c.Sources = map[string]SourceConfig{"zabbix": {Token: &bad}}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "sources.zabbix.token") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func sign(secret, prefix string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(prefix))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

func TestSignatures(t *testing.T) {
	p := readPayloads(t)
	now := strconv.FormatInt(receivedAt.Std().Unix(), 10)
	old := strconv.FormatInt(receivedAt.Std().Add(-6*time.Minute).Unix(), 10)
	both := []secret.Text{secret.New("new"), secret.New("old")}
	g := newGateway(t, &memory{}, func(c *Config) {
		c.Sources = map[string]SourceConfig{
			"jira":         {HMAC: &HMACConfig{Secrets: both}},
			"pagerduty":    {HMAC: &HMACConfig{Secrets: both}},
			"grafana":      {HMAC: &HMACConfig{Secrets: both, TimestampHeader: "X-Grafana-Alerting-Signature-Timestamp"}},
			"sentry":       {HMAC: &HMACConfig{Secrets: both}},
			"alertmanager": {HMAC: &HMACConfig{Secrets: both}, Bearer: []secret.Text{secret.New("t")}},
		}
	})
	jira, duty, grafana, am := p["jira_created.json"], p["pagerduty_v3.json"], p["grafana.json"], p["alertmanager.json"]
	const stamp = "X-Grafana-Alerting-Signature-Timestamp"
	for i, c := range []struct {
		path   string
		body   []byte
		header []string
		want   int
	}{
		{"jira", jira, []string{"X-Hub-Signature", "sha256=" + sign("new", "", jira)}, 202},
		{"jira", jira, []string{"X-Hub-Signature", "sha256=" + sign("old", "", jira)}, 202},
		{"jira", jira, []string{"X-Hub-Signature", "sha256=" + strings.ToUpper(sign("old", "", jira))}, 202},
		{"jira", jira, []string{"X-Hub-Signature", "sha256=" + sign("other", "", jira)}, 403},
		{"jira", append([]byte(" "), jira...), []string{"X-Hub-Signature", "sha256=" + sign("new", "", jira)}, 403},
		{"jira", jira, nil, 401},
		{"jira", jira, []string{"X-Hub-Signature", "sha1=" + sign("new", "", jira)}, 401},
		{"jira", jira, []string{"X-Hub-Signature", "sha256=" + sign("new", "", jira)[:62]}, 401},
		{"pagerduty", duty, []string{"X-PagerDuty-Signature", "v1=" + sign("gone", "", duty) + ",v1=" + sign("old", "", duty)}, 202},
		{"pagerduty", duty, []string{"X-PagerDuty-Signature", "v1=" + sign("gone", "", duty) + ", v2=" + sign("old", "", duty)}, 403},
		{"grafana", grafana, []string{"X-Grafana-Alerting-Signature", sign("new", now+":", grafana), stamp, now}, 202},
		{"grafana", grafana, []string{"X-Grafana-Alerting-Signature", sign("new", old+":", grafana), stamp, old}, 403},
		{"grafana", grafana, []string{"X-Grafana-Alerting-Signature", sign("new", old+":", grafana), stamp, now}, 403},
		{"grafana", grafana, []string{"X-Grafana-Alerting-Signature", sign("new", "", grafana)}, 403},
		{"sentry", p["sentry_metric.json"], []string{"Sentry-Hook-Signature", sign("new", "", p["sentry_metric.json"])}, 202},
		{"sentry", p["sentry_metric.json"], []string{"Sentry-Hook-Signature", sign("other", "", p["sentry_metric.json"])}, 403},
		{"alertmanager", am, []string{"X-Hub-Signature-256", "sha256=" + sign("new", "", am), "Authorization", "Bearer t"}, 202},
		{"alertmanager", am, []string{"X-Hub-Signature-256", "sha256=" + sign("new", "", am)}, 401},
		{"alertmanager", am, []string{"Authorization", "Bearer t"}, 401},
	} {
		if w := post(g, "/webhook/"+c.path, c.body, c.header...); w.Code != c.want {
			t.Errorf("%d %s %v: %d %s, want %d", i, c.path, c.header, w.Code, w.Body, c.want)
		}
	}
}

func TestSecretsAreReadAndNeverShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PINKSTAR_TEST_SECRET", "from-env")
	cfg := DefaultConfig()
	text := "sources:\n  signals:\n    bearer: [inline-hush, {file: " + file + "}, {env: PINKSTAR_TEST_SECRET}]\n" +
		"    hmac: {secrets: [inline-hush], header: X-S}\n"
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&cfg); err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	log := zerolog.New(&logged)
	g, err := New(cfg, schemas.DefaultNaming(), &memory{}, log, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"inline-hush", "from-file", "from-env"} {
		if w := post(g, "/signals", signal, "Authorization", "Bearer "+token, "X-S", sign("inline-hush", "", signal)); w.Code != 202 {
			t.Errorf("%s: %d %s", token, w.Code, w.Body)
		}
	}
	post(g, "/signals", signal, "Authorization", "Bearer wrong-hush")
	y, err := yaml.Marshal(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(g.sources)
	if err != nil {
		t.Fatal(err)
	}
	log.Info().Interface("cfg", g.sources).Any("s", secret.New("x-hush")).Msg("")
	shown := string(y) + string(j) + logged.String() + fmt.Sprintf("%v %+v %#v", g.sources, g.sources, g.sources) + fmt.Sprintf("%s %q %x", secret.New("hush"), secret.New("hush"), secret.New("hush"))
	for _, secret := range []string{"hush", "from-file", "from-env"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	if !strings.Contains(string(y), file) || !strings.Contains(string(y), "PINKSTAR_TEST_SECRET") {
		t.Errorf("where secrets come from is not shown:\n%s", y)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"sources.barista: no such path":      func(c *Config) { c.Sources = map[string]SourceConfig{"barista": {}} },
		"sources.jira.hmac.secrets: missing": func(c *Config) { c.Sources = map[string]SourceConfig{"jira": {HMAC: &HMACConfig{}}} },
		"sources.jira.bearer[0]: secret":     func(c *Config) { c.Sources = map[string]SourceConfig{"jira": {Bearer: []secret.Text{{}}}} },
		"limits.depth: 0":                    func(c *Config) { c.Limits.Depth = 0 },
		"limits.decompressed_bytes: smaller": func(c *Config) { c.Limits.DecompressedBytes = 1 },
		"max_concurrent: 0":                  func(c *Config) { c.MaxConcurrent = 0 },
		"sources.jira.bearer[0]: secret: open": func(c *Config) {
			c.Sources = map[string]SourceConfig{"jira": {Bearer: []secret.Text{fromFile("/does/not/exist")}}}
		},
		"produce_timeout: 0s": func(c *Config) { c.ProduceTimeout = 0 },
	} {
		cfg := DefaultConfig()
		change(&cfg)
		if _, err := New(cfg, schemas.DefaultNaming(), &memory{}, zerolog.Nop(), prometheus.NewRegistry()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	var s secret.Text
	if err := yaml.Unmarshal([]byte("{file: a, env: b}"), &s); err == nil {
		t.Error("a secret from two places was taken")
	}
}

func fromFile(name string) (s secret.Text) {
	if err := yaml.Unmarshal([]byte("{file: "+name+"}"), &s); err != nil {
		panic(err)
	}
	return s
}
