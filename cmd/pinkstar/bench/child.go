package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pinkstar/cmd/pinkstar/app"
)

// patience is how long anything may take that must come.
const patience = 10 * time.Minute

// child is a process that is measured.
type child struct {
	cmd    *exec.Cmd
	log    *bytes.Buffer
	exited chan struct{}
	where  app.Endpoints // of a pinkstar
}

func start(name string, args ...string) (*child, error) {
	c := &child{cmd: exec.Command(name, args...), log: &bytes.Buffer{}, exited: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is for us: we stop it
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = c.cmd.Wait(); close(c.exited) }()
	return c, nil
}

// pinkstar starts `pinkstar run` over dir and waits until it says where it is.
func pinkstar(ctx context.Context, o *Options, dir string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args = append([]string{"run", "--data", dir, "--http", "127.0.0.1:0", "--log-level", "warn", "--log-format", "json"}, args...)
	if o.Libchdb != "" {
		args = append(args, "--libchdb", o.Libchdb)
	}
	c, err := start(self, args...)
	if err != nil {
		return nil, err
	}
	err = c.await(ctx, "the start", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, app.EndpointsName))
		return err == nil && json.Unmarshal(b, &c.where) == nil && c.where.PID == c.cmd.Process.Pid
	})
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// stop ends the process in order, or after a minute with force.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.exited:
	case <-time.After(time.Minute):
		_ = c.cmd.Process.Kill()
		<-c.exited
	}
}

// await polls until done says so.
func (c *child) await(ctx context.Context, what string, done func() bool) error {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.exited:
			return fmt.Errorf("%s ended while we waited for %s:\n%s", filepath.Base(c.cmd.Path), what, c.log)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not come", what)
		}
	}
	return nil
}

// ticks is how /proc counts processor time: hundredths of a second, on every
// Linux that Go runs on.
const ticks = 100

// cpu is what the process itself has used, in seconds; not what its children have.
func (c *child) cpu() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ") // the name may hold blanks
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", c.cmd.Process.Pid, len(f))
	}
	user, err := strconv.ParseFloat(f[11], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(f[12], 64)
	return (user + system) / ticks, err
}

// spent is the processor time of the process while f runs.
func (c *child) spent(f func() error) (float64, error) {
	before, err := c.cpu()
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := c.cpu()
	return after - before, err
}

// resident is what the process holds in memory, in bytes.
func (c *child) resident() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(v)[0], 64)
			return 1024 * kib, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", c.cmd.Process.Pid)
}

// own is the processor time of this process, in seconds.
func own() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// metric is the sum of the lines of /metrics that begin with prefix.
func metric(ctx context.Context, address, prefix string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	sum := 0.0
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]), 64); err == nil {
			sum += v
		}
	}
	return sum, err
}
