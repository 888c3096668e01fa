package kafka

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// TestReadersOfAnyNumberOfPartitions: whatever kafka.partitions may be, a consumer
// of every topic can be made; and on an embedded broker a fetch has room for a
// batch more of each partition.
func TestReadersOfAnyNumberOfPartitions(t *testing.T) {
	topics := len(schemas.OutTopics) + 4 // more than anybody reads
	for _, partitions := range []int32{1, 8, MaxEmbeddedPartitions, 100, 350, 1000, 1024} {
		cfg := DefaultConfig()
		cfg.Brokers, cfg.Partitions = []string{"127.0.0.1:1"}, partitions
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{int(partitions), int(partitions) * topics} {
			cl, err := NewClient(cfg, "test", Deps{}, ReaderOpts(cfg, n)...)
			if err != nil {
				t.Errorf("%d partitions to read: %v", n, err)
				continue
			}
			per, total := cl.OptValue(kgo.FetchMaxPartitionBytes).(int32), cl.OptValue(kgo.FetchMaxBytes).(int32)
			cl.Close()
			if partitions <= MaxEmbeddedPartitions && int64(total) < int64(n)*int64(per+maxBatch) {
				t.Errorf("%d partitions to read: a fetch of %d bytes may be cut at %d each", n, total, per)
			}
		}
	}
	cfg := DefaultConfig()
	cfg.Partitions = MaxEmbeddedPartitions + 1
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "embedded") {
		t.Errorf("more partitions than an embedded broker serves: %v", err)
	}
}
