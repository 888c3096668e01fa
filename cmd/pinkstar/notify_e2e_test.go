package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// webhookStub keeps what it was sent.
func webhookStub(t *testing.T) (url string, got func() string) {
	t.Helper()
	var mu sync.Mutex
	var all strings.Builder
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		all.WriteString(r.Header.Get("webhook-signature") + " " + string(b) + "\n")
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() string { mu.Lock(); defer mu.Unlock(); return all.String() }
}

// TestMessagesGoOut: what the settings name is reached by the role, by `notify
// test`, and `notify preview` says the same.
func TestMessagesGoOut(t *testing.T) {
	url, got := webhookStub(t)
	dir := t.TempDir()
	text := "data: " + dir + "/data\nroles: [notify, gateway]\nhttp: {listen: 127.0.0.1:0}\nnotify:\n  board_url: https://pinkstar.example\n  targets:\n" +
		"  - {name: hook, everything: true, allow_private: true, webhook: {url: " + url + ", secret: whsec_c2VjcmV0}}\n"
	name := file(t, "pinkstar.yaml", text)
	cfg, err := config.Load(config.Inputs{File: name, Env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, cfg)
	e := schemas.Effect{ID: "EFF-1", IncidentID: "INC-1", Seq: 1, Kind: schemas.EffectOpened, At: schemas.TimeOf(time.Now()), Reason: "It is new.",
		Head: schemas.EffectHead{Title: "shield-generator: ShieldDown", Status: schemas.IncidentOpen, Severity: schemas.SeverityCritical}}
	kc := cfg.Kafka.Config
	kc.Brokers = []string{a.Endpoints().Kafka}
	p, err := kafka.NewProducer(kc, "test", kafka.Deps{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Client().Close()
	x := schemas.Effects.Emission(&e)
	if err := p.ProduceRecords(t.Context(), []*kgo.Record{kafka.OutcomeRecord(&kc, &x)}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(kafkatest.Patience); !strings.Contains(got(), `"INC-1"`); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the message never came")
		}
	}
	if sent := got(); !strings.HasPrefix(sent, "v1,") || !strings.Contains(sent, "ShieldDown") {
		t.Errorf("it came as %s", sent)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"notify preview INC-1 --config " + name, exitOK, "CRITICAL: shield-generator: ShieldDown"},
		{"notify preview INC-2 --config " + name, exitFailed, "nothing was to be said of INC-2"},
		{"notify test hook --config " + name, exitOK, "page: taken"},
		{"notify test fax --config " + name, exitFailed, `no target "fax"; there are hook`},
	} {
		if said := command(t, "", strings.Fields(c.args)...); said.code != c.code || !strings.Contains(said.out+said.err, c.want) {
			t.Errorf("%s: %+v", c.args, said)
		}
	}
}
