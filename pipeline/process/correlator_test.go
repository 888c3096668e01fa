package process_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/correlate/logtime"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// running is a correlator that a test started.
type running struct {
	c    *process.Correlator
	stop func()
}

func startCorrelator(t *testing.T, kc kafka.Config, cfg process.Config, engines process.Engines) *running {
	t.Helper()
	c, err := process.NewCorrelator(cfg, kc, engines, process.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stopped := false
	r := &running{c: c, stop: func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(kafkatest.Patience):
			t.Errorf("Run did not end within %s", kafkatest.Patience)
		}
	}}
	t.Cleanup(r.stop)
	return r
}

func testConfig() process.Config {
	cfg := process.DefaultConfig()
	cfg.SnapshotRecords, cfg.SnapshotInterval = 1000, time.Hour
	cfg.SessionTimeout, cfg.TransactionTimeout = 10*time.Second, 8*time.Second
	return cfg
}

// storm makes n signals of which about two thirds are repeats, over several
// scopes.
func storm(rng *rand.Rand, n int, at schemas.Time) []schemas.Signal {
	naming := schemas.DefaultNaming()
	out := make([]schemas.Signal, 0, n)
	for i := range n {
		at = at.Add(int64(rng.IntN(20)))
		k := rng.IntN(n/3 + 1)
		s := schemas.Signal{Name: "ShieldDown", Source: "test", ReceivedAt: at, StartsAt: 1_000_000,
			Environment: fmt.Sprintf("env%d", k%5), Service: fmt.Sprintf("service-%d", k%11), Instance: fmt.Sprintf("pod-%d", k),
			Labels: schemas.LabelsOf(map[string]string{"alertname": "ShieldDown", "k": fmt.Sprint(k)})}
		if err := naming.Complete(&s); err != nil {
			panic(fmt.Sprint(i, err))
		}
		out = append(out, s)
	}
	return out
}

func produce(t testing.TB, kc kafka.Config, signals []schemas.Signal) {
	t.Helper()
	p, err := kafka.NewProducer(kc, "test", kafka.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Produce(t.Context(), signals); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// published reads what is on the topics.
func published(t testing.TB, kc kafka.Config) *outcome {
	t.Helper()
	o := newOutcome()
	for _, topic := range []string{schemas.TopicDecisions, schemas.TopicIncidents, schemas.TopicProblems} {
		for _, r := range kafkatest.ReadAll(t, kc, topic) {
			var out process.Output
			var err error
			switch typ := string(kafka.Header(r, schemas.HeaderType)); typ {
			case schemas.TypeDecision:
				out.Decisions = make([]schemas.Decision, 1)
				err = json.Unmarshal(r.Value, &out.Decisions[0])
			case schemas.TypeTimeline:
				out.Timeline = make([]schemas.TimelineEntry, 1)
				err = json.Unmarshal(r.Value, &out.Timeline[0])
			case schemas.TypeProblem:
				out.Problems = make([]schemas.Problem, 1)
				err = json.Unmarshal(r.Value, &out.Problems[0])
			case schemas.TypeIncident:
				out.Incidents = make([]schemas.Incident, 1)
				err = json.Unmarshal(r.Value, &out.Incidents[0])
			default:
				t.Fatalf("a record of type %q on %s", typ, topic)
			}
			if err != nil {
				t.Fatal(err)
			}
			o.add(&out)
		}
	}
	return o
}

// offline replays the log through fresh engines, and counts its signals.
func offline(t testing.TB, kc kafka.Config, engines process.Engines) (*outcome, int) {
	t.Helper()
	o, n := newOutcome(), 0
	byPartition, clocks := map[int32]process.Engine{}, map[int32]*logtime.Clock[schemas.Signal]{}
	for _, r := range kafkatest.ReadAll(t, kc, schemas.TopicSignals) {
		if byPartition[r.Partition] == nil {
			byPartition[r.Partition], _ = engines.New()
			clocks[r.Partition] = &logtime.Clock[schemas.Signal]{}
		}
		e, clock := byPartition[r.Partition], clocks[r.Partition]
		var s schemas.Signal
		if err := schemas.DecodeSignal(r.Value, &s); err != nil {
			t.Fatal(err)
		}
		owner := s.Kind == schemas.KindTick || s.Kind == schemas.KindActivation
		_ = clock.Take(s, schemas.Time(r.Timestamp.UnixMilli()), owner, len(r.Key)+len(r.Value)+500, func(s schemas.Signal, at schemas.Time) error {
			var out process.Output
			e.Step(&s, at, &out)
			clock.Set(e.Now())
			o.add(&out)
			return nil
		})
		if kafka.Header(r, schemas.HeaderID) != nil { // not a tick
			n++
		}
	}
	return o, n
}

// settle waits until the published decisions count every signal of the log.
func settle(t testing.TB, kc kafka.Config, engines process.Engines) {
	t.Helper()
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		got, want := published(t, kc), (*outcome)(nil)
		want, _ = offline(t, kc, engines)
		diff := got.diff(want)
		if len(diff) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s the topics are not what a replay of the log gives:\n%s", kafkatest.Patience, strings.Join(diff, "\n"))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func TestCorrelatorFollowsTheLog(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		rng := rand.New(rand.NewPCG(1, 2))
		at := schemas.TimeOf(time.Now().Add(-time.Hour))
		produce(t, kc, storm(rng, 3000, at))
		r := startCorrelator(t, kc, testConfig(), counters{})
		settle(t, kc, counters{})
		r.stop()
		produce(t, kc, storm(rng, 3000, at.Add(schemas.Minute)))
		startCorrelator(t, kc, testConfig(), counters{})
		settle(t, kc, counters{})
		// Ticks bring out the counts that are still inside the engines.
		deadline := time.Now().Add(kafkatest.Patience)
		for {
			var sum int64
			for _, d := range published(t, kc).Decisions {
				sum += 1 + d.Repeats
			}
			if sum == 6000 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the decisions count %d signals, want 6000", sum)
			}
			time.Sleep(100 * time.Millisecond)
		}
		settle(t, kc, counters{})
	})
}

func TestIdlePartitionTicks(t *testing.T) {
	kc := kafkatest.Embedded(t)
	now := schemas.TimeOf(time.Now())
	s := storm(rand.New(rand.NewPCG(1, 2)), 3, now)[:1]
	produce(t, kc, append(s, s[0], s[0]))
	startCorrelator(t, kc, testConfig(), counters{})
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		if d := published(t, kc).Decisions[s[0].ID]; d.Repeats == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the repeats were never told: no tick moved log time")
		}
		time.Sleep(100 * time.Millisecond)
	}
	settle(t, kc, counters{})
}

func TestActivationGoesThroughTheLog(t *testing.T) {
	t.Run("small", func(t *testing.T) { activate(t, "rules: []") })
	// A topology of 20,000 services: ten times what a signal may take.
	var large strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&large, "  service-%05d:\n    team: team-%d\n    depends_on: [service-%05d, service-%05d]\n    instances: [service-%05d-7d9f8b6c5-x%04d]\n",
			i, i%70, i*7919%20_000, i*104729%20_000, i, i*31%9973)
	}
	t.Run("large", func(t *testing.T) { activate(t, large.String()) })
}

func activate(t *testing.T, text string) {
	kc := kafkatest.Embedded(t)
	engines := counters{wanted: []schemas.Activation{{What: "rules", Version: "v1", Text: text}}}
	r := startCorrelator(t, kc, testConfig(), engines)
	waitReady(t, r)
	now := schemas.TimeOf(time.Now())
	produce(t, kc, storm(rand.New(rand.NewPCG(1, 2)), 30, now))
	settle(t, kc, engines)
	for id, d := range published(t, kc).Decisions {
		if d.Rules != "v1" {
			t.Fatalf("decision on %s was made under rules %q", id, d.Rules)
		}
	}
	r.stop()
	r = startCorrelator(t, kc, testConfig(), engines)
	for deadline := time.Now().Add(kafkatest.Patience); r.c.Ready() != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not ready after the restart: %v", r.c.Ready())
		}
	}
	time.Sleep(time.Second) // it has its partitions, and looks at what is in force many times
	n := 0
	for _, rec := range kafkatest.ReadAll(t, kc, schemas.TopicSignals) {
		if strings.Contains(string(rec.Value), string(schemas.KindActivation)) {
			n++
		}
	}
	if n != int(kc.Partitions) {
		t.Errorf("%d activations are in the log, want one for each of %d partitions", n, kc.Partitions)
	}
}

// Taking the learnt pairs out of the configuration takes them out of force: no
// version is a version, too.
func TestActivationOfNothing(t *testing.T) {
	kc := kafkatest.Embedded(t)
	for _, version := range []string{"", "v1", ""} {
		engines := counters{wanted: []schemas.Activation{{What: "learnt", Version: version}}}
		r := startCorrelator(t, kc, testConfig(), engines)
		waitReady(t, r)
		settle(t, kc, engines)
		r.stop()
	}
	n := 0
	for _, rec := range kafkatest.ReadAll(t, kc, schemas.TopicSignals) {
		if strings.Contains(string(rec.Value), string(schemas.KindActivation)) {
			n++
		}
	}
	if n != 2*int(kc.Partitions) {
		t.Errorf("%d activations are in the log, want two for each of %d partitions: v1, and nothing", n, kc.Partitions)
	}
}

func waitReady(t testing.TB, r *running) {
	t.Helper()
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(20 * time.Millisecond) {
		err := r.c.Ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", err)
		}
	}
}

func TestPoisonStopsNothing(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		rng := rand.New(rand.NewPCG(1, 2))
		good := storm(rng, 100, schemas.TimeOf(time.Now()))
		cl := kafkatest.Client(t, kc)
		defer cl.Close()
		bad := []*kgo.Record{
			{Value: []byte("{")}, {Value: nil}, {Value: []byte(`{"id":"zz"}`)},
			{Value: []byte(`{"kind":"alert","id":"00000000000000000000000000000001","scope":"elsewhere"}`), Key: []byte("here")},
			{Value: make([]byte, 200_000)},
		}
		for i, b := range bad {
			b.Topic = kc.Topic(schemas.TopicSignals)
			if err := cl.ProduceSync(t.Context(), b, kafka.SignalRecord(&kc, &good[i])).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		lying := kafka.SignalRecord(&kc, &good[10])
		lying.Headers[0].Value = []byte("0000000000000000000000000000ffff")
		if err := cl.ProduceSync(t.Context(), lying).FirstErr(); err != nil {
			t.Fatal(err)
		}
		produce(t, kc, good)
		startCorrelator(t, kc, testConfig(), counters{})
		want := map[string]bool{}
		for _, s := range good {
			want[s.ID] = true
		}
		deadline := time.Now().Add(kafkatest.Patience)
		for {
			placed, refused := 0, 0
			for id, d := range published(t, kc).Decisions {
				switch {
				case d.Verdict == schemas.VerdictRefused && d.Reason != "":
					refused++
				case want[id]:
					placed++
				}
			}
			if placed == len(want) && refused == len(bad)+1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d placed, %d of %d refused", placed, len(want), refused, len(bad)+1)
			}
			time.Sleep(100 * time.Millisecond)
		}
		dead := kafkatest.ReadAll(t, kc, schemas.TopicDeadLetter)
		if len(dead) != len(bad)+1 {
			t.Fatalf("%d dead letters, want %d", len(dead), len(bad)+1)
		}
		for _, r := range dead {
			var d schemas.DeadLetter
			if err := json.Unmarshal(r.Value, &d); err != nil || d.Reason == "" || d.Stage != "correlate" || len(d.Value) > 64<<10 {
				t.Errorf("dead letter %s: %v", r.Value[:min(len(r.Value), 300)], err)
			}
		}
	})
}
