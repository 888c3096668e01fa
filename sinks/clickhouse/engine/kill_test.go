package engine

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
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

// holder starts a process that holds an engine, and returns it, how to connect
// as the owner, and the engine's pid.
func holder(t *testing.T, dir string) (parent *exec.Cmd, addr, user, password string, engine int) {
	t.Helper()
	library(t)
	parent = exec.Command(os.Args[0], "-test.run=^$")
	parent.Env = append(os.Environ(), holderEnv+"="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parent.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(line, &addr, &user, &password, &engine); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return parent, addr, user, password, engine
}

// TestHungOrphanIsKilled: an engine that hangs does not notice that its pinkstar
// was killed, and must not keep the next one from its directory.
func TestHungOrphanIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the grace that an engine has to go by itself")
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc")
	}
	dir := t.TempDir()
	lock, err := lockData(t.Context(), Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	hung := exec.Command("sh", "-c", "read x", "sh", "--path", dir, "x") // looks like one
	hung.ExtraFiles = []*os.File{lock}
	if _, err := hung.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := hung.Start(); err != nil {
		t.Fatal(err)
	}
	_ = lock.Close()
	other := exec.Command("sh", "-c", "read x", "sh", "--path", dir+"2", "x") // an engine of another directory
	if isEngine(os.Getpid(), dir) || !isEngine(hung.Process.Pid, dir) || other.Start() != nil || isEngine(other.Process.Pid, dir) {
		t.Error("an engine is not known from others")
	}
	_ = other.Wait()
	began := time.Now()
	lock, err = lockData(t.Context(), Options{DataDir: dir, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := hung.Wait(); err == nil || time.Since(began) < stopGrace {
		t.Errorf("it had %s to go and ended with %v", time.Since(began), err)
	}
}

// TestNoOrphan: while its pinkstar lives, or when it goes by itself, an engine is
// left alone.
func TestNoOrphan(t *testing.T) {
	dir := t.TempDir()
	parent, _, _, _, engine := holder(t, dir)
	if got := orphan(dir+"/engine.lock", dir); got != 0 {
		t.Errorf("process %d passes for an orphan while its pinkstar lives", got)
	}
	// Stopped, it goes late: when the kernel wakes it for want of a parent, or we do.
	if err := syscall.Kill(engine, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	s := start(t, Options{DataDir: dir})
	if err := asOwner(t, s).Exec(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
}

// TestParentKilled: the engine goes when its parent is killed, and the next
// start on the same directory waits for that and finds what was acknowledged.
func TestParentKilled(t *testing.T) {
	dir := t.TempDir()
	parent, addr, user, password, _ := holder(t, dir)
	c := connect(t, addr, user, password)
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
