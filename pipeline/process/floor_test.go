package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
		var engines process.Engines = counters{}
		if i == 3 { // the log behind the last snapshot is needed
			cfg.SnapshotRecords, engines = 1_000_000, forgetful{}
		}
		some := storm(rng, 2000, at.Add(i*schemas.Minute))
		all = append(all, some...)
		produce(t, kc, append(some, all[:200]...)) // and repeats of what is long gone from the log
		c := startCorrelator(t, kc, cfg, engines)
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
	refuses(t, kc, "--accept-lost-signals", "records were removed that the state still needs")
}

// TestGrowthIsBounded runs distinct alerts through a correlator, far more than
// the limit of the broker beside it holds.
func TestGrowthIsBounded(t *testing.T) {
	const limit = 6 << 20
	grow := func(bounded bool) (sizes []int64) {
		dir := t.TempDir()
		ec := kafka.DefaultEmbeddedConfig(dir)
		ec.SegmentBytes = 256 << 10
		e := kafka.NewEmbedded(ec, kafkatest.Log(t))
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer e.Stop()
		kc := childKafka(e.Addr())
		kc.Partitions = 2
		cl := kafkatest.Client(t, kc)
		defer cl.Close()
		if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
			t.Fatal(err)
		}
		cfg := testConfig()
		cfg.SnapshotRecords = 2000
		c := startCorrelator(t, kc, cfg, counters{})
		defer c.stop()
		r := &kafka.Retainer{Config: kc, Deps: kafka.Deps{Log: zerolog.Nop()}, MaxBytes: limit, Floors: func(ctx context.Context) (kafka.Floors, error) {
			f := kafka.Floors{}
			return f, process.SnapshotFloors(ctx, kc, kc.Topic(schemas.TopicSignals), kafka.Deps{Log: zerolog.Nop()}, f)
		}}
		for round := range 12 {
			alerts := probes(fmt.Sprint("g", round), 8000)
			for i := range alerts { // of a few services: what is open is always needed
				alerts[i].Service = fmt.Sprint("service-", i%20)
			}
			produce(t, kc, alerts)
			waitConsumed(t, kc, kc.Name(process.RoleCorrelate))
			if bounded {
				if err := r.Once(t.Context(), time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			sizes = append(sizes, sizeOfDir(t, dir))
		}
		return sizes
	}
	with, without := grow(true), grow(false)
	t.Logf("bytes after each 8,000 alerts: %v; without retention %v", with, without)
	// Not to the byte: what two snapshots need is more than the limit says.
	if last := with[len(with)-1]; last > 4*limit || last > without[len(without)-1]*3/4 {
		t.Errorf("it takes %d bytes, %d without retention", last, without[len(without)-1])
	}
}

func sizeOfDir(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "partitions"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			n += st.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
