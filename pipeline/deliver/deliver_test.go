package deliver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// memory is a sink that behaves like a database with tokens: a batch whose
// bounds it knows is not taken twice. Its life is longer than a delivery's.
type memory struct {
	mu       sync.Mutex
	ranges   map[string]schemas.WrittenRange
	tokens   map[string]bool
	seen     map[string]int // by value: how often it was stored
	refuse   func(b *schemas.Batch) error
	between  func(b *schemas.Batch) error // after storing, before the range is noted as done
	writes   int
	followed int // written whose end was not noted, since the next was there
	away     bool
	noToken  bool // a sink that forgets: the negative control
}

func newMemory() *memory {
	return &memory{ranges: map[string]schemas.WrittenRange{}, tokens: map[string]bool{}, seen: map[string]int{}}
}

func (m *memory) Name() string { return "clickhouse" }

func where(topic, id string, p int32) string { return fmt.Sprint(topic, "@", id, "/", p) }

func (m *memory) Resume(_ context.Context, topic, id string, p int32) (schemas.WrittenRange, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return schemas.WrittenRange{}, false, errors.New("away")
	}
	if m.noToken {
		return schemas.WrittenRange{}, false, nil
	}
	r, ok := m.ranges[where(topic, id, p)]
	return r, ok, nil
}

func (m *memory) Write(_ context.Context, b *schemas.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if m.refuse != nil {
		if err := m.refuse(b); err != nil {
			return err
		}
	}
	at := where(b.Topic, b.TopicID, b.Partition)
	m.ranges[at] = schemas.WrittenRange{First: b.First, Last: b.Last}
	token := fmt.Sprint(at, b.First, "-", b.Last)
	if !m.tokens[token] || m.noToken {
		m.tokens[token] = true
		for _, r := range b.Records {
			m.seen[string(r.Value)]++
		}
	}
	if m.between != nil {
		if err := m.between(b); err != nil {
			return err
		}
	}
	if b.Followed {
		m.followed++
	} else {
		m.ranges[at] = schemas.WrittenRange{First: b.First, Last: b.Last, Done: true}
	}
	return nil
}

func (m *memory) set(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// exact says what is wrong when not each of n values was stored once.
func (m *memory) exact(n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for v, times := range m.seen {
		if times != 1 {
			return fmt.Errorf("%s was stored %d times", v, times)
		}
	}
	if len(m.seen) != n {
		return fmt.Errorf("%d of %d were stored", len(m.seen), n)
	}
	return nil
}

func testConfig() Config {
	c := DefaultConfig()
	c.Topics = []string{schemas.TopicDecisions}
	c.BatchRecords, c.BatchAge = 50, 30*time.Millisecond
	c.BackoffFirst, c.BackoffLast = 5*time.Millisecond, 50*time.Millisecond
	c.StopGrace, c.RegatherTimeout = time.Second, 2*time.Second
	return c
}

// running is a delivery in the background.
type running struct {
	*Delivery
	stop func() error
}

func start(t *testing.T, cfg Config, kc kafka.Config, sink Sink) running {
	t.Helper()
	d, err := New(cfg, kc, kafka.Deps{Log: kafkatest.Log(t), Registerer: prometheus.NewRegistry()}, sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- d.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-result })
	t.Cleanup(func() { _ = stop() })
	return running{d, stop}
}

func produce(t *testing.T, kc kafka.Config, from, n int) {
	t.Helper()
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	recs := make([]*kgo.Record, n)
	for i := range recs {
		recs[i] = &kgo.Record{
			Topic: kc.Topic(schemas.TopicDecisions), Key: fmt.Appendf(nil, "scope-%d", i%7), Value: fmt.Appendf(nil, "v%d", from+i),
			Headers: []kgo.RecordHeader{{Key: schemas.HeaderType, Value: []byte(schemas.TypeDecision)}},
		}
	}
	if err := cl.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(kafkatest.Patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

func committed(t *testing.T, kc kafka.Config) (n int64) {
	t.Helper()
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	offs, err := kadm.NewClient(cl).FetchOffsets(t.Context(), Group(kc, "clickhouse"))
	if errors.Is(err, kerr.GroupIDNotFound) {
		return 0 // nobody has joined yet
	}
	if err != nil {
		t.Fatal(err)
	}
	offs.Each(func(o kadm.OffsetResponse) { n += max(0, o.At) })
	return n
}

func TestDeliversAndCommits(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		sink := newMemory()
		sink.refuse = func(*schemas.Batch) error { return errors.New("down") }
		produce(t, kc, 0, 1000)
		r := start(t, testConfig(), kc, sink)
		eventually(t, "the sink is tried", func() error {
			if err := r.Failing(); err == nil {
				return errors.New("no failure is told")
			}
			return nil
		})
		if n := committed(t, kc); n != 0 {
			t.Errorf("offset %d was committed although nothing was written", n)
		}
		sink.set(func() { sink.refuse = nil })
		eventually(t, "all arrive", func() error { return sink.exact(1000) })
		eventually(t, "offsets are committed", func() error {
			if n := committed(t, kc); n != 1000 {
				return fmt.Errorf("committed %d", n)
			}
			return r.Failing()
		})
		produce(t, kc, 1000, 10)
		eventually(t, "a few more arrive by age", func() error { return sink.exact(1010) })
		if err := r.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// interrupted delivers n records while writes fail at every stage and members
// come and go, and returns what is wrong with the result.
func interrupted(t *testing.T, sink *memory, n int) error {
	kc := kafkatest.Embedded(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	luck := rand.New(rand.NewPCG(3, 4)) // the sink's own: it is drawn from under the sink's lock
	sink.refuse = func(*schemas.Batch) error {
		if luck.IntN(4) == 0 {
			return errors.New("before")
		}
		return nil
	}
	sink.between = func(*schemas.Batch) error {
		if luck.IntN(3) == 0 {
			return errors.New("stored, but the answer was lost")
		}
		return nil
	}
	cfg := testConfig()
	cfg.StopGrace = 20 * time.Millisecond
	var members []running
	for i := range 6 {
		produce(t, kc, i*n/6, n/6)
		cfg.BatchRecords = 10 + rnd.IntN(60) // a restart with another configuration
		tried := 0
		sink.set(func() { tried = sink.writes })
		members = append(members, start(t, cfg, kc, sink))
		eventually(t, "the members try some batches", func() (err error) {
			sink.set(func() {
				if sink.writes < tried+3 {
					err = fmt.Errorf("%d, after %d", sink.writes, tried)
				}
			})
			return err
		})
		if i%2 == 1 {
			if err := members[rnd.IntN(len(members))].stop(); err != nil {
				t.Error(err)
			}
		}
	}
	sink.set(func() { sink.refuse, sink.between = nil, nil })
	start(t, cfg, kc, sink)
	eventually(t, "everything is committed", func() error {
		if c := committed(t, kc); c != int64(n) {
			return fmt.Errorf("committed %d of %d", c, n)
		}
		return nil
	})
	return sink.exact(n)
}

func TestExactThroughInterruptions(t *testing.T) {
	if err := interrupted(t, newMemory(), 3000); err != nil {
		t.Error(err)
	}
}

// TestForgetfulSinkIsCaught: the same run with a sink that forgets its ranges
// must be found inexact, otherwise the test above proves nothing.
func TestForgetfulSinkIsCaught(t *testing.T) {
	sink := newMemory()
	sink.noToken = true
	if err := interrupted(t, sink, 3000); err == nil {
		t.Error("an at-least-once sink passed for exact")
	}
}

// Of batches that follow each other only the last is noted as finished. Who is
// killed before the next was begun writes one again, which is nothing to warn of.
func TestBatchesThatFollowEachOther(t *testing.T) {
	kc := kafkatest.Embedded(t)
	sink := newMemory()
	produce(t, kc, 0, 1000)
	var out lines
	cfg := testConfig()
	cfg.RegatherTimeout = time.Minute // a batch that is not gathered whole gets other bounds
	for _, n := range []int{1000, 1010} {
		d, err := New(cfg, kc, kafka.Deps{Log: zerolog.New(&out).Level(zerolog.WarnLevel)}, sink)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- d.Run(ctx) }()
		eventually(t, "all arrive and are committed", func() error {
			if c := committed(t, kc); c != int64(n) {
				return fmt.Errorf("committed %d", c)
			}
			return sink.exact(n)
		})
		cancel()
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		if n == 1000 && (sink.followed == 0 || sink.followed == sink.writes) {
			t.Errorf("of %d batches %d were followed by others", sink.writes, sink.followed)
		}
		for at, r := range sink.ranges {
			if !r.Done {
				t.Errorf("%s: nothing more came, and the last batch was not noted as finished", at)
			}
			r.Done = false // killed before it could be
			sink.ranges[at] = r
		}
		if n == 1000 {
			produce(t, kc, 1000, 10)
		}
	}
	if out.count("the sink has less") != 0 { // a slow machine's client warns of its own
		t.Errorf("warnings of a sink that has all: %s", out.text)
	}
}

// TestRewind: somebody resets the group to the start; what the sink has is
// skipped.
func TestRewind(t *testing.T) {
	kc := kafkatest.Embedded(t)
	sink := newMemory()
	produce(t, kc, 0, 700)
	r := start(t, testConfig(), kc, sink)
	eventually(t, "all arrive", func() error { return sink.exact(700) })
	eventually(t, "the group is at the end", func() error {
		if n := committed(t, kc); n != 700 {
			return fmt.Errorf("committed %d", n)
		}
		return nil
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	if _, err := kadm.NewClient(cl).DeleteGroups(t.Context(), Group(kc, "clickhouse")); err != nil {
		t.Fatal(err)
	}
	writes := sink.writes
	start(t, testConfig(), kc, sink)
	eventually(t, "the group is at the end again", func() error {
		if n := committed(t, kc); n != 700 {
			return fmt.Errorf("committed %d", n)
		}
		return nil
	})
	if err := sink.exact(700); err != nil || sink.writes != writes {
		t.Errorf("written %d times more: %v", sink.writes-writes, err)
	}
}

// TestSinkAwayAtTheStart: nobody knows where to begin until it answers; that is
// told, and a stop does not wait for it.
func TestSinkAwayAtTheStart(t *testing.T) {
	kc := kafkatest.Embedded(t)
	sink := newMemory()
	sink.away = true
	produce(t, kc, 0, 100)
	failing := func(r running) {
		t.Helper()
		eventually(t, "it is told", func() error {
			if r.Failing() == nil {
				return errors.New("no failure")
			}
			return nil
		})
	}
	r := start(t, testConfig(), kc, sink)
	failing(r)
	began := time.Now()
	if err := r.stop(); err != nil || time.Since(began) > kafkatest.Patience {
		t.Fatalf("the stop took %s: %v", time.Since(began), err)
	}
	r = start(t, testConfig(), kc, sink)
	failing(r)
	sink.set(func() { sink.away = false })
	eventually(t, "all arrive", func() error { return sink.exact(100) })
	eventually(t, "it no longer fails", r.Failing)
}

// clone is a copy of the sink as it is now.
func (m *memory) clone() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemory()
	maps.Copy(c.ranges, m.ranges)
	maps.Copy(c.tokens, m.tokens)
	maps.Copy(c.seen, m.seen)
	return c
}

// TestSinkBehindTheGroup: a sink that was emptied, or put back from an older
// copy, gets what the log has, although the group is at the end.
func TestSinkBehindTheGroup(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		sink := newMemory()
		produce(t, kc, 0, 300)
		r := start(t, testConfig(), kc, sink)
		eventually(t, "some arrive", func() error { return sink.exact(300) })
		older := sink.clone()
		produce(t, kc, 300, 400)
		eventually(t, "all arrive", func() error { return sink.exact(700) })
		eventually(t, "the group is at the end", func() error {
			if n := committed(t, kc); n != 700 {
				return fmt.Errorf("committed %d", n)
			}
			return nil
		})
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*memory{older, newMemory()} {
			r := start(t, testConfig(), kc, s)
			eventually(t, "the older sink has all", func() error { return s.exact(700) })
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestTopicThatLostItsEnd: the sink has offsets that the topic uses again. New
// records must not be taken for written ones.
func TestTopicThatLostItsEnd(t *testing.T) {
	kc := kafkatest.Embedded(t)
	sink := newMemory()
	produce(t, kc, 0, 300)
	r := start(t, testConfig(), kc, sink)
	eventually(t, "all arrive", func() error { return sink.exact(300) })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for at, w := range sink.ranges { // it had read on, before the end was lost
		w.Last += 1000
		sink.ranges[at] = w
	}
	produce(t, kc, 300, 50)
	r = start(t, testConfig(), kc, sink)
	eventually(t, "the new ones arrive", func() error {
		sink.mu.Lock()
		defer sink.mu.Unlock()
		if n := len(sink.seen); n != 350 {
			return fmt.Errorf("%d of 350 were stored", n)
		}
		return nil
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	writes := sink.writes
	produce(t, kc, 350, 50)
	r = start(t, testConfig(), kc, sink)
	eventually(t, "and those after a restart", func() error {
		sink.mu.Lock()
		defer sink.mu.Unlock()
		if n := len(sink.seen); n != 400 {
			return fmt.Errorf("%d of 400 were stored", n)
		}
		return nil
	})
	if n := sink.writes - writes; n > 2*int(kc.Partitions) {
		t.Errorf("%d batches were written for 50 records: it began from the start again", n)
	}
}

// TestWhatNeitherLogNorSinkHasIsTold: the log lost its end after the group had
// read it. A sink that has it lacks nothing; one that was emptied does.
func TestWhatNeitherLogNorSinkHasIsTold(t *testing.T) {
	kc := kafkatest.Embedded(t)
	full := newMemory()
	produce(t, kc, 0, 300)
	r := start(t, testConfig(), kc, full)
	eventually(t, "the group is at the end", func() error {
		if n := committed(t, kc); n != 300 {
			return fmt.Errorf("committed %d", n)
		}
		return nil
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	group := Group(kc, "clickhouse")
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	read, err := kadm.NewClient(cl).FetchOffsets(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	emptied := newMemory()
	for _, c := range []struct {
		sink  *memory
		more  int64 // than the log has
		lacks string
	}{{full, 0, ""}, {emptied, 0, ""}, {full.clone(), 5, "lacks 5 records"}, {newMemory(), 5, "lacks 5 records"}} {
		offs := read.Offsets()
		offs.Each(func(o kadm.Offset) { o.At += c.more; offs.Add(o) })
		if err := kadm.NewClient(cl).CommitAllOffsets(t.Context(), group, offs); err != nil {
			t.Fatal(err)
		}
		r := start(t, testConfig(), kc, c.sink)
		eventually(t, "all that is there arrives", func() error { return c.sink.exact(300) })
		if c.lacks != "" {
			eventually(t, "it is told", func() error {
				if r.Failing() == nil {
					return errors.New("no failure")
				}
				return nil
			})
		}
		err := r.Failing()
		if c.lacks == "" && err != nil || c.lacks != "" && (err == nil || !strings.Contains(err.Error(), c.lacks)) {
			t.Errorf("%d more: %v; want %q", c.more, err, c.lacks)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnOutageIsTwoLines: however many partitions and attempts fail.
func TestAnOutageIsTwoLines(t *testing.T) {
	kc := kafkatest.Embedded(t)
	sink := newMemory()
	down := true
	sink.refuse = func(*schemas.Batch) error {
		if down {
			return errors.New("down")
		}
		return nil
	}
	produce(t, kc, 0, 700) // on several partitions
	var out lines
	d, err := New(testConfig(), kc, kafka.Deps{Log: zerolog.New(&out).Level(zerolog.InfoLevel)}, sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- d.Run(ctx) }()
	defer func() { cancel(); <-result }()
	attempts := func() (n int) { sink.set(func() { n = sink.writes }); return n }
	for outage := 1; outage <= 2; outage++ {
		from := attempts()
		eventually(t, "many attempts fail", func() error {
			if n := attempts() - from; n < 20 {
				return fmt.Errorf("%d", n)
			}
			return nil
		})
		sink.set(func() { down = false })
		eventually(t, "all arrive", func() error { return errors.Join(sink.exact(700*outage), d.Failing()) })
		eventually(t, "the end is told", func() error {
			if n := out.count("takes records again"); n != outage {
				return fmt.Errorf("%d times", n)
			}
			return nil
		})
		if n := out.count("takes nothing"); n != outage {
			t.Errorf("outage %d: %d lines tell of its beginning", outage, n)
		}
		sink.set(func() { down = true })
		produce(t, kc, 700*outage, 700)
	}
	sink.set(func() { down = false })
	if n := out.count("failed"); n != 0 {
		t.Errorf("%d lines tell of single attempts", n)
	}
}

// A start on what was written before tells of nothing to look after: the client
// warns where a position is committed before the session's have been fetched.
func TestAStartOnExistingDataWarnsOfNothing(t *testing.T) {
	kc := kafkatest.Embedded(t)
	sink := newMemory()
	for round := range 3 {
		var out lines
		produce(t, kc, 700*round, 700)
		d, err := New(testConfig(), kc, kafka.Deps{Log: zerolog.New(&out).Level(zerolog.WarnLevel)}, sink)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- d.Run(ctx) }()
		eventually(t, "all arrive and are committed", func() error {
			if n := committed(t, kc); n != int64(700*(round+1)) {
				return fmt.Errorf("committed %d", n)
			}
			return sink.exact(700 * (round + 1))
		})
		if n := out.count(""); n != 0 { // before the stop: the last commit's answer may come after it
			t.Errorf("round %d: %d lines of warnings: %s", round, n, out.text)
		}
		cancel()
		if err := <-result; err != nil {
			t.Fatal(err)
		}
	}
}

// lines is a log to look into.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, string(b))
	return len(b), nil
}

func (l *lines) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.text {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

type hopeless struct{ error }

func (hopeless) Permanent() bool { return true }

func TestPermanentErrorStops(t *testing.T) {
	kc := kafkatest.Embedded(t)
	sink := newMemory()
	sink.refuse = func(*schemas.Batch) error { return hopeless{errors.New("no such table")} }
	produce(t, kc, 0, 10)
	d, err := New(testConfig(), kc, kafka.Deps{Log: kafkatest.Log(t)}, sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	if err := d.Run(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("Run: %v, %v", err, ctx.Err())
	}
}

// TestQueueIsBounded: a sink that is down holds back partitions, not memory, however
// many there are.
func TestQueueIsBounded(t *testing.T) {
	kc := kafkatest.Embedded(t, func(c *kafka.Config) { c.FetchPartitionBytes = 16 << 10 })
	sink := newMemory()
	down := true
	sink.refuse = func(*schemas.Batch) error {
		if down {
			return errors.New("down")
		}
		return nil
	}
	cfg := testConfig()
	cfg.QueueBytes = 32 << 10
	produce(t, kc, 0, 20000)
	r := start(t, cfg, kc, sink)
	eventually(t, "the sink is tried", func() error {
		if r.Failing() == nil {
			return errors.New("not yet")
		}
		return nil
	})
	eventually(t, "the room is full", func() error {
		if !r.room.full() {
			return errors.New("it is not")
		}
		return nil
	})
	// What was fetched before the pauses may still come; then nothing more does.
	most, rounds := int64(0), 0
	for taken := r.room.taken.Load(); rounds < 20; rounds++ {
		time.Sleep(50 * time.Millisecond)
		if now := r.room.taken.Load(); now != taken {
			taken, rounds = now, 0
		}
		most = max(most, taken)
	}
	if most > 20*int64(cfg.QueueBytes) {
		t.Errorf("%d bytes wait, the limit is %d", most, cfg.QueueBytes)
	}
	t.Logf("%d bytes wait at the most", most)
	sink.set(func() { down = false })
	eventually(t, "all arrive afterwards", func() error { return sink.exact(20000) })
	eventually(t, "the room is empty again", func() error {
		if n := r.room.taken.Load(); n != 0 {
			return fmt.Errorf("%d bytes are in it", n)
		}
		return nil
	})
}

func TestConfigIsChecked(t *testing.T) {
	for _, mut := range []func(*Config){
		func(c *Config) { c.BatchRecords = 0 }, func(c *Config) { c.BatchBytes = 0 }, func(c *Config) { c.BatchAge = 0 },
		func(c *Config) { c.QueueBytes = 0 }, func(c *Config) { c.Writers = 0 }, func(c *Config) { c.BackoffFirst = 0 },
		func(c *Config) { c.BackoffLast = 0 }, func(c *Config) { c.StopGrace = 0 }, func(c *Config) { c.RegatherTimeout = 0 },
	} {
		c := DefaultConfig()
		mut(&c)
		if _, err := New(c, kafka.DefaultConfig(), kafka.Deps{}, newMemory()); err == nil {
			t.Errorf("taken: %+v", c)
		}
	}
}
