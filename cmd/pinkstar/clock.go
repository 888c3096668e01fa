package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
)

func (c *cli) addClock() {
	clause := c.app.Command("clock", "Put the log time of partitions that lead the clock back to this machine's time.")
	parts := clause.Flag("partition", "only this partition of signals; may be given several times; without it all").Int32List()
	sure := clause.Flag("yes", "this machine's clock is right, and nothing that waits by log time may be later than that").Bool()
	s := withSettings(clause, config.ForKafka)
	c.on(clause, func(ctx context.Context, w world) error { return putClock(ctx, w, s, *parts, *sure) })
}

func putClock(ctx context.Context, w world, s *settings, parts []int32, sure bool) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	if err := useRunning(cfg); err != nil {
		return err
	}
	now := time.Now()
	if !sure {
		return usageError{fmt.Errorf("this puts log time back to %s wherever it is later, for good. When that is the right time, say --yes", now.UTC().Format(time.RFC3339))}
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	if len(parts) == 0 {
		for p := range cfg.Kafka.Partitions {
			parts = append(parts, p)
		}
	}
	if err := app.PutClock(ctx, cfg, now, parts, app.NewLogger(cfg.Log, w.err).Level(zerolog.ErrorLevel)); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%d partitions are told that it is %s. What they show of later times stays as it was written; what waits goes on from there.\n",
		len(parts), now.UTC().Format(time.RFC3339))
	return nil
}
