package engine

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

const holderEnv = "PINKSTAR_TEST_HOLD_ENGINE"

// maybeHolder makes the test binary a process that starts an engine and waits
// to be killed.
func maybeHolder() {
	dir := os.Getenv(holderEnv)
	if dir == "" {
		return
	}
	lib, err := Path("")
	if err == nil {
		var s *Server
		if s, err = Start(context.Background(), Options{Lib: lib, DataDir: dir, Logger: zerolog.Nop()}); err == nil {
			fmt.Println(s.Native, s.owner.name, s.owner.password, s.Pid())
			select {}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestParentKilled: the engine goes when its parent is killed, and the next
// start on the same directory waits for that and finds what was acknowledged.
func TestParentKilled(t *testing.T) {
	library(t)
	dir := t.TempDir()
	parent := exec.Command(os.Args[0], "-test.run=^$")
	parent.Env = append(os.Environ(), holderEnv+"="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = parent.Process.Kill() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(line)
	c := connect(t, f[0], f[1], f[2])
	if err := c.Exec(t.Context(), "CREATE TABLE pinkstar.t (n UInt64) ENGINE = MergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(t.Context(), "INSERT INTO pinkstar.t SELECT number FROM numbers(1000)"); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()

	began := time.Now()
	s := start(t, Options{DataDir: dir})
	t.Logf("started again %s after the kill", time.Since(began).Round(time.Millisecond))
	var n uint64
	if err := asOwner(t, s).QueryRow(t.Context(), "SELECT count() FROM pinkstar.t").Scan(&n); err != nil || n != 1000 {
		t.Fatalf("%d rows, %v", n, err)
	}
}

// TestBinary starts the engine through the way that a clickhouse binary on the
// PATH takes. The binary is a script that runs the library, since no binary of
// this version can be had here.
func TestBinary(t *testing.T) {
	lib := library(t)
	script := t.TempDir() + "/clickhouse"
	text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = local ] || exit 9\nshift\n%s=%s exec %s \"$@\"\n", childEnv, lib, os.Args[0])
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{Binary: script})
	if err := asOwner(t, s).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}
