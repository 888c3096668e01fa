package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

func TestProduceAndRead(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, cfg kafka.Config) {
		p, err := kafka.NewProducer(cfg, "gateway", kafka.Deps{Log: kafkatest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		var want []schemas.Signal
		naming := schemas.DefaultNaming()
		for i := range 200 {
			s := schemas.Signal{Name: "ShieldDown", Source: "test", ReceivedAt: schemas.Time(1_000_000 + i), Environment: fmt.Sprint("env", i%7),
				Labels: schemas.LabelsOf(map[string]string{"i": fmt.Sprint(i)})}
			if err := naming.Complete(&s); err != nil {
				t.Fatal(err)
			}
			want = append(want, s)
		}
		if err := p.Produce(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := map[string]*kgo.Record{}
		for _, r := range kafkatest.ReadAll(t, cfg, schemas.TopicSignals) {
			got[string(kafka.Header(r, schemas.HeaderID))] = r
		}
		if len(got) != len(want) {
			t.Fatalf("read %d signals, want %d", len(got), len(want))
		}
		for _, s := range want {
			r := got[s.ID]
			if r == nil || string(r.Key) != s.Scope || r.Timestamp.UnixMilli() != int64(s.ReceivedAt) {
				t.Fatalf("signal %s: record %+v", s.ID, r)
			}
		}
	})
}

func TestWhatTheGatewayRefusesIsKept(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, cfg kafka.Config) {
		p, err := kafka.NewProducer(cfg, "gateway", kafka.Deps{Log: kafkatest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		id := schemas.RefusedID("/webhook/x", -1, -1).String()
		d := schemas.DeadLetter{SignalID: id, Topic: "/webhook/x", Partition: -1, Offset: -1, At: 1_000_000, Stage: "gateway", Reason: "bad", Value: []byte("{}"), Size: 2}
		if err := errors.Join(p.Refuse(t.Context(), []schemas.DeadLetter{d}), p.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
		for topic, want := range map[string]string{schemas.TopicDeadLetter: `"stage":"gateway"`, schemas.TopicDecisions: `"decision":"refused"`} {
			got := kafkatest.ReadAll(t, cfg, topic)
			if len(got) != 1 || !strings.Contains(string(got[0].Value), want) || !strings.Contains(string(got[0].Value), id) {
				t.Errorf("%s: %d records, want one with %s", topic, len(got), want)
			}
		}
	})
}

func TestUnavailable(t *testing.T) {
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{"127.0.0.1:1"}
	cfg.ProduceTimeout = time.Second
	p, err := kafka.NewProducer(cfg, "gateway", kafka.Deps{Log: kafkatest.Log(t).Level(5)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Client().Close()
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	err = p.Produce(ctx, []schemas.Signal{{ID: "x", Scope: "y"}})
	if !isUnavailable(err) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
}

func isUnavailable(err error) bool { return errors.Is(err, kafka.ErrUnavailable) }
