package process

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What is polled can take longer than a transaction may. The brokers would abort
// it, and the next one would begin with the same records: for ever. So a
// transaction ends early, between two records, when its time is used up; what
// was polled and not handled is polled again.

// takes is how long a transaction takes records. What is left of its time-out is
// for flushing, a snapshot and the end itself; and who waits for partitions that
// this process gives up should not wait for longer than for its death.
func (c *Config) takes() time.Duration { return min(c.TransactionTimeout/3, c.SessionTimeout/2) }

// budget is the time of the open transaction.
type budget struct {
	began   time.Time
	timer   *time.Timer
	spent   atomic.Bool
	started atomic.Bool // a record was taken: there is progress
}

func (b *budget) begin(cfg *Config) {
	b.began = time.Now()
	b.spent.Store(false)
	b.started.Store(false)
	b.timer = time.AfterFunc(cfg.takes(), func() { b.spent.Store(true) })
}

// end returns how long it was, and whether all of it is spent.
func (b *budget) end() (took time.Duration, spent bool) {
	b.timer.Stop()
	return time.Since(b.began), b.spent.Load()
}

// enough says, before each record, that the transaction must take no more: its
// time is spent, or the process stops. Unless it stops, one record is always
// taken, however long that takes.
func (s *session) enough(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	if !s.budget.started.Load() {
		s.budget.started.Store(true)
		return false
	}
	return s.budget.spent.Load()
}

// cuts are where the open transaction stopped although more was polled.
type cuts struct {
	mu sync.Mutex
	at byTopic[kgo.EpochOffset]
	// taken counts the records that the transaction has.
	taken int
}

// note takes note of how far a partition's records were handled, and reports
// whether that is not all of them.
func (c *cuts) note(p kgo.FetchTopicPartition, next int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := 0
	for i := len(p.Records) - 1; i >= 0 && p.Records[i].Offset >= next; i-- {
		left++
	}
	c.taken += len(p.Records) - left
	if left == 0 {
		return false
	}
	c.at.set(p.Topic, p.Partition, kgo.EpochOffset{Epoch: -1, Offset: next})
	return true
}

func (c *cuts) any() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.at) > 0
}

// commit makes the offsets that are committed those of the cuts, where there are
// any: the client would commit all that it polled.
func (c *cuts) commit(ctx context.Context) context.Context {
	if !c.any() {
		return ctx
	}
	return kgo.PreTxnCommitFnContext(ctx, func(req *kmsg.TxnOffsetCommitRequest) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		missing := 0
		for _, ps := range c.at {
			missing += len(ps)
		}
		for i := range req.Topics {
			t := &req.Topics[i]
			for j := range t.Partitions {
				p := &t.Partitions[j]
				if at, ok := c.at[t.Topic][p.Partition]; ok {
					p.Offset, p.LeaderEpoch = at.Offset, at.Epoch
					missing--
				}
			}
		}
		if missing != 0 {
			return fmt.Errorf("a transaction that was cut short does not commit the offsets of %d partitions where it was", missing)
		}
		return nil
	})
}

// drop returns the cuts and forgets them.
func (c *cuts) drop() (at byTopic[kgo.EpochOffset], taken int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, taken = c.at, c.taken
	c.at, c.taken = nil, 0
	return at, taken
}

// cutShort goes on from where a transaction was cut that has committed, and
// learns how much to poll from what it took.
func (s *session) cutShort(at byTopic[kgo.EpochOffset], taken int, took time.Duration, spent bool) {
	s.gts.Client().SetOffsets(at)
	if !spent || len(at) == 0 {
		s.r.load.grow(took, s.r.cfg.takes())
		return
	}
	s.r.met.cut.Inc()
	s.r.load.fit(taken)
	if now := time.Now(); now.Sub(s.cutTold) >= cutToldEvery {
		s.cutTold = now
		s.log.Warn().Int("records", taken).Dur("took", took).Int("polls_now", s.r.load.most()).
			Msg("a transaction ended early: what was polled takes longer than it may. Which rules, or which windows' matchers, are costly?")
	}
}

// cutToldEvery bounds how often that is logged.
const cutToldEvery = time.Minute

// load is how many records are polled at once: as many as may be, and fewer
// while those outlast transactions. It outlives a session.
type load struct {
	limit int
	now   int // 0: limit
}

func (l *load) most() int {
	if l.now == 0 {
		return l.limit
	}
	return l.now
}

// fit polls as many as a transaction was seen to take.
func (l *load) fit(taken int) { l.now = min(max(taken, 1), l.limit) }

// less is for a session that broke: maybe of what was polled.
func (l *load) less() { l.now = max(l.most()/2, 1) }

// grow polls more after a transaction that left room.
func (l *load) grow(took, may time.Duration) {
	if took < may/2 {
		l.now = min(2*l.most(), l.limit)
	}
}
