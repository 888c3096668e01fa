package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/rs/zerolog"
)

// child is one process of the engine.
type child struct {
	native, http string // host:port
	cmd          *exec.Cmd
	stdin        io.Closer
	tail         *tail
	done         chan struct{} // closed when it has gone
}

// startChild starts a process and returns when it answers queries.
func (s *Server) startChild(ctx context.Context) (*child, error) {
	c := &child{tail: &tail{}, done: make(chan struct{})}
	if err := c.launch(s); err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, s); err != nil {
		c.finish(startGrace)
		return nil, err
	}
	return c, nil
}

// portsFile is written by the engine itself: polling a port could reach
// somebody else's server.
func portsFile(dir string) string { return filepath.Join(dir, "ports.tsv") }

func (c *child) launch(s *Server) error {
	o := &s.o
	config, err := s.writeConfig()
	if err != nil {
		return err
	}
	if err := os.Remove(portsFile(o.DataDir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("engine: %w", err)
	}
	script := "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; " +
		"SELECT getServerPort('tcp_port'), getServerPort('http_port') INTO OUTFILE '" + quote(portsFile(o.DataDir)) + "' FORMAT TSV; " +
		"INSERT INTO FUNCTION null('s String') FROM INFILE '" + stdinPath + "' COMPRESSION 'none' FORMAT LineAsString"
	args := []string{
		"--path", o.DataDir, "--config-file", config, "--log-level", "warning",
		"--listen_host", "127.0.0.1",
		"--tcp_port", "0", "--http_port", "0", // free ones
		"--query", script,
	}
	if err := c.command(o, args); err != nil {
		return err
	}
	c.cmd.Dir = nowhere(o.DataDir)
	if err := os.Mkdir(c.cmd.Dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("engine: %w", err)
	}
	c.cmd.ExtraFiles = []*os.File{s.lock} // the child keeps the lock for as long as it lives
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	out, err := c.cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	c.stdin = stdin
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("starting the engine's process: %w", err)
	}
	go c.watch(out, o.Logger)
	return nil
}

// command builds the child: ourselves with the library, or the binary.
func (c *child) command(o *Options, args []string) error {
	if o.Binary != "" {
		c.cmd = exec.Command(o.Binary, append([]string{"local"}, args...)...)
		c.cmd.Env = childEnviron()
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("engine: finding our own executable: %w", err)
	}
	c.cmd = exec.Command(self, args...)
	c.cmd.Env = append(childEnviron(), childEnv+"="+o.Lib)
	return nil
}

// childEnviron is all of our environment that the engine needs. The rest may
// hold secrets.
func childEnviron() []string {
	env := []string{} // not nil, which would mean ours
	if tz, ok := os.LookupEnv("TZ"); ok {
		env = append(env, "TZ="+tz)
	}
	return env
}

// watch owns the child's output and its end.
func (c *child) watch(out io.Reader, log zerolog.Logger) {
	defer close(c.done)
	sc := bufio.NewScanner(out)
	sc.Buffer(make([]byte, 64<<10), 1<<20)
	for sc.Scan() {
		c.tail.add(sc.Text())
		log.Debug().Str("engine", sc.Text()).Send()
	}
	_, _ = io.Copy(io.Discard, out)
	_ = c.cmd.Wait() // see state
}

func (c *child) awaitReady(ctx context.Context, s *Server) error {
	if err := c.awaitPorts(ctx, portsFile(s.o.DataDir)); err != nil {
		return err
	}
	if err := c.awaitNowhere(ctx, s); err != nil {
		return err
	}
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{c.native}, Auth: clickhouse.Auth{Username: s.owner.name, Password: s.owner.password},
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+s.Database); err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	return nil
}

// awaitNowhere waits until the child has no working directory: see nowhere.go.
func (c *child) awaitNowhere(ctx context.Context, s *Server) error {
	if s.o.Binary != "" {
		return nil
	}
	return c.poll(ctx, func() (bool, error) {
		_, err := os.Stat(nowhere(s.o.DataDir))
		return errors.Is(err, os.ErrNotExist), nil
	})
}

func (c *child) awaitPorts(ctx context.Context, file string) error {
	return c.poll(ctx, func() (bool, error) {
		b, _ := os.ReadFile(file) // until it is there, it is empty
		if !strings.HasSuffix(string(b), "\n") {
			return false, nil
		}
		p := strings.Fields(string(b))
		if len(p) != 2 {
			return false, fmt.Errorf("the engine told its ports as %q", b)
		}
		c.native, c.http = net.JoinHostPort("127.0.0.1", p[0]), net.JoinHostPort("127.0.0.1", p[1])
		return true, nil
	})
}

// poll asks until the answer is yes, or the child or the time has gone.
func (c *child) poll(ctx context.Context, yes func() (bool, error)) error {
	for {
		if ok, err := yes(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w: %s", ctx.Err(), c.tail)
		case <-c.done:
			return fmt.Errorf("it ended: %s", c.tail)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// state says how the process ended. Its exit status says little: it is 0 on
// errors too.
func (c *child) state() string {
	if c.cmd.ProcessState == nil {
		return "still running"
	}
	return c.cmd.ProcessState.String()
}

// stopGrace is how long the engine may take to finish after its stdin closed,
// and startGrace the same when it did not become ready.
const (
	stopGrace  = 20 * time.Second
	startGrace = 2 * time.Second
)

// stop ends the process and waits for it.
func (c *child) stop() error {
	select {
	case <-c.done: // it went before, which was told then
		return nil
	default:
	}
	if !c.finish(stopGrace) {
		return fmt.Errorf("the ClickHouse engine did not stop in good order within %s (%s): %s", stopGrace, c.state(), c.tail)
	}
	return nil
}

// finish ends the process and reports whether it went in good order.
func (c *child) finish(grace time.Duration) bool {
	_ = c.stdin.Close()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-c.done:
		return c.cmd.ProcessState.Success()
	case <-t.C:
		_ = c.cmd.Process.Kill()
		<-c.done
		return false
	}
}

// quote escapes a string for a single-quoted SQL literal.
func quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s)
}

// tail keeps the last lines that the child wrote.
type tail struct {
	mu    sync.Mutex
	lines []string
}

const tailLines = 8

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines = append(t.lines, line); len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return "it said nothing"
	}
	return strings.Join(t.lines, " / ")
}
