package ingest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/secret"
)

const opsRamp = `
opsramp:
  recognise: {app: OPSRAMP, alert.uniqueId: ""}
  name: [alert.metric, subject]
  fingerprint: [alert.uniqueId, $.device.id]
  status: alert.currentState
  firing: [Critical, Warning]
  resolved: [Ok]
  ignore: [Observed]
  severity: alert.currentState
  severities: {Critical: critical, Warning: warning}
  summary: subject
  host: device.name
  starts_at: alert.createdDate
  labels: {client: client.name}
  all_of: [device.tags]
probes:
  each: data.items
  name: check
  status: state
  service: target.service
  url: link
  environment: $.env
`

func mapped(t *testing.T, text string) Mappings {
	t.Helper()
	var m Mappings
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&m); err != nil {
		t.Fatal(err)
	}
	if errs := m.validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	return m
}

func TestMappedPayloads(t *testing.T) {
	tr := NewTranslator(schemas.DefaultNaming(), DefaultLimits(), mapped(t, opsRamp))
	body := func(state string) string {
		return `{"app":"OPSRAMP","subject":"CPU is high","client":{"name":"acme"},"device":{"id":7,"name":"web-1","tags":["service:shop","x"]},` +
			`"alert":{"uniqueId":"a1","metric":"cpu","currentState":"` + state + `","createdDate":"2026-11-22T10:00:00+0000"}}`
	}
	for state, want := range map[string]string{"Critical": "firing critical", "warning": "firing warning", "Ok": "resolved info", "Observed": "", "purple": "refused"} {
		got, err := tr.Recognise("alerts", nil, []byte(body(state)), receivedAt)
		said := ""
		if len(got) == 1 {
			s := got[0]
			said = string(s.Status) + " " + string(s.Severity)
			if s.Source != "opsramp" || s.Name != "cpu" || s.Host != "web-1" || s.Service != "shop" || s.Labels.Get("client") != "acme" ||
				s.StartsAt.String() != "2026-11-22T10:00:00.000Z" {
				t.Errorf("%s: %+v", state, s)
			}
		} else if err != nil {
			said = "refused"
		}
		if said != want {
			t.Errorf("%s: %q, want %q (%v)", state, said, want, err)
		}
	}
	fire, _ := tr.Recognise("", nil, []byte(body("Critical")), receivedAt)
	end, _ := tr.Recognise("", nil, []byte(body("Ok")), receivedAt)
	other, _ := tr.Recognise("", nil, []byte(strings.Replace(body("Ok"), `"id":7`, `"id":8`, 1)), receivedAt)
	if fire[0].Fingerprint != end[0].Fingerprint || fire[0].Fingerprint == other[0].Fingerprint {
		t.Error("firing and recovery are not one alert, or two are")
	}
	items := `{"env":"stage","data":{"items":[{"check":"http","state":"down","target":{"service":"a"},"link":"javascript:x"},{"check":"http","state":"up","target":{"service":"b"}},` +
		`{"state":"up"},"what"]}}`
	got, err := tr.Translate("probes", []byte(items), Meta{ReceivedAt: receivedAt})
	if len(got) != 2 || got[0].Status != schemas.StatusFiring || got[1].Status != schemas.StatusResolved || got[0].Environment != "staging" || got[0].URL != "" {
		t.Errorf("%+v", got)
	}
	if err == nil || !strings.Contains(err.Error(), "data.items[2]: check: nothing there") || !strings.Contains(err.Error(), "data.items[3]: want an object") {
		t.Errorf("%v", err)
	}
}

func TestMappingsChangeNothingElse(t *testing.T) {
	tr := NewTranslator(schemas.DefaultNaming(), DefaultLimits(), mapped(t, opsRamp))
	for name, body := range readPayloads(t) {
		a, errA := newTranslator().Recognise("", nil, body, receivedAt)
		b, errB := tr.Recognise("", nil, body, receivedAt)
		if !bytes.Equal(lines(a, errA), lines(b, errB)) {
			t.Errorf("%s is read otherwise", name)
		}
	}
}

func TestMappingsHaveTheirPathsAndTheirCredentials(t *testing.T) {
	m := &memory{}
	g := newGateway(t, m, func(c *Config) {
		c.Mappings = mapped(t, opsRamp)
		c.Sources = map[string]SourceConfig{"probes": {Bearer: []secret.Text{secret.New("t")}}}
	})
	body := []byte(`{"data":{"items":[{"check":"http","state":"down"}]}}`)
	if w := post(g, "/webhook/probes", body); w.Code != 401 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post(g, "/webhook/probes", body, "Authorization", "Bearer t"); w.Code != 202 || len(m.signals) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestMappingsAreChecked(t *testing.T) {
	for text, want := range map[string]string{
		"{Bad: {name: a}}": "mappings.Bad: no name for a sender", "{jira: {name: a}}": "mappings.jira: no name for a sender",
		"{x: {summary: a}}": "mappings.x.name: missing", "{x: {name: 'a..b'}}": `mappings.x.name: "a..b" is no path`,
		"{x: {name: a, firing: [b]}}":             "mappings.x.status: missing",
		"{x: {name: a, severities: {b: pink}}}":   `mappings.x.severities.b: "pink" is none of critical`,
		"{x: {name: a, labels: {l: ['b[x]']}}}":   `mappings.x.labels.l: "b[x]" is no path`,
		"{x: {name: a, recognise: {'[0].a': b}}}": `mappings.x.recognise: "[0].a" is no path`,
	} {
		cfg := DefaultConfig()
		if err := yaml.Unmarshal([]byte(text), &cfg.Mappings); err != nil {
			t.Fatal(text, err)
		}
		if _, err := New(cfg, schemas.DefaultNaming(), &memory{}, zerolog.Nop(), prometheus.NewRegistry()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
