package deliver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// Sink takes batches. Writing the same batch again must be harmless: it has the
// same bounds, and the same records but for those that compaction has removed.
type Sink interface {
	Name() string
	// Resume returns the latest range of the partition that was begun, if any.
	Resume(ctx context.Context, topic, topicID string, partition int32) (r schemas.WrittenRange, found bool, err error)
	// Write writes a batch and notes its range, before and after. An error that
	// has a method Permanent() bool returning true stops the delivery; any other
	// is tried again for ever.
	Write(ctx context.Context, b *schemas.Batch) error
}

// Config has the limits.
type Config struct {
	// Topics to deliver, without the prefix.
	Topics []string `yaml:"-"`
	// A batch is written when it has this many records or bytes, or is this old.
	BatchRecords int           `yaml:"batch_records"`
	BatchBytes   int           `yaml:"batch_bytes"`
	BatchAge     time.Duration `yaml:"batch_age"`
	// QueueBytes may wait, of all partitions, before fetching is paused where
	// something waits.
	QueueBytes int `yaml:"queue_bytes"`
	// Writers is how many batches are written at once.
	Writers int `yaml:"writers"`
	// Backoff between attempts, doubling from the first to the last.
	BackoffFirst time.Duration `yaml:"backoff_first"`
	BackoffLast  time.Duration `yaml:"backoff_last"`
	// StopGrace is how long a write under way may take to finish when its
	// partition is taken away or we stop.
	StopGrace time.Duration `yaml:"stop_grace"`
	// RegatherTimeout is how long to wait for all records of a batch that was
	// begun before a crash: some may be gone for good.
	RegatherTimeout time.Duration `yaml:"regather_timeout"`
}

// DefaultConfig returns limits that fit a ClickHouse.
func DefaultConfig() Config {
	return Config{
		Topics:       schemas.OutTopicNames(),
		BatchRecords: 50_000, BatchBytes: 16 << 20, BatchAge: time.Second,
		QueueBytes: 64 << 20, Writers: 2,
		BackoffFirst: 100 * time.Millisecond, BackoffLast: 15 * time.Second,
		StopGrace: 10 * time.Second, RegatherTimeout: 30 * time.Second,
	}
}

// Validate says which limits make no sense, each on a line that begins with the
// field.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.BatchRecords >= 1, "batch_records: %d; it must be at least 1", c.BatchRecords)
	check(c.BatchBytes >= 1, "batch_bytes: %d; it must be at least 1", c.BatchBytes)
	check(c.BatchAge > 0, "batch_age: %s; it must be over 0", c.BatchAge)
	check(c.QueueBytes >= 1, "queue_bytes: %d; it must be at least 1", c.QueueBytes)
	check(c.Writers >= 1, "writers: %d; it must be at least 1", c.Writers)
	check(c.BackoffFirst > 0, "backoff_first: %s; it must be over 0", c.BackoffFirst)
	check(c.BackoffLast >= c.BackoffFirst, "backoff_last: %s is under backoff_first, %s", c.BackoffLast, c.BackoffFirst)
	check(c.StopGrace > 0, "stop_grace: %s; it must be over 0", c.StopGrace)
	check(c.RegatherTimeout > 0, "regather_timeout: %s; it must be over 0", c.RegatherTimeout)
	return errors.Join(errs...)
}

// Delivery is one member of the group that carries topics to a sink.
type Delivery struct {
	cfg   Config
	kafka kafka.Config
	deps  kafka.Deps
	sink  Sink
	log   zerolog.Logger
	m     *metrics

	cl    *kgo.Client
	asks  *kgo.Client   // for questions; it is there before cl joins its group
	slots chan struct{} // one token per write under way
	room  room
	quit  context.CancelCauseFunc

	mu      sync.Mutex
	workers map[partition]*worker
	reason  map[partition]error // why the sink refuses, while it does
	lost    map[partition]int64 // records that are in neither the log nor the sink
	since   time.Time           // when the first of them began to be refused; zero while none is
}

type partition struct {
	topic  string
	number int32
}

func (p partition) labels() []string { return []string{p.topic, strconv.Itoa(int(p.number))} }

// New returns a delivery. It does nothing before Run.
func New(cfg Config, kc kafka.Config, deps kafka.Deps, sink Sink) (*Delivery, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("deliver: %w", err)
	}
	var reg prometheus.Registerer
	if deps.Registerer != nil {
		reg = deps.Registerer
	}
	return &Delivery{
		cfg: cfg, kafka: kc, deps: deps, sink: sink,
		log:     deps.Log.With().Str("sink", sink.Name()).Logger(),
		m:       newMetrics(sink.Name(), reg),
		slots:   make(chan struct{}, cfg.Writers),
		room:    room{limit: int64(cfg.QueueBytes)},
		workers: map[partition]*worker{}, reason: map[partition]error{}, lost: map[partition]int64{},
	}, nil
}

// sessionTimeout is how long a member that died keeps its partitions.
const sessionTimeout = 8 * time.Second

// Group is the consumer group that the delivery to a sink uses.
func Group(kc kafka.Config, sink string) string {
	if sink == "clickhouse" {
		return kc.Name("writer")
	}
	return kc.Name("writer." + sink)
}

// Run delivers until ctx ends, and then returns nil, or until something only a
// person can mend.
func (d *Delivery) Run(ctx context.Context) error {
	topics := make([]string, len(d.cfg.Topics))
	for i, t := range d.cfg.Topics {
		topics[i] = d.kafka.Topic(t)
	}
	n, err := d.countPartitions(ctx, topics)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("deliver: %w", err)
	}
	opts := append(kafka.ReaderOpts(d.kafka, n),
		kgo.ConsumerGroup(Group(d.kafka, d.sink.Name())),
		kgo.ConsumeTopics(topics...),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(sessionTimeout/4),
		kgo.RebalanceTimeout(time.Minute),
		kgo.AdjustFetchOffsetsFn(d.adjust),
		kgo.OnPartitionsAssigned(d.assigned),
		kgo.OnPartitionsRevoked(d.revoked),
		kgo.OnPartitionsLost(d.revoked),
	)
	if d.asks, err = kafka.NewClient(d.kafka, "writer-asks", kafka.Deps{Log: d.deps.Log}); err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	defer d.asks.Close()
	cl, err := kafka.NewClient(d.kafka, "writer", d.deps, opts...)
	if err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	d.cl = cl
	defer cl.CloseAllowingRebalance() // leaves the group, and so calls revoked
	ctx, d.quit = context.WithCancelCause(ctx)
	defer d.quit(nil)
	return d.poll(ctx)
}

// countPartitions waits for brokers that are not there yet.
func (d *Delivery) countPartitions(ctx context.Context, topics []string) (int, error) {
	cl, err := kafka.NewClient(d.kafka, "writer-setup", kafka.Deps{Log: d.deps.Log})
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	wait := d.backoff()
	for {
		n, err := kafka.CountPartitions(ctx, cl, topics...)
		if err == nil || errors.Is(err, kafka.ErrNoTopic) || ctx.Err() != nil {
			return n, err
		}
		d.log.Warn().Err(err).Msg("the brokers do not answer; trying again")
		if !wait.sleep(ctx.Done()) {
			return 0, ctx.Err()
		}
	}
}

func (d *Delivery) poll(ctx context.Context) error {
	for {
		fs := d.cl.PollRecords(ctx, d.cfg.BatchRecords)
		if ctx.Err() != nil {
			if given, ok := errors.AsType[*stopped](context.Cause(ctx)); ok {
				return fmt.Errorf("deliver to %s: %w", d.sink.Name(), given.error)
			}
			return nil
		}
		var stop error
		fs.EachError(func(topic string, p int32, err error) {
			if stop == nil {
				stop = d.fetchError(topic, p, err)
			}
		})
		if stop != nil {
			return stop
		}
		fs.EachPartition(func(p kgo.FetchTopicPartition) {
			d.mu.Lock()
			w := d.workers[partition{p.Topic, p.Partition}]
			d.mu.Unlock()
			if w != nil { // otherwise it was taken away; its next owner reads it again
				w.q.push(p.Records, p.LastStableOffset)
			}
		})
		d.cl.AllowRebalance()
	}
}

// fetchError returns err when it can't be waited out.
func (d *Delivery) fetchError(topic string, p int32, err error) error {
	var missing *kgo.ErrDataLoss
	if errors.As(err, &missing) || isOutOfRange(err) {
		return fmt.Errorf("deliver: the broker no longer has the next records of %s partition %d (retention too short, or the topic was made anew): %w; "+
			"reset group %s to where reading may go on", topic, p, err, Group(d.kafka, d.sink.Name()))
	}
	d.log.Warn().Err(err).Str("topic", topic).Int32("partition", p).Msg("fetching")
	return nil
}

// assigned starts a worker per new partition.
func (d *Delivery) assigned(_ context.Context, cl *kgo.Client, parts map[string][]int32) {
	for topic, ps := range parts {
		for _, p := range ps {
			key := partition{topic, p}
			w := newWorker(d, cl, key)
			d.mu.Lock()
			d.workers[key] = w
			d.mu.Unlock()
			go w.run() // ended and waited for by revoked
		}
	}
}

// revoked ends the workers of partitions that go elsewhere, and waits for what
// they are writing.
func (d *Delivery) revoked(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
	var ending []*worker
	d.mu.Lock()
	for topic, ps := range parts {
		for _, p := range ps {
			key := partition{topic, p}
			if w := d.workers[key]; w != nil {
				delete(d.workers, key)
				delete(d.reason, key)
				ending = append(ending, w)
			}
		}
	}
	if len(d.reason) == 0 { // whoever has the partitions now goes on telling
		d.since = time.Time{}
	}
	d.mu.Unlock()
	for _, w := range ending {
		close(w.stop)
	}
	for _, w := range ending {
		<-w.done
	}
}

// stopped is why we stop of our own accord.
type stopped struct{ error }

// fail stops Run with an error; the first one wins.
func (d *Delivery) fail(err error) { d.quit(&stopped{err}) }

// refused notes why the sink refuses a partition, or that it no longer does.
// The log has one line when the first partition is refused and one when none is
// any more, whatever happens in between: an outage is one piece of news.
func (d *Delivery) refused(p partition, err error) {
	d.mu.Lock()
	if err != nil {
		d.reason[p] = err
	} else {
		delete(d.reason, p)
	}
	began, ended := false, false
	var lasted time.Duration
	switch {
	case len(d.reason) > 0 && d.since.IsZero():
		d.since, began = time.Now(), true
	case len(d.reason) == 0 && !d.since.IsZero():
		lasted, ended = time.Since(d.since), true
		d.since = time.Time{}
	}
	d.mu.Unlock()
	switch {
	case began:
		d.log.Warn().Err(err).Str("topic", p.topic).Int32("partition", p.number).
			Msg("the sink takes nothing for now; the records wait in Kafka, and writing is tried again until it works")
	case ended:
		d.log.Info().Stringer("after", lasted).Msg("the sink takes records again; what waited is being written")
	}
}

// Failing returns why the sink refuses some partition's next batch, or what it lacks
// for good, or nil.
func (d *Delivery) Failing() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for p, err := range d.reason {
		return fmt.Errorf("%s of %s partition %d: %w", d.sink.Name(), p.topic, p.number, err)
	}
	for p, n := range d.lost {
		return fmt.Errorf("%s lacks %d records of %s partition %d: %s", d.sink.Name(), n, p.topic, p.number, lossText)
	}
	return nil
}

// topicID asks the brokers for a topic's id.
func topicID(ctx context.Context, cl *kgo.Client, topic string) (string, error) {
	m, err := kadm.NewClient(cl).ListTopics(ctx, topic)
	if err != nil {
		return "", fmt.Errorf("asking for the id of %s: %w", topic, err)
	}
	if err := m[topic].Err; err != nil {
		return "", fmt.Errorf("asking for the id of %s: %w", topic, err)
	}
	return m[topic].ID.String(), nil
}
