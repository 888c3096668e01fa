package process_test

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// acceptsOutcomes runs the command; whatever was published once must then be
// there, under offsets that nobody has seen.
func acceptsOutcomes(t *testing.T, kc kafka.Config, before *outcome, ends map[partition]int64) {
	t.Helper()
	for _, other := range []process.Accepted{{}, {LostSignals: true, NewDecisions: true}} {
		found, err := process.CheckPositions(t.Context(), kc, counters{}, other, zerolog.Nop())
		if err != nil || len(found) == 0 {
			t.Fatalf("found %+v, %v", found, err)
		}
		for _, f := range found {
			if f.Done != "" {
				t.Fatalf("%+v was done, and nobody accepted it", f)
			}
		}
	}
	found, err := process.CheckPositions(t.Context(), kc, counters{}, process.Accepted{LostOutcomes: true}, zerolog.Nop())
	if err != nil || len(found) == 0 {
		t.Fatalf("found %+v, %v", found, err)
	}
	for _, f := range found {
		t.Log(f.Done)
		if f.Problem == "" || f.Done == "" {
			t.Errorf("%+v: nothing is said", f)
		}
	}
	if again, err := process.CheckPositions(t.Context(), kc, counters{}, process.Accepted{}, zerolog.Nop()); err != nil || len(again) > 0 {
		t.Fatalf("afterwards: %+v, %v", again, err)
	}
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	for p, was := range ends {
		now, err := kadm.NewClient(cl).ListEndOffsets(t.Context(), p.topic)
		if o, _ := now.Lookup(p.topic, p.number); err != nil || o.Offset < was {
			t.Errorf("partition %d of %s ends at %d, and was read up to %d: offsets that were read are used again; %v", p.number, p.topic, o.Offset, was, err)
		}
	}
	startCorrelator(t, kc, testConfig(), counters{})
	awaitOutcome(t, kc, before)
}

// awaitOutcome waits until everything is there that was.
func awaitOutcome(t *testing.T, kc kafka.Config, want *outcome) {
	t.Helper()
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(200 * time.Millisecond) {
		got := published(t, kc)
		var lacks []string
		for id, d := range want.Decisions {
			if g := got.Decisions[id]; g.Verdict != d.Verdict || g.IncidentID != d.IncidentID || g.Revision < d.Revision {
				lacks = append(lacks, "decision on "+id)
			}
		}
		for id, in := range want.Incidents {
			if g := got.Incidents[id]; g.SignalCount < in.SignalCount || g.Revision < in.Revision {
				lacks = append(lacks, "incident "+id)
			}
		}
		for id := range want.Timeline {
			if _, ok := got.Timeline[id]; !ok {
				lacks = append(lacks, "timeline "+id)
			}
		}
		if len(lacks) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d outcomes are missing or older than before: %s, ...", len(lacks), lacks[0])
		}
	}
}

// partition is one of a topic.
type partition struct {
	topic  string
	number int32
}

// endsOf are up to where readers have read a topic's partitions: what an aborted
// transaction left behind that, nobody has seen.
func endsOf(t *testing.T, kc kafka.Config, topic string) map[partition]int64 {
	t.Helper()
	ends := map[partition]int64{}
	for _, r := range kafkatest.ReadAll(t, kc, topic) {
		p := partition{r.Topic, r.Partition}
		ends[p] = max(ends[p], r.Offset+1)
	}
	return ends
}

// cutBatches cuts the last batches off a topic's segments, and returns whether
// there were any.
func (d *onDisk) cutBatches(topic string, keep func(batches int) int) {
	d.t.Helper()
	files, err := filepath.Glob(filepath.Join(d.dir, "partitions", d.kc.Topic(topic)+"-*", "*.dat"))
	if err != nil || len(files) == 0 {
		d.t.Fatal(files, err)
	}
	for _, dat := range files {
		raw, err := os.ReadFile(dat)
		if err != nil {
			d.t.Fatal(err)
		}
		ends := []int{0}
		for pos := 0; pos < len(raw); ends = append(ends, pos) {
			pos += 12 + int(binary.BigEndian.Uint32(raw[pos+8:]))
		}
		if err := os.Truncate(dat, int64(ends[keep(len(ends)-1)])); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(d.dir, "clean")); err != nil {
		d.t.Fatal(err)
	}
}

// The last transaction's records and its marker are the least that can be lost.
func allButOneOf(batches int) int { return max(batches-2, 0) }
func halfOf(batches int) int      { return min(batches/2, allButOneOf(batches)) }

// TestOutTopicCutIsAHardStop puts an older copy of an out topic in place of it.
// It went unnoticed, and whoever had read it passed over what came next.
func TestOutTopicCutIsAHardStop(t *testing.T) {
	half, last := halfOf, allButOneOf
	for name, c := range map[string]struct {
		topic     string
		keep      func(int) int
		engines   process.Engines
		snapshots int64
	}{
		"decisions":            {schemas.TopicDecisions, half, counters{}, 300},
		"decisions, one batch": {schemas.TopicDecisions, last, forgetful{}, 1 << 40},
		"incidents":            {schemas.TopicIncidents, half, counters{}, 300},
		"incidents, one batch": {schemas.TopicIncidents, last, counters{}, 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := startOnDisk(t, dir)
			rng := rand.New(rand.NewPCG(7, uint64(len(name))))
			at := schemas.TimeOf(time.Now().Add(-10 * time.Second))
			cfg := testConfig()
			cfg.SnapshotRecords = c.snapshots
			for i := range int64(3) {
				produce(t, d.kc, storm(rng, 400, at.Add(i*schemas.Second)))
				r := startCorrelator(t, d.kc, cfg, c.engines)
				settle(t, d.kc, counters{})
				r.stop()
			}
			before, ends := published(t, d.kc), endsOf(t, d.kc, c.topic)
			// Unharmed nothing is found.
			if found, err := process.CheckPositions(t.Context(), d.kc, counters{}, process.Accepted{}, zerolog.Nop()); err != nil || len(found) > 0 {
				t.Fatalf("found %+v, %v", found, err)
			}
			d.stop()
			d.cutBatches(c.topic, c.keep)
			d = startOnDisk(t, dir)
			refuses(t, d.kc, "--accept-lost-outcomes", "outcomes are missing at its end")
			acceptsOutcomes(t, d.kc, before, ends)
		})
	}
}

// TestOutTopicMadeAnewIsAHardStop deletes the decisions and keeps the state.
func TestOutTopicMadeAnewIsAHardStop(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		rng := rand.New(rand.NewPCG(1, 2))
		at := schemas.TimeOf(time.Now().Add(-10 * time.Second))
		produce(t, kc, storm(rng, 500, at))
		r := startCorrelator(t, kc, testConfig(), counters{})
		settle(t, kc, counters{})
		r.stop()
		before := published(t, kc)
		cl := kafkatest.Client(t, kc)
		defer cl.Close()
		if _, err := kadm.NewClient(cl).DeleteTopic(t.Context(), kc.Topic(schemas.TopicDecisions)); err != nil {
			t.Fatal(err)
		}
		awaitEnsure(t, kc, cl)
		refuses(t, kc, "--accept-lost-outcomes", kc.Topic(schemas.TopicDecisions), "ends at offset 0")
		acceptsOutcomes(t, kc, before, endsOf(t, kc, schemas.TopicDecisions))
	})
}

// TestOutTopicWrittenOnIsAHardStop has others write where the end was lost.
func TestOutTopicWrittenOnIsAHardStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := startOnDisk(t, dir)
	at := schemas.TimeOf(time.Now().Add(-10 * time.Second))
	produce(t, d.kc, storm(rand.New(rand.NewPCG(1, 2)), 500, at))
	r := startCorrelator(t, d.kc, testConfig(), counters{})
	settle(t, d.kc, counters{})
	r.stop()
	before, ends := published(t, d.kc), endsOf(t, d.kc, schemas.TopicDecisions)
	d.stop()
	d.cutBatches(schemas.TopicDecisions, halfOf)
	d = startOnDisk(t, dir)
	cl := kafkatest.Client(t, d.kc, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	other := schemas.Decisions.Emission(&schemas.Decision{SignalID: "another", Revision: 1, Verdict: schemas.VerdictPlaced})
	for p, end := range ends {
		for range end + 5 {
			rec := kafka.OutcomeRecord(&d.kc, &other)
			rec.Partition = p.number
			cl.Produce(t.Context(), rec, nil)
		}
	}
	if err := cl.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	refuses(t, d.kc, "--accept-lost-outcomes", "was written on")
	acceptsOutcomes(t, d.kc, before, ends)
}
