package feeds

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// Deps is what feeds are handed.
type Deps struct {
	Translator *ingest.Translator
	Producer   Producer                 // nil: nobody wants windows
	Shifts     func(schemas.Activation) // is told of each calendar of shifts that says something new; nil: nobody wants them
	Now        func() time.Time         // the clock that stamps records
	// Announced lists the silences that were announced here and are not long over,
	// as they were told last, once for each scope; nil: they can't be had.
	Announced func(context.Context) ([]schemas.Signal, error)
	// Environments counts those in which a silence that names none holds.
	Environments int
	Log          zerolog.Logger
	Registerer   prometheus.Registerer
}

// Feeds fetches what others plan.
type Feeds struct {
	feeds []*feed
	now   func() time.Time
	log   zerolog.Logger
	looks *prometheus.CounterVec
	news  *prometheus.CounterVec
	good  *prometheus.GaugeVec
}

// looker looks once, and says how much is new. An error beside news says what of
// it could not be read.
type looker interface {
	look(ctx context.Context, now time.Time) (int, error)
}

// feed is one of them, and how it stands.
type feed struct {
	name  string
	kind  string
	every time.Duration
	looker

	mu    sync.Mutex
	wrong error     // of the latest look
	since time.Time // from when on
}

// New returns the feeds of the settings: calendars of maintenance and silences
// where there is a producer for them, calendars of shifts where somebody takes them.
func New(cfg Config, d Deps) (*Feeds, error) {
	f := newFeeds(&d)
	for i := range cfg.Calendars {
		switch c := &cfg.Calendars[i]; {
		case c.Shifts && d.Shifts != nil:
			f.add("shifts", &c.Address, cfg.Every, &shifts{fetcher: newFetcher(&c.Address, &cfg), translator: d.Translator, take: d.Shifts})
		case !c.Shifts && d.Producer != nil:
			f.add("calendar", &c.Address, cfg.Every, &maintenance{
				fetcher: newFetcher(&c.Address, &cfg), told: told{producer: d.Producer}, translator: d.Translator, suppress: c.Suppress})
		}
	}
	for i := range cfg.Alertmanagers {
		if a := &cfg.Alertmanagers[i]; d.Producer != nil {
			f.add("alertmanager", &a.Address, a.everyOf(), &silences{
				fetcher: newFetcher(&a.Address, &cfg), told: told{producer: d.Producer}, translator: d.Translator,
				push: a.Push, announced: d.Announced, environments: d.Environments, log: d.Log})
		}
	}
	return f, f.register(d.Registerer)
}

func newFeeds(d *Deps) *Feeds {
	labels := []string{"kind", "feed"}
	return &Feeds{
		now: d.Now, log: d.Log,
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinkstar_feed_looks_total", Help: "Looks at calendars and Alertmanagers, by how they went (good, bad)."}, append(labels, "outcome")),
		news: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinkstar_feed_news_total", Help: "What calendars and Alertmanagers said that was not known."}, labels),
		good: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pinkstar_feed_last_good_timestamp_seconds", Help: "When a calendar or an Alertmanager was last read without a fault."}, labels),
	}
}

func (f *Feeds) register(r prometheus.Registerer) error {
	if len(f.feeds) == 0 {
		return nil
	}
	return errors.Join(r.Register(f.looks), r.Register(f.news), r.Register(f.good))
}

func (f *Feeds) add(kind string, at *Address, every time.Duration, l looker) {
	f.feeds = append(f.feeds, &feed{name: at.Name, kind: kind, every: every, looker: l})
}

// Any reports whether there is something to fetch.
func (f *Feeds) Any() bool { return len(f.feeds) > 0 }

// Run looks at each until ctx ends.
func (f *Feeds) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, x := range f.feeds {
		g.Go(func() error { f.follow(ctx, x); return nil })
	}
	return g.Wait()
}

// follow looks at one, less often while it fails.
func (f *Feeds) follow(ctx context.Context, x *feed) {
	for failures := 0; ; {
		n, err := x.look(ctx, f.now())
		if ctx.Err() != nil {
			return
		}
		f.note(x, n, err)
		pause := x.every
		if failures++; err == nil {
			failures = 0
		} else {
			pause = pauseAfter(err, failures, x.every)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// note keeps how a look went, and says it when it is other than before.
func (f *Feeds) note(x *feed, n int, err error) {
	outcome := "good"
	if err != nil {
		outcome = "bad"
	} else {
		f.good.WithLabelValues(x.kind, x.name).Set(float64(f.now().Unix()))
	}
	f.looks.WithLabelValues(x.kind, x.name, outcome).Inc()
	f.news.WithLabelValues(x.kind, x.name).Add(float64(n))
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case err != nil && (x.wrong == nil || x.wrong.Error() != err.Error()):
		f.log.Warn().Err(err).Str("feed", x.name).Str("kind", x.kind).Msg("what is known of it stays in force")
	case err == nil && x.wrong != nil:
		f.log.Info().Str("feed", x.name).Str("kind", x.kind).Msg("it is read again")
	case n > 0:
		f.log.Info().Str("feed", x.name).Str("kind", x.kind).Int("news", n).Msg("read")
	}
	if x.wrong == nil && err != nil {
		x.since = f.now()
	}
	x.wrong = err
}

// Ailing says which feeds can't be read and why, nil when all can.
func (f *Feeds) Ailing() error {
	var errs []error
	for _, x := range f.feeds {
		x.mu.Lock()
		if x.wrong != nil {
			errs = append(errs, fmt.Errorf("%s %s, since %s: %w; what is known of it stays in force", x.kind, x.name, x.since.UTC().Format(time.RFC3339), x.wrong))
		}
		x.mu.Unlock()
	}
	return errors.Join(errs...)
}
