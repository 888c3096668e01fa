package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/sinks/clickhouse/rights"
)

// Options say how to start an engine.
type Options struct {
	Lib    string // libchdb.so, see Fetch; or:
	Binary string // a clickhouse binary of a like version

	DataDir    string          // everything it stores, and its lock
	NativePort int             // 0: a free one
	HTTPPort   int             // 0: a free one
	User       string          // for people and reports, may only read v_*; "pinkstar" when empty
	Password   string          // that user's; generated when empty
	Database   string          // "pinkstar" when empty; created
	Tenants    []rights.Tenant // more readers, each of one tenant's rows
	Logger     zerolog.Logger

	// Prepare is called whenever the engine has come up, before it counts as up:
	// the place to bring the schema up to date. It may be nil. After an error it
	// is called again.
	Prepare func(context.Context, *Server) error

	// StartTimeout bounds the wait for an earlier engine on the same directory
	// to go, and then for this one to be ready. 60 s when zero. A start that
	// takes longer is tried again with more time.
	StartTimeout time.Duration
	// WatchEvery is how often the engine is asked a question, and WatchTimeout
	// how long the answer may take; 5 s and 10 s when zero. After three questions
	// without an answer it is killed and started again.
	WatchEvery, WatchTimeout time.Duration
	// RetryFirst and RetryLast are the pauses between attempts to start it
	// again, doubling; 100 ms and 30 s when zero.
	RetryFirst, RetryLast time.Duration
}

// Server is an engine that is kept running.
type Server struct {
	Native   string // host:port, behind the guard
	HTTP     string // host:port, behind its guard
	User     string // may only read v_*
	Password string
	Database string

	o             Options
	owner, writer credentials // of the program's own users, new with every start
	lock          *os.File
	life          context.Context    // ends with Stop
	cancel        context.CancelFunc // ends life
	guards        sync.WaitGroup
	done          chan struct{} // closed when the supervision has ended

	mu       sync.Mutex
	child    *child // the present one; nil while there is none
	stopping bool
	restarts int
	outage   outage
}

type credentials struct{ name, password string }

// OwnerDSN returns the address for clickhouse-go of the user who may change the
// schema, password included.
func (s *Server) OwnerDSN() string { return s.dsn(s.owner) }

// WriterDSN returns the address of the user who reads and writes the tables.
func (s *Server) WriterDSN() string { return s.dsn(s.writer) }

// ReaderDSN returns the address of the user who may only read the views.
func (s *Server) ReaderDSN() string { return s.dsn(credentials{s.User, s.Password}) }

func (s *Server) dsn(c credentials) string {
	u := url.URL{Scheme: "clickhouse", User: url.UserPassword(c.name, c.password), Host: s.Native, Path: "/" + s.Database}
	return u.String()
}

// Start starts an engine and returns when it answers queries, or, on a
// directory where it has run before, when it is clear that it does not for now:
// then Ailing says why, and starting it goes on. The caller stops it; ctx only
// bounds the start.
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	lock, err := lockData(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("the data directory is in use: %w", err)
	}
	s := &Server{
		User: o.User, Password: o.Password, Database: o.Database, o: o, lock: lock, done: make(chan struct{}),
		owner: credentials{o.User + "_owner", rights.NewPassword()}, writer: credentials{o.User + "_writer", rights.NewPassword()},
	}
	s.life, s.cancel = context.WithCancel(context.Background())
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the ClickHouse engine: %w", err), lock.Close())
	}
	if s.Ailing() == nil {
		o.Logger.Info().Str("native", s.Native).Str("http", s.HTTP).Str("dir", o.DataDir).Msg("ClickHouse engine started")
	}
	return s, nil
}

// open listens and starts the first child and the goroutines that live until
// Stop: the guards and the supervision.
func (s *Server) open(ctx context.Context) error {
	usedBefore := s.usedBefore()
	native, err := listen(s.o.NativePort)
	if err != nil {
		return err
	}
	web, err := listen(s.o.HTTPPort)
	if err != nil {
		return errors.Join(err, native.Close())
	}
	s.Native, s.HTTP = native.Addr().String(), web.Addr().String()
	g := newGuard(native, s.accounts(), s.Database, s.dialNative)
	s.guards.Go(func() { g.serve(s.life) })
	s.guards.Go(func() { serveHTTP(s.life, web, s.dialHTTP) })
	if err := s.raise(ctx, s.o.StartTimeout); err != nil {
		if !usedBefore {
			s.cancel()
			s.guards.Wait()
			return errors.Join(err, s.stopChild())
		}
		s.begin(err)
	}
	go s.supervise()
	return nil
}

// usedBefore reports whether an engine has come up on this directory: then what
// keeps it from coming up now is an outage and no mistake of the installation.
func (s *Server) usedBefore() bool {
	_, err := os.Stat(file(s.o.DataDir, "metadata", s.Database+".sql"))
	return err == nil
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
	if _, err := os.Stat(o.Lib + o.Binary); err != nil {
		return unavailable("%w", err)
	}
	if o.DataDir == "" {
		return errors.New("engine: no data directory")
	}
	d, err := filepath.Abs(o.DataDir)
	if err != nil {
		return fmt.Errorf("engine: data directory: %w", err)
	}
	o.DataDir = d
	o.User, o.Database = cmp.Or(o.User, "pinkstar"), cmp.Or(o.Database, "pinkstar")
	if !identifier.MatchString(o.User) || !identifier.MatchString(o.Database) {
		return fmt.Errorf("user %q and database %q must be plain names (letters, digits, underscore)", o.User, o.Database)
	}
	if o.User == innerUser {
		return fmt.Errorf("user %s belongs to the engine itself: choose another", innerUser)
	}
	for _, t := range o.Tenants {
		if !identifier.MatchString(t.User) || slices.Contains([]string{innerUser, o.User, o.User + "_owner", o.User + "_writer"}, t.User) || t.Password == "" {
			return fmt.Errorf("user %q of tenant %s: a plain name that nobody has yet, with a password", t.User, t.Tenant)
		}
	}
	o.Password = cmp.Or(o.Password, rights.NewPassword())
	o.StartTimeout = cmp.Or(o.StartTimeout, time.Minute)
	o.WatchEvery, o.WatchTimeout = cmp.Or(o.WatchEvery, 5*time.Second), cmp.Or(o.WatchTimeout, 10*time.Second)
	o.RetryFirst, o.RetryLast = cmp.Or(o.RetryFirst, 100*time.Millisecond), cmp.Or(o.RetryLast, 30*time.Second)
	for _, sub := range []string{"", "tmp"} {
		if err := os.MkdirAll(filepath.Join(o.DataDir, sub), 0o700); err != nil {
			return fmt.Errorf("engine: data directory: %w", err)
		}
	}
	return nil
}

// Restarts counts how often the engine was lost and came back.
func (s *Server) Restarts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restarts
}

// Pid is the process id of the present child, 0 while there is none.
func (s *Server) Pid() int {
	if c := s.present(); c != nil {
		return c.cmd.Process.Pid
	}
	return 0
}

func (s *Server) present() *child {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// Stop ends the engine and waits for it. It returns an error when the engine
// had to be killed. Calling it again only waits.
func (s *Server) Stop() error {
	s.mu.Lock()
	again := s.stopping
	s.stopping = true
	s.mu.Unlock()
	if again {
		<-s.done
		return nil
	}
	s.cancel()
	s.guards.Wait()
	<-s.done
	return errors.Join(s.stopChild(), s.lock.Close())
}

// stopChild ends the present child, if there is one.
func (s *Server) stopChild() error {
	c := s.present()
	if c == nil {
		return nil
	}
	return c.stop()
}
