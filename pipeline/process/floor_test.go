package process_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// TestRetentionAndRestore deletes what is past its retention between restarts:
// the log becomes short, and no restore misses anything.
func TestRetentionAndRestore(t *testing.T) {
	kc := kafkatest.Embedded(t, func(c *kafka.Config) { c.Retention.Signals = time.Hour })
	signals := kc.Topic(schemas.TopicSignals)
	rng := rand.New(rand.NewPCG(1, 2))
	at := schemas.TimeOf(time.Now().Add(-2 * time.Hour))
	cfg := testConfig()
	cfg.SnapshotRecords = 300
	r := &kafka.Retainer{Config: kc, Deps: kafka.Deps{Log: zerolog.Nop()}, Floors: func(ctx context.Context) (kafka.Floors, error) {
		f := kafka.Floors{}
		return f, process.SnapshotFloors(ctx, kc, signals, kafka.Deps{Log: zerolog.Nop()}, f)
	}}
	var all []schemas.Signal
	left := 0
	later := time.Now().Add(3 * time.Hour) // ticks are younger than what they stand beside
	for i := range int64(4) {
		if i == 3 {
			cfg.SnapshotRecords = 1_000_000 // the log behind the last snapshot is needed
		}
		some := storm(rng, 2000, at.Add(i*schemas.Minute))
		all = append(all, some...)
		produce(t, kc, append(some, all[:200]...)) // and repeats of what is long gone from the log
		c := startCorrelator(t, kc, cfg, counters{})
		awaitDecisions(t, kc, all)
		waitConsumed(t, kc, kc.Name(process.RoleCorrelate))
		c.stop()
		if err := r.Once(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		left = len(kafkatest.ReadAll(t, kc, schemas.TopicSignals))
	}
	for id, n := range published(t, kc).Seen {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	if left > 6700 {
		t.Errorf("%d of 8,800 records are left: nothing was deleted", left)
	}
	// The control: what a snapshot still needs is taken away all the same.
	r.Floors = func(context.Context) (kafka.Floors, error) { return kafka.Floors{}, nil }
	if err := r.Once(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	refuses(t, kc, "records were removed that the state still needs")
}
