package notify

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

func write(t *testing.T, cfg kafka.Config, es ...*schemas.Effect) {
	t.Helper()
	p, err := kafka.NewProducer(cfg, "test", kafka.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Client().Close()
	recs := make([]*kgo.Record, len(es))
	for i, e := range es {
		x := schemas.Effects.Emission(e)
		recs[i] = kafka.OutcomeRecord(&cfg, &x)
	}
	if err := p.ProduceRecords(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
}

// start runs a member; stop ends it and waits.
func start(t *testing.T, cfg kafka.Config, routes Routes) (n *Notifier, stop func()) {
	t.Helper()
	n, err := New(DefaultConfig(), cfg, kafka.Deps{Log: kafkatest.Log(t), Registerer: prometheus.NewRegistry()}, routes, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	var stopped bool
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return n, stop
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(kafkatest.Patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", kafkatest.Patience, what)
		}
	}
}

func onKafka(t *testing.T, f func(t *testing.T, cfg kafka.Config)) {
	small := func(c *kafka.Config) { c.Partitions = 3 }
	t.Run("embedded", func(t *testing.T) { t.Parallel(); f(t, kafkatest.Embedded(t, small)) })
	t.Run("apache", func(t *testing.T) { t.Parallel(); f(t, kafkatest.Real(t, small)) })
}

// Members come and go while effects are written: each takes effect once, and the
// topic says how each went.
func TestMembersComeAndGo(t *testing.T) {
	onKafka(t, func(t *testing.T, cfg kafka.Config) {
		chat := &system{manner: searchable}
		routes := Routes{"chat": {Name: "chat", Target: chat, Everything: true}}
		n, stopFirst := start(t, cfg, routes)
		const incidents, each = 20, 3
		say := func(seq int) {
			for i := range incidents {
				write(t, cfg, news(seq, fmt.Sprint("INC", i, "-")))
			}
		}
		say(1)
		eventually(t, "the first is said", func() bool { return len(chat.counts()) == incidents })
		if err := n.Ready(); err != nil {
			t.Errorf("not ready: %v", err)
		}
		_, stopSecond := start(t, cfg, routes)
		say(2)
		stopFirst()
		say(3)
		eventually(t, "all is said", func() bool { return len(chat.counts()) == incidents*each })
		stopSecond()
		for key, n := range chat.counts() {
			if n != 1 {
				t.Errorf("%s took effect %d times", key, n)
			}
		}
		if bad := chat.outOfOrder(); bad != "" {
			t.Error(bad)
		}
		recs, err := kafka.ReadCommitted(t.Context(), cfg, kafka.Deps{Log: kafkatest.Log(t)}, cfg.Topic(schemas.TopicDeliveries))
		if err != nil {
			t.Fatal(err)
		}
		newest := schemas.Deliveries.Newest()
		for _, r := range recs {
			d, err := schemas.Deliveries.Decode(r.Value)
			if err != nil {
				t.Fatal(err)
			}
			newest.Put(d)
		}
		for d := range newest.All() {
			if d.State != schemas.DeliverySent {
				t.Errorf("%s of %s is %s: %s", d.ID, d.IncidentID, d.State, d.Error)
			}
		}
		if newest.Len() != incidents*each {
			t.Errorf("%d deliveries, want %d", newest.Len(), incidents*each)
		}
	})
}

// Who takes a partition over keeps the one before from noting that it sends.
func TestTheJournalHasOneWriter(t *testing.T) {
	onKafka(t, func(t *testing.T, cfg kafka.Config) {
		open := func() *kafkaJournal {
			j, err := openJournal(t.Context(), cfg, kafka.Deps{Log: kafkatest.Log(t)}, 1)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(j.Close)
			return j
		}
		x := &schemas.Delivery{ID: "DLV-1", Revision: 1, State: schemas.DeliveryWaiting}
		first := open()
		if err := first.Write(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		second := open()
		y := *x
		y.Revision, y.State = 2, schemas.DeliverySending
		if err := first.Write(t.Context(), &y); err == nil {
			t.Error("the one before could still write")
		}
		if err := second.Write(t.Context(), &y); err != nil {
			t.Fatal(err)
		}
		var read []int64
		err := second.Read(t.Context(), func(d *schemas.Delivery) { read = append(read, d.Revision) })
		if err != nil || len(read) != 2 || read[1] != 2 {
			t.Errorf("read revisions %v, %v", read, err)
		}
		if err := first.Write(t.Context(), &y); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a broken journal takes more: %v", err)
		}
	})
}
