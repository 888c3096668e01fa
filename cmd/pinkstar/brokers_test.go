package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
)

func start(t *testing.T, cfg *config.Config) *app.App {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	a, err := app.Start(ctx, cfg, app.Deps{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), kafkatest.Patience)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return a
}

// brokers returns the address of brokers that are not pinkstar's own: real
// ones where CI has them, else an embedded one of another process's making.
func brokers(t *testing.T) string {
	t.Helper()
	if addr := os.Getenv("PINKSTAR_TEST_KAFKA"); addr != "" {
		return addr
	}
	if kafkatest.Required("kafka") {
		t.Fatal("PINKSTAR_REQUIRE demands kafka, and PINKSTAR_TEST_KAFKA is not set")
	}
	e := kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(t.TempDir()), zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e.Addr()
}

// TestRolesShareBrokers runs the roles in two processes' worth of apps over
// brokers of the user's own: topics are created explicitly, signals enter by
// webhook in one and by `send` from outside, and are answered by the other.
func TestRolesShareBrokers(t *testing.T) {
	lib := needEngine(t)
	addr := brokers(t)
	prefix := "e2e" + time.Now().UTC().Format("150405.000000") + "."
	flags := []string{"--brokers", addr, "--topic-prefix", prefix, "--partitions", "4"}

	intake := config.Default()
	intake.Data, intake.HTTP.Listen = t.TempDir(), "127.0.0.1:0"
	intake.Kafka.Brokers, intake.Kafka.TopicPrefix, intake.Kafka.Partitions = []string{addr}, prefix, 4
	intake.Roles, intake.Topology = []string{config.RoleGateway, config.RoleNormalise, config.RoleCorrelate}, station
	if _, err := app.Start(t.Context(), &intake, app.Deps{Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "pinkstar topics apply") {
		t.Fatalf("started without topics: %v", err)
	}
	if got := command(t, "", append([]string{"topics", "plan"}, flags...)...); got.code != exitFound || !strings.Contains(got.out, prefix+"signals") {
		t.Fatalf("topics plan: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	if got := command(t, "", append([]string{"topics", "apply"}, flags...)...); got.code != exitOK {
		t.Fatalf("topics apply: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	front := start(t, &intake)

	reading := intake
	reading.Data, reading.Roles, reading.ClickHouse.Libchdb = t.TempDir(), []string{config.RoleWrite, config.RoleWeb}, lib
	back := start(t, &reading)

	in, out := client{t: t, where: front.Endpoints()}, client{t: t, where: back.Endpoints()}
	var taken acceptedAnswer
	in.post("/webhook/alertmanager", alertmanagerBody(stormStart, [2]string{"ShieldDown", "shield-generator"}), http.StatusAccepted, &taken)
	line := `{"kind":"ticket","name":"turret 3 does not turn","source":"team","service":"turret-control","ticket":{"key":"OPS-1"}}` + "\n"
	if got := command(t, line, append([]string{"send", "-"}, flags[:4]...)...); got.code != exitOK {
		t.Fatalf("send: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	out.wait("SELECT count(), countIf(decision = 'placed') FROM v_decisions", "2\t2")
	out.wait("SELECT count() FROM v_tickets", "1")
	var list struct{ Incidents []struct{ ID string } }
	out.get("/api/v1/incidents", &list)
	if len(list.Incidents) == 0 {
		t.Error("the API of the second process shows nothing")
	}
	resp, err := http.Get("http://" + front.Endpoints().HTTP + "/api/v1/incidents")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("a process without role web serves the API: %s", resp.Status)
	}
}

// TestWebConfigGuardsEverything: basic auth of exporter-toolkit's file covers
// webhooks, API and metrics alike.
func TestWebConfigGuardsEverything(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Roles = t.TempDir(), "127.0.0.1:0", []string{config.RoleGateway}
	cfg.HTTP.WebConfigFile = filepath.Join(t.TempDir(), "web.yml")
	// bcrypt of "secret", cost 4
	const users = "basic_auth_users:\n  sam: $2a$04$w/TTNrnTz4nehuiEOvWlXuFaS9OkyFFDAT3mX6gIitgqhRyzLLc1G\n"
	if err := os.WriteFile(cfg.HTTP.WebConfigFile, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	a := start(t, &cfg)
	for _, path := range []string{"/metrics", "/-/ready", "/signals"} {
		resp, err := http.Get("http://" + a.Endpoints().HTTP + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a password: %s", path, resp.Status)
		}
	}
	req, _ := http.NewRequest(http.MethodGet, "http://"+a.Endpoints().HTTP+"/metrics", nil)
	req.SetBasicAuth("sam", "secret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body bytes.Buffer
	_, _ = body.ReadFrom(resp.Body)
	if resp.StatusCode != http.StatusOK || !strings.Contains(body.String(), "pinkstar_gateway_") {
		t.Errorf("/metrics with the password: %s", resp.Status)
	}
}

func TestAStartThatFailsLeavesNothingBehind(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Roles, cfg.HTTP.Listen = t.TempDir(), []string{config.RoleGateway}, "127.0.0.1:0"
	first := start(t, &cfg)
	taken := cfg
	taken.Data, taken.HTTP.Listen = t.TempDir(), first.Endpoints().HTTP
	if _, err := app.Start(t.Context(), &taken, app.Deps{Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "http.listen") {
		t.Fatalf("started on a port that is taken: %v", err)
	}
	taken.HTTP.Listen = "127.0.0.1:0"
	start(t, &taken) // the data directory is free again
}

// TestClickHouseAwayStopsNothing: a ClickHouse that does not answer neither
// stops the start nor the correlation; the API shows what is live and says
// what it cannot show.
func TestClickHouseAwayStopsNothing(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Topology = t.TempDir(), "127.0.0.1:0", station
	cfg.ClickHouse.DSN = "clickhouse://pinkstar:hush@127.0.0.1:1/pinkstar"
	a := start(t, &cfg)
	c := client{t: t, where: a.Endpoints()}
	c.post("/webhook/alertmanager", alertmanagerBody(stormStart, [2]string{"ShieldDown", "shield-generator"}), http.StatusAccepted, nil)
	var list struct {
		Incidents []struct{ ID string }
		History   struct {
			Asked, Answered bool
			Reason          string
		}
	}
	for deadline := time.Now().Add(kafkatest.Patience); len(list.Incidents) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the incident never shows")
		}
		c.get("/api/v1/incidents", &list)
	}
	if !list.History.Asked || list.History.Answered || list.History.Reason == "" || strings.Contains(list.History.Reason, "hush") {
		t.Errorf("history: %+v", list.History)
	}
	var one struct{ Members []struct{ Name string } }
	c.get("/api/v1/incidents/"+list.Incidents[0].ID, &one)
	if len(one.Members) != 1 || one.Members[0].Name != "ShieldDown" {
		t.Errorf("members %+v", one.Members)
	}
	c.post("/api/v1/incidents/"+list.Incidents[0].ID+"/commands", `{"action":"resolve","by":"sam"}`, http.StatusAccepted, nil)
	var ready struct {
		Ready bool
		Parts []struct{ Part, Ailing string }
	}
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(50 * time.Millisecond) {
		if code := c.get("/-/ready", &ready); code != http.StatusOK || !ready.Ready {
			t.Fatalf("/-/ready: %d %+v; a writer without ClickHouse must not take the gateway out of service", code, ready)
		}
		if ready.Parts[0].Part == "write" && ready.Parts[0].Ailing != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing says that ClickHouse is away: %+v", ready)
		}
	}
}
