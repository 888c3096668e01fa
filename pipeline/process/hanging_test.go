package process_test

import (
	"hash/crc32"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// TestHangingTransactionsAreEnded makes what a killed Apache Kafka can leave
// behind: records of a transaction on partitions of which its coordinator knows
// nothing, so that nobody ever ends it. Brokers look after that today; one that
// is told not to takes such records, as older ones do. The correlator must write
// the markers that are missing: on its state while it restores, and on what it
// reads.
func TestHangingTransactionsAreEnded(t *testing.T) {
	t.Parallel() // it waits
	kc := kafkatest.Real(t)
	unverified(t, kc)
	hang(t, kc, process.RoleNormalise+".gone", schemas.TopicSignals)
	hang(t, kc, process.RoleCorrelate+".gone", schemas.TopicState)
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	blockers, err := kafka.Blockers(t.Context(), cl, map[string][]int32{kc.Topic(schemas.TopicSignals): nil, kc.Topic(schemas.TopicState): nil})
	if err != nil || len(blockers) != 2*int(kc.Partitions) {
		t.Fatalf("%d transactions are open, want one on each partition of two topics; %v", len(blockers), err)
	}
	for i := range blockers {
		if !blockers[i].Hanging {
			t.Errorf("its coordinator knows it: %s", &blockers[i])
		}
	}
	t.Log(&blockers[0])

	reg := prometheus.NewRegistry()
	began := time.Now()
	c, err := process.NewCorrelator(process.DefaultConfig(), kc, counters{}, process.Deps{Log: kafkatest.Log(t), Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Run)
	now := schemas.TimeOf(time.Now())
	sent := []schemas.Signal{alertAt("a", schemas.StatusFiring, now, now)}
	produce(t, kc, sent)
	awaitDecisions(t, kc, sent)
	t.Logf("after %s, %v ended by force", time.Since(began).Round(100*time.Millisecond), total(t, reg, "pinkstar_process_ended_transactions_total"))
}

// unverified has the broker take transactional records without asking the
// coordinator, for as long as the test runs.
func unverified(t *testing.T, kc kafka.Config) {
	t.Helper()
	cl := kafkatest.Client(t, kc)
	t.Cleanup(cl.Close)
	set := func(op kadm.IncrementalOp) error {
		no := "false"
		rs, err := kadm.NewClient(cl).AlterBrokerConfigs(t.Context(), []kadm.AlterConfig{{Op: op, Name: "transaction.partition.verification.enable", Value: &no}})
		if err == nil {
			_, err = rs.On("", func(r *kadm.AlterConfigsResponse) error { return r.Err })
		}
		return err
	}
	if err := set(kadm.SetConfig); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set(kadm.DeleteConfig) })
}

// hang writes a record of a transaction to each partition of a topic, without
// telling the coordinator that it is part of one.
func hang(t *testing.T, kc kafka.Config, role, topic string) {
	t.Helper()
	// With later protocols the broker tells the coordinator itself.
	cl := kafkatest.Client(t, kc, kgo.TransactionalID(kc.Name(role)), kgo.MaxVersions(kversion.V3_7_0()))
	defer cl.Close()
	pid, epoch, err := cl.ProducerID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	txn := kc.Name(role)
	for p := range kc.Partitions {
		for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(200 * time.Millisecond) { // the setting takes a moment
			req := kmsg.NewPtrProduceRequest()
			req.TransactionID, req.Acks, req.TimeoutMillis = &txn, -1, 5000
			rt, rp := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
			rt.Topic, rp.Partition, rp.Records = kc.Topic(topic), p, openBatch(pid, epoch)
			rt.Partitions = append(rt.Partitions, rp)
			req.Topics = append(req.Topics, rt)
			leader, err := kadm.NewClient(cl).ListTopics(t.Context(), rt.Topic)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := req.RequestWith(t.Context(), cl.Broker(int(leader[rt.Topic].Partitions[p].Leader)))
			if err == nil {
				err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
			}
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("partition %d: %v", p, err)
			}
		}
	}
}

// openBatch is one record of a transaction, as on the wire.
func openBatch(pid int64, epoch int16) []byte {
	rec := kmsg.Record{Key: []byte("hanging"), Value: []byte("{}")}
	rec.Length = int32(len(rec.AppendTo(nil)) - 1) // its own length takes one byte
	now := time.Now().UnixMilli()
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: 0x10, FirstTimestamp: now, MaxTimestamp: now,
		ProducerID: pid, ProducerEpoch: epoch, NumRecords: 1, Records: rec.AppendTo(nil),
	}
	b.Length = int32(len(b.AppendTo(nil)) - 12)
	b.CRC = int32(crc32.Checksum(b.AppendTo(nil)[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}
