package kafka_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// filled is a data directory with a hundred records in each of two partitions of
// alerts, in several segments; clean says that it was closed in order.
func filled(t *testing.T, clean bool) string {
	t.Helper()
	dir := t.TempDir()
	ec := kafka.DefaultEmbeddedConfig(dir)
	ec.SegmentBytes = 4000
	e := kafka.NewEmbedded(ec, zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	kc := smallKafka(e.Addr())
	cl := kafkatest.Client(t, kc, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
		t.Fatal(err)
	}
	if err := e.SaveCatalogue(); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		for p := range int32(2) {
			r := &kgo.Record{Topic: kc.Topic(schemas.TopicAlerts), Partition: p, Value: fmt.Appendf(nil, "%d/%d %s", p, i, strings.Repeat("x", 100))}
			if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cl.Close()
	if !clean {
		return copyDir(t, dir)
	}
	e.Stop()
	return dir
}

// fingerprint is every file with its bytes.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		b, err := os.ReadFile(path)
		out = append(out, fmt.Sprintf("%s %x", path, b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// segments returns the segments of a partition of alerts, oldest first.
func segments(t *testing.T, dir string, p int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "partitions", "pinkstar.alerts-"+strconv.Itoa(p), "*.dat"))
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	base := func(f string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(f), ".dat"))
		return n
	}
	slices.SortFunc(files, func(a, b string) int { return base(a) - base(b) })
	return files
}

func flip(t *testing.T, file string, at int64) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		pos := int64(0)
		for next := pos; next <= at; next += 12 + int64(binary.BigEndian.Uint32(b[next+8:])) {
			pos = next
		}
		if in := at - pos; in >= 12 && in < 16 { // the leader's epoch: nothing depends on it, and no checksum covers it
			at += 4
		}
		b[at] ^= 0xff
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// harm does one kind of damage, and returns words that must be said of it.
var harms = map[string]func(t *testing.T, rng *rand.Rand, dir string) string{
	"a byte of an inner segment": func(t *testing.T, rng *rand.Rand, dir string) string {
		s := segments(t, dir, 0)
		flip(t, s[rng.IntN(len(s)-1)], rng.Int64N(3000))
		return "pinkstar.alerts-0/"
	},
	"a byte of the last segment": func(t *testing.T, rng *rand.Rand, dir string) string {
		s := segments(t, dir, 1)
		flip(t, s[len(s)-1], rng.Int64N(100))
		return "pinkstar.alerts-1/"
	},
	"the last batch": func(t *testing.T, rng *rand.Rand, dir string) string {
		s := segments(t, dir, 1)
		st, err := os.Stat(s[len(s)-1])
		if err != nil {
			t.Fatal(err)
		}
		flip(t, s[len(s)-1], st.Size()-1-rng.Int64N(90))
		return "pinkstar.alerts-1/"
	},
	"a segment in between": func(t *testing.T, rng *rand.Rand, dir string) string {
		s := segments(t, dir, 0)
		if err := os.Remove(s[1+rng.IntN(len(s)-2)]); err != nil {
			t.Fatal(err)
		}
		return "lacks the offsets"
	},
	"bytes in between": func(t *testing.T, rng *rand.Rand, dir string) string {
		s := segments(t, dir, 0)
		b, err := os.ReadFile(s[0])
		if err != nil {
			t.Fatal(err)
		}
		at := 200 + rng.IntN(2000)
		if err := os.WriteFile(s[0], slices.Delete(b, at, at+1+rng.IntN(150)), 0o600); err != nil {
			t.Fatal(err)
		}
		return "pinkstar.alerts-0/"
	},
	"meta.json":   func(t *testing.T, _ *rand.Rand, dir string) string { return remove(t, dir, "meta.json") },
	"topics.json": func(t *testing.T, _ *rand.Rand, dir string) string { return remove(t, dir, "topics.json") },
	"half of topics.json": func(t *testing.T, _ *rand.Rand, dir string) string {
		if err := os.Truncate(filepath.Join(dir, "topics.json"), 100); err != nil {
			t.Fatal(err)
		}
		return "topics.json"
	},
	"an older topics.json": func(t *testing.T, _ *rand.Rand, dir string) string {
		if err := os.WriteFile(filepath.Join(dir, "topics.json"), []byte(`{"version":1,"topics":[]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		return "knows no such partition"
	},
}

func remove(t *testing.T, dir, name string) string {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestDamageIsNotMendedInSilence does every kind of damage to a directory that
// was closed in order and to one that was not. It must be told, nothing may be
// changed by itself, and after AcceptDamage the broker starts with what is
// whole: a beginning of each partition, nothing altered.
func TestDamageIsNotMendedInSilence(t *testing.T) {
	rounds := 2
	if os.Getenv("PINKSTAR_CRASH") == "full" {
		rounds = 30
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("PINKSTAR_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("PINKSTAR_SEED=%d", seed)
	clean, crashed := filled(t, true), filled(t, false)
	for name, harm := range harms {
		t.Run(name, func(t *testing.T) {
			for round := range rounds {
				for _, whole := range []string{clean, crashed} {
					damageOnce(t, copyDir(t, whole), rand.New(rand.NewPCG(seed, uint64(round))), harm)
				}
			}
		})
	}
	for _, whole := range []string{clean, crashed} { // the control: what is whole is not damaged
		dir := copyDir(t, whole)
		if _, err := kafka.Repair(t.Context(), dir, zerolog.Nop()); err != nil {
			t.Error(err)
		}
		if done, err := kafka.AcceptDamage(dir); err != nil || len(done) > 0 {
			t.Errorf("a whole directory: %v, %v", done, err)
		}
	}
}

func damageOnce(t *testing.T, dir string, rng *rand.Rand, harm func(*testing.T, *rand.Rand, string) string) {
	t.Helper()
	words := harm(t, rng, dir)
	before := fingerprint(t, dir)
	_, err := kafka.Repair(t.Context(), dir, zerolog.Nop())
	if d, ok := errors.AsType[*kafka.Damage](err); !ok || !strings.Contains(d.Error(), words) || !strings.Contains(d.Error(), "--accept-damage") {
		t.Fatalf("repair said %v; want damage that says %q", err, words)
	}
	if fingerprint(t, dir) != before {
		t.Fatal("repair refused, and changed files")
	}
	done, err := kafka.AcceptDamage(dir)
	if err != nil || len(done) == 0 {
		t.Fatalf("accepting: %v, %v", done, err)
	}
	e := kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(dir), zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatalf("after accepting (%v): %v", done, err)
	}
	defer e.Stop()
	kc := smallKafka(e.Addr())
	next := map[int32]int{}
	for _, r := range kafkatest.ReadAll(t, kc, schemas.TopicAlerts) {
		if want := fmt.Sprintf("%d/%d ", r.Partition, next[r.Partition]); !strings.HasPrefix(string(r.Value), want) {
			t.Fatalf("partition %d holds %.10q where %q belongs", r.Partition, r.Value, want)
		}
		next[r.Partition]++
	}
	if next[0]+next[1] < 100 {
		t.Errorf("%v records are left of 100 in each partition: more than the damage is gone", next)
	}
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: kc.Topic(schemas.TopicAlerts), Value: []byte("after")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// TestLostFirstSegmentIsDamage removes what a log begins with. The broker takes
// what is left for all there ever was; what was deleted in order is no damage.
func TestLostFirstSegmentIsDamage(t *testing.T) {
	clean, crashed := filled(t, true), filled(t, false)
	for _, whole := range []string{clean, crashed} {
		dir := copyDir(t, whole)
		for range 2 {
			if err := os.Remove(segments(t, dir, 0)[0]); err != nil {
				t.Fatal(err)
			}
			before := fingerprint(t, dir)
			_, err := kafka.Repair(t.Context(), dir, zerolog.Nop())
			if d, ok := errors.AsType[*kafka.Damage](err); !ok || !strings.Contains(d.Error(), "pinkstar.alerts-0 lacks its first segments") {
				t.Fatalf("repair said %v", err)
			}
			if fingerprint(t, dir) != before {
				t.Fatal("repair refused, and changed files")
			}
			if done, err := kafka.AcceptDamage(dir); err != nil || len(done) != 1 {
				t.Fatalf("accepting: %v, %v", done, err)
			}
			if _, err := kafka.Repair(t.Context(), dir, zerolog.Nop()); err != nil {
				t.Fatalf("afterwards: %v", err)
			}
		}
	}

	dir := copyDir(t, crashed)
	e := kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(dir), zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	kc := smallKafka(e.Addr())
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	first := segments(t, dir, 0)[0]
	offsets := kadm.Offsets{}
	offsets.AddOffset(kc.Topic(schemas.TopicAlerts), 0, 60, -1)
	if _, err := kadm.NewClient(cl).DeleteRecords(t.Context(), offsets); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(first); err == nil {
		t.Fatalf("%s is still there: the test shows nothing", first)
	}
	if _, err := kafka.Repair(t.Context(), copyDir(t, dir), zerolog.Nop()); err != nil {
		t.Errorf("what was deleted in order: %v", err)
	}
}
