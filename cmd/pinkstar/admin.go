package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/sinks/clickhouse/engine"
)

// adminTimeout bounds what an administrator waits for.
const adminTimeout = 2 * time.Minute

func (c *cli) addTopics() {
	parent := c.app.Command("topics", "Compare Kafka's topics with the configuration, or create them.")
	plan := parent.Command("plan", "Show what apply would do; exit code 3 when there is something.")
	planned := withSettings(plan, config.ForKafka)
	c.on(plan, func(ctx context.Context, w world) error { return topics(ctx, w, planned, false) })
	apply := parent.Command("apply", "Create the topics and set what differs.")
	applied := withSettings(apply, config.ForKafka)
	c.on(apply, func(ctx context.Context, w world) error { return topics(ctx, w, applied, true) })
}

func topics(ctx context.Context, w world, s *settings, apply bool) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	if err := useRunning(cfg); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	cl, err := kafka.NewClient(cfg.Kafka.Config, "topics", kafka.Deps{Log: app.NewLogger(cfg.Log, w.err).Level(zerolog.ErrorLevel)})
	if err != nil {
		return err
	}
	defer cl.Close()
	changes, err := kafka.Plan(ctx, cl, cfg.Kafka.Config)
	if err != nil {
		return fmt.Errorf("asking %v: %w", cfg.Kafka.Brokers, err)
	}
	fmt.Fprint(w.out, changes)
	if !apply {
		if len(changes) > 0 {
			return errFound
		}
		return nil
	}
	if err := changes.Apply(ctx, cl); err != nil {
		return err
	}
	if n := len(changes.Blocked()); n > 0 {
		return fmt.Errorf("%d differences are left as they are: see \"blocked\" above", n)
	}
	if err := kafka.Ensure(ctx, cl, cfg.Kafka.Config); err != nil { // what was made takes a moment to be seen
		return err
	}
	fmt.Fprintf(w.out, "%d changes made.\n", len(changes))
	return nil
}

func (c *cli) addEngine() {
	parent := c.app.Command("engine", "The embedded ClickHouse engine.")
	fetch := parent.Command("fetch", "Fetch it into the cache directory, unless it is there, and print where it is.")
	to := fetch.Flag("to", "another directory; `run --libchdb` takes the path that is printed").PlaceHolder("DIR").String()
	c.on(fetch, func(ctx context.Context, w world) error {
		path, err := engine.Fetch(ctx, engine.FetchOptions{CacheDir: *to, Progress: w.err})
		if err != nil {
			return err
		}
		fmt.Fprintln(w.out, path)
		return nil
	})
	c.on(parent.Command("path", "Print where it is; exit code 3 when it is not there."), func(_ context.Context, w world) error {
		dir, err := engine.CacheDir()
		if err != nil {
			return err
		}
		path, err := engine.Path(dir)
		if err != nil {
			fmt.Fprintf(w.err, "pinkstar: %v\n", err)
			return errFound
		}
		fmt.Fprintln(w.out, path)
		return nil
	})
}

func (c *cli) addVersion() {
	c.on(c.app.Command("version", "Print version and build."), func(_ context.Context, w world) error {
		_, err := fmt.Fprintf(w.out, "pinkstar %s\n", versionText())
		return err
	})
}

func versionText() string { return app.ReadBuild().String() }
