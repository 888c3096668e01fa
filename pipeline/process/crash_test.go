package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
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

// The crash test runs the embedded broker and the correlator in a child
// process, which is this test binary again, and kills it with SIGKILL at
// random moments while signals come in.

const (
	envChild   = "PINKSTAR_CRASH_CHILD" // addr of the child's broker
	envDir     = "PINKSTAR_CRASH_DIR"
	envVariant = "PINKSTAR_CRASH_VARIANT"
	envPrefix  = "PINKSTAR_CRASH_PREFIX" // with it, the broker is not the child's
	envSession = "PINKSTAR_CRASH_SESSION"

	exactlyOnce = "exactly-once"
	realEngine  = "real-engine"   // the same with correlate's engine
	atLeastOnce = "at-least-once" // the negative control
	brokerOnly  = "broker"        // for benchmarks
)

// enginesOf returns what a variant runs.
func enginesOf(variant string) process.Engines {
	if variant == realEngine {
		return correlates{}
	}
	return counters{}
}

func TestMain(m *testing.M) {
	if addr := os.Getenv(envChild); addr != "" {
		if err := crashChild(addr, os.Getenv(envDir), os.Getenv(envVariant)); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func childKafka(addr string) kafka.Config {
	kc := kafka.DefaultConfig()
	kc.Brokers, kc.Embedded, kc.Partitions = []string{addr}, true, 4
	return kc
}

// crashChild runs until it is killed.
func crashChild(addr, dir, variant string) error {
	log := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	if os.Getenv("PINKSTAR_TEST_LOG") != "" {
		log = log.Level(zerolog.DebugLevel)
	}
	if prefix := os.Getenv(envPrefix); prefix != "" { // the brokers are somebody else's
		kc := childKafka(addr)
		kc.Embedded, kc.TopicPrefix = false, prefix
		return childCorrelator(context.Background(), kc, enginesOf(variant), log)
	}
	ec := kafka.DefaultEmbeddedConfig(dir)
	ec.Addr, ec.SegmentBytes = addr, 1<<20
	ctx := context.Background()
	e := kafka.NewEmbedded(ec, log)
	if err := e.Start(ctx); err != nil {
		return err
	}
	if r := e.Repaired(); !r.Clean {
		fmt.Fprintf(os.Stderr, "repaired: %+v\n", r)
	}
	kc := childKafka(addr)
	cl, err := kafka.NewClient(kc, "setup", kafka.Deps{Log: log})
	if err != nil {
		return err
	}
	if err := kafka.Ensure(ctx, cl, kc); err != nil {
		return err
	}
	cl.Close()
	switch variant {
	case brokerOnly:
		select {}
	case atLeastOnce:
		return runAtLeastOnce(ctx, kc)
	}
	return childCorrelator(ctx, kc, enginesOf(variant), log)
}

func childCorrelator(ctx context.Context, kc kafka.Config, engines process.Engines, log zerolog.Logger) error {
	cfg := testConfig()
	cfg.SnapshotRecords = 5000
	if d, err := time.ParseDuration(os.Getenv(envSession)); err == nil {
		cfg = process.DefaultConfig()
		cfg.SessionTimeout = d
	}
	cfg.Instance = "child"
	c, err := process.NewCorrelator(cfg, kc, engines, process.Deps{Log: log})
	if err != nil {
		return err
	}
	return c.Run(ctx)
}

// runAtLeastOnce is the same work without transactions: outcomes first, then
// the offsets. It is how most consumers are written.
func runAtLeastOnce(ctx context.Context, kc kafka.Config) error {
	cl, err := kafka.NewClient(kc, "sloppy", kafka.Deps{}, append(kafka.ReaderOpts(kc, 4),
		kgo.ConsumerGroup("sloppy"), kgo.ConsumeTopics(kc.Topic(schemas.TopicSignals)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6*time.Second))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	engines := map[int32]process.Engine{}
	for {
		fs := cl.PollRecords(ctx, 1000)
		for it := fs.RecordIter(); !it.Done(); {
			r := it.Next()
			if engines[r.Partition] == nil {
				e, err := sloppyRestore(ctx, kc, r.Partition, r.Offset)
				if err != nil {
					return err
				}
				engines[r.Partition] = e
			}
			var s schemas.Signal
			if err := schemas.DecodeSignal(r.Value, &s); err != nil {
				return err
			}
			var out process.Output
			engines[r.Partition].Step(&s, schemas.Time(r.Timestamp.UnixMilli()), &out)
			out.Each(func(e schemas.Emission) { cl.Produce(ctx, kafka.OutcomeRecord(&kc, &e), nil) })
		}
		if err := cl.Flush(ctx); err != nil {
			return err
		}
		// Automatic commits leave seconds here; this is enough for a kill to
		// meet it.
		time.Sleep(50 * time.Millisecond)
		if err := cl.CommitUncommittedOffsets(ctx); err != nil {
			return err
		}
	}
}

func sloppyRestore(ctx context.Context, kc kafka.Config, partition int32, to int64) (process.Engine, error) {
	e := newCounter()
	sp := kafka.Span{Partition: partition, To: to}
	return e, kafka.ReadSpan(ctx, kc, kafka.Deps{}, kc.Topic(schemas.TopicSignals), sp, func(r *kgo.Record) error {
		var s schemas.Signal
		if err := schemas.DecodeSignal(r.Value, &s); err != nil {
			return err
		}
		e.Step(&s, schemas.Time(r.Timestamp.UnixMilli()), new(process.Output))
		return nil
	})
}

// crashSize is how much a crash test does.
type crashSize struct{ signals, kills int }

func sizeOf() crashSize {
	switch {
	case os.Getenv("PINKSTAR_CRASH") == "full":
		return crashSize{300_000, 30}
	case testing.Short():
		return crashSize{10_000, 3}
	default:
		return crashSize{100_000, 8}
	}
}

func seedOf(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("PINKSTAR_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("PINKSTAR_SEED=%d", seed)
	return seed
}

// bombard sends a storm while killing the child, and returns the ids that were
// acknowledged. The child is alive when it returns.
func bombard(t *testing.T, v *victim, size crashSize, rng *rand.Rand) map[string]bool {
	kc := v.kc
	v.start(t)
	waitBroker(t, kc)
	var (
		acked = map[string]bool{}
		sent  atomic.Int64
		kills atomic.Int64
		stop  = make(chan struct{})
		done  = make(chan struct{})
	)
	signals := storm(rng, size.signals, schemas.TimeOf(time.Now().Add(-time.Duration(size.signals)*20*time.Millisecond))) // ends in the past
	go func() {
		defer close(done)
		p, err := kafka.NewProducer(kc, "test", kafka.Deps{})
		if err != nil {
			t.Error(err)
			return
		}
		defer p.Client().Close()
		const batch = 100
		for i := 0; i < len(signals); {
			// Not past the next kill's share: each must meet a child at work.
			if int64(i) >= (kills.Load()+1)*int64(size.signals)/int64(size.kills+1) {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				continue
			}
			time.Sleep(500 * time.Microsecond)
			chunk := signals[i:min(i+batch, len(signals))]
			// What is not acknowledged is sent again, as every sender does.
			if err := p.Produce(context.Background(), chunk); err == nil {
				for _, s := range chunk {
					acked[s.ID] = true
				}
				i += len(chunk)
				sent.Store(int64(i))
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
	for k := range size.kills {
		from := int64(k) * int64(size.signals) / int64(size.kills+1)
		deadline := time.Now().Add(kafkatest.Patience)
		for sent.Load() <= from && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rng.IntN(600)) * time.Millisecond) // a child needs some 250 to be at work
		if rng.IntN(4) == 0 {                                       // and again while it comes back
			v.kill()
			v.start(t)
			time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
		}
		v.kill()
		v.start(t)
		kills.Add(1)
	}
	<-done
	if n := sent.Load(); n != int64(size.signals) {
		t.Fatalf("only %d of %d signals were acknowledged", n, size.signals)
	}
	return acked
}

// judge is the oracle: it says what is wrong with the topics, given the log
// and the ids that were acknowledged.
func judge(t *testing.T, kc kafka.Config, engines process.Engines, acked map[string]bool) []string {
	got := published(t, kc)
	want, signals := offline(t, kc, engines)
	faults := got.diff(want)
	var counted int64
	for _, d := range got.Decisions {
		counted += 1 + d.Repeats
	}
	if counted != int64(signals) {
		faults = append(faults, fmt.Sprintf("decisions count %d signals, the log has %d", counted, signals))
	}
	lost := 0
	for id := range acked {
		if _, ok := got.Decisions[id]; !ok {
			lost++
		}
	}
	if lost > 0 {
		faults = append(faults, fmt.Sprintf("%d of %d acknowledged signals have no decision", lost, len(acked)))
	}
	return faults
}

func TestCrashKillMinusNine(t *testing.T) {
	v := newVictim(t, exactlyOnce)
	survive(t, v, sizeOf())
}

// TestCrashRealEngine does it with the engine that Pinkstar runs.
func TestCrashRealEngine(t *testing.T) {
	size := sizeOf()
	if os.Getenv("PINKSTAR_CRASH") != "full" {
		size = crashSize{min(size.signals, 20_000), min(size.kills, 4)}
	}
	survive(t, newVictim(t, realEngine), size)
}

// TestCrashApacheKafka kills the correlator alone; the brokers live.
func TestCrashApacheKafka(t *testing.T) {
	kc := kafkatest.Real(t)
	v := &victim{addr: kc.Brokers[0], variant: realEngine, kc: kc}
	v.cleanup(t)
	survive(t, v, sizeOf())
}

func survive(t *testing.T, v *victim, size crashSize) {
	rng := rand.New(rand.NewPCG(seedOf(t), 0))
	acked := bombard(t, v, size, rng)
	comesRight(t, v, acked, "the last kill")
	// And what was right is still there after one more.
	v.kill()
	v.start(t)
	comesRight(t, v, acked, "one more kill")
	for l := range strings.SplitSeq(v.said(), "\n") {
		if strings.HasPrefix(l, "repaired") {
			t.Log(l)
		}
	}
}

// comesRight waits until all is right, for no longer than progress may take. One
// look is not enough: the child goes on appending ticks while the log and what
// came of it are read one after the other.
func comesRight(t *testing.T, v *victim, acked map[string]bool, after string) {
	t.Helper()
	engines := enginesOf(v.variant)
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(time.Second) {
		waitBroker(t, v.kc)
		faults := judge(t, v.kc, engines, acked)
		if len(faults) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s after %s:\n%s", kafkatest.Patience, after, strings.Join(faults, "\n"))
		}
	}
}

// TestCrashControl shows that the oracle sees: the same work without
// transactions passes it when nothing is killed, and must not when it is.
func TestCrashControl(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedOf(t), 0))
	run := func(t *testing.T, size crashSize) []string {
		v := newVictim(t, atLeastOnce)
		bombard(t, v, size, rng)
		kc := childKafka(v.addr)
		waitBroker(t, kc)
		waitConsumed(t, kc, "sloppy")
		want, _ := offline(t, kc, counters{})
		return published(t, kc).diff(want)
	}
	t.Run("unharmed", func(t *testing.T) {
		if faults := run(t, crashSize{5000, 0}); len(faults) > 0 {
			t.Fatalf("without a kill it should pass:\n%s", strings.Join(faults, "\n"))
		}
	})
	t.Run("killed", func(t *testing.T) {
		size := sizeOf()
		// A kill has to meet the moment between outcome and offset; that all of
		// twenty miss it does not happen.
		for range 5 {
			faults := run(t, crashSize{min(size.signals, 20_000), 4})
			if len(faults) > 0 {
				t.Logf("as it should be, it fails:\n%s", strings.Join(faults[:min(3, len(faults))], "\n"))
				return
			}
		}
		t.Fatal("the at-least-once variant passed: the oracle or the kills are worth nothing")
	})
}
