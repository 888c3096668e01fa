package clickhouse

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"

	"pinkstar/sinks/clickhouse/engine"
)

func TestMain(m *testing.M) {
	engine.MaybeChild()
	maybeCrashWriter()
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		_ = os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// shared is one engine for all tests of the package; each test has a database
// of its own.
var shared struct {
	once   sync.Once
	server *engine.Server
	dir    string
	err    error
}

func library(t testing.TB) string {
	t.Helper()
	lib, err := engine.Fetch(context.Background(), engine.FetchOptions{Progress: os.Stderr})
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PINKSTAR_REQUIRE"), ","), "clickhouse") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return lib
}

// database returns a connection to an empty database, dropped afterwards. The
// engine's user may only use its own, so the tables are dropped instead.
func database(t testing.TB) driver.Conn {
	t.Helper()
	lib := library(t)
	shared.once.Do(func() {
		shared.dir, shared.err = os.MkdirTemp("", "pinkstar-clickhouse-")
		if shared.err == nil {
			shared.server, shared.err = engine.Start(context.Background(), engine.Options{Lib: lib, DataDir: shared.dir, Logger: zerolog.Nop()})
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	conn, err := Open(shared.server.OwnerDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, q := range []string{"DROP DATABASE IF EXISTS pinkstar SYNC", "CREATE DATABASE pinkstar"} {
		if err := do(t, conn, q); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func do(t testing.TB, conn driver.Conn, q string, args ...any) error {
	t.Helper()
	return conn.Exec(context.Background(), q, args...)
}

// migrated returns a connection to a database with the present schema.
func migrated(t testing.TB) driver.Conn {
	t.Helper()
	conn := database(t)
	if _, err := Migrate(context.Background(), conn); err != nil {
		t.Fatal(err)
	}
	return conn
}

func count(t testing.TB, conn driver.Conn, q string, args ...any) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(context.Background(), "SELECT toUInt64(x) FROM ("+q+") AS q(x)", args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}
