package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/demo"
	"pinkstar/pipeline/kafka"
)

// startTimeout bounds a start, the fetching of the engine and the restoring of
// a large state included.
const startTimeout = 15 * time.Minute

// stopTimeout bounds an orderly stop.
const stopTimeout = 45 * time.Second

func (c *cli) addRun() {
	clause := c.app.Command("run", "Run Pinkstar; Kafka and ClickHouse are embedded where none are configured.")
	s := withSettings(clause, everything...)
	c.on(clause, func(ctx context.Context, w world) error { return runService(ctx, w, s) })
}

func runService(ctx context.Context, w world, s *settings) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	_, _, _, faults := app.Texts(cfg)
	if err := append(faults, cfg.Surroundings()...).Err(); err != nil {
		return usageError{err}
	}
	log := app.NewLogger(cfg.Log, w.err)
	startCtx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	a, err := app.Start(startCtx, cfg, app.Deps{Log: log, Progress: w.err, Settings: func() (*config.Config, error) { return s.load(w) }})
	if err != nil {
		if ctx.Err() != nil { // interrupted, not broken
			return nil
		}
		return err
	}
	failure := serve(ctx, a, log)
	stopCtx, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancelStop()
	if err := a.Stop(stopCtx); err != nil {
		return errors.Join(failure, fmt.Errorf("the stop was not clean: %w", err))
	}
	return failure
}

// serve waits until the process is to stop, and returns why unless somebody asked
// for it. SIGHUP reads rules, topology and learnt pairs anew.
func serve(ctx context.Context, a *app.App, log zerolog.Logger) error {
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	for {
		select {
		case <-ctx.Done():
			log.Info().Msg("stopping; once more stops at once")
			return nil
		case err := <-a.Failed():
			log.Error().Err(err).Msg("stopping, because a part has failed")
			return err
		case <-again:
			_, _ = a.Reload() // what came of it is in the log
		}
	}
}

func (c *cli) addDemo() {
	clause := c.app.Command("demo", "Tell a story on a whole installation, everything embedded, in about a minute.")
	speed := clause.Flag("speed", "story seconds per second; 0: as fast as it goes").Default(fmt.Sprint(demo.DefaultSpeed)).Float64()
	exit := clause.Flag("exit", "end after the story").Bool()
	data := clause.Flag("data", "keep the data here; by default it is removed at the end").PlaceHolder("DIR").String()
	http := clause.Flag("http", "address of webhooks and API; by default a free port").PlaceHolder("ADDR").Default("127.0.0.1:0").String()
	lib := clause.Flag("libchdb", "the embedded ClickHouse's library, instead of the fetched one").PlaceHolder("FILE").String()
	c.on(clause, func(ctx context.Context, w world) error {
		start := func(ctx context.Context, s demo.Settings) (*demo.Pipeline, error) {
			return startDemo(ctx, w, s, *http, *lib)
		}
		return demo.Run(ctx, demo.Options{Speed: *speed, Exit: *exit, Data: *data, Out: w.out}, start)
	})
}

// startDemo starts everything embedded, as `run` without brokers and DSN does.
// Only what goes wrong is logged: the story has the screen.
func startDemo(ctx context.Context, w world, s demo.Settings, http, lib string) (*demo.Pipeline, error) {
	cfg := config.Default()
	cfg.File = "the demo's settings"
	cfg.Data, cfg.HTTP.Listen, cfg.Log.Level = s.DataDir, http, "warn"
	cfg.Rules, cfg.Topology = config.Text(s.Rules), config.Text(s.Topology)
	cfg.ClickHouse.Libchdb = lib
	// The year before the story is not too old to be kept, and a story that is
	// told fast needs its ticks fast.
	const keep = 2 * 365 * 24 * time.Hour
	cfg.Kafka.Retention = kafka.Retention{Inputs: keep, Signals: keep, Decisions: keep, DeadLetter: keep}
	cfg.Process.TickAfter = 50 * time.Millisecond
	if s.Token != "" {
		cfg.RequireToken(s.Token, s.Operator)
	}
	cfg.Notify.Targets, cfg.Notify.Since = s.Targets, s.Since.Format(time.RFC3339)
	cfg.Access.People = []access.Account{{Name: s.Operator, Role: "act", Accounts: s.Accounts}}
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	a, err := app.Start(ctx, &cfg, app.Deps{Log: app.NewLogger(cfg.Log, w.err), Progress: w.err, Now: s.Now, Story: true})
	if err != nil {
		return nil, err
	}
	e := a.Endpoints()
	return &demo.Pipeline{
		Endpoints: demo.Endpoints{
			HTTP: "http://" + e.HTTP, Kafka: e.Kafka, TopicPrefix: cfg.Kafka.TopicPrefix,
			ClickHouseHTTP: "http://" + e.ClickHouseHTTP, ClickHouseNative: e.ClickHouseNative,
			ClickHouseDatabase: e.ClickHouseDatabase, ClickHouseUser: e.ClickHouseUser, ClickHousePassword: e.ClickHousePassword,
		},
		Failed: a.Failed(),
		Stop:   a.Stop,
	}, nil
}
