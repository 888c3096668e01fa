package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// TestRebalanceStorm starts and stops instances while signals come in: each
// partition moves several times, with its state.
func TestRebalanceStorm(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		rng := rand.New(rand.NewPCG(seedOf(t), 0))
		n, rounds := 20_000, 5
		if testing.Short() {
			n, rounds = 6_000, 2
		}
		signals := storm(rng, n, schemas.TimeOf(time.Now().Add(-time.Hour)))
		first := startCorrelator(t, kc, testConfig(), counters{})
		waitReady(t, first)
		var running []*running
		for i := range rounds {
			a, b := i*n/rounds, (i+1)*n/rounds
			produce(t, kc, signals[a:(a+b)/2])
			running = append(running, startCorrelator(t, kc, testConfig(), counters{}))
			produce(t, kc, signals[(a+b)/2:b])
			time.Sleep(time.Duration(rng.IntN(600)) * time.Millisecond)
			if i%2 == 1 {
				running[i-1].stop()
			}
		}
		first.stop()
		settle(t, kc, counters{})
	})
}

// TestAbortRestoresTheEngine makes the engine fail inside a transaction by way
// of a record that the brokers refuse, once.
func TestAbortRestoresTheEngine(t *testing.T) {
	kc := kafkatest.Embedded(t)
	rng := rand.New(rand.NewPCG(1, 2))
	var tripped atomic.Bool
	engines := tripping{tripped: &tripped}
	startCorrelator(t, kc, testConfig(), engines)
	at := schemas.TimeOf(time.Now().Add(-time.Hour))
	produce(t, kc, storm(rng, 2000, at))
	settle(t, kc, counters{})
	tripped.Store(true)
	produce(t, kc, storm(rng, 2000, at.Add(schemas.Minute)))
	settle(t, kc, counters{})
	if tripped.Load() {
		t.Error("nothing was tripped")
	}
}

// tripping makes engines of which one, once, says something far too large.
type tripping struct {
	counters
	tripped *atomic.Bool
}

type trippingEngine struct {
	*counter
	tripped *atomic.Bool
}

func (e trippingEngine) Step(s *schemas.Signal, at schemas.Time, out *process.Output) {
	e.counter.Step(s, at, out)
	if len(out.Decisions) > 0 && e.tripped.CompareAndSwap(true, false) {
		out.Decisions[0].Scope = strings.Repeat("x", 3<<20) // the record's key: it can't be shrunk
	}
}

func (e tripping) New() (process.Engine, error) { return trippingEngine{newCounter(), e.tripped}, nil }

func (e tripping) Restore(r io.Reader) (process.Engine, error) {
	c := newCounter()
	return trippingEngine{c, e.tripped}, json.NewDecoder(r).Decode(&c.S)
}

// TestTooLargeIsCut has the engine say what no broker takes, again and again.
func TestTooLargeIsCut(t *testing.T) {
	t.Parallel()
	kc := kafkatest.Embedded(t)
	startCorrelator(t, kc, testConfig(), verbose{})
	n := 300
	if testing.Short() { // some 900 KiB each: under the race detector that takes long
		n = 60
	}
	signals := storm(rand.New(rand.NewPCG(1, 2)), n, schemas.TimeOf(time.Now().Add(-time.Hour)))
	long := signals[0]
	long.Name, long.Occurrence = strings.Repeat("n", 5<<10), "another"
	long.ID = schemas.SignalID(&long).String()
	produce(t, kc, append(signals, long))
	want := map[string]bool{}
	for _, s := range signals {
		want[s.ID] = true
	}
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(100 * time.Millisecond) {
		placed, refused := 0, 0
		for id, d := range published(t, kc).Decisions {
			switch {
			case want[id]:
				placed++
				if d.Revision == 1 && !strings.Contains(d.Reason, "too large") {
					t.Fatalf("the reason does not say that it was cut: %.100s", d.Reason)
				}
			case d.Verdict == schemas.VerdictRefused && strings.Contains(d.Reason, "name"):
				refused++
			}
		}
		if placed == len(want) && refused == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d placed, %d refused", placed, len(want), refused)
		}
	}
}

type verbose struct{ counters }

type verboseEngine struct{ *counter }

func (e verboseEngine) Step(s *schemas.Signal, at schemas.Time, out *process.Output) {
	e.counter.Step(s, at, out)
	for i := range out.Decisions {
		out.Decisions[i].Reason = strings.Repeat("x", 2<<20)
	}
	for i := range out.Incidents {
		out.Incidents[i].Members = []schemas.MemberRef{{Reason: strings.Repeat("x", 2<<20)}}
	}
}

func (verbose) New() (process.Engine, error) { return verboseEngine{newCounter()}, nil }

// TestDamagedSnapshot restores from the older one, and from the log alone.
func TestDamagedSnapshot(t *testing.T) {
	t.Parallel()
	for name, damaged := range map[string]int{"latest": 1, "both": 2} {
		t.Run(name, func(t *testing.T) {
			kc := kafkatest.Embedded(t)
			rng := rand.New(rand.NewPCG(1, 2))
			at := schemas.TimeOf(time.Now().Add(-time.Hour))
			cfg := testConfig()
			cfg.SnapshotRecords = 300
			for i := range 3 {
				produce(t, kc, storm(rng, 2000, at.Add(int64(i)*schemas.Minute)))
				r := startCorrelator(t, kc, cfg, counters{})
				settle(t, kc, counters{})
				r.stop()
			}
			produce(t, kc, storm(rng, 500, at.Add(5*schemas.Minute)))
			var left atomic.Int32
			left.Store(int32(damaged))
			r := startCorrelator(t, kc, cfg, failing{failures: &left})
			settle(t, kc, counters{})
			r.stop()
		})
	}
}

// failing can't read the first snapshots it is handed.
type failing struct {
	counters
	failures *atomic.Int32
}

func (f failing) Restore(r io.Reader) (process.Engine, error) {
	if f.failures.Add(-1) >= 0 {
		return nil, errors.New("damaged, says the test")
	}
	return f.counters.Restore(r)
}

// TestMissingLogIsAHardStop removes what was not processed yet.
func TestMissingLogIsAHardStop(t *testing.T) {
	t.Parallel()
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		rng := rand.New(rand.NewPCG(1, 2))
		at := schemas.TimeOf(time.Now().Add(-time.Hour))
		produce(t, kc, storm(rng, 500, at))
		r := startCorrelator(t, kc, testConfig(), counters{})
		settle(t, kc, counters{})
		r.stop()
		produce(t, kc, storm(rng, 500, at.Add(schemas.Minute)))
		cl := kafkatest.Client(t, kc)
		defer cl.Close()
		adm := kadm.NewClient(cl)
		ends, err := adm.ListEndOffsets(t.Context(), kc.Topic(schemas.TopicSignals))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := adm.DeleteRecords(t.Context(), ends.Offsets()); err != nil {
			t.Fatal(err)
		}
		c, err := process.NewCorrelator(testConfig(), kc, counters{}, process.Deps{Log: kafkatest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
		defer cancel()
		err = c.Run(ctx)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "no longer in the log") {
			t.Fatalf("Run returned %v, want a hard stop that says the log is gone", err)
		}
		produce(t, kc, storm(rng, 500, at.Add(2*schemas.Minute)))
		accepts(t, kc, 3) // of the four, one had no records
	})
}

func TestMissingTopicIsAHardStop(t *testing.T) {
	kc := kafkatest.Embedded(t)
	kc.TopicPrefix = "elsewhere."
	c, err := process.NewCorrelator(testConfig(), kc, counters{}, process.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	if err := c.Run(ctx); !errors.Is(err, kafka.ErrNoTopic) || !strings.Contains(err.Error(), "topics apply") {
		t.Fatalf("Run returned %v, want ErrNoTopic and what to do", err)
	}
}

// TestZombieIsFenced keeps a transaction open in a producer of the old
// generation while another takes over: what it wrote must not be seen.
func TestZombieIsFenced(t *testing.T) {
	t.Parallel() // it waits for time-outs
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		topic := kc.Topic(schemas.TopicSignals)
		zombie, err := kgo.NewGroupTransactSession(append(kafka.ReaderOpts(kc, int(kc.Partitions)),
			kgo.SeedBrokers(kc.Brokers...), kgo.TransactionalID(kc.Name("zombie")), kgo.TransactionTimeout(8*time.Second),
			kgo.ConsumerGroup(kc.Name(process.RoleCorrelate)), kgo.ConsumeTopics(topic),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(time.Second),
			kgo.RebalanceTimeout(6*time.Second), kgo.BlockRebalanceOnPoll(),
			kgo.RecordPartitioner(kafka.Partitioner(kc.Topic(schemas.TopicState))))...)
		if err != nil {
			t.Fatal(err)
		}
		defer zombie.CloseAllowingRebalance()
		produce(t, kc, storm(rand.New(rand.NewPCG(1, 2)), 300, schemas.TimeOf(time.Now().Add(-time.Hour))))
		pctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
		defer cancel()
		fs := zombie.PollFetches(pctx)
		if fs.NumRecords() == 0 {
			t.Fatalf("the zombie got nothing: %v", fs.Err())
		}
		if err := zombie.Begin(); err != nil {
			t.Fatal(err)
		}
		fs.EachPartition(func(p kgo.FetchTopicPartition) {
			// As a correlator would: progress, and an outcome.
			zombie.Produce(t.Context(), &kgo.Record{Topic: kc.Topic(schemas.TopicState), Partition: p.Partition, Key: []byte("zombie"), Value: []byte("{}")}, nil)
			zombie.Produce(t.Context(), &kgo.Record{Topic: kc.Topic(schemas.TopicIncidents), Key: []byte("zombie"), Value: []byte("{}")}, nil)
		})
		if err := zombie.Client().Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		// It stalls here: it blocks the rebalance, and is thrown out for it.
		startCorrelator(t, kc, testConfig(), counters{})
		settle(t, kc, counters{}) // readers wait for the zombie's transaction to time out
		ectx, cancel2 := context.WithTimeout(t.Context(), kafkatest.Patience)
		defer cancel2()
		if committed, _ := zombie.End(ectx, kgo.TryCommit); committed {
			t.Fatal("the zombie committed after its partitions had gone to another")
		}
		settle(t, kc, counters{})
	})
}
