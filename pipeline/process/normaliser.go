package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// RoleNormalise is the name of the normaliser's group, without the prefix.
const RoleNormalise = "normalise"

// Recognise translates a record of any known form into complete signals. It
// may return signals and an error: then the error's parts (Unwrap() []error)
// are what it had to refuse.
type Recognise func(r *kgo.Record, receivedAt schemas.Time) ([]schemas.Signal, error)

// Normaliser reads foreign payloads from the input topics and writes signals.
type Normaliser struct {
	runner
	recognise Recognise

	mu   sync.Mutex
	next map[string]map[int32]int64 // by topic and partition

	// For brokers of ours, whose group offsets may be lost: see Non-obvious.
	ends       int
	progressAt int64
}

// NewNormaliser returns a normaliser of the three input topics and of extra
// ones, by their full names; Run starts it.
func NewNormaliser(cfg Config, kc kafka.Config, extra []string, recognise Recognise, deps Deps) (*Normaliser, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	n := &Normaliser{recognise: recognise, next: map[string]map[int32]int64{}}
	topics := []string{kc.Topic(schemas.TopicAlerts), kc.Topic(schemas.TopicTickets), kc.Topic(schemas.TopicChanges)}
	n.runner = runner{role: RoleNormalise, topics: append(topics, extra...),
		cfg: cfg, kafka: kc, deps: deps, stage: n, met: newMetrics(RoleNormalise, deps.Registerer), txnID: txnID(&cfg, &kc, RoleNormalise)}
	n.notReady("not started")
	return n, nil
}

// Run blocks until ctx ends, and then returns nil, or until something is wrong
// that a restart would not mend.
func (n *Normaliser) Run(ctx context.Context) error { return n.run(ctx) }

// Ready returns nil when this process is a member of the group, or why not.
func (n *Normaliser) Ready() error {
	return n.notReadyYet()
}

func (n *Normaliser) take(ctx context.Context, s *session, f kgo.FetchTopicPartition) (int64, error) {
	now := n.cfg.clock()()
	next, ok := n.position(f.Topic, f.Partition)
	if !ok {
		return 0, fmt.Errorf("records of partition %d of %s, which is not ours", f.Partition, f.Topic)
	}
	for _, r := range f.Records {
		if s.enough(ctx) {
			break
		}
		n.apply(s, r, now)
		next = r.Offset + 1
	}
	n.mu.Lock()
	n.next[f.Topic][f.Partition] = next
	n.mu.Unlock()
	n.met.lag.WithLabelValues(f.Topic + "/" + label(f.Partition)).Set(float64(max(f.HighWatermark-next, 0)))
	return next, nil
}

// position returns the offset of the first record of a partition that was not
// processed.
func (n *Normaliser) position(topic string, partition int32) (next int64, ours bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	next, ours = n.next[topic][partition]
	return next, ours
}

// maxSignalBytes is what a signal may take, so that what is made of it stays
// under the brokers' limit of 1 MB.
const maxSignalBytes = 256 << 10

func (n *Normaliser) apply(s *session, r *kgo.Record, now time.Time) {
	// The producer's time, so that a history can be read in, but never ahead
	// of ours: it moves log time.
	at := schemas.TimeOf(clampTime(r.Timestamp, now))
	signals, err := n.recognise(r, at)
	refused := partsOf(err)
	if len(refused) == 0 && len(signals) == 0 {
		// It reports nothing about anything: an event recorder's start-up or
		// muting, a ping.
		n.met.empty.Inc()
	}
	for i := range signals {
		rec := kafka.SignalRecord(&n.kafka, &signals[i])
		if len(rec.Value) > maxSignalBytes {
			refused = append(refused, fmt.Errorf("signal %s takes %d bytes; the limit is %d", signals[i].ID, len(rec.Value), maxSignalBytes))
			continue
		}
		n.met.steps.Inc()
		s.produce(rec)
	}
	n.met.refused.Add(float64(len(refused)))
	refuse(&n.kafka, r, at, "normalise", refused, s.produce)
}

// partsOf returns the single refusals in err.
func partsOf(err error) []error {
	if err == nil {
		return nil
	}
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		return many.Unwrap()
	}
	return []error{err}
}

func (n *Normaliser) idle(_ context.Context, s *session, _ time.Time) error {
	if _, generation := s.gts.Client().GroupMetadata(); generation >= 0 && n.ready.Load() != nil {
		n.ready.Store(nil)
	}
	return nil
}

// positions is the progress of all partitions, in one record: with brokers of
// ours there is one normaliser.
type positions map[string]int64 // by topic/partition

func (n *Normaliser) progressKey() string { return RoleNormalise + "/progress" }

func (n *Normaliser) beforeEnd(_ context.Context, s *session) error {
	if !n.kafka.Embedded {
		return nil
	}
	ps := positions{}
	n.mu.Lock()
	for t, at := range n.next {
		for p, next := range at {
			ps[t+"/"+label(p)] = next
		}
	}
	n.mu.Unlock()
	b, err := json.Marshal(ps)
	if err != nil {
		return fmt.Errorf("encoding progress: %w", err)
	}
	r := &kgo.Record{Topic: n.kafka.Topic(schemas.TopicState), Partition: n.kafka.Partitions, Key: []byte(n.progressKey()), Value: b}
	s.gts.Produce(context.Background(), r, func(r *kgo.Record, err error) {
		s.produced(r, err)
		n.mu.Lock()
		n.progressAt = r.Offset
		n.mu.Unlock()
	})
	return nil
}

// forgetEvery is after how many transactions old progress is deleted.
const forgetEvery = 2000

func (n *Normaliser) afterEnd(ctx context.Context, s *session) {
	if n.ends++; !n.kafka.Embedded || n.ends%forgetEvery != 0 {
		return
	}
	n.mu.Lock()
	at := n.progressAt
	n.mu.Unlock()
	offsets := kadm.Offsets{}
	offsets.AddOffset(n.kafka.Topic(schemas.TopicState), n.kafka.Partitions, at, -1)
	if _, err := kadm.NewClient(s.gts.Client()).DeleteRecords(ctx, offsets); err != nil {
		s.log.Warn().Err(err).Msg("old progress could not be deleted; it is tried again later")
	}
}

// rewind leaves the positions to the group: nothing but them was touched.
func (n *Normaliser) rewind(_ context.Context, s *session) (map[string]map[int32]kgo.EpochOffset, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for t, ps := range s.gts.Client().CommittedOffsets() {
		for p, o := range ps {
			if n.next[t] != nil {
				n.next[t][p] = o.Offset
			}
		}
	}
	return nil, nil
}

func (n *Normaliser) unsaved() bool { return false }

func (n *Normaliser) lost(gone map[string][]int32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for t, ps := range gone {
		for _, p := range ps {
			delete(n.next[t], p)
			n.met.lag.DeleteLabelValues(t + "/" + label(p))
		}
	}
	n.countOwned()
}

// countOwned tells how many partitions this process has. n.mu is held.
func (n *Normaliser) countOwned() {
	owned := 0
	for _, ps := range n.next {
		owned += len(ps)
	}
	n.met.partitions.Set(float64(owned))
}

// adjust begins partitions without an offset at the start of their log.
func (n *Normaliser) adjust(ctx context.Context, group map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.RestoreTimeout)
	defer cancel()
	cl, err := kafka.NewClient(n.kafka, "restore", kafka.Deps{Log: n.deps.Log})
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	bounds, err := kafka.ReadBounds(ctx, cl, n.topics...)
	if err != nil {
		return nil, err
	}
	inBand, err := n.lastPositions(ctx, cl)
	if err != nil {
		return nil, fmt.Errorf("reading the normaliser's progress: %w", err)
	}
	out := map[string]map[int32]kgo.Offset{}
	n.mu.Lock()
	defer n.mu.Unlock()
	for t, ps := range group {
		out[t] = map[int32]kgo.Offset{}
		for p, o := range ps {
			log := bounds.Of(t, p)
			next := o.EpochOffset().Offset
			if next < 0 {
				next = log.From
			}
			next = max(next, inBand[t+"/"+strconv.Itoa(int(p))])
			if why := outside(t, p, next, log.From, log.To); why != "" {
				return nil, fatal("%s. Nothing was skipped by itself. Either put its data back from a copy, or accept what is missing with `pinkstar repair --accept-lost-inputs`: it is read from its start, and what is known counts as repeated", why)
			}
			if n.next[t] == nil {
				n.next[t] = map[int32]int64{}
			}
			n.next[t][p] = next
			out[t][p] = kgo.NewOffset().At(next)
		}
	}
	n.countOwned()
	return out, nil
}

func (n *Normaliser) lastPositions(ctx context.Context, cl *kgo.Client) (positions, error) {
	if !n.kafka.Embedded {
		return nil, nil
	}
	topic, id := n.kafka.Topic(schemas.TopicState), n.kafka.Partitions
	spans, err := kafka.StableSpans(ctx, cl, topic, id)
	if err != nil {
		return nil, err
	}
	value, err := lastValue(ctx, n.kafka, kafka.Deps{Log: n.deps.Log}, spans[id], n.progressKey())
	if value == nil || err != nil {
		return nil, err
	}
	ps := positions{}
	if err := json.Unmarshal(value, &ps); err != nil {
		return nil, fatal("the normaliser's progress on %s can't be read: %w", topic, err)
	}
	return ps, nil
}
