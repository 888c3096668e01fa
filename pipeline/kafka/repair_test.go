package kafka_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafka/internal/tape"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// promise is what the broker acknowledged, and when on the tape.
type promise struct {
	at   int    // operations until then
	name string // of the transaction, or of the plain record
	kind string // plain, commit, abort
}

// recordTransactions runs a broker on a tape through committed, aborted and
// plain records on several partitions, with small segments so that some roll.
func recordTransactions(t *testing.T) (*tape.Tape, []promise) {
	dir := t.TempDir()
	tp := tape.New(dir)
	ec := kafka.DefaultEmbeddedConfig(dir)
	ec.SegmentBytes = 2000
	e := kafka.NewEmbedded(ec, kafkatest.Log(t))
	e.With(false, tp.Option())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	kc := smallKafka(e.Addr())
	setup := kafkatest.Client(t, kc)
	if err := kafka.Ensure(t.Context(), setup, kc); err != nil {
		t.Fatal(err)
	}
	setup.Close()
	cl := kafkatest.Client(t, kc, kgo.TransactionalID("tape"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	plain := kafkatest.Client(t, kc, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	var promises []promise
	for i := range 10 {
		name := fmt.Sprintf("t%d", i)
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), spread(&kc, name)...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 { // between an open transaction's batches
			p := fmt.Sprintf("p%d", i)
			if err := plain.ProduceSync(t.Context(), &kgo.Record{Topic: kc.Topic(schemas.TopicDecisions), Value: []byte(p)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
			promises = append(promises, promise{tp.Len(), p, "plain"})
		}
		kind := "commit"
		if i%4 == 2 {
			kind = "abort"
		}
		if err := cl.EndTransaction(t.Context(), kgo.TransactionEndTry(kind == "commit")); err != nil {
			t.Fatal(err)
		}
		promises = append(promises, promise{tp.Len(), name, kind})
	}
	cl.Close()
	plain.Close()
	t.Cleanup(e.Stop)
	return tp, promises
}

func smallKafka(addr string) kafka.Config {
	kc := kafka.DefaultConfig()
	kc.Brokers, kc.Embedded, kc.Partitions = []string{addr}, true, 2
	return kc
}

// spread is one transaction's records: on every partition of three topics.
func spread(kc *kafka.Config, name string) []*kgo.Record {
	var rs []*kgo.Record
	for _, topic := range []string{schemas.TopicDecisions, schemas.TopicIncidents, schemas.TopicState} {
		for p := range int32(2) {
			rs = append(rs, &kgo.Record{Topic: kc.Topic(topic), Partition: p, Value: []byte(name + strings.Repeat(" ", 200))})
		}
	}
	return rs
}

// crashAt starts a broker on what a crash left and says what is wrong.
func crashAt(t *testing.T, tp *tape.Tape, promises []promise, n int, torn, noRepair bool) (faults []string) {
	dir := t.TempDir()
	if err := tp.Build(dir, n, torn); err != nil {
		t.Fatal(err)
	}
	e := kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(dir), zerolog.Nop())
	e.With(noRepair)
	if err := e.Start(t.Context()); err != nil {
		return []string{fmt.Sprintf("it does not start: %v", err)}
	}
	defer e.Stop()
	kc := smallKafka(e.Addr())
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	cl := kafkatest.Client(t, kc, kgo.WithLogger(nil), kgo.TransactionalID("tape"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	if err := kafka.Ensure(ctx, cl, kc); err != nil {
		return []string{fmt.Sprintf("topics: %v", err)}
	}
	// Somebody goes on under the same transactional id.
	if err := goOn(ctx, cl, &kc, "after"); err != nil {
		return []string{fmt.Sprintf("a new transaction: %v", err)}
	}
	counts := map[string]int{}
	for _, topic := range []string{schemas.TopicDecisions, schemas.TopicIncidents, schemas.TopicState} {
		recs, err := kafka.ReadCommitted(ctx, kc, kafka.Deps{Log: zerolog.Nop()}, kc.Topic(topic))
		if err != nil {
			return []string{fmt.Sprintf("reading %s: %v", topic, err)}
		}
		for _, r := range recs {
			counts[strings.TrimSpace(string(r.Value))]++
		}
	}
	if counts["after"] != 6 {
		faults = append(faults, fmt.Sprintf("of the new transaction %d of 6 records can be read", counts["after"]))
	}
	for _, p := range promises {
		whole := 6
		if p.kind == "plain" {
			whole = 1
		}
		switch c := counts[p.name]; {
		case c != 0 && c != whole:
			faults = append(faults, fmt.Sprintf("%s %s: %d of %d records: torn", p.kind, p.name, c, whole))
		case p.kind == "abort" && c != 0:
			faults = append(faults, fmt.Sprintf("aborted %s can be read", p.name))
		case p.kind != "abort" && c == 0 && p.at <= n:
			faults = append(faults, fmt.Sprintf("%s %s was acknowledged and is lost", p.kind, p.name))
		}
	}
	return faults
}

func goOn(ctx context.Context, cl *kgo.Client, kc *kafka.Config, name string) error {
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	if err := cl.ProduceSync(ctx, spread(kc, name)...).FirstErr(); err != nil {
		return err
	}
	return cl.EndTransaction(ctx, kgo.TryCommit)
}

// TestCrashRepairAfterEveryWrite kills the broker after each of its file operations
// and in the middle of each write.
func TestCrashRepairAfterEveryWrite(t *testing.T) {
	tp, promises := recordTransactions(t)
	step := 5
	switch {
	case os.Getenv("PINKSTAR_CRASH") == "full":
		step = 1
	case testing.Short():
		step = 25
	}
	var g errgroup.Group
	g.SetLimit(8) // a point mostly waits for the disk
	var points atomic.Int32
	for n := 0; n <= tp.Len(); n += step {
		for _, torn := range []bool{false, true} {
			if torn && !tp.Torn(n) {
				continue
			}
			g.Go(func() error {
				points.Add(1)
				if faults := crashAt(t, tp, promises, n, torn, false); len(faults) > 0 {
					t.Errorf("after operation %d of %d (torn: %v):\n  %s", n, tp.Len(), torn, strings.Join(faults, "\n  "))
				}
				return nil
			})
		}
	}
	_ = g.Wait()
	t.Logf("%d crash points", points.Load())
}

// TestCrashWithoutRepair is the control: the oracle must see the defects that
// repair is for, or it sees nothing.
func TestCrashWithoutRepair(t *testing.T) {
	tp, promises := recordTransactions(t)
	seen := map[string]bool{}
	for n := tp.Len() / 2; n <= tp.Len() && len(seen) < 2; n++ {
		for _, f := range crashAt(t, tp, promises, n, false, true) {
			for _, kind := range []string{"torn", "lost", "can be read"} {
				if strings.Contains(f, kind) && !seen[kind] {
					seen[kind] = true
					t.Logf("operation %d: %s", n, f)
				}
			}
		}
	}
	if len(seen) == 0 {
		t.Error("a broker that is not repaired passes: either kfake was mended, and repair can go, or the oracle is blind")
	}
}
