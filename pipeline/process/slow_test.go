package process_test

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// slow makes engines that think for a while about each record.
type slow struct {
	counters
	each  time.Duration
	steps *atomic.Int64
}

type slowEngine struct {
	*counter
	slow
}

func (s slow) think() {
	s.steps.Add(1)
	time.Sleep(s.each)
}

func (e slowEngine) Repeat(id schemas.ID, at schemas.Time, out *process.Output) bool {
	known := e.counter.Repeat(id, at, out)
	if known {
		e.think()
	}
	return known
}

func (e slowEngine) Step(s *schemas.Signal, at schemas.Time, out *process.Output) {
	if s.Kind != schemas.KindTick {
		e.think()
	}
	e.counter.Step(s, at, out)
}

func (s slow) New() (process.Engine, error) { return slowEngine{newCounter(), s}, nil }

func (s slow) Restore(r io.Reader) (process.Engine, error) {
	c := newCounter()
	return slowEngine{c, s}, json.NewDecoder(r).Decode(&c.S)
}

// hasty is a configuration whose transactions time out soon.
func hasty() process.Config {
	cfg := testConfig()
	cfg.TransactionTimeout, cfg.SessionTimeout, cfg.CommitMax = 3*time.Second, 6*time.Second, 500*time.Millisecond
	return cfg
}

// TestSlowRecordsGetThrough has one poll return more than a transaction may take:
// handled in one go it would time out, and the next would begin with the same.
func TestSlowRecordsGetThrough(t *testing.T) {
	t.Parallel() // it sleeps
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		produce(t, kc, storm(rand.New(rand.NewPCG(1, 2)), 700, schemas.TimeOf(time.Now().Add(-time.Hour))))
		reg := prometheus.NewRegistry()
		engines := slow{each: 20 * time.Millisecond, steps: new(atomic.Int64)}
		c, err := process.NewCorrelator(hasty(), kc, engines, process.Deps{Log: kafkatest.Log(t), Registerer: reg})
		if err != nil {
			t.Fatal(err)
		}
		run(t, c.Run)
		settle(t, kc, counters{})
		if n := total(t, reg, "pinkstar_process_cut_transactions_total"); n == 0 {
			t.Error("no transaction was cut: the test shows nothing")
		}
		if n := total(t, reg, "pinkstar_process_session_failures_total"); n > 0 {
			t.Errorf("%v sessions broke", n)
		}
		if n := engines.steps.Load(); n > 700 {
			t.Errorf("the engines took %d records of 700: some twice", n)
		}
	})
}

// TestSlowRecordsDontKeepItFromStopping stops in the middle of a poll that takes
// very long; what was taken stays taken.
func TestSlowRecordsDontKeepItFromStopping(t *testing.T) {
	t.Parallel()
	kc := kafkatest.Embedded(t)
	const n = 600
	produce(t, kc, storm(rand.New(rand.NewPCG(1, 2)), n, schemas.TimeOf(time.Now().Add(-time.Hour))))
	engines := slow{each: 100 * time.Millisecond, steps: new(atomic.Int64)}
	r := startCorrelator(t, kc, process.DefaultConfig(), engines)
	for engines.steps.Load() < 5 {
		time.Sleep(5 * time.Millisecond)
	}
	r.stop()
	if done := engines.steps.Load(); done > n/2 {
		t.Errorf("it took %d records before it stopped", done)
	}
	startCorrelator(t, kc, testConfig(), counters{})
	settle(t, kc, counters{})
}

// TestSlowPayloadsGetThrough is the same for what recognises payloads.
func TestSlowPayloadsGetThrough(t *testing.T) {
	t.Parallel()
	kc := kafkatest.Embedded(t)
	const n = 500
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	for _, s := range storm(rand.New(rand.NewPCG(1, 2)), n, schemas.TimeOf(time.Now().Add(-time.Hour))) {
		cl.Produce(t.Context(), &kgo.Record{Topic: kc.Topic(schemas.TopicAlerts), Value: schemas.AppendSignal(nil, &s)}, nil)
	}
	if err := cl.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	var seen atomic.Int64
	recognise := func(r *kgo.Record, _ schemas.Time) ([]schemas.Signal, error) {
		seen.Add(1)
		time.Sleep(20 * time.Millisecond)
		var s schemas.Signal
		return []schemas.Signal{s}, schemas.DecodeSignal(r.Value, &s)
	}
	p, err := process.NewNormaliser(hasty(), kc, nil, recognise, process.Deps{Log: kafkatest.Log(t), Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	run(t, p.Run)
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(200 * time.Millisecond) {
		got := len(kafkatest.ReadAll(t, kc, schemas.TopicSignals))
		if got == n && seen.Load() == n {
			break
		}
		if got > n || time.Now().After(deadline) {
			t.Fatalf("%d signals of %d payloads, recognised %d times", got, n, seen.Load())
		}
	}
	if n := total(t, reg, "pinkstar_process_cut_transactions_total"); n == 0 {
		t.Error("no transaction was cut: the test shows nothing")
	}
}

// run runs a processor until the test ends.
func run(t *testing.T, do func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// total is the sum of a counter over its labels.
func total(t *testing.T, reg *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
