package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Options say how to start an engine.
type Options struct {
	Lib    string // libchdb.so, see Fetch; or:
	Binary string // a clickhouse binary of a like version

	DataDir    string // everything it stores, and its lock
	NativePort int    // 0: a free one
	HTTPPort   int    // 0: a free one
	User       string // "pinkstar" when empty
	Password   string // generated when empty
	Database   string // "pinkstar" when empty; created
	Logger     zerolog.Logger

	// StartTimeout bounds the wait for an earlier engine on the same directory
	// to go, and then for this one to be ready. 60 s when zero.
	StartTimeout time.Duration
}

// Server is a running engine.
type Server struct {
	Native   string // host:port, behind the guard
	HTTP     string // host:port, behind its guard
	User     string
	Password string
	Database string

	o         Options
	inner     string // host:port of the engine's own native listener
	innerHTTP string // and of its HTTP listener
	lock      *os.File
	cancel    context.CancelFunc // ends the guards and the supervision
	guards    sync.WaitGroup

	mu       sync.Mutex
	child    *child // the present one
	stopping bool
	restarts int
	err      error         // why it is gone for good
	done     chan struct{} // closed when it is
}

// DSN returns the address for clickhouse-go, password included.
func (s *Server) DSN() string {
	u := url.URL{Scheme: "clickhouse", User: url.UserPassword(s.User, s.Password), Host: s.Native, Path: "/" + s.Database}
	return u.String()
}

// Start starts an engine and returns when it answers queries. The caller
// stops it; ctx only bounds the start.
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	lock, err := lockFile(ctx, filepath.Join(o.DataDir, "engine.lock"), func() {
		o.Logger.Info().Str("dir", o.DataDir).Msg("waiting for an earlier engine on this directory to stop")
	})
	if err != nil {
		return nil, fmt.Errorf("the data directory is in use: %w", err)
	}
	s := &Server{User: o.User, Password: o.Password, Database: o.Database, o: o, lock: lock, done: make(chan struct{})}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the ClickHouse engine: %w", err), lock.Close())
	}
	o.Logger.Info().Str("native", s.Native).Str("http", s.HTTP).Str("dir", o.DataDir).Msg("ClickHouse engine started")
	return s, nil
}

// open listens, starts the first child and the goroutines that live until
// Stop: the guards and the supervision.
func (s *Server) open(ctx context.Context) error {
	native, err := listen(s.o.NativePort)
	if err != nil {
		return err
	}
	web, err := listen(s.o.HTTPPort)
	if err != nil {
		return errors.Join(err, native.Close())
	}
	c, err := s.startChild(ctx, 0, 0)
	if err != nil {
		return errors.Join(err, native.Close(), web.Close())
	}
	s.child, s.inner, s.innerHTTP = c, c.native, c.http
	s.Native, s.HTTP = native.Addr().String(), web.Addr().String()
	life, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	g := newGuard(native, s.User, s.Password, s.Database, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: guardHello}).DialContext(ctx, "tcp", s.inner)
	})
	s.guards.Go(func() { g.serve(life) })
	s.guards.Go(func() { serveHTTP(life, web, s.innerHTTP) })
	go s.supervise(life)
	return nil
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func (o *Options) complete() error {
	if (o.Lib == "") == (o.Binary == "") {
		return errors.New("engine: name either a library or a binary")
	}
	if o.Lib != "" && !Embedded {
		return unavailable("this binary was built without it")
	}
	if o.DataDir == "" {
		return errors.New("engine: no data directory")
	}
	d, err := filepath.Abs(o.DataDir)
	if err != nil {
		return fmt.Errorf("engine: data directory: %w", err)
	}
	o.DataDir = d
	if o.User == "" {
		o.User = "pinkstar"
	}
	if o.Database == "" {
		o.Database = "pinkstar"
	}
	if o.Password == "" {
		o.Password = newPassword()
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = time.Minute
	}
	for _, sub := range []string{"", "tmp", "user_files"} {
		if err := os.MkdirAll(filepath.Join(o.DataDir, sub), 0o700); err != nil {
			return fmt.Errorf("engine: data directory: %w", err)
		}
	}
	return nil
}

// maxRestarts within restartWindow is where supervision gives up.
const (
	maxRestarts   = 5
	restartWindow = time.Minute
)

// supervise starts the child again when it dies, at the same addresses.
func (s *Server) supervise(life context.Context) {
	defer close(s.done)
	var deaths []time.Time
	for {
		<-s.child.done
		if s.isStopping() {
			return
		}
		died := fmt.Errorf("the ClickHouse engine died (%s): %s", s.child.state(), s.child.tail)
		deaths = append(deaths, time.Now())
		if n := len(deaths); n > maxRestarts && deaths[n-1].Sub(deaths[n-1-maxRestarts]) < restartWindow {
			s.giveUp(fmt.Errorf("%w; it died %d times in %s", died, maxRestarts+1, restartWindow))
			return
		}
		s.o.Logger.Error().Err(died).Msg("starting the ClickHouse engine again")
		ctx, cancel := context.WithTimeout(life, s.o.StartTimeout)
		c, err := s.startChild(ctx, port(s.inner), port(s.innerHTTP))
		cancel()
		if err != nil {
			s.giveUp(errors.Join(died, fmt.Errorf("starting it again: %w", err)))
			return
		}
		s.mu.Lock()
		s.child = c
		s.restarts++
		stopping := s.stopping
		s.mu.Unlock()
		if stopping { // Stop did not see this child
			_ = c.stop()
			return
		}
	}
}

func port(addr string) int {
	_, p, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(p)
	return n
}

func (s *Server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

func (s *Server) giveUp(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopping {
		s.err = err
	}
}

// Done is closed when the engine has gone for good: after Stop, or when it
// could not be kept alive, and then Err says why.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err returns why the engine could not be kept alive, or nil.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Restarts counts how often the child died and was started again.
func (s *Server) Restarts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restarts
}

// Pid is the process id of the present child.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child.cmd.Process.Pid
}

// Stop ends the engine and waits for it. It returns an error when the engine
// was already lost, or had to be killed. Calling it again only waits.
func (s *Server) Stop() error {
	s.mu.Lock()
	again := s.stopping
	s.stopping = true
	c := s.child
	s.mu.Unlock()
	if again {
		<-s.done
		return nil
	}
	s.cancel()
	s.guards.Wait()
	err := c.stop()
	<-s.done
	return errors.Join(s.Err(), err, s.lock.Close())
}
