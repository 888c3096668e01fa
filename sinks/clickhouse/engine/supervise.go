package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// outage is why the engine is away, while it is.
type outage struct {
	why      error // nil: it is not
	since    time.Time
	attempts int
}

// begin notes that the engine is away. An outage is told once, however many
// attempts to end it fail; what is wrong now is for Ailing.
func (s *Server) begin(why error) {
	s.mu.Lock()
	first := s.outage.why == nil
	if first {
		s.outage.since = time.Now()
	}
	s.outage.why = why
	s.mu.Unlock()
	if first {
		s.o.Logger.Error().Err(why).
			Msg("the embedded ClickHouse is away; everything else goes on, and what SQL misses is written when it is back; starting it again")
		return
	}
	s.o.Logger.Debug().Err(why).Msg("the embedded ClickHouse is still away")
}

// end notes that the engine is up.
func (s *Server) end() {
	s.mu.Lock()
	o := s.outage
	s.outage = outage{}
	if o.why != nil {
		s.restarts++
	}
	s.mu.Unlock()
	if o.why != nil {
		s.o.Logger.Info().Stringer("away_for", time.Since(o.since)).Int("attempts", o.attempts).Msg("the embedded ClickHouse is back")
	}
}

// Ailing says why the engine is away, or nil.
func (s *Server) Ailing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outage.why == nil {
		return nil
	}
	return fmt.Errorf("away since %s: %w", s.outage.since.UTC().Format(time.RFC3339), s.outage.why)
}

// steady is how long an engine must have been up before its next death counts
// as a new trouble, tried again at once.
const steady = time.Minute

// supervise keeps an engine running until Stop.
func (s *Server) supervise() {
	defer close(s.done)
	pause := s.o.RetryFirst
	for s.life.Err() == nil {
		if c := s.present(); c != nil {
			up := time.Now()
			why := s.watch(c)
			if s.life.Err() != nil {
				return
			}
			s.setChild(nil)
			if time.Since(up) > steady {
				pause = s.o.RetryFirst
			}
			s.begin(why)
		}
		s.revive(&pause)
	}
}

// revive starts the engine until it is up, or Stop.
func (s *Server) revive(pause *time.Duration) {
	patience := s.o.StartTimeout
	for s.wait(*pause) {
		*pause = min(2**pause, s.o.RetryLast)
		s.mu.Lock()
		s.outage.attempts++
		s.mu.Unlock()
		err := s.raise(s.life, patience)
		if err == nil {
			s.end()
			return
		}
		if s.life.Err() != nil {
			return
		}
		s.begin(err)
		if errors.Is(err, context.DeadlineExceeded) { // a large database may need longer to load
			patience = min(2*patience, maxPatience)
		}
	}
}

// maxPatience bounds one start of the engine.
const maxPatience = 15 * time.Minute

// raise starts a child and prepares it. After an error there is none.
func (s *Server) raise(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.setChild(nil)
	c, err := s.startChild(ctx)
	if err != nil {
		return err
	}
	s.setChild(c)
	if s.o.Prepare == nil {
		return nil
	}
	if err := s.o.Prepare(ctx, s); err != nil {
		s.setChild(nil)
		c.finish(startGrace)
		return fmt.Errorf("preparing the database: %w; the engine: %s", err, c.tail)
	}
	return nil
}

func (s *Server) setChild(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.child = c
}

// wait returns false when Stop comes first.
func (s *Server) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.life.Done():
		return false
	case <-t.C:
		return true
	}
}

// maxSilence is how many questions in a row may go without an answer.
const maxSilence = 3

// watch asks the child a question now and then. It returns why the child is
// lost, when it has gone; or nil upon Stop.
func (s *Server) watch(c *child) error {
	t := time.NewTicker(s.o.WatchEvery)
	defer t.Stop()
	for silent := 0; ; {
		select {
		case <-s.life.Done():
			return nil
		case <-c.done:
			return fmt.Errorf("the ClickHouse engine died (%s): %s", c.state(), c.tail)
		case <-t.C:
		}
		err := s.ask(c)
		if err == nil || s.life.Err() != nil {
			silent = 0
			continue
		}
		if silent++; silent < maxSilence {
			continue
		}
		err = fmt.Errorf("the ClickHouse engine hangs: %d questions in a row were not answered: %w", silent, err)
		c.finish(0)
		return err
	}
}

// ask puts a question to the child. Any answer will do, a refusal too: an engine
// that has no memory left for a query is not one that hangs.
func (s *Server) ask(c *child) error {
	ctx, cancel := context.WithTimeout(s.life, s.o.WatchTimeout)
	defer cancel()
	u := url.URL{Scheme: "http", Host: c.http, Path: "/", RawQuery: "query=SELECT+1"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(s.writer.name, s.writer.password)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	if len(strings.TrimSpace(string(b))) == 0 {
		return fmt.Errorf("an empty answer (%s)", resp.Status)
	}
	return nil
}

// errAway is what clients get while there is no engine.
var errAway = errors.New("it is being started again")

func (s *Server) dialNative(ctx context.Context) (net.Conn, error) {
	return s.dial(ctx, func(c *child) string { return c.native })
}

func (s *Server) dialHTTP(ctx context.Context) (net.Conn, error) {
	return s.dial(ctx, func(c *child) string { return c.http })
}

func (s *Server) dial(ctx context.Context, address func(*child) string) (net.Conn, error) {
	c := s.present()
	if c == nil {
		return nil, errAway
	}
	return (&net.Dialer{Timeout: guardHello}).DialContext(ctx, "tcp", address(c))
}
