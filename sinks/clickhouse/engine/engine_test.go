package engine

import (
	"context"
	"errors"
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

func connect(t *testing.T, s *Server, user, password string) driver.Conn {
	t.Helper()
	c, err := clickhouse.Open(&clickhouse.Options{Addr: []string{s.Native}, Auth: clickhouse.Auth{Username: user, Password: password}})
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
	c := connect(t, s, s.User, s.Password)
	for _, q := range []string{
		"CREATE TABLE pinkstar.t (n UInt64) ENGINE = MergeTree ORDER BY n",
		"INSERT INTO pinkstar.t SELECT number FROM numbers(1000)",
	} {
		if err := c.Exec(ctx, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	_ = c.Close()
	began := time.Now()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("stopping took %s", d)
	}
	if s.Err() != nil {
		t.Errorf("Err after Stop: %v", s.Err())
	}

	s = start(t, Options{DataDir: dir})
	var n uint64
	if err := connect(t, s, s.User, s.Password).QueryRow(ctx, "SELECT count() FROM pinkstar.t").Scan(&n); err != nil || n != 1000 {
		t.Fatalf("after a restart: %d rows, %v", n, err)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	s := start(t, Options{})
	ctx := t.Context()
	own := connect(t, s, s.User, s.Password)
	if err := own.Exec(ctx, "CREATE TABLE pinkstar.secret (n UInt64) ENGINE = MergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	if err := connect(t, s, s.User, "wrong").Ping(ctx); err == nil {
		t.Error("a wrong password was let in")
	}
	forbidden := []string{
		"SELECT * FROM pinkstar.secret",
		"SELECT * FROM file('/etc/passwd', 'LineAsString')",
		"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
		"CREATE DATABASE other",
		"DROP TABLE pinkstar.secret",
		"CREATE USER x",
		"SYSTEM SHUTDOWN",
	}
	// What a local process finds when it looks behind the guard.
	anonymous := connect(t, &Server{Native: s.inner}, "default", "")
	for _, q := range forbidden {
		err := anonymous.Exec(ctx, q)
		var ex *clickhouse.Exception
		if !errors.As(err, &ex) || ex.Code != 497 {
			t.Errorf("default without a password: %s: got %v, want ACCESS_DENIED", q, err)
		}
	}
	for _, q := range []string{"SELECT * FROM file('/etc/passwd', 'LineAsString')", "CREATE USER x", "CREATE DATABASE other"} {
		if err := own.Exec(ctx, q); err == nil {
			t.Errorf("the app's user may: %s", q)
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

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in 20 s: %s", what)
		}
	}
}

func TestChildDeath(t *testing.T) {
	s := start(t, Options{})
	c := connect(t, s, s.User, s.Password)
	if err := c.Exec(t.Context(), "CREATE TABLE pinkstar.t (n UInt64) ENGINE = MergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	for i := range maxRestarts {
		kill(t, s)
		eventually(t, "a new child", func() bool { return s.Restarts() == i+1 })
		eventually(t, "an answer at the old address", func() bool { return c.Exec(t.Context(), "SELECT * FROM pinkstar.t") == nil })
	}
	if s.Err() != nil {
		t.Errorf("Err while it runs: %v", s.Err())
	}
	kill(t, s)
	select {
	case <-s.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("a child that keeps dying is started for ever")
	}
	if s.Err() == nil || s.Stop() == nil {
		t.Error("the engine is lost and there is no error")
	}
}

func TestStartRefusals(t *testing.T) {
	lib := library(t)
	for name, o := range map[string]Options{
		"no engine":     {DataDir: t.TempDir()},
		"both":          {Lib: lib, Binary: lib, DataDir: t.TempDir()},
		"no directory":  {Lib: lib},
		"default user":  {Lib: lib, DataDir: t.TempDir(), User: "default"},
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
