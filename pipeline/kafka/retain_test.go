package kafka_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
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
	for range 2 {
		if err := retainer(kc, kafka.Floors{}).Once(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
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

func retainer(kc kafka.Config, f kafka.Floors) *kafka.Retainer {
	return &kafka.Retainer{Config: kc, Deps: kafka.Deps{Log: zerolog.Nop()}, Floors: func(context.Context) (kafka.Floors, error) { return f, nil }}
}

// TestRetainLeavesWhatIsNeeded has a snapshot and a reader that are far behind:
// neither age nor size takes anything from them. Without their floors it does,
// which shows that they are what holds it back.
func TestRetainLeavesWhatIsNeeded(t *testing.T) {
	for name, size := range map[string]int64{"by age": 0, "by size": 1} {
		t.Run(name, func(t *testing.T) {
			kc := kafkatest.Embedded(t, func(c *kafka.Config) { c.Partitions = 2 })
			cl := kafkatest.Client(t, kc, kgo.RecordPartitioner(kgo.ManualPartitioner()))
			defer cl.Close()
			topic := kc.Topic(schemas.TopicDecisions)
			at := time.Now().Add(-40 * 24 * time.Hour)
			if size > 0 {
				at = time.Now()
			}
			for i := range 200 {
				r := &kgo.Record{Topic: topic, Partition: int32(i % 2), Value: []byte("x"), Timestamp: at}
				if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			starts := func() (out [2]int64) {
				o, err := kadm.NewClient(cl).ListStartOffsets(t.Context(), topic)
				if err != nil {
					t.Fatal(err)
				}
				for p := range int32(2) {
					s, _ := o.Lookup(topic, p)
					out[p] = s.Offset
				}
				return out
			}
			f := kafka.Floors{}
			f.Lower(topic, 0, 70)
			f.Lower(topic, 0, 30)
			f.Lower(topic, 0, 50)
			// Partition 1 is listed by nobody: its reader has not been there yet.
			r := retainer(kc, f)
			r.MaxBytes = size
			if err := r.Once(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			if got := starts(); got != [2]int64{30, 0} {
				t.Fatalf("the log begins at %v, want 30 and 0", got)
			}
			r = retainer(kc, kafka.Floors{})
			r.MaxBytes = size
			if err := r.Once(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			if got := starts(); got[0] < 90 || got[1] < 90 {
				t.Errorf("without floors the log begins at %v: floors are not what held it back", got)
			}
		})
	}
}

// TestSqueezeKeepsTheNewest writes revisions of incidents, some long closed, as
// they come for months: what is open stays, the files stop growing, and a reader
// by revision never sees a difference.
func TestSqueezeKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	ec := kafka.DefaultEmbeddedConfig(dir)
	ec.SegmentBytes = 100_000
	e := kafka.NewEmbedded(ec, zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	kc := smallKafka(e.Addr())
	kc.Partitions = 1
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	r := retainer(kc, kafka.Floors{})
	want, revisions := map[string]string{}, map[string]int64{}
	var sizes []int64
	write := func(id string, in schemas.Incident) {
		revisions[id]++
		in.ID, in.Revision = id, revisions[id]
		em := schemas.Incidents.Emission(&in)
		rec := kafka.OutcomeRecord(&kc, &em)
		want[id] = string(rec.Value)
		if in.Status == schemas.IncidentClosed && in.ClosedAt.Std().Before(now.Add(-kc.Retention.Decisions)) {
			delete(want, id)
		}
		cl.Produce(t.Context(), rec, nil)
	}
	for round := range 6 {
		for i := range 6000 {
			id := fmt.Sprintf("INC-%d-%d", round, i%500)
			if i%3 == 0 {
				id = fmt.Sprintf("INC-OLD-%d", i%40) // opened in the first round, still open
			}
			write(id, schemas.Incident{Status: schemas.IncidentOpen, Title: strings.Repeat("x", 100)})
		}
		for i := range 500 {
			write(fmt.Sprintf("INC-%d-%d", round, i), schemas.Incident{Status: schemas.IncidentClosed, ClosedAt: schemas.TimeOf(now.Add(-60 * 24 * time.Hour))})
		}
		if err := cl.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Once(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		got, newest := map[string]string{}, map[string]int64{}
		for _, rec := range kafkatest.ReadAll(t, kc, schemas.TopicIncidents) {
			var in schemas.Incident
			if err := json.Unmarshal(rec.Value, &in); err != nil {
				t.Fatal(err)
			}
			if in.Revision >= newest[in.ID] {
				got[in.ID], newest[in.ID] = string(rec.Value), in.Revision
			}
		}
		for id, v := range want {
			if got[id] != v {
				t.Fatalf("round %d: of %s the newest is %.80q, want %.80q", round, id, got[id], v)
			}
		}
		sizes = append(sizes, bytesIn(t, dir))
	}
	t.Logf("bytes after each round: %v", sizes)
	if first, last := sizes[0], sizes[len(sizes)-1]; last > 2*first+2*ec.SegmentBytes {
		t.Errorf("it grew from %d to %d bytes", first, last)
	}
}

func bytesIn(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "partitions"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			n += st.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
