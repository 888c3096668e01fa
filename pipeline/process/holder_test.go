package process_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// dozing makes engines that take as long for a signal as its name says.
type dozing struct{ counters }

type dozingEngine struct{ *counter }

func (e dozingEngine) Step(s *schemas.Signal, at schemas.Time, out *process.Output) {
	var ms int
	if _, err := fmt.Sscanf(s.Name, "Doze%d", &ms); err == nil {
		time.Sleep(time.Duration(ms) * time.Millisecond)
	}
	e.counter.Step(s, at, out)
}

func (dozing) New() (process.Engine, error) { return dozingEngine{newCounter()}, nil }

func (dozing) Restore(r io.Reader) (process.Engine, error) {
	c := newCounter()
	return dozingEngine{c}, json.NewDecoder(r).Decode(&c.S)
}

// dozes is a few signals for each of many scopes, the last of which takes longer
// than a member of a group may be silent: what the others say is in an open
// transaction meanwhile.
func dozes(t *testing.T, rng *rand.Rand, round int, from, to time.Duration) (signals []schemas.Signal) {
	t.Helper()
	n := schemas.DefaultNaming()
	now := schemas.TimeOf(time.Now())
	for i := range 2 {
		scope := fmt.Sprintf("env-%d-%d", round, i)
		for k := range 4 {
			name := fmt.Sprint("Quick", k)
			if k == 3 {
				name = fmt.Sprintf("Doze%d", (from+time.Duration(rng.Int64N(int64(to-from))))/time.Millisecond)
			}
			s := alertAt(name, schemas.StatusFiring, now, now)
			s.Environment, s.Scope = scope, ""
			if err := n.Complete(&s); err != nil {
				t.Fatal(err)
			}
			signals = append(signals, s)
		}
	}
	return signals
}

// TestALiveProducersTransactionIsNotEnded: an instance that takes long for a record
// is left alone by the other, and one that is gone is not.
func TestALiveProducersTransactionIsNotEnded(t *testing.T) {
	t.Parallel() // it sleeps
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		cfg := testConfig()
		cfg.SessionTimeout, cfg.TransactionTimeout = 6*time.Second, 4*time.Minute
		rng := rand.New(rand.NewPCG(seedOf(t), 0))
		var both []*process.Correlator
		var regs []*prometheus.Registry
		for range 2 {
			reg := prometheus.NewRegistry()
			c, err := process.NewCorrelator(cfg, kc, dozing{}, process.Deps{Log: kafkatest.Log(t), Registerer: reg})
			if err != nil {
				t.Fatal(err)
			}
			run(t, c.Run)
			both, regs = append(both, c), append(regs, reg)
		}
		sum := func(name string) (n float64) {
			for _, reg := range regs {
				n += total(t, reg, name)
			}
			return n
		}
		await := func(what string, done func() bool) {
			t.Helper()
			for deadline := time.Now().Add(kafkatest.Patience); !done(); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("after %s %s", kafkatest.Patience, what)
				}
			}
		}
		await("they do not share the partitions", func() bool { return len(both[0].Partitions()) == 2 && len(both[1].Partitions()) == 2 })
		rounds := 1
		if os.Getenv("PINKSTAR_CRASH") == "full" {
			rounds = 4
		}
		for round := range rounds {
			produce(t, kc, dozes(t, rng, round, cfg.SessionTimeout+2*time.Second, 2*cfg.SessionTimeout))
			settle(t, kc, counters{})
		}
		if ended, broke := sum("pinkstar_process_ended_transactions_total"), sum("pinkstar_process_session_failures_total"); ended+broke > 0 {
			t.Errorf("%v transactions of the living were ended, and %v sessions broke", ended, broke)
		}
		leaveOpen(t, kc, process.RoleCorrelate+".gone", schemas.TopicState)
		await("what one left open that is gone was not ended", func() bool { return sum("pinkstar_process_ended_transactions_total") > 0 })
	})
}

// TestTheEmbeddedBrokerWaits: there a transaction that takes longer than others may
// wait for it is not ended: a loaded machine would begin it again and again.
func TestTheEmbeddedBrokerWaits(t *testing.T) {
	t.Parallel() // it sleeps
	kc := kafkatest.Embedded(t)
	reg := prometheus.NewRegistry()
	cfg := hasty()
	c, err := process.NewCorrelator(cfg, kc, dozing{}, process.Deps{Log: kafkatest.Log(t), Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Run)
	produce(t, kc, dozes(t, rand.New(rand.NewPCG(seedOf(t), 0)), 0, cfg.TransactionTimeout+time.Second, cfg.TransactionTimeout+2*time.Second))
	settle(t, kc, counters{})
	if n := total(t, reg, "pinkstar_process_session_failures_total"); n > 0 {
		t.Errorf("%v sessions broke", n)
	}
}
