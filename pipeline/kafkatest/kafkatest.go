// Package kafkatest gives a test a Kafka to talk to: the embedded broker, or a
// real one when PINKSTAR_TEST_KAFKA names it. Each test has its own topics.
//
// # Non-obvious
//
//   - A test that needs a real service is skipped where there is none, and
//     fails where PINKSTAR_REQUIRE lists the service: CI sets it, so that a
//     broken set-up can't pass by skipping everything.
package kafkatest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
)

// Patience is how long a test waits for what must come. On a machine of its own that
// takes seconds; a loaded one, under the race detector, may take minutes, and says
// nothing about what is tested.
const Patience = 4 * time.Minute

// Required reports whether PINKSTAR_REQUIRE, a list with commas, names service.
func Required(service string) bool {
	return slices.Contains(strings.Split(os.Getenv("PINKSTAR_REQUIRE"), ","), service)
}

// SkipOrFail skips the test for want of service, or fails it where the service
// is required.
func SkipOrFail(t testing.TB, service, format string, args ...any) {
	t.Helper()
	if Required(service) {
		t.Fatalf("PINKSTAR_REQUIRE demands %s: %s", service, fmt.Sprintf(format, args...))
	}
	t.Skipf(format, args...)
}

// Log returns a logger that writes to the test's output, warnings and worse,
// or everything with PINKSTAR_TEST_LOG=debug.
func Log(t testing.TB) zerolog.Logger {
	level := zerolog.WarnLevel
	if l, err := zerolog.ParseLevel(os.Getenv("PINKSTAR_TEST_LOG")); err == nil && l != zerolog.NoLevel {
		level = l
	}
	return zerolog.New(zerolog.NewConsoleWriter(func(w *zerolog.ConsoleWriter) {
		w.Out, w.NoColor, w.TimeFormat = zerolog.NewTestWriter(t), true, "15:04:05.000"
	})).Level(level).With().Timestamp().Logger()
}

// Embedded starts an embedded broker in a directory of the test's, and creates
// the topics.
func Embedded(t testing.TB, mut ...func(*kafka.Config)) kafka.Config {
	t.Helper()
	e := kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(t.TempDir()), Log(t))
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Embedded = []string{e.Addr()}, true
	return ensure(t, cfg, mut)
}

// Real uses the broker that PINKSTAR_TEST_KAFKA names, with topics of the
// test's own that are deleted afterwards.
func Real(t testing.TB, mut ...func(*kafka.Config)) kafka.Config {
	t.Helper()
	addr := os.Getenv("PINKSTAR_TEST_KAFKA")
	if addr == "" {
		SkipOrFail(t, "kafka", "PINKSTAR_TEST_KAFKA=host:port names no Apache Kafka")
	}
	cfg := kafka.DefaultConfig()
	cfg.Brokers = strings.Split(addr, ",")
	cfg.TopicPrefix = fmt.Sprintf("t%08x.", rand.Uint32())
	cfg = ensure(t, cfg, mut)
	t.Cleanup(func() {
		cl := Client(t, cfg)
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		for _, s := range cfg.Topics() {
			_, _ = kadm.NewClient(cl).DeleteTopics(ctx, s.Name)
		}
		cl.Close()
	})
	return cfg
}

// Each runs the test on the embedded broker and on Apache Kafka, side by side:
// most of either is waiting. They begin when the caller has returned.
func Each(t *testing.T, test func(*testing.T, kafka.Config), mut ...func(*kafka.Config)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, Embedded(t, mut...))
	})
	t.Run("apache", func(t *testing.T) {
		t.Parallel()
		test(t, Real(t, mut...))
	})
}

func ensure(t testing.TB, cfg kafka.Config, mut []func(*kafka.Config)) kafka.Config {
	t.Helper()
	cfg.Partitions = 4
	for _, m := range mut {
		m(&cfg)
	}
	cl := Client(t, cfg)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if err := kafka.Ensure(ctx, cl, cfg); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Client returns a client without a role of its own; the caller closes it.
func Client(t testing.TB, cfg kafka.Config, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kafka.NewClient(cfg, "test", kafka.Deps{Log: Log(t)}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// ReadAll returns the committed records of a topic that are there now, in
// order within each partition.
func ReadAll(t testing.TB, cfg kafka.Config, topic string) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	recs, err := kafka.ReadCommitted(ctx, cfg, kafka.Deps{Log: Log(t)}, cfg.Topic(topic))
	if err != nil {
		t.Fatalf("reading %s: %v", topic, err)
	}
	return recs
}
