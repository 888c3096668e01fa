package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/engine"
)

func TestMain(m *testing.M) {
	engine.MaybeChild()
	os.Exit(m.Run())
}

// lines is a log to look into.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// installation is one process with everything embedded, and what is done to it.
type installation struct {
	*App
	t    *testing.T
	log  *lines
	sent int
}

func install(t *testing.T) *installation {
	t.Helper()
	lib, err := engine.Fetch(t.Context(), engine.FetchOptions{})
	if err != nil {
		kafkatest.SkipOrFail(t, "clickhouse", "needs the embedded ClickHouse: %v", err)
	}
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.ClickHouse.Libchdb = t.TempDir(), "127.0.0.1:0", lib
	cfg.Writer.BackoffLast = 300 * time.Millisecond
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	i := &installation{t: t, log: &lines{}}
	if i.App, err = Start(t.Context(), &cfg, Deps{Log: zerolog.New(i.log).Level(zerolog.InfoLevel)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := i.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return i
}

// alert sends one alert more, which must be taken.
func (i *installation) alert() {
	i.t.Helper()
	i.sent++
	body := fmt.Sprintf(`{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"A%d","service":"s"},"startsAt":%q,"fingerprint":"%016x"}]}`,
		i.sent, time.Now().UTC().Format(time.RFC3339), i.sent)
	resp, err := http.Post("http://"+i.where.HTTP+"/webhook/alertmanager", "application/json", strings.NewReader(body))
	if err != nil {
		i.t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		i.t.Fatalf("alert %d: %s %s", i.sent, resp.Status, b)
	}
	if resp, err = http.Get("http://" + i.where.HTTP + "/-/ready"); err != nil || resp.StatusCode != http.StatusOK {
		i.t.Fatalf("not ready after alert %d: %v %v", i.sent, resp, err)
	}
	_ = resp.Body.Close()
}

// patience is how long a test waits for what must come: a loaded machine, with the
// race detector, is far slower than what is waited for.
const patience = 4 * time.Minute

// doing says what the process is at, for a test that gives up: its parts, how far
// writers and the correlator are, and the last that was logged.
func (i *installation) doing() string {
	var b strings.Builder
	parts, _ := i.health.state()
	for _, p := range parts {
		fmt.Fprintf(&b, "\n%s: ready %t %s %s", p.Part, p.Ready, p.Reason, p.Ailing)
	}
	families, err := i.reg.Gather()
	if err != nil {
		fmt.Fprintf(&b, "\nmetrics: %v", err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "pinkstar_deliver_") && !strings.HasPrefix(f.GetName(), "pinkstar_process_") && f.GetName() != "pinkstar_clickhouse_rows_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if v := m.GetGauge().GetValue() + m.GetCounter().GetValue(); v != 0 {
				fmt.Fprintf(&b, "\n%s%v: %g", f.GetName(), m.GetLabel(), v)
			}
		}
	}
	i.log.mu.Lock()
	defer i.log.mu.Unlock()
	const most = 8000
	text := i.log.text.String()
	return b.String() + "\n" + text[max(0, len(text)-most):]
}

// arrive waits until SQL has every alert, in all tables that have one row each.
func (i *installation) arrive() {
	i.t.Helper()
	conn, err := clickhouse.Open(i.sqlReader())
	if err != nil {
		i.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var alerts, decisions uint64
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := conn.QueryRow(i.t.Context(), "SELECT (SELECT count() FROM v_alerts), (SELECT count() FROM v_decisions)").Scan(&alerts, &decisions)
		if err == nil && alerts == uint64(i.sent) && decisions == alerts {
			return
		}
		if time.Now().After(end) {
			i.t.Fatalf("SQL has %d alerts and %d decisions of %d: %v%s", alerts, decisions, i.sent, err, i.doing())
		}
		select {
		case err := <-i.Failed():
			i.t.Fatalf("a part has failed: %v", err)
		default:
		}
	}
}

func (i *installation) sqlReader() string { return i.sql.keeper.server.ReaderDSN() }

// asOwner does what an administrator might do by mistake.
func (i *installation) asOwner(queries ...string) {
	i.t.Helper()
	conn, err := clickhouse.Open(i.sql.keeper.server.OwnerDSN())
	if err != nil {
		i.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, q := range queries {
		if err := conn.Exec(i.t.Context(), q); err != nil {
			i.t.Fatalf("%s: %v", q, err)
		}
	}
}

// TestSQLNeverStopsTheIntake: whatever happens to the embedded ClickHouse,
// alerts are taken, the process is ready, and SQL has everything in the end.
func TestSQLNeverStopsTheIntake(t *testing.T) {
	i := install(t)
	i.alert()
	i.arrive()
	server := i.sql.keeper.server
	for n := range 7 { // more than once ended it
		for server.Pid() == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		_ = syscall.Kill(server.Pid(), syscall.SIGKILL)
		i.alert()
		for end := time.Now().Add(patience); server.Restarts() <= n; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("death %d: not started again: %v%s", n+1, server.Ailing(), i.doing())
			}
		}
	}
	i.arrive()
	if n := i.log.count("the embedded ClickHouse is away"); n != 7 {
		t.Errorf("7 outages were told %d times", n)
	}
	for _, mistake := range [][]string{
		{"DROP TABLE decisions SYNC"},
		{"DROP TABLE signals SYNC", "DROP TABLE written_ranges SYNC", "DROP VIEW v_alerts"},
	} {
		i.asOwner(mistake...)
		i.alert()
		i.arrive() // what was in the tables, too
	}
	// The database itself: the engine does not survive the next connection, and
	// comes back with an empty one.
	i.asOwner("DROP DATABASE pinkstar SYNC")
	i.alert()
	i.arrive()
	if n := i.log.count("made anew"); n != 3 {
		t.Errorf("three losses were told %d times", n)
	}
}
