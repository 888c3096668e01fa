package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/send"
	"pinkstar/schemas"
)

func (c *cli) addSend() {
	clause := c.app.Command("send", "Produce signals to the input topics, as a producing team's own program would.")
	file := clause.Arg("file", "lines of signals or payloads; plain, gzip or zstd; - for standard input").Required().String()
	topic := clause.Flag("topic", "full name of the topic; by default alerts, tickets or changes by kind").String()
	skip := clause.Flag("skip-bad", "send what can be read and report the rest").Bool()
	s := withSettings(clause, config.ForKafka)
	data := clause.Flag("data", "directory of a running pinkstar whose embedded Kafka is meant ($PINKSTAR_DATA)").String()
	s.flags["data"] = data
	c.on(clause, func(ctx context.Context, w world) error { return sendFile(ctx, w, s, *file, *topic, *skip) })
}

func sendFile(ctx context.Context, w world, s *settings, file, topic string, skip bool) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	if err := useRunning(cfg); err != nil {
		return err
	}
	in, done, err := openInput(file, w)
	if err != nil {
		return err
	}
	defer done()
	sum, err := send.Run(ctx, in, send.Options{
		Kafka: cfg.Kafka.Config, Naming: cfg.Labels, Limits: cfg.Gateway.Limits, Mappings: cfg.Gateway.Mappings, Topic: topic, SkipBad: skip, Now: time.Now,
		Old: func(received schemas.Time) {
			fmt.Fprintf(w.err, "pinkstar: a signal was received at %s: an installation that has taken newer ones measures it against now (times to detect, costs). History is brought in with `pinkstar import %s`\n", received, file)
		},
	})
	for _, b := range sum.Bad {
		fmt.Fprintf(w.err, "pinkstar: %s\n", b)
	}
	if sum.More > 0 {
		fmt.Fprintf(w.err, "pinkstar: and %d more\n", sum.More)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%d signals sent and acknowledged\n", sum.Sent)
	return nil
}

// useRunning takes the brokers of a process that runs with an embedded Kafka
// when none are configured.
func useRunning(cfg *config.Config) error {
	if !cfg.EmbeddedKafka() {
		return nil
	}
	name := filepath.Join(cfg.Data, app.EndpointsName)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return usageError{fmt.Errorf("no brokers are configured and no pinkstar is running on %s: give --brokers host:port or --data DIR", cfg.Data)}
	}
	if err != nil {
		return err
	}
	var e app.Endpoints
	if err := json.Unmarshal(b, &e); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	cfg.Kafka.Brokers = strings.Split(e.Kafka, ",")
	cfg.Kafka.Embedded = true
	return nil
}
