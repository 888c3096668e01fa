package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"
)

func TestMain(m *testing.M) {
	MaybeChild()
	maybeHolder()
	maybeConfined()
	os.Exit(m.Run())
}

// library returns the fetched engine, fetching it when it is not there.
func library(t *testing.T) string {
	t.Helper()
	lib, err := Fetch(context.Background(), FetchOptions{Progress: os.Stderr})
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PINKSTAR_REQUIRE"), ","), "clickhouse") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return lib
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Lib == "" && o.Binary == "" {
		o.Lib = library(t)
	}
	if o.DataDir == "" {
		o.DataDir = t.TempDir()
	}
	o.Logger = zerolog.New(zerolog.NewTestWriter(t))
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

// asOwner connects through the guard as the user who owns the schema.
func asOwner(t *testing.T, s *Server) driver.Conn {
	t.Helper()
	return connect(t, s.Native, s.owner.name, s.owner.password)
}

func connect(t *testing.T, addr, user, password string) driver.Conn {
	t.Helper()
	c, err := clickhouse.Open(&clickhouse.Options{Addr: []string{addr}, Auth: clickhouse.Auth{Username: user, Password: password}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestStartQueryRestart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{DataDir: dir})
	ctx := t.Context()
	c := asOwner(t, s)
	for _, q := range []string{
		"CREATE TABLE pinkstar.t (n UInt64) ENGINE = MergeTree ORDER BY n",
		"INSERT INTO pinkstar.t SELECT number FROM numbers(1000)",
	} {
		if err := c.Exec(ctx, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	_ = c.Close()
	if err := s.Stop(); err != nil { // it had to be killed
		t.Fatal(err)
	}
	if err := s.Ailing(); err != nil {
		t.Errorf("Ailing after Stop: %v", err)
	}

	s = start(t, Options{DataDir: dir})
	var n uint64
	if err := asOwner(t, s).QueryRow(ctx, "SELECT count() FROM pinkstar.t").Scan(&n); err != nil || n != 1000 {
		t.Fatalf("after a restart: %d rows, %v", n, err)
	}
}

// TestNobodyWithoutPassword: on no port, the engine's own included, does anybody
// come in without a password. Only package clickhouse can show what the users
// may do once they are in.
func TestNobodyWithoutPassword(t *testing.T) {
	s := start(t, Options{})
	ctx := t.Context()
	if err := asOwner(t, s).Exec(ctx, "SELECT 1"); err != nil { // the same way with a password
		t.Fatal(err)
	}
	names := []string{"", innerUser, s.User, s.owner.name, s.writer.name, "nobody"}
	for _, name := range names {
		for _, password := range []string{"", "wrong"} {
			if err := connect(t, s.Native, name, password).Exec(ctx, "SELECT 1"); err == nil {
				t.Errorf("native, guarded: %q came in with password %q", name, password)
			}
		}
	}
	webs := map[string]string{"guarded": s.HTTP, "inner": s.present().http}
	for where, addr := range webs {
		for _, name := range names {
			for _, u := range []string{
				"http://" + addr + "/?query=SYSTEM+STOP+LISTEN+TCP&user=" + name,
				"http://" + addr + "/?query=SELECT+1&session_id=x&user=" + name,
				"http://" + name + ":@" + addr + "/?query=SELECT+1",
				"http://" + addr + "/?query=SELECT+1&quota_key=x&user=" + name + "&password=wrong",
			} {
				resp, err := http.Get(u)
				if err != nil {
					t.Fatal(err)
				}
				b, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusOK || !strings.Contains(string(b), "Exception") {
					t.Errorf("HTTP, %s: %s was answered: %s %s", where, u, resp.Status, b)
				}
			}
		}
	}
	if n := s.Restarts(); n != 0 {
		t.Errorf("the engine died %d times", n)
	}
	// A refusal on the unguarded native port costs the engine its life, so each
	// one meets a new engine.
	for i, name := range names {
		c := s.present()
		if err := connect(t, c.native, name, "").Exec(ctx, "SYSTEM STOP LISTEN HTTP"); err == nil {
			t.Errorf("native, inner: %q came in without a password", name)
		}
		<-c.done
		eventually(t, "a new engine", func() bool { return s.Restarts() == i+1 })
	}
}

// TestChildHasNoSecrets: what is in our environment is none of the engine's
// business.
func TestChildHasNoSecrets(t *testing.T) {
	t.Setenv("PINKSTAR_KAFKA_PASSWORD", "hush-hush")
	t.Setenv("TZ", "UTC")
	s := start(t, Options{})
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.Pid()))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc")
	}
	if err != nil {
		t.Fatal(err)
	}
	for v := range strings.SplitSeq(strings.TrimRight(string(b), "\x00"), "\x00") {
		if name, _, _ := strings.Cut(v, "="); name != childEnv && name != "TZ" {
			t.Errorf("the engine's environment has %s", name)
		}
	}
	cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.Pid()))
	for _, secret := range []string{s.Password, s.owner.password, s.writer.password} {
		if bytes.Contains(cmdline, []byte(secret)) {
			t.Error("a password is on the engine's command line")
		}
	}
}

func kill(t *testing.T, s *Server) {
	t.Helper()
	p, err := os.FindProcess(s.Pid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// patience is how long a test waits for what must come, on a loaded machine too.
const patience = 4 * time.Minute

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in %s: %s", patience, what)
		}
	}
}

func TestStartRefusals(t *testing.T) {
	lib := library(t)
	for name, o := range map[string]Options{
		"no engine":     {DataDir: t.TempDir()},
		"both":          {Lib: lib, Binary: lib, DataDir: t.TempDir()},
		"no directory":  {Lib: lib},
		"default user":  {Lib: lib, DataDir: t.TempDir(), User: "default"},
		"missing":       {Lib: "/nowhere/libchdb.so", DataDir: t.TempDir()},
		"odd database":  {Lib: lib, DataDir: t.TempDir(), Database: "a`b"},
		"not a library": {Lib: os.Args[0], DataDir: t.TempDir()},
	} {
		o.StartTimeout = 20 * time.Second
		s, err := Start(t.Context(), o)
		if err == nil {
			_ = s.Stop()
			t.Errorf("%s: started", name)
		}
		t.Logf("%s: %v", name, err)
	}
}

func TestTwoOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	start(t, Options{DataDir: dir})
	s, err := Start(t.Context(), Options{Lib: library(t), DataDir: dir, StartTimeout: 300 * time.Millisecond})
	if err == nil {
		_ = s.Stop()
		t.Fatal("two engines on one directory")
	}
}
