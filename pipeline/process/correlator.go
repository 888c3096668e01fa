package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// RoleCorrelate is the name of the correlator's group, without the prefix.
const RoleCorrelate = "correlate"

// Correlator runs an engine for each partition of signals that the group gives
// this process.
type Correlator struct {
	runner
	engines   Engines
	behaviour int64 // of what engines makes; 0: not held to what it said before
	control   *controller
	gauged    time.Time    // when what the engines hold was last told
	joined    atomic.Int64 // when the group took us, 0 again while partitions come
	ahead     atomic.Pointer[string]

	mu    sync.Mutex
	parts map[int32]*part
}

// NewCorrelator returns a correlator; Run starts it.
func NewCorrelator(cfg Config, kc kafka.Config, engines Engines, deps Deps) (*Correlator, error) {
	return newCorrelator(cfg, kc, kc.Topic(schemas.TopicSignals), RoleCorrelate, engines, deps)
}

// newCorrelator takes what it reads, and what its metrics are called, apart
// from where it writes, for the shadow's sake.
func newCorrelator(cfg Config, kc kafka.Config, input, metricsRole string, engines Engines, deps Deps) (*Correlator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Correlator{engines: engines, behaviour: ourBehaviour, parts: map[int32]*part{}}
	c.runner = runner{role: RoleCorrelate, topics: []string{input},
		cfg: cfg, kafka: kc, deps: deps, stage: c, met: newMetrics(metricsRole, deps.Registerer), txnID: txnID(&cfg, &kc, RoleCorrelate)}
	c.notReady("not started")
	return c, nil
}

// txnID is the instance's for ever, or new for each start.
func txnID(cfg *Config, kc *kafka.Config, role string) string {
	name := cfg.Instance
	if name == "" || kc.Embedded {
		name = uuid.NewString()
	}
	return kc.Name(role) + "." + name
}

// Run blocks until ctx ends, and then returns nil, or until something is wrong
// that a restart would not mend.
func (c *Correlator) Run(ctx context.Context) error {
	ctl, err := newController(&c.cfg, c.kafka, c.deps)
	if err != nil {
		return fmt.Errorf("%s: %w", c.role, err)
	}
	defer ctl.close()
	c.control = ctl
	return c.run(ctx)
}

// Ready returns nil when this process has its partitions, or why it is not
// ready.
func (c *Correlator) Ready() error {
	return c.notReadyYet()
}

// Partitions returns the partitions this process owns now.
func (c *Correlator) Partitions() []int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.parts))
}

func (c *Correlator) take(ctx context.Context, s *session, f kgo.FetchTopicPartition) (int64, error) {
	p := c.part(f.Partition)
	if p == nil {
		return 0, fmt.Errorf("records of partition %d, which is not ours", f.Partition)
	}
	err := p.take(ctx, s, f, time.Now())
	return p.next, err
}

func (c *Correlator) part(id int32) *part {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parts[id]
}

// owned returns the partitions in order.
func (c *Correlator) owned() []*part {
	c.mu.Lock()
	defer c.mu.Unlock()
	ps := make([]*part, 0, len(c.parts))
	for _, id := range slices.Sorted(maps.Keys(c.parts)) {
		ps = append(ps, c.parts[id])
	}
	return ps
}

// adjust restores newly assigned partitions; records flow once it returns.
func (c *Correlator) adjust(ctx context.Context, group map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	c.notReady("restoring partitions")
	c.joined.Store(0)
	out := map[string]map[int32]kgo.Offset{}
	for topic, ps := range group {
		committed := map[int32]int64{}
		for id, o := range ps {
			committed[id] = o.EpochOffset().Offset
		}
		parts, err := c.restoreAll(ctx, committed)
		if err != nil {
			return nil, err
		}
		at := map[int32]kgo.Offset{}
		c.mu.Lock()
		for _, p := range parts {
			c.parts[p.id] = p
			at[p.id] = kgo.NewOffset().At(p.next)
		}
		c.met.partitions.Set(float64(len(c.parts)))
		c.mu.Unlock()
		out[topic] = at
	}
	return out, nil
}

// restoreAll brings partitions back, a few at a time. committed are the
// group's offsets, negative where there are none.
func (c *Correlator) restoreAll(ctx context.Context, committed map[int32]int64) ([]*part, error) {
	if len(committed) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.RestoreTimeout)
	defer cancel()
	r, err := c.newRestorer(ctx, slices.Sorted(maps.Keys(committed)))
	if err != nil {
		return nil, err
	}
	parts := make([]*part, len(r.ids))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, id := range r.ids {
		g.Go(func() error {
			p, err := r.restore(gctx, id, committed[id])
			if err != nil {
				return fmt.Errorf("restoring partition %d: %w", id, err)
			}
			parts[i] = p
			return nil
		})
	}
	return parts, g.Wait()
}

// rewind throws the engines away: they have seen records that did not commit.
func (c *Correlator) rewind(ctx context.Context, _ *session) (map[string]map[int32]kgo.EpochOffset, error) {
	committed := map[int32]int64{}
	for _, p := range c.owned() {
		committed[p.id] = -1
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.RestoreTimeout)
	defer cancel()
	parts, err := c.restoreAll(ctx, committed)
	if err != nil {
		return nil, err
	}
	at := map[int32]kgo.EpochOffset{}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range parts {
		c.parts[p.id] = p
		at[p.id] = kgo.EpochOffset{Epoch: -1, Offset: p.next}
	}
	return map[string]map[int32]kgo.EpochOffset{c.topics[0]: at}, nil
}

func (c *Correlator) lost(gone map[string][]int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range gone[c.topics[0]] {
		delete(c.parts, id)
		for _, g := range []*prometheus.GaugeVec{c.met.lag, c.met.lead, c.met.held, c.met.snapshotBytes} {
			g.DeleteLabelValues(label(id))
		}
	}
	c.met.partitions.Set(float64(len(c.parts)))
	if len(c.parts) == 0 {
		c.joined.Store(0)
		c.notReady("its partitions went to others")
	}
}

func (c *Correlator) idle(ctx context.Context, s *session, now time.Time) error {
	c.gauge(now)
	owned, wanted := c.owned(), c.engines.Wanted()
	for _, p := range owned {
		if err := c.control.watch(ctx, p, wanted, now, c.cfg.TickAfter, c.met); err != nil {
			return err
		}
	}
	c.watchClocks(s.log, owned)
	if c.ready.Load() != nil && (len(owned) > 0 || c.spare(s, now)) {
		c.ready.Store(nil)
	}
	return nil
}

// spare reports whether this process has been in the group for a while and was
// given nothing: there are more instances than partitions.
func (c *Correlator) spare(s *session, now time.Time) bool {
	if _, generation := s.gts.Client().GroupMetadata(); generation < 0 || c.holds.assigned() > 0 {
		return false
	}
	if c.joined.CompareAndSwap(0, now.UnixNano()) {
		return false
	}
	return now.UnixNano()-c.joined.Load() > int64(3*time.Second)
}

// unsaved: a stop in peace writes the state down, so that whoever comes next has
// nothing to read again: not even another release.
func (c *Correlator) unsaved() bool { return slices.ContainsFunc(c.owned(), (*part).unsaved) }

func (c *Correlator) beforeEnd(ctx context.Context, s *session) error {
	if err := s.flush(ctx); err != nil { // progress says where everything is
		return err
	}
	for _, p := range c.owned() {
		last := s.stopping && p.unsaved()
		if !p.touched && !last {
			continue
		}
		if last || p.snapshotDue(&c.cfg, time.Now()) {
			if err := p.snapshot(ctx, s, c.txnID); err != nil {
				return fmt.Errorf("snapshot of partition %d: %w", p.id, err)
			}
		}
		r, err := progressRecord(&c.kafka, p.id, p.progress())
		if err != nil {
			return err
		}
		s.produce(r)
	}
	return nil
}

func (c *Correlator) afterEnd(ctx context.Context, s *session) {
	for _, p := range c.owned() {
		p.touched = false
		if p.obsolete > 0 {
			c.forget(ctx, s, p)
		}
	}
}

// forget deletes what lies before the older of the two snapshots that are kept.
func (c *Correlator) forget(ctx context.Context, s *session, p *part) {
	offsets := kadm.Offsets{}
	offsets.AddOffset(c.kafka.Topic(schemas.TopicState), p.id, p.obsolete, -1)
	p.obsolete = 0
	if _, err := kadm.NewClient(s.gts.Client()).DeleteRecords(ctx, offsets); err != nil {
		s.log.Warn().Err(err).Int32("partition", p.id).Msg("obsolete snapshots could not be deleted; the next one tries again")
	}
}
