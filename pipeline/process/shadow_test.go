package process_test

import (
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// underV2 makes counters that run rules "v2" and, on their own, would follow
// activations.
type underV2 struct{ counters }

func (underV2) New() (process.Engine, error) {
	c := newCounter()
	c.S.Active["rules"] = "v2"
	return c, nil
}

func (u underV2) Restore(r io.Reader) (process.Engine, error) { return u.counters.Restore(r) }

// deaf is underV2 without activations: what a shadow must do.
type deaf struct{ underV2 }

func (d deaf) New() (process.Engine, error) {
	e, err := d.underV2.New()
	return deafEngine{e}, err
}

type deafEngine struct{ process.Engine }

func (d deafEngine) Step(s *schemas.Signal, at schemas.Time, out *process.Output) {
	if s.Kind == schemas.KindActivation {
		s = &schemas.Signal{Kind: schemas.KindTick}
	}
	d.Engine.Step(s, at, out)
}

func startShadow(t *testing.T, kc kafka.Config) func() {
	t.Helper()
	c, err := process.NewShadow(testConfig(), kc, underV2{}, []string{"rules"}, process.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// follows waits until the shadow's topics hold what other rules make of the log.
func follows(t *testing.T, kc kafka.Config) {
	t.Helper()
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(200 * time.Millisecond) {
		want, _ := offline(t, kc, deaf{})
		diff := published(t, kc.ForShadow()).diff(want)
		if len(diff) == 0 && len(want.Decisions) > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the shadow's topics are not what its rules make of the log:\n%s", strings.Join(diff, "\n"))
		}
	}
}

func TestShadowChangesNothing(t *testing.T) {
	kc := kafkatest.Embedded(t, func(c *kafka.Config) { c.Shadow = true })
	rng := rand.New(rand.NewPCG(3, 4))
	at := schemas.TimeOf(time.Now().Add(-time.Hour))
	produce(t, kc, storm(rng, 1500, at))
	stop := startShadow(t, kc)
	follows(t, kc)
	time.Sleep(2 * testConfig().TickAfter)
	if n := len(kafkatest.ReadAll(t, kc, schemas.TopicSignals)); n != 1500 {
		t.Errorf("the log has %d records and 1500 were produced: the shadow wrote into it", n)
	}
	if got := published(t, kc); len(got.Decisions) != 0 {
		t.Errorf("the shadow wrote %d decisions beside its own topics", len(got.Decisions))
	}
	// Beside the first one, whose activations and ticks it reads, and across a
	// restart.
	main := counters{wanted: []schemas.Activation{{What: "rules", Version: "v1", Text: "rules: []"}}}
	waitReady(t, startCorrelator(t, kc, testConfig(), main))
	produce(t, kc, storm(rng, 700, at.Add(schemas.Minute)))
	stop()
	produce(t, kc, storm(rng, 700, at.Add(2*schemas.Minute)))
	startShadow(t, kc)
	settle(t, kc, main)
	follows(t, kc)
	for id, d := range published(t, kc.ForShadow()).Decisions {
		if d.Rules != "v2" {
			t.Fatalf("the shadow decided on %s under rules %q", id, d.Rules)
		}
	}
}

// A shadow's rules change in its configuration, not by a record: what it makes of
// the log then is not held against what it said before.
func TestShadowMayDecideOtherwise(t *testing.T) {
	kc := kafkatest.Embedded(t, func(c *kafka.Config) { c.Shadow = true })
	produce(t, kc, storm(rand.New(rand.NewPCG(3, 4)), 500, schemas.TimeOf(time.Now())))
	cfg := testConfig()
	cfg.SnapshotRecords = 1 << 40
	for _, engines := range []process.Engines{forgetful{}, otherwise{}} {
		c, err := process.NewShadow(cfg, kc, engines, nil, process.Deps{Log: kafkatest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		for deadline := time.Now().Add(kafkatest.Patience); len(published(t, kc.ForShadow()).Decisions) == 0 || c.Ready() != nil; time.Sleep(100 * time.Millisecond) {
			select {
			case err := <-done:
				t.Fatalf("it ended: %v", err)
			default:
			}
			if time.Now().After(deadline) {
				t.Fatalf("it is not ready: %v", c.Ready())
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
