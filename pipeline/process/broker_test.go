package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// TestBrokerRestarts kills the broker with -9 again and again while two instances
// are at work. After each time both must be ready and every partition at work,
// without anybody's help, and in the end the result must be exact.
func TestBrokerRestarts(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		v := newVictim(t, brokerOnly)
		v.start(t)
		waitBroker(t, v.kc)
		restarts(t, v.kc, func(pause time.Duration) {
			v.kill()
			time.Sleep(pause)
			v.start(t)
		})
	})
	t.Run("apache", func(t *testing.T) {
		kc := kafkatest.Real(t)
		command := strings.Fields(os.Getenv("PINKSTAR_TEST_KAFKA_RESTART"))
		if len(command) == 0 {
			kafkatest.SkipOrFail(t, "kafka", "PINKSTAR_TEST_KAFKA_RESTART says not how to restart the broker; .ci/kafka does")
		}
		restarts(t, kc, func(pause time.Duration) {
			seconds := strconv.FormatFloat(pause.Seconds(), 'f', 1, 64)
			if out, err := exec.CommandContext(t.Context(), command[0], append(command[1:], seconds)...).CombinedOutput(); err != nil {
				t.Errorf("restarting the broker: %v: %s", err, out)
			}
		})
	})
}

func restarts(t *testing.T, kc kafka.Config, restart func(pause time.Duration)) {
	rounds := 2
	if os.Getenv("PINKSTAR_CRASH") == "full" {
		rounds = 14
	}
	if n, err := strconv.Atoi(os.Getenv("PINKSTAR_BROKER_RESTARTS")); err == nil {
		rounds = n
	}
	rng := rand.New(rand.NewPCG(seedOf(t), 0))
	var members []*running
	for i := range 2 {
		cfg := process.DefaultConfig()
		cfg.Instance = fmt.Sprint("member-", i)
		cfg.SnapshotRecords = 2000
		members = append(members, startCorrelator(t, kc, cfg, counters{}))
		waitReady(t, members[i])
	}
	stop, sent, done := make(chan struct{}), atomic.Int64{}, make(chan struct{})
	go func() {
		defer close(done)
		p, err := kafka.NewProducer(kc, "test", kafka.Deps{})
		if err != nil {
			t.Error(err)
			return
		}
		defer p.Client().Close()
		for {
			select {
			case <-stop:
				return
			default:
			}
			if p.Produce(context.Background(), probes(fmt.Sprint("load-", sent.Load()), 32)) == nil {
				sent.Add(1)
			}
			time.Sleep(50 * time.Millisecond) // the restarts are the point, not the load
		}
	}()
	for round := range rounds {
		time.Sleep(time.Duration(500+rng.IntN(1500)) * time.Millisecond)
		restart(time.Duration(rng.IntN(4)) * time.Second)
		began := time.Now()
		backAtWork(t, kc, members, round)
		t.Logf("round %d: at work again after %s", round, time.Since(began).Round(100*time.Millisecond))
		if t.Failed() {
			break
		}
	}
	close(stop)
	<-done
	settle(t, kc, counters{})
}

// backAtWork waits until a signal for every partition is decided and everybody
// is ready.
func backAtWork(t *testing.T, kc kafka.Config, members []*running, round int) {
	t.Helper()
	p, err := kafka.NewProducer(kc, "test", kafka.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Client().Close()
	probe := probes(fmt.Sprint("probe-", round), 16)
	deadline := time.Now().Add(kafkatest.Patience)
	for p.Produce(t.Context(), probe) != nil && time.Now().Before(deadline) {
		time.Sleep(200 * time.Millisecond)
	}
	awaitDecisions(t, kc, probe)
	for _, m := range members {
		for m.c.Ready() != nil {
			if time.Now().After(deadline) {
				t.Fatalf("not ready: %v", m.c.Ready())
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// probes are new signals over many scopes, so that every partition gets some.
func probes(name string, n int) []schemas.Signal {
	naming, now := schemas.DefaultNaming(), schemas.TimeOf(time.Now())
	out := make([]schemas.Signal, n)
	for i := range out {
		s := alertAt(fmt.Sprint(name, "-", i), schemas.StatusFiring, now, now)
		s.ID, s.Scope, s.Environment = "", "", fmt.Sprint("env-", i%16)
		if err := naming.Complete(&s); err != nil {
			panic(err)
		}
		out[i] = s
	}
	return out
}
