package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// TestRecoveryAfterKill kills one of two instances with -9 while signals come
// in, several times: all partitions must be at work again soon, and the result
// must be exact. With its defaults, as they are shipped.
func TestRecoveryAfterKill(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		rounds := 1
		if os.Getenv("PINKSTAR_CRASH") == "full" {
			rounds = 4
		}
		rng := rand.New(rand.NewPCG(seedOf(t), 0))
		a := startCorrelator(t, kc, process.DefaultConfig(), counters{})
		waitReady(t, a)
		for round := range rounds {
			v := &victim{addr: kc.Brokers[0], variant: exactlyOnce, kc: kc, session: process.DefaultConfig().SessionTimeout}
			v.cleanup(t)
			v.start(t)
			for deadline := time.Now().Add(kafkatest.Patience); len(a.c.Partitions()) == int(kc.Partitions); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the second instance gets no partitions")
				}
			}
			ctx, stop := context.WithCancel(t.Context())
			sent := make(chan error, 1)
			go func() { sent <- trickle(ctx, kc, round) }()
			time.Sleep(time.Second + time.Duration(rng.IntN(500))*time.Millisecond)
			v.kill()
			killed := time.Now()
			probe := func() []schemas.Signal { // one for each of many scopes: every partition gets some
				now := schemas.TimeOf(time.Now())
				var out []schemas.Signal
				for i := range 16 {
					s := alertAt(fmt.Sprintf("probe-%d-%d", round, i), schemas.StatusFiring, now, now)
					s.Environment, s.Scope = fmt.Sprintf("env-%d", i), ""
					n := schemas.DefaultNaming()
					if err := n.Complete(&s); err != nil {
						t.Fatal(err)
					}
					out = append(out, s)
				}
				return out
			}()
			produce(t, kc, probe)
			awaitDecisions(t, kc, probe)
			// Some 10 s on a machine of its own. It is told and not judged: what a busy
			// one takes says nothing; awaitDecisions says when it is too long.
			t.Logf("recovered after %s", time.Since(killed).Round(100*time.Millisecond))
			stop()
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}
		settle(t, kc, counters{})
	})
}

// TestACleanStopLeavesAtOnce stops one of two instances in order: it leaves its
// group, so that the other has all partitions long before a session's time.
func TestACleanStopLeavesAtOnce(t *testing.T) {
	t.Parallel()
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		cfg := process.DefaultConfig()
		cfg.SessionTimeout = 5 * time.Minute
		a, b := startCorrelator(t, kc, cfg, counters{}), startCorrelator(t, kc, cfg, counters{})
		await := func(what string, done func() bool) {
			t.Helper()
			for deadline := time.Now().Add(kafkatest.Patience); !done(); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("after %s %s: %v and %v", kafkatest.Patience, what, a.c.Partitions(), b.c.Partitions())
				}
			}
		}
		await("they do not share the partitions", func() bool { return len(a.c.Partitions()) == 2 && len(b.c.Partitions()) == 2 })
		b.stop()
		await("the other does not have all", func() bool { return len(a.c.Partitions()) == int(kc.Partitions) })
	})
}

// trickle sends signals until ctx ends.
func trickle(ctx context.Context, kc kafka.Config, round int) error {
	p, err := kafka.NewProducer(kc, "test", kafka.Deps{})
	if err != nil {
		return err
	}
	defer p.Client().Close()
	for i := 0; ctx.Err() == nil; i++ {
		now := schemas.TimeOf(time.Now())
		s := alertAt(fmt.Sprintf("t-%d-%d", round, i), schemas.StatusFiring, now, now)
		s.Environment, s.Scope = fmt.Sprintf("env-%d", i%16), ""
		n := schemas.DefaultNaming()
		if err := n.Complete(&s); err != nil {
			return err
		}
		if err := p.Produce(context.WithoutCancel(ctx), []schemas.Signal{s}); err != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// TestLeftOpenTransactions leaves transactions open under ids of a correlator and
// a normaliser that are gone, with time-outs of minutes: on what is read, and on
// what is restored from. Neither may keep anybody waiting for that long.
func TestLeftOpenTransactions(t *testing.T) {
	t.Parallel()
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		leaveOpen(t, kc, process.RoleNormalise+".gone", schemas.TopicSignals)
		leaveOpen(t, kc, process.RoleCorrelate+".gone", schemas.TopicState)
		cfg := process.DefaultConfig()
		began := time.Now()
		r := startCorrelator(t, kc, cfg, counters{})
		waitReady(t, r)
		now := schemas.TimeOf(time.Now())
		sent := []schemas.Signal{alertAt("a", schemas.StatusFiring, now, now)}
		produce(t, kc, sent)
		awaitDecisions(t, kc, sent)
		t.Logf("after %s", time.Since(began).Round(100*time.Millisecond))
	})
	// The control: somebody else's transaction is left alone.
	kc := kafkatest.Embedded(t)
	leaveOpen(t, kc, "", schemas.TopicState)
	c, err := process.NewCorrelator(process.DefaultConfig(), kc, counters{}, process.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	time.Sleep(12 * time.Second)
	if err := c.Ready(); err == nil {
		t.Error("it is ready although its state is blocked by a stranger: the test sees nothing, or it ended what is not ours")
	}
	<-done
}

// leaveOpen begins a transaction on every partition of a topic and goes away
// without ending it. Without a role it is a stranger's.
func leaveOpen(t *testing.T, kc kafka.Config, role, topic string) {
	t.Helper()
	id := kc.Name(role)
	if role == "" {
		id = "stranger"
	}
	cl := kafkatest.Client(t, kc, kgo.TransactionalID(id), kgo.TransactionTimeout(10*time.Minute), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for p := range kc.Partitions {
		r := &kgo.Record{Topic: kc.Topic(topic), Partition: p, Key: []byte("open"), Value: []byte("{}")}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}
