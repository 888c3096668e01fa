package process_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// onDisk is an embedded broker whose files a test damages while it is stopped.
type onDisk struct {
	t    *testing.T
	dir  string
	kc   kafka.Config
	stop func()
}

func startOnDisk(t *testing.T, dir string) *onDisk {
	t.Helper()
	e := kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(dir), kafkatest.Log(t))
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	kc := childKafka(e.Addr())
	kc.Partitions = 2
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
		t.Fatal(err)
	}
	stopped := false
	d := &onDisk{t, dir, kc, func() {
		if !stopped {
			stopped = true
			e.Stop()
		}
	}}
	t.Cleanup(d.stop)
	return d
}

// segment returns the only segment of a partition of signals.
func (d *onDisk) segment(partition string) string {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.dir, "partitions", d.kc.Topic(schemas.TopicSignals)+"-"+partition, "*.dat"))
	if err != nil || len(files) != 1 {
		d.t.Fatal(files, err)
	}
	return files[0]
}

// refuses runs a correlator that must stop with words, and say what accepts it.
func refuses(t *testing.T, kc kafka.Config, accept string, words ...string) {
	t.Helper()
	c, err := process.NewCorrelator(testConfig(), kc, counters{}, process.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	err = c.Run(ctx)
	if err == nil || ctx.Err() != nil {
		t.Fatalf("Run returned %v: it went on", err)
	}
	for _, w := range append(words, "pinkstar repair "+accept) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("it does not say %q: %v", w, err)
		}
	}
}

// accepts runs the command and then a correlator, which must decide on every
// signal that is in the log.
func accepts(t *testing.T, kc kafka.Config, problems int) {
	t.Helper()
	found, err := process.CheckPositions(t.Context(), kc, counters{}, process.Accepted{LostSignals: true}, zerolog.Nop())
	if err != nil || len(found) != problems {
		t.Fatalf("found %+v, %v; want %d", found, err, problems)
	}
	for _, f := range found {
		if f.Problem == "" || f.Done == "" {
			t.Errorf("%+v: nothing is said", f)
		}
	}
	if again, err := process.CheckPositions(t.Context(), kc, counters{}, process.Accepted{}, zerolog.Nop()); err != nil || len(again) > 0 {
		t.Fatalf("afterwards: %+v, %v", again, err)
	}
	startCorrelator(t, kc, testConfig(), counters{})
	awaitAll(t, kc)
}

// awaitAll waits until every signal of the log has a decision.
func awaitAll(t *testing.T, kc kafka.Config) {
	t.Helper()
	var signals []schemas.Signal
	for _, r := range kafkatest.ReadAll(t, kc, schemas.TopicSignals) {
		var s schemas.Signal
		if err := schemas.DecodeSignal(r.Value, &s); err != nil {
			t.Fatal(err)
		}
		if s.Kind == schemas.KindAlert {
			signals = append(signals, s)
		}
	}
	awaitDecisions(t, kc, signals)
}

// TestLogShorterThanStateIsAHardStop cuts the end of a log that was processed
// and writes on: the new signals have offsets that the state takes for processed.
// They were swallowed in silence.
func TestLogShorterThanStateIsAHardStop(t *testing.T) {
	for name, writeOn := range map[string]int{"cut": 0, "cut and written on": 50, "cut and written beyond": 4000} {
		for _, snapshots := range []int64{100_000, 300} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				d := startOnDisk(t, dir)
				rng := rand.New(rand.NewPCG(5, uint64(writeOn)))
				at := schemas.TimeOf(time.Now().Add(-10 * time.Second))
				cfg := testConfig()
				cfg.SnapshotRecords = snapshots
				for i := range int64(3) {
					produce(t, d.kc, storm(rng, 600, at.Add(i*schemas.Second)))
					r := startCorrelator(t, d.kc, cfg, counters{})
					settle(t, d.kc, counters{})
					r.stop()
				}
				d.stop()
				for _, p := range []string{"0", "1"} {
					cutInHalf(t, d.segment(p))
				}
				d = startOnDisk(t, dir)
				if writeOn > 0 {
					produce(t, d.kc, storm(rng, writeOn, at.Add(4*schemas.Second)))
				}
				words := "records are missing at its end"
				if writeOn > 1000 {
					words = "the record before that offset is another one"
				}
				refuses(t, d.kc, "--accept-lost-signals", words)
				accepts(t, d.kc, 2)
			})
		}
	}
}

// cutInHalf cuts a segment between two batches, as an older copy would be; the
// broker's repair finds nothing wrong with it.
func cutInHalf(t *testing.T, dat string) {
	t.Helper()
	raw, err := os.ReadFile(dat)
	if err != nil {
		t.Fatal(err)
	}
	pos := 0
	for pos < len(raw)/2 {
		pos += 12 + int(binary.BigEndian.Uint32(raw[pos+8:]))
	}
	if err := os.Truncate(dat, int64(pos)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(dat))), "clean")); err != nil {
		t.Fatal(err)
	}
}

// TestTopicMadeAnewIsAHardStop deletes the signals and keeps the state.
func TestTopicMadeAnewIsAHardStop(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		rng := rand.New(rand.NewPCG(1, 2))
		at := schemas.TimeOf(time.Now().Add(-10 * time.Second))
		produce(t, kc, storm(rng, 500, at))
		r := startCorrelator(t, kc, testConfig(), counters{})
		settle(t, kc, counters{})
		r.stop()
		cl := kafkatest.Client(t, kc)
		defer cl.Close()
		if _, err := kadm.NewClient(cl).DeleteTopic(t.Context(), kc.Topic(schemas.TopicSignals)); err != nil {
			t.Fatal(err)
		}
		awaitEnsure(t, kc, cl)
		produce(t, kc, storm(rng, 3000, at.Add(schemas.Second)))
		refuses(t, kc, "--accept-lost-signals", "made anew")
		accepts(t, kc, 3) // of the four, one had no records
	})
}

// TestStateGoneIsRebuilt goes on without the end of the state: nothing is
// published twice.
func TestStateGoneIsRebuilt(t *testing.T) {
	kc := kafkatest.Embedded(t)
	rng := rand.New(rand.NewPCG(1, 2))
	at := schemas.TimeOf(time.Now().Add(-10 * time.Second))
	produce(t, kc, storm(rng, 500, at))
	r := startCorrelator(t, kc, testConfig(), counters{})
	settle(t, kc, counters{})
	r.stop()
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	adm := kadm.NewClient(cl)
	ends, err := adm.ListEndOffsets(t.Context(), kc.Topic(schemas.TopicState))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := adm.DeleteRecords(t.Context(), ends.Offsets()); err != nil {
		t.Fatal(err)
	}
	produce(t, kc, storm(rng, 500, at.Add(schemas.Second)))
	startCorrelator(t, kc, testConfig(), counters{})
	settle(t, kc, counters{})
}
