package kafka_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// TestSamePartitions compares the partition that each client picks for a key:
// a scope whose signals came to two partitions would be correlated twice.
func TestSamePartitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	ours := kafka.Partitioner("state").ForTopic("signals")
	theirs := kafkago.Murmur2Balancer{}
	for _, n := range []int{1, 2, 3, 8, 13, 64, 1000} {
		partitions := make([]int, n)
		for i := range partitions {
			partitions[i] = i
		}
		for i := range 2000 {
			key := []byte(fmt.Sprintf("default/env-%d", i))
			if i%2 == 1 {
				key = make([]byte, 1+rng.IntN(40))
				for j := range key {
					key[j] = byte(rng.Uint32())
				}
			}
			a := ours.Partition(&kgo.Record{Topic: "signals", Key: key}, n)
			if b := theirs.Balance(kafkago.Message{Key: key}, partitions...); a != b {
				t.Fatalf("key %q of %d partitions: franz-go %d, kafka-go %d", key, n, a, b)
			}
		}
	}
}

// TestKafkaGoProduces is what a team's own producer does.
func TestKafkaGoProduces(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, cfg kafka.Config) {
		w := &kafkago.Writer{Addr: kafkago.TCP(cfg.Brokers...), Topic: cfg.Topic(schemas.TopicSignals),
			Balancer: kafkago.Murmur2Balancer{}, RequiredAcks: kafkago.RequireAll, BatchTimeout: 1}
		defer w.Close()
		cl := kafkatest.Client(t, cfg)
		defer cl.Close()
		where := map[string]int32{}
		for i := range 20 {
			key := []byte(fmt.Sprintf("default/env-%d", i))
			r := &kgo.Record{Topic: cfg.Topic(schemas.TopicSignals), Key: key, Value: []byte("franz-go")}
			if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
			where[string(key)] = r.Partition
			if err := w.WriteMessages(t.Context(), kafkago.Message{Key: key, Value: []byte("kafka-go")}); err != nil {
				t.Fatal(err)
			}
		}
		seen := 0
		for _, r := range kafkatest.ReadAll(t, cfg, schemas.TopicSignals) {
			if string(r.Value) == "kafka-go" {
				seen++
				if r.Partition != where[string(r.Key)] {
					t.Errorf("key %s: kafka-go chose partition %d, franz-go %d", r.Key, r.Partition, where[string(r.Key)])
				}
			}
		}
		if seen != 20 {
			t.Errorf("%d of 20 records of kafka-go's can be read", seen)
		}
	})
}
