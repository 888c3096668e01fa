package send

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

func cluster(t *testing.T) (kafka.Config, *kgo.Client) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(8, "pinkstar.alerts", "pinkstar.tickets", "pinkstar.changes", "own"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	cfg := kafka.DefaultConfig()
	cfg.Brokers = c.ListenAddrs()
	cl, err := kafka.NewClient(cfg, "test", kafka.Deps{}, kgo.ConsumeTopics("pinkstar.alerts", "pinkstar.tickets", "pinkstar.changes", "own"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cfg, cl
}

func options(cfg kafka.Config) Options {
	return Options{Kafka: cfg, Naming: schemas.DefaultNaming(), Limits: ingest.DefaultLimits(),
		Now: func() time.Time { return time.Date(2026, 11, 22, 10, 32, 0, 0, time.UTC) }}
}

func read(t *testing.T, cl *kgo.Client, n int) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	var out []*kgo.Record
	for len(out) < n {
		fs := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("got %d records; want %d", len(out), n)
		}
		out = append(out, fs.Records()...)
	}
	return out
}

// kafka-go must pick the partition that franz-go picks: a scope written by two
// clients would otherwise be correlated in two places.
func TestSendPicksTheSamePartitionsAsFranzGo(t *testing.T) {
	cfg, cl := cluster(t)
	var in strings.Builder
	const scopes = 200
	for i := range scopes {
		fmt.Fprintf(&in, `{"name":"Down","source":"t","tenant":"team %d ü","starts_at":"2026-11-22T10:00:00Z"}`+"\n", i)
	}
	sum, err := Run(t.Context(), strings.NewReader(in.String()), options(cfg))
	if err != nil || sum.Sent != scopes {
		t.Fatalf("sent %d, %v", sum.Sent, err)
	}
	theirs := map[string]int32{}
	for _, r := range read(t, cl, scopes) {
		theirs[string(r.Key)] = r.Partition
		if id := kafka.Header(r, schemas.HeaderID); len(id) != 32 {
			t.Fatalf("header %s is %q", schemas.HeaderID, id)
		}
	}
	producer, err := kafka.NewClient(cfg, "test2", kafka.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	ours := map[string]int32{}
	for key := range theirs {
		rec := &kgo.Record{Topic: "own", Key: []byte(key)}
		if err := producer.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
			t.Fatal(err)
		}
		ours[key] = rec.Partition
	}
	if len(theirs) != scopes || !maps.Equal(theirs, ours) {
		t.Errorf("kafka-go: %v\nfranz-go: %v", theirs, ours)
	}
}

func TestKindsGoToTheirTopicsAndTimesStay(t *testing.T) {
	cfg, cl := cluster(t)
	in := `{"name":"Down","source":"t","labels":{"service":"core"},"starts_at":"2026-11-22T10:00:00Z"}
{"kind":"ticket","name":"help","source":"t","ticket":{"key":"OPS-1"}}
{"kind":"change","name":"deploy","source":"t","received_at":"2025-01-01T00:00:00Z","starts_at":"2025-01-01T00:00:00Z"}
`
	var old []string
	o := options(cfg)
	o.Old = func(received schemas.Time) { old = append(old, received.String()) }
	if _, err := Run(t.Context(), strings.NewReader(in), o); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(old, []string{"2025-01-01T00:00:00.000Z"}) {
		t.Errorf("told of old signals %v; want one", old)
	}
	got := map[string]string{}
	for _, r := range read(t, cl, 3) {
		got[r.Topic] = r.Timestamp.UTC().Format(time.RFC3339)
	}
	want := map[string]string{
		"pinkstar.alerts": "2026-11-22T10:32:00Z", "pinkstar.tickets": "2026-11-22T10:32:00Z", "pinkstar.changes": "2025-01-01T00:00:00Z",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
}

func TestABadLineIsNamed(t *testing.T) {
	cfg, _ := cluster(t)
	in := "{\"name\":\"Down\",\"source\":\"t\"}\n{nonsense\n{\"name\":\"Up\",\"source\":\"t\"}\n"
	sum, err := Run(t.Context(), strings.NewReader(in), options(cfg))
	if err == nil || !strings.Contains(err.Error(), "line 2") || sum.Sent != 1 {
		t.Errorf("sent %d, %v; want 1 and line 2", sum.Sent, err)
	}
	o := options(cfg)
	o.SkipBad, o.Topic = true, "own"
	sum, err = Run(t.Context(), strings.NewReader(in), o)
	if err != nil || sum.Sent != 2 || len(sum.Bad) != 1 {
		t.Errorf("%+v, %v; want 2 sent and 1 bad", sum, err)
	}
}
