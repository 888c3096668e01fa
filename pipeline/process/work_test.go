package process_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// forgetful can't write its state down: what ends is as good as killed.
type forgetful struct{ counters }

type forgetfulEngine struct{ *counter }

func (forgetfulEngine) Snapshot(io.Writer) error { return errors.New("no state, says the test") }
func (forgetful) New() (process.Engine, error)   { return forgetfulEngine{newCounter()}, nil }
func (f forgetful) Restore(r io.Reader) (process.Engine, error) {
	e, err := f.counters.Restore(r)
	if err != nil {
		return nil, err
	}
	return forgetfulEngine{e.(*counter)}, nil
}

// otherwise decides everything otherwise.
type otherwise struct{ counters }

type otherwiseEngine struct{ *counter }

func (e otherwiseEngine) Step(s *schemas.Signal, at schemas.Time, out *process.Output) {
	e.counter.Step(s, at, out)
	late(out)
}

func (e otherwiseEngine) Repeat(id schemas.ID, at schemas.Time, out *process.Output) bool {
	defer late(out)
	return e.counter.Repeat(id, at, out)
}

func late(out *process.Output) {
	for i := range out.Decisions {
		out.Decisions[i].Verdict = schemas.VerdictLate
	}
}

func (otherwise) New() (process.Engine, error) { return otherwiseEngine{newCounter()}, nil }
func (o otherwise) Restore(r io.Reader) (process.Engine, error) {
	e, err := o.counters.Restore(r)
	if err != nil {
		return nil, err
	}
	return otherwiseEngine{e.(*counter)}, nil
}

// stops runs a correlator of a release that behaves as number; it must stop with
// words.
func stops(t *testing.T, kc kafka.Config, engines process.Engines, number int64, words ...string) {
	t.Helper()
	c, err := process.NewCorrelator(testConfig(), kc, engines, process.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	c.BehaveAs(number)
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	err = c.Run(ctx)
	if err == nil || ctx.Err() != nil {
		t.Fatalf("Run returned %v: it went on", err)
	}
	for _, w := range append(words, "pinkstar repair --accept-new-decisions") {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("it does not say %q: %v", w, err)
		}
	}
}

// What was published and is read again must be decided as it was: another
// decision is a hard stop, and accepting it is published over what was.
func TestWhatIsDecidedOtherwiseIsAHardStop(t *testing.T) {
	t.Parallel()
	kc := kafkatest.Embedded(t)
	rng := rand.New(rand.NewPCG(3, 4))
	at := schemas.TimeOf(time.Now().Add(-time.Hour))
	cfg := testConfig()
	cfg.SnapshotRecords = 1 << 40
	produce(t, kc, storm(rng, 800, at))
	r := startCorrelator(t, kc, cfg, forgetful{})
	settle(t, kc, counters{})
	r.stop()

	stops(t, kc, otherwise{}, 2, "decided otherwise")
	found, err := process.CheckPositions(t.Context(), kc, otherwise{}, process.Accepted{LostSignals: true}, zerolog.Nop())
	if err != nil || len(found) == 0 || found[0].Done != "" || !strings.Contains(found[0].Problem, "decided otherwise") {
		t.Fatalf("found %+v, %v", found, err)
	}
	if found, err := process.CheckPositions(t.Context(), kc, counters{}, process.Accepted{}, zerolog.Nop()); err != nil || len(found) > 0 {
		t.Fatalf("the release that was at work finds %+v, %v", found, err)
	}

	found, err = process.CheckPositions(t.Context(), kc, otherwise{}, process.Accepted{NewDecisions: true}, zerolog.Nop())
	if err != nil || len(found) == 0 || found[0].Done == "" {
		t.Fatalf("accepted: %+v, %v", found, err)
	}
	startCorrelator(t, kc, cfg, otherwise{})
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		old := 0
		all := published(t, kc)
		for _, d := range all.Decisions {
			if d.Verdict != schemas.VerdictLate {
				old++
			}
		}
		if old == 0 && len(all.Decisions) > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d decisions that were published are still those of before", old, len(all.Decisions))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// A state that can't be read is never replaced by reading the log again under
// another behaviour.
func TestUnreadableStateOfAnotherBehaviourIsAHardStop(t *testing.T) {
	t.Parallel()
	kc := kafkatest.Embedded(t)
	rng := rand.New(rand.NewPCG(5, 6))
	run := func(engines process.Engines, number int64) {
		t.Helper()
		c, err := process.NewCorrelator(testConfig(), kc, engines, process.Deps{Log: kafkatest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		c.BehaveAs(number)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		settle(t, kc, counters{})
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		produce(t, kc, storm(rng, 500, schemas.TimeOf(time.Now())))
		run(counters{}, 1)
	}
	never := failing{failures: new(atomic.Int32)}
	never.failures.Store(1 << 20)
	stops(t, kc, never, 2, "can't be read", "damaged, says the test", "behaviour number 1", "is number 2")
	latest := failing{failures: new(atomic.Int32)}
	latest.failures.Store(1)
	run(never, 1) // the same behaviour: the log says it all
	// One that can be read is gone on from, whatever the behaviour was.
	produce(t, kc, storm(rng, 500, schemas.TimeOf(time.Now())))
	run(counters{}, 2)
	run(latest, 2) // from the one before it: all that follows was this behaviour's
}

// A stop in peace writes the state down: whoever comes next, of whatever
// release, has nothing to read again.
func TestAStopInPeaceLeavesNothingToReadAgain(t *testing.T) {
	t.Parallel()
	kc := kafkatest.Embedded(t)
	cfg := testConfig()
	cfg.SnapshotRecords = 1 << 40
	produce(t, kc, storm(rand.New(rand.NewPCG(7, 8)), 500, schemas.TimeOf(time.Now())))
	r := startCorrelator(t, kc, cfg, counters{})
	settle(t, kc, counters{})
	r.stop()
	if found, err := process.CheckPositions(t.Context(), kc, otherwise{}, process.Accepted{}, zerolog.Nop()); err != nil || len(found) > 0 {
		t.Fatalf("an engine that decides otherwise finds %+v, %v", found, err)
	}
}

// The end of the state can be lost, as by an older copy of its files. What is read
// again then counts as said, so that the next restore does not miss it.
func TestWorkCountsWhatTheStateHadLost(t *testing.T) {
	t.Parallel()
	kc := kafkatest.Embedded(t)
	cfg := testConfig()
	cfg.SnapshotRecords = 1 << 40
	rng := rand.New(rand.NewPCG(9, 1))
	produce(t, kc, storm(rng, 300, schemas.TimeOf(time.Now())))
	use := func() {
		t.Helper()
		r := startCorrelator(t, kc, cfg, forgetful{})
		settle(t, kc, counters{})
		r.stop()
	}
	use()
	older := map[int32]*kgo.Record{}
	for _, rec := range kafkatest.ReadAll(t, kc, schemas.TopicState) {
		if strings.HasSuffix(string(rec.Key), "/progress") {
			older[rec.Partition] = rec
		}
	}
	produce(t, kc, storm(rng, 300, schemas.TimeOf(time.Now())))
	use()
	cl, err := kafka.NewClient(kc, "test", kafka.Deps{Log: zerolog.Nop()}, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for id, rec := range older {
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: rec.Topic, Partition: id, Key: rec.Key, Value: rec.Value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	produce(t, kc, storm(rng, 300, schemas.TimeOf(time.Now())))
	use()
	use()
}
