package demo

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
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
	// Told, when set, is called once the story is over and everything still
	// runs. A test looks for itself there.
	Told func(context.Context, Endpoints) error
}

// DefaultSpeed tells the story's hour in about half a minute.
const DefaultSpeed = 150

// limit is how long any one expected outcome may take to appear.
const limit = 60 * time.Second

// Run tells the story with the pipeline that start gives it, and returns when
// it has ended or ctx is done. An outcome that does not appear is an error: the
// demo never claims what it did not read back.
func Run(ctx context.Context, o Options, start StartFunc) error {
	p := newPage(o.Out)
	dir, remove, err := dataDir(o.Data)
	if err != nil {
		return err
	}
	defer remove()
	s := newStage(p, o.Speed, time.Now)
	p.opening()
	began := time.Now()
	pl, err := start(ctx, Settings{DataDir: dir, Rules: Rules, Topology: Topology, Token: s.token, Now: s.clock.Now})
	if err != nil {
		return fmt.Errorf("start the pipeline: %w", err)
	}
	defer stop(pl, p)
	p.started(time.Since(began))
	ctx, cancel := untilFailed(ctx, pl.Failed)
	defer cancel(nil)
	if err := s.tell(ctx, pl.Endpoints); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	if o.Told != nil {
		if err := o.Told(ctx, pl.Endpoints); err != nil {
			return err
		}
	}
	p.whereToLook(pl.Endpoints, s.token, dir, o)
	if o.Exit {
		return p.err
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
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
		return keep, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "pinkstar-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("data directory: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // a leftover in the temporary directory is no failure of the demo
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

	sent      int    // deliveries of history
	problemID string // the core's
	mainID    string // the main incident
}

func newStage(p *page, speed float64, wall func() time.Time) *stage {
	// The story ends about now, so that afterwards the clock is the machine's.
	t0 := wall().Add(-storyEnds).Truncate(time.Minute)
	return &stage{page: p, speed: speed, token: rand.Text(), t0: t0, clock: NewClock(HistoryStart(t0), wall)}
}

func (s *stage) tell(ctx context.Context, at Endpoints) error {
	r, err := newReach(at, s.token)
	if err != nil {
		return err
	}
	defer r.close()
	s.reach = r
	for _, part := range []func(context.Context) error{s.year, s.flagged, s.attack, s.proofs} {
		if err := part(ctx); err != nil {
			return err
		}
		if s.page.err != nil {
			return s.page.err
		}
	}
	return nil
}

// year takes in the generated history, through the same topic and the same
// correlator as everything else.
func (s *stage) year(ctx context.Context) error {
	s.page.title("The year before")
	events := History(s.t0)
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		records[i] = &kgo.Record{Value: e.record(), Timestamp: e.At}
	}
	s.page.say("A year of the station's monitoring and tickets goes onto the topic %s%s: %d webhooks, each with the "+
		"time at which it came in.", s.reach.at.TopicPrefix, schemas.TopicAlerts, len(events))
	began := time.Now()
	// One key, so one partition: a year in the wrong order is another year.
	if err := s.reach.produce(ctx, schemas.TopicAlerts, "history", records...); err != nil {
		return err
	}
	s.sent = len(events)
	err := until(ctx, 2*limit, "the whole year in v_decisions", func(ctx context.Context) error {
		n, err := s.number(ctx, "SELECT count() FROM v_decisions")
		if err == nil && n < int64(s.sent) {
			err = fmt.Errorf("%d of %d signals have a decision", n, s.sent)
		}
		return err
	})
	if err != nil {
		return err
	}
	n, err := s.incidentsOfTheYear(ctx)
	if err != nil {
		return err
	}
	s.page.knows("All of them have a decision, %.1f seconds later. They make %d incidents.", time.Since(began).Seconds(), n)
	return nil
}

// incidentsOfTheYear counts them once every one that a decision names has been
// written, too: the two come over different topics.
func (s *stage) incidentsOfTheYear(ctx context.Context) (n int64, err error) {
	err = until(ctx, limit, "the year's incidents in v_incidents", func(ctx context.Context) error {
		missing, err := s.number(ctx, "SELECT uniqExact(incident_id) FROM v_decisions "+
			"WHERE incident_id != '' AND incident_id NOT IN (SELECT incident_id FROM v_incidents)")
		if err == nil && missing > 0 {
			err = fmt.Errorf("%d incidents that decisions name are not there", missing)
		}
		if err != nil {
			return err
		}
		n, err = s.number(ctx, "SELECT count() FROM v_incidents")
		return err
	})
	return n, err
}

// attack plays the story's beats at the chosen speed.
func (s *stage) attack(ctx context.Context) error {
	s.page.title("The attack, other ending")
	s.page.say("Times are %s's, in UTC: the report's 10:32 is %s here. What happens stands beside its time; "+
		"behind ▸ is what Pinkstar answers when asked.", s.t0.UTC().Format("2 January 2006"), s.t0.UTC().Format("15:04"))
	s.page.blank()
	s.clock.Set(s.t0.Add(storyBegins))
	for _, b := range storyOf(s.t0) {
		if err := s.wait(ctx, s.t0.Add(b.At)); err != nil {
			return err
		}
		s.page.happens(s.t0.Add(b.At), "%s", b.Text)
		if err := s.play(ctx, b); err != nil {
			return err
		}
	}
	s.clock.Catchup()
	return nil
}

// wait lets the story's clock come to t.
func (s *stage) wait(ctx context.Context, t time.Time) error {
	if s.speed > 0 {
		s.clock.Run(s.speed)
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

func (s *stage) play(ctx context.Context, b beat) error {
	for _, d := range b.Sends {
		if err := s.deliver(ctx, d); err != nil {
			return err
		}
	}
	for _, c := range b.Orders {
		if err := s.reach.command(ctx, s.mainID, c); err != nil {
			return err
		}
	}
	return s.see(ctx, b.Look)
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
