package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// recognise takes a JSON list of names; "bad" is one that it must refuse.
func recognise(r *kgo.Record, receivedAt schemas.Time) ([]schemas.Signal, error) {
	var names []string
	if err := json.Unmarshal(r.Value, &names); err != nil {
		return nil, err
	}
	var out []schemas.Signal
	var bad []error
	naming := schemas.DefaultNaming()
	for i, n := range names {
		if n == "bad" {
			bad = append(bad, fmt.Errorf("[%d]: bad", i))
			continue
		}
		s := schemas.Signal{Name: n, Source: "test", ReceivedAt: receivedAt, StartsAt: 1000}
		if err := naming.Complete(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, errors.Join(bad...)
}

// gauge returns the value of a gauge that stands alone under its name.
func gauge(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name && len(f.GetMetric()) == 1 {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no gauge %s", name)
	return 0
}

func TestNormaliser(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		cl := kafkatest.Client(t, kc)
		defer cl.Close()
		ahead := time.Now().Add(30 * time.Minute) // Apache Kafka refuses more than an hour
		send := func(topic, value string) {
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("k"), Value: []byte(value), Timestamp: ahead}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		reg := prometheus.NewRegistry()
		start := func() func() {
			n, err := process.NewNormaliser(testConfig(), kc, nil, recognise, process.Deps{Log: kafkatest.Log(t), Registerer: reg})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- n.Run(ctx) }()
			return func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		await := func(signals, dead, refused int) {
			t.Helper()
			deadline := time.Now().Add(kafkatest.Patience)
			for {
				s, d := kafkatest.ReadAll(t, kc, schemas.TopicSignals), kafkatest.ReadAll(t, kc, schemas.TopicDeadLetter)
				r := published(t, kc).Decisions
				if len(s) == signals && len(d) == dead && len(r) == refused {
					for _, rec := range s {
						if rec.Timestamp.After(time.Now()) {
							t.Error("a producer's clock is ahead and log time follows it")
						}
					}
					return
				}
				if time.Now().After(deadline) || len(s) > signals {
					t.Fatalf("%d signals, %d dead letters, %d refusals; want %d, %d, %d", len(s), len(d), len(r), signals, dead, refused)
				}
				time.Sleep(50 * time.Millisecond)
			}
		}
		send(kc.Topic(schemas.TopicAlerts), `["a","b"]`)
		send(kc.Topic(schemas.TopicTickets), `["c","bad","bad"]`)
		send(kc.Topic(schemas.TopicChanges), `nonsense`)
		send(kc.Topic(schemas.TopicChanges), `[]`) // reports nothing: neither a signal nor a refusal
		stop := start()
		await(3, 2, 3)
		if got, want := gauge(t, reg, "pinkstar_process_partitions"), 3*float64(kc.Partitions); got != want {
			t.Errorf("it says it owns %v partitions, and owns %v", got, want)
		}
		stop()
		if got := gauge(t, reg, "pinkstar_process_partitions"); got != 0 {
			t.Errorf("stopped, it says it owns %v partitions", got)
		}
		reg = prometheus.NewRegistry()
		send(kc.Topic(schemas.TopicAlerts), `["d"]`)
		stop = start()
		await(4, 2, 3)
		stop()
	})
}
