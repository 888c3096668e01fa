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
	"strconv"
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

// startChild starts a process and returns when it answers queries. Port 0
// means a free one.
func (s *Server) startChild(ctx context.Context, native, http int) (*child, error) {
	c := &child{tail: &tail{}, done: make(chan struct{})}
	if err := c.launch(s, native, http); err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, s); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// portsFile is written by the engine itself: polling a port could reach
// somebody else's server.
func portsFile(dir string) string { return filepath.Join(dir, "ports.tsv") }

func (c *child) launch(s *Server, native, http int) error {
	o := &s.o
	config, err := writeConfig(o.DataDir, o.User, o.Password, o.Database)
	if err != nil {
		return err
	}
	if err := os.Remove(portsFile(o.DataDir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("engine: %w", err)
	}
	script := "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; " +
		"SELECT getServerPort('tcp_port'), getServerPort('http_port') INTO OUTFILE '" + quote(portsFile(o.DataDir)) + "' FORMAT TSV; " +
		"INSERT INTO FUNCTION null('s String') FROM INFILE '/dev/stdin' COMPRESSION 'none' FORMAT LineAsString"
	args := []string{
		"--path", o.DataDir, "--config-file", config, "--log-level", "warning",
		"--listen_host", "127.0.0.1",
		"--tcp_port", strconv.Itoa(native), "--http_port", strconv.Itoa(http),
		"--query", script,
	}
	if err := c.command(o, args); err != nil {
		return err
	}
	c.cmd.Dir = o.DataDir
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
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("engine: finding our own executable: %w", err)
	}
	c.cmd = exec.Command(self, args...)
	c.cmd.Env = append(os.Environ(), childEnv+"="+o.Lib)
	return nil
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
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{c.native}, Auth: clickhouse.Auth{Username: s.User, Password: s.Password},
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

func (c *child) awaitPorts(ctx context.Context, file string) error {
	for {
		b, err := os.ReadFile(file)
		if err == nil && strings.HasSuffix(string(b), "\n") {
			p := strings.Fields(string(b))
			if len(p) != 2 {
				return fmt.Errorf("the engine told its ports as %q", b)
			}
			c.native, c.http = net.JoinHostPort("127.0.0.1", p[0]), net.JoinHostPort("127.0.0.1", p[1])
			return nil
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

// stopGrace is how long the engine may take to finish after its stdin closed.
const stopGrace = 20 * time.Second

// stop ends the process and waits for it.
func (c *child) stop() error {
	_ = c.stdin.Close()
	select {
	case <-c.done:
		return nil
	case <-time.After(stopGrace):
		_ = c.cmd.Process.Kill()
		<-c.done
		return fmt.Errorf("the ClickHouse engine did not stop within %s and was killed", stopGrace)
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
