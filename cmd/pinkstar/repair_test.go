package main

import (
	"context"
	"fmt"
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
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse/engine"
)

// TestRepair takes files away from an installation that was stopped: it must not
// start as if nothing were, the command must say what is missing, and after it
// was accepted everything goes on.
func TestRepair(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen = t.TempDir(), "127.0.0.1:0"
	cfg.Kafka.Partitions = 1
	cfg.Roles = []string{config.RoleGateway, config.RoleCorrelate}
	begin := func() (*app.App, error) {
		ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
		defer cancel()
		return app.Start(ctx, &cfg, app.Deps{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel)})
	}
	sent := 0
	use := func() {
		t.Helper()
		a, err := begin()
		if err != nil {
			t.Fatal(err)
		}
		kc := kafka.DefaultConfig()
		kc.Brokers, kc.Embedded, kc.Partitions = []string{a.Endpoints().Kafka}, true, 1
		have := len(kafkatest.ReadAll(t, kc, schemas.TopicDecisions))
		for range 20 {
			sent++
			body := fmt.Sprintf(`{"name":"Down%d","source":"t","labels":{"service":"s"},"starts_at":%q}`, sent, time.Now().UTC().Format(time.RFC3339Nano))
			resp, err := http.Post("http://"+a.Endpoints().HTTP+"/signals", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusAccepted {
				t.Fatal(resp.Status)
			}
		}
		for deadline := time.Now().Add(kafkatest.Patience); len(kafkatest.ReadAll(t, kc, schemas.TopicDecisions)) < have+20; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the signals are not decided on")
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), kafkatest.Patience)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(words, accept string) {
		t.Helper()
		if a, err := begin(); err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), accept) {
			if a != nil {
				_ = a.Stop(context.Background())
			}
			t.Fatalf("it started, or does not say %q and %q: %v", words, accept, err)
		}
		if got := command(t, "", "repair", "--data", cfg.Data, "--partitions", "1"); got.code == exitOK || !strings.Contains(got.out+got.err, words) {
			t.Fatalf("repair: exit code %d\n%s%s", got.code, got.out, got.err)
		}
		if got := command(t, "", "repair", "--data", cfg.Data, "--partitions", "1", accept); got.code != exitOK {
			t.Fatalf("repair %s: exit code %d\n%s%s", accept, got.code, got.out, got.err)
		}
	}
	use()
	if got := command(t, "", "repair", "--data", cfg.Data, "--partitions", "1"); got.code != exitOK {
		t.Fatalf("nothing is wrong: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	files := filepath.Join(cfg.Data, "kafka")
	if err := os.Remove(filepath.Join(files, "topics.json")); err != nil {
		t.Fatal(err)
	}
	refused("topics.json", "--accept-damage")
	use()
	segment := filepath.Join(files, "partitions", "pinkstar.signals-0")
	if err := os.RemoveAll(segment); err != nil {
		t.Fatal(err)
	}
	refused("records are missing at its end", "--accept-lost-signals")
	use()
	if err := os.RemoveAll(filepath.Join(files, "partitions", "pinkstar.incidents-0")); err != nil {
		t.Fatal(err)
	}
	refused("outcomes are missing at its end", "--accept-lost-outcomes")
	use()
	if err := os.RemoveAll(filepath.Join(files, "partitions", "pinkstar.state-0")); err != nil {
		t.Fatal(err)
	}
	// The log that is left does not say from its beginning whose decisions those
	// were: nobody knows that this engine would decide the same.
	refused("there is no state for the log", "--accept-new-decisions")
	use()
}

// TestLostDecisionsComeBackToSQL takes away ClickHouse's directory and the
// decisions from which it is filled: what was decided is decided and published
// again, and reports lack nothing.
func TestLostDecisionsComeBackToSQL(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Kafka.Partitions = t.TempDir(), "127.0.0.1:0", 1
	cfg.Writer.BatchAge = 100 * time.Millisecond
	cfg.Roles = []string{config.RoleGateway, config.RoleCorrelate, config.RoleWrite}
	lib, err := engine.Fetch(t.Context(), engine.FetchOptions{})
	if err != nil {
		kafkatest.SkipOrFail(t, "clickhouse", "needs the embedded ClickHouse: %v", err)
	}
	cfg.ClickHouse.Libchdb = lib
	begin := func() (*app.App, error) {
		ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
		defer cancel()
		return app.Start(ctx, &cfg, app.Deps{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel)})
	}
	stop := func(a *app.App) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), kafkatest.Patience)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Fatal(err)
		}
	}
	const signals = 40
	await := func(a *app.App) {
		t.Helper()
		c := client{t: t, where: a.Endpoints()}
		const q = "SELECT uniqExact(signal_id), (SELECT count() FROM v_alerts), (SELECT sum(alerts) FROM v_incidents WHERE is_main) FROM v_decisions FORMAT TSV"
		for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(200 * time.Millisecond) {
			got, err := c.sql(q)
			if err == nil && strings.TrimSpace(got) == fmt.Sprintf("%d\t%d\t%d", signals, signals, signals) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("SQL has %q, %v; want %d of each", got, err, signals)
			}
		}
	}
	a, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	for i := range signals {
		body := fmt.Sprintf(`{"name":"Down","source":"t","labels":{"service":"s","n":"%d"},"starts_at":%q}`, i, time.Now().UTC().Format(time.RFC3339Nano))
		resp, err := http.Post("http://"+a.Endpoints().HTTP+"/signals", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusAccepted {
			t.Fatal(resp.Status)
		}
	}
	await(a)
	stop(a)
	for _, gone := range []string{"clickhouse", filepath.Join("kafka", "partitions", "pinkstar.decisions-0")} {
		if err := os.RemoveAll(filepath.Join(cfg.Data, gone)); err != nil {
			t.Fatal(err)
		}
	}
	if a, err := begin(); err == nil || !strings.Contains(err.Error(), "pinkstar repair --accept-lost-outcomes") {
		if a != nil {
			stop(a)
		}
		t.Fatalf("it started, or does not say what to do: %v", err)
	}
	if got := command(t, "", "repair", "--data", cfg.Data, "--partitions", "1", "--accept-lost-outcomes"); got.code != exitOK {
		t.Fatalf("repair: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	if a, err = begin(); err != nil {
		t.Fatal(err)
	}
	await(a)
	stop(a)
}
