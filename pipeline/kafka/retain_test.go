package kafka_test

import (
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// TestRetainKeepsOffsets deletes everything that is old and starts again after
// a crash: offsets must go on, not begin anew.
func TestRetainKeepsOffsets(t *testing.T) {
	dir := t.TempDir()
	ec := kafka.DefaultEmbeddedConfig(dir)
	ec.SegmentBytes = 1000
	e := kafka.NewEmbedded(ec, zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	kc := smallKafka(e.Addr())
	cl := kafkatest.Client(t, kc, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
		t.Fatal(err)
	}
	topic := kc.Topic(schemas.TopicAlerts)
	old, young := time.Now().Add(-30*24*time.Hour), time.Now()
	send := func(partition int32, at time.Time) int64 {
		r := &kgo.Record{Topic: topic, Partition: partition, Value: make([]byte, 300), Timestamp: at}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		return r.Offset
	}
	for range 20 {
		send(0, old)
		send(1, old)
	}
	send(1, young)
	n, err := kafka.RetainOnce(t.Context(), kc, cl, time.Now())
	if err != nil || n != 19+20 {
		t.Fatalf("%d deleted, %v; want 39", n, err)
	}
	if n, err := kafka.RetainOnce(t.Context(), kc, cl, time.Now()); err != nil || n != 0 {
		t.Fatalf("again: %d deleted, %v", n, err)
	}
	left := map[int32]int{}
	for _, r := range kafkatest.ReadAll(t, kc, schemas.TopicAlerts) {
		left[r.Partition]++
	}
	if left[0] != 1 || left[1] != 1 {
		t.Errorf("left: %v, want the last one of each partition", left)
	}
	cl.Close()
	crashed := copyDir(t, dir) // as it is while the broker runs
	e.Stop()
	e = kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(crashed), zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	kc = smallKafka(e.Addr())
	cl = kafkatest.Client(t, kc, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	if got := send(0, young); got != 20 {
		t.Errorf("after the crash the next offset is %d, want 20", got)
	}
}

func copyDir(t *testing.T, dir string) string {
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}
