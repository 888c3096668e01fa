package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// lockData takes the data directory for this process and its engines. An engine
// whose pinkstar was killed goes by itself; one that hangs is killed.
func lockData(ctx context.Context, o Options) (*os.File, error) {
	name := file(o.DataDir, "engine.lock")
	waiting := func() {
		o.Logger.Info().Str("dir", o.DataDir).Msg("waiting for an earlier engine on this directory to stop")
	}
	graceful, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	f, err := lockFile(graceful, name, waiting)
	if err == nil || ctx.Err() != nil {
		return f, err
	}
	pid := orphan(name, o.DataDir)
	if pid == 0 {
		return lockFile(ctx, name, nil)
	}
	o.Logger.Warn().Int("pid", pid).Msg("an earlier engine on this directory has lost its pinkstar and does not stop: killing it")
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return nil, fmt.Errorf("killing the earlier engine, process %d: %w", pid, err)
	}
	return lockFile(ctx, name, nil)
}

// orphan returns the engine that alone holds the lock, or 0: while its pinkstar
// lives, that one has the lock too. It knows only where there is a /proc.
func orphan(lock, dataDir string) (pid int) {
	if real, err := filepath.EvalSymlinks(lock); err == nil {
		lock = real
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // none elsewhere
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != lock {
			continue
		}
		p, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(link))))
		if err != nil || p == os.Getpid() || p == pid {
			continue
		}
		if pid != 0 || !isEngine(p, dataDir) {
			return 0
		}
		pid = p
	}
	return pid
}

// isEngine reports whether a process was started as the engine of dataDir.
func isEngine(pid int, dataDir string) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(b, []byte("\x00--path\x00"+dataDir+"\x00"))
}

// lockFile takes an exclusive lock on the file called name, waiting until ctx
// ends. waiting is called once when somebody else has it. Closing the file, in
// every process that inherited it, gives the lock back.
func lockFile(ctx context.Context, name string, waiting func()) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
		}
		if first && waiting != nil {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s is held by another process: %w", name, ctx.Err()), f.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
