package demo

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Topology and Rules are what the demo runs with. They are meant to be read,
// and to be copied from.
var (
	//go:embed topology.yaml
	Topology []byte
	//go:embed rules.yaml
	Rules []byte
)

// Options is what the command line decides.
type Options struct {
	Speed float64   // story seconds per second; 0 goes as fast as the pipeline takes it
	Exit  bool      // end after the story instead of waiting for Ctrl-C
	Data  string    // keep the data here; "" takes a directory that is removed at the end
	Out   io.Writer // where the story is told
	// Papers is where the report and the post-mortem go; "": into Data, or where
	// nothing is kept into a temporary directory of their own.
	Papers string
	// Told, when set, is called once the story is over and everything still
	// runs. A test looks for itself there.
	Told func(context.Context, Endpoints) error
}

// DefaultSpeed tells the story's hour in about half a minute.
const DefaultSpeed = 150

// limit is how long any one expected outcome may take to appear. It is there so
// that the demo ends at all: a busy machine needs minutes for what takes a second.
const limit = 5 * time.Minute

// Run tells the story with the pipeline that start gives it, and returns when
// it has ended or ctx is done. An outcome that does not appear is an error: the
// demo never claims what it did not read back.
func Run(ctx context.Context, o Options, start StartFunc) error {
	if o.Speed < 0 {
		return fmt.Errorf("--speed %g: time cannot run backwards; 0 is as fast as possible", o.Speed)
	}
	p := newPage(o.Out)
	dir, remove, err := dataDir(o.Data)
	if err != nil {
		return err
	}
	defer remove()
	s := newStage(p, o.Speed, time.Now)
	p.opening()
	began := time.Now()
	if s.outside, err = openOutside(ctx); err != nil {
		return err
	}
	defer s.outside.close()
	pl, err := start(ctx, Settings{DataDir: dir, Rules: Rules, Topology: Topology, Token: s.token, Operator: manager, Now: s.clock.Now,
		Targets: s.outside.targets(), Accounts: map[string]string{chat: managerMember}, Since: s.t0.Add(storyBegins)})
	if err != nil {
		return interrupted(ctx, p, fmt.Errorf("start the pipeline: %w", err))
	}
	defer stop(pl, p)
	p.started(time.Since(began))
	told, cancel := untilFailed(ctx, pl.Failed)
	defer cancel(nil)
	if err := s.tell(told, pl.Endpoints, func(ctx context.Context) error {
		papers, err := o.papersDir(dir)
		if err != nil {
			return fmt.Errorf("directory for the reports: %w", err)
		}
		return s.papers(ctx, papers)
	}); err != nil {
		if cause := context.Cause(told); cause != nil {
			err = cause // what follows from it says less
		}
		return interrupted(ctx, p, err)
	}
	if o.Told != nil {
		if err := o.Told(told, pl.Endpoints); err != nil {
			return err
		}
	}
	p.whereToLook(pl.Endpoints, s, dir, o)
	if o.Exit {
		return p.err
	}
	<-told.Done()
	return interrupted(ctx, p, context.Cause(told))
}

// interrupted returns err, unless there is one only because somebody pressed
// Ctrl-C.
func interrupted(ctx context.Context, p *page, err error) error {
	if ctx.Err() == nil {
		return err
	}
	p.blank()
	p.say("Stopped.")
	return p.err
}

// dataDir returns the directory to use and what to do with it at the end.
func dataDir(keep string) (dir string, remove func(), err error) {
	if keep != "" {
		if err := os.MkdirAll(keep, 0o700); err != nil {
			return "", nil, fmt.Errorf("data directory: %w", err)
		}
		entries, err := os.ReadDir(keep)
		if err != nil {
			return "", nil, fmt.Errorf("data directory: %w", err)
		}
		if len(entries) > 0 {
			return "", nil, fmt.Errorf("data directory %s is not empty: the story starts with a station of its own, "+
				"so name another directory; to look at what an earlier demo kept, use \"pinkstar run --data %s\"", keep, keep)
		}
		return keep, func() {}, keepSettings(keep)
	}
	dir, err = os.MkdirTemp("", "pinkstar-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("data directory: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // a leftover in the temporary directory is no failure of the demo
}

// The station's files as they are kept beside the data, so that "pinkstar run"
// can go on with them.
const (
	rulesFile    = "rules.yaml"
	topologyFile = "topology.yaml"
)

func keepSettings(dir string) error {
	err := os.WriteFile(filepath.Join(dir, rulesFile), Rules, 0o600)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, topologyFile), Topology, 0o600)
	}
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

// untilFailed ends the context when a part of the pipeline dies on its own.
func untilFailed(ctx context.Context, failed <-chan error) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case err := <-failed:
			if err != nil {
				cancel(fmt.Errorf("the pipeline stopped: %w", err))
			}
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func stop(pl *Pipeline, p *page) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := pl.Stop(ctx); err != nil {
		p.say("Stopping was not clean: %v", err)
	}
}

// stage is where the story is played: the clock, the way to the pipeline, and
// what was learnt on the way.
type stage struct {
	page  *page
	clock *Clock
	speed float64
	token string    // what the gateway asks of its senders
	t0    time.Time // when the first alert of the attack is seen
	reach *reach
	// outside is where people are told.
	outside *outside

	sent      int    // deliveries of history
	problemID string // the core's
	mainID    string // the main incident
}

func newStage(p *page, speed float64, wall func() time.Time) *stage {
	// The story ends about now, so that afterwards the clock is the machine's.
	t0 := wall().Add(-storyEnds).Truncate(time.Minute)
	return &stage{page: p, speed: speed, token: rand.Text(), t0: t0, clock: NewClock(HistoryStart(t0), wall)}
}

// tell plays all parts; last is the one after the story.
func (s *stage) tell(ctx context.Context, at Endpoints, last func(context.Context) error) error {
	r, err := newReach(at, s.token)
	if err != nil {
		return err
	}
	defer r.close()
	s.reach = r
	for _, part := range []func(context.Context) error{s.year, s.flagged, s.attack, s.told, s.proofs, last} {
		if err := part(ctx); err != nil {
			return err
		}
		if s.page.err != nil {
			return s.page.err
		}
	}
	return nil
}

// attack plays the story's beats at the chosen speed.
func (s *stage) attack(ctx context.Context) error {
	s.page.title("The attack, other ending")
	s.page.say("Times are in UTC, from %s: the report's 10:32 is %s here. What happens stands beside its time; "+
		"behind ▸ is what Pinkstar answers when asked.", s.t0.UTC().Format("2 January 2006"), s.t0.UTC().Format("15:04"))
	s.page.blank()
	s.clock.Set(s.t0.Add(storyBegins))
	beats := storyOf(s.t0)
	for i, b := range beats {
		if err := s.wait(ctx, s.t0.Add(b.At)); err != nil {
			return err
		}
		s.page.happens(s.t0.Add(b.At), "%s", b.Text)
		next := s.t0.Add(storyEnds)
		if i+1 < len(beats) {
			next = s.t0.Add(beats[i+1].At)
		}
		if err := s.play(ctx, b, next); err != nil {
			return err
		}
	}
	s.clock.Catchup()
	return nil
}

// wait lets the story's clock come to t.
func (s *stage) wait(ctx context.Context, t time.Time) error {
	if s.speed > 0 {
		s.clock.RunTo(t, s.speed)
		if d, ok := s.clock.Until(t); ok {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
			}
		}
	}
	s.clock.Set(t)
	return ctx.Err()
}

func (s *stage) play(ctx context.Context, b beat, next time.Time) error {
	for _, d := range b.Sends {
		if err := s.deliver(ctx, d); err != nil {
			return err
		}
	}
	if b.Press != "" {
		if err := s.press(ctx, b.Press); err != nil {
			return err
		}
	}
	for _, c := range b.Orders {
		if err := s.reach.command(ctx, s.mainID, c); err != nil {
			return err
		}
	}
	return s.see(ctx, b.Look, next)
}

func (s *stage) number(ctx context.Context, query string) (int64, error) {
	r, err := s.reach.sql(ctx, query)
	if err != nil {
		return 0, err
	}
	if len(r.Rows) != 1 || len(r.Rows[0]) != 1 {
		return 0, fmt.Errorf("%s: want one number, have %d rows", query, len(r.Rows))
	}
	var n int64
	_, err = fmt.Sscan(r.Rows[0][0], &n)
	return n, err
}
