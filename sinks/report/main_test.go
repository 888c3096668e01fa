package report

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

	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/engine"
)

func TestMain(m *testing.M) {
	engine.MaybeChild()
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

// shared is one engine for all tests of the package.
var shared struct {
	once   sync.Once
	server *engine.Server
	dir    string
	err    error
}

// installation returns a connection of the owner's and one of a user who may only
// read views, to a database with the schema and nothing else.
func installation(t testing.TB) (owner, reader driver.Conn) {
	t.Helper()
	lib, err := engine.Fetch(context.Background(), engine.FetchOptions{Progress: os.Stderr})
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PINKSTAR_REQUIRE"), ","), "clickhouse") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	shared.once.Do(func() {
		shared.dir, shared.err = os.MkdirTemp("", "pinkstar-report-")
		if shared.err == nil {
			shared.server, shared.err = engine.Start(context.Background(), engine.Options{Lib: lib, DataDir: shared.dir, Logger: zerolog.Nop()})
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	open := func(dsn string) driver.Conn {
		conn, err := clickhouse.Open(dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	owner = open(shared.server.OwnerDSN())
	for _, q := range []string{"DROP DATABASE IF EXISTS pinkstar SYNC", "CREATE DATABASE pinkstar"} {
		if err := owner.Exec(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := clickhouse.Migrate(context.Background(), owner); err != nil {
		t.Fatal(err)
	}
	return owner, open(shared.server.ReaderDSN())
}

// batch gathers outcomes for the writer that fills an installation.
type batch struct{ schemas.Batch }

func add[T any](b *batch, o *schemas.Outcome[T], v *T) {
	value := o.Append(nil, v)
	b.Records = append(b.Records, schemas.Record{Offset: int64(len(b.Records)), Time: 1_790_000_000_000, Type: o.Type, Value: value})
}

func (b *batch) write(t testing.TB, conn driver.Conn) {
	t.Helper()
	b.Topic, b.TopicID, b.First, b.Last = "t", "x", 0, int64(len(b.Records)-1)
	if err := clickhouse.NewWriter(conn, clickhouse.DefaultWriterConfig(), nil).Write(context.Background(), &b.Batch); err != nil {
		t.Fatal(err)
	}
}
