package engine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// journal keeps what was logged.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, string(bytes.TrimSpace(b)))
	return len(b), nil
}

// count counts the lines with text.
func (j *journal) count(text string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// kept starts an engine that is asked often and started again quickly.
func kept(t *testing.T, o Options) (*Server, *journal) {
	t.Helper()
	j := &journal{}
	o.Lib = library(t)
	if o.DataDir == "" {
		o.DataDir = t.TempDir()
	}
	o.Logger = zerolog.New(j).Level(zerolog.InfoLevel)
	o.RetryFirst, o.RetryLast = 10*time.Millisecond, 50*time.Millisecond
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	return s, j
}

// TestDeathsNeverEndIt: however often the engine dies, it comes back at the same
// address with what it had, and each outage has one line at its beginning and one
// at its end.
func TestDeathsNeverEndIt(t *testing.T) {
	var prepared atomic.Int32
	s, j := kept(t, Options{Prepare: func(context.Context, *Server) error { prepared.Add(1); return nil }})
	c := asOwner(t, s)
	if err := c.Exec(t.Context(), "CREATE TABLE pinkstar.t (n UInt64) ENGINE = MergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	const deaths = 8
	for i := range deaths {
		kill(t, s)
		eventually(t, "a new child", func() bool { return s.Restarts() == i+1 })
		eventually(t, "an answer at the old address", func() bool { return c.Exec(t.Context(), "SELECT * FROM pinkstar.t") == nil })
	}
	if err := s.Ailing(); err != nil {
		t.Errorf("ailing although it is up: %v", err)
	}
	if away, back := j.count("ClickHouse is away"), j.count("ClickHouse is back"); away != deaths || back != deaths {
		t.Errorf("%d deaths were told by %d lines, their ends by %d", deaths, away, back)
	}
	if n := prepared.Load(); n != deaths+1 {
		t.Errorf("prepared %d times in %d lives", n, deaths+1)
	}
}

// TestHungEngineIsReplaced: an engine that is there and does not answer is
// killed.
func TestHungEngineIsReplaced(t *testing.T) {
	s, j := kept(t, Options{WatchEvery: 50 * time.Millisecond, WatchTimeout: 2 * time.Second})
	c := asOwner(t, s)
	hung := s.Pid()
	if err := syscall.Kill(hung, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new child", func() bool { return s.Restarts() == 1 })
	eventually(t, "an answer", func() bool { return c.Exec(t.Context(), "SELECT 1") == nil })
	if s.Pid() == hung || syscall.Kill(hung, 0) == nil {
		t.Error("the hung one is still there")
	}
	if n := j.count("hangs"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestOutageGoesOnUntilItIsOver: attempts that fail are part of one outage,
// clients are refused meanwhile, and Stop does not wait for its end.
func TestOutageGoesOnUntilItIsOver(t *testing.T) {
	var broken atomic.Bool
	var attempts atomic.Int32
	s, j := kept(t, Options{Prepare: func(context.Context, *Server) error {
		attempts.Add(1)
		if broken.Load() {
			return errors.New("not today")
		}
		return nil
	}})
	broken.Store(true)
	kill(t, s)
	eventually(t, "many attempts", func() bool { return attempts.Load() > 4 })
	if err := s.Ailing(); err == nil || !strings.Contains(err.Error(), "away since") {
		t.Errorf("Ailing says %v", err)
	}
	if away, back := j.count("ClickHouse is away"), j.count("ClickHouse is back"); away != 1 || back != 0 {
		t.Errorf("the outage was told by %d lines, its end by %d", away, back)
	}
	broken.Store(false)
	eventually(t, "the end", func() bool { return s.Ailing() == nil })
	eventually(t, "its line", func() bool { return j.count("ClickHouse is back") == 1 })

	broken.Store(true)
	kill(t, s)
	eventually(t, "an outage", func() bool { return s.Ailing() != nil })
	if err := s.Stop(); err != nil {
		t.Errorf("Stop within an outage: %v", err)
	}
}

// TestStartOnBrokenDirectory: where it has run before, an engine that does not
// come up is an outage; on a new directory it is an error.
func TestStartOnBrokenDirectory(t *testing.T) {
	dir := t.TempDir()
	s, _ := kept(t, Options{DataDir: dir})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	sql := filepath.Join(dir, "metadata", "pinkstar.sql")
	sound, err := os.ReadFile(sql)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sql, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, j := kept(t, Options{DataDir: dir})
	if s.Ailing() == nil || j.count("ClickHouse is away") != 1 {
		t.Fatalf("an engine on a broken directory: ailing %v, told %d times", s.Ailing(), j.count("ClickHouse is away"))
	}
	if err := os.WriteFile(sql, sound, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it comes up once the directory is mended", func() bool { return s.Ailing() == nil })

	o := Options{Lib: library(t), DataDir: t.TempDir(), Logger: zerolog.Nop(), Prepare: func(context.Context, *Server) error { return errors.New("no") }}
	if s, err := Start(t.Context(), o); err == nil {
		_ = s.Stop()
		t.Error("a first start that fails is no error")
	}
}
