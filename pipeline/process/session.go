package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

// stage is what a processor does inside a session. All but lost and adjust are
// called from the session's loop; those come from the client between polls,
// never while records are being handled.
type stage interface {
	// take handles the records of one partition, producing by s.produce, until
	// s.enough, and returns the offset of the first that it has not handled. It is
	// called for several partitions at once.
	take(ctx context.Context, s *session, p kgo.FetchTopicPartition) (next int64, err error)
	// idle is called between polls, outside of transactions too.
	idle(ctx context.Context, s *session, now time.Time) error
	// beforeEnd adds what belongs to the end of a transaction.
	beforeEnd(ctx context.Context, s *session) error
	// unsaved reports whether something is to be kept before a stop.
	unsaved() bool
	// afterEnd is told that the transaction committed.
	afterEnd(ctx context.Context, s *session)
	// rewind throws state away after an abort, and returns the positions from
	// which to go on, or nil for the group's.
	rewind(ctx context.Context, s *session) (map[string]map[int32]kgo.EpochOffset, error)
	// adjust says where newly assigned partitions begin.
	adjust(ctx context.Context, group map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error)
	// lost is told that partitions belong to others now.
	lost(map[string][]int32)
}

// session is one client's life.
type session struct {
	r    *runner
	log  zerolog.Logger
	gts  *kgo.GroupTransactSession
	pace pace
	beat beat

	inTxn      bool
	stopping   bool   // the transaction is the last
	budget     budget // of the open transaction
	cuts       cuts   // where it stopped before the end of what was polled
	cutTold    time.Time
	rebalanced atomic.Bool // since the last end: the client's own flag is set too
	failed     atomic.Pointer[error]

	mu       sync.Mutex
	adjusted error // why newly assigned partitions could not be taken
}

func (s *session) close() {
	// A transaction that is still open is aborted by the next owner of the
	// transactional id, or times out.
	s.gts.CloseAllowingRebalance()
}

func (s *session) loop(ctx context.Context) error {
	for {
		fs, err := s.poll(ctx)
		if err != nil {
			return err
		}
		if err := s.handle(ctx, fs); err != nil {
			return err
		}
		now := time.Now()
		stopping := ctx.Err() != nil
		if stopping && s.r.stage.unsaved() {
			s.stopping = true
			if err := s.begin(); err != nil {
				return err
			}
		}
		// What is polled after a cut would leave a gap.
		if s.inTxn && (stopping || s.cuts.any() || !now.Before(s.pace.due())) {
			if err := s.end(ctx); err != nil {
				return err
			}
		}
		if stopping {
			return ctx.Err()
		}
		if err := s.r.stage.idle(ctx, s, now); err != nil {
			return err
		}
		if !s.inTxn {
			s.gts.AllowRebalance()
		}
	}
}

// idlePoll bounds how long nothing is looked at besides records.
const idlePoll = 50 * time.Millisecond

func (s *session) poll(ctx context.Context) (kgo.Fetches, error) {
	wait := idlePoll
	if s.inTxn {
		wait = max(time.Until(s.pace.due()), 0)
	}
	pctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	fs := s.gts.PollRecords(pctx, s.r.load.most())
	s.mu.Lock()
	err := s.adjusted
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, e := range fs.Errors() {
		if errors.Is(e.Err, context.DeadlineExceeded) || errors.Is(e.Err, context.Canceled) {
			continue
		}
		return nil, s.fetchError(e)
	}
	return fs, nil
}

func (s *session) fetchError(e kgo.FetchError) error {
	var loss *kgo.ErrDataLoss
	if errors.Is(e.Err, kerr.OffsetOutOfRange) || errors.As(e.Err, &loss) {
		return fatal("partition %d of %s: the position to go on from is no longer in the log: %w. Records were removed before they were processed (retention too short for how long this was down, or a topic made anew). Nothing was skipped by itself. `pinkstar repair` says what is missing, and goes on without it where that is accepted",
			e.Partition, e.Topic, e.Err)
	}
	return fmt.Errorf("fetching %s partition %d: %w", e.Topic, e.Partition, e.Err)
}

func (s *session) handle(ctx context.Context, fs kgo.Fetches) error {
	if !s.inTxn && s.rebalanced.Swap(false) {
		return s.forgetRebalance()
	}
	n := fs.NumRecords()
	s.pace.backlog = n >= s.r.load.most()
	if n == 0 {
		return nil
	}
	if err := s.begin(); err != nil {
		return err
	}
	return s.takeAll(ctx, fs, n)
}

// sideBySide is how many records make it worth to handle partitions at once.
const sideBySide = 256

// takeAll hands each partition's records to the stage. Partitions share
// nothing, so they are handled side by side when there is much to do.
func (s *session) takeAll(ctx context.Context, fs kgo.Fetches, n int) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	if n < sideBySide {
		g.SetLimit(1)
	}
	type key struct {
		topic     string
		partition int32
	}
	parts := map[key][]kgo.FetchTopicPartition{} // more than one when its leader has just moved
	fs.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) > 0 {
			k := key{p.Topic, p.Partition}
			parts[k] = append(parts[k], p)
		}
	})
	for _, ps := range parts {
		g.Go(func() error {
			for _, p := range ps {
				next, err := s.r.stage.take(ctx, s, p)
				if err != nil {
					return err
				}
				if s.cuts.note(p, next) {
					break
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// forgetRebalance makes the client forget a rebalance that was over before a
// transaction began, for which it would abort the next one. Ending nothing does
// that, and sets the client back to what is committed: what was polled comes
// again.
func (s *session) forgetRebalance() error {
	if _, err := s.gts.End(context.Background(), kgo.TryAbort); err != nil {
		return fmt.Errorf("after a rebalance: %w", err)
	}
	return nil
}

func (s *session) begin() error {
	if s.inTxn {
		return nil
	}
	if err := s.gts.Begin(); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	s.inTxn = true
	s.budget.begin(&s.r.cfg)
	return nil
}

// produce adds a record to the transaction.
func (s *session) produce(r *kgo.Record) { s.gts.Produce(context.Background(), r, s.produced) }

func (s *session) produced(r *kgo.Record, err error) {
	if err != nil {
		err = fmt.Errorf("producing to %s: %w", r.Topic, err)
		s.failed.CompareAndSwap(nil, &err)
	}
}

// flush waits until all that was produced is acknowledged.
func (s *session) flush(ctx context.Context) error {
	if err := s.gts.Client().Flush(ctx); err != nil {
		return err
	}
	if p := s.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// endTimeout bounds what is asked of the brokers outside of transactions.
const endTimeout = 30 * time.Second

// end commits the transaction. An error means that its outcome is not known,
// and that this client must go; an abort is handled here.
func (s *session) end(ctx context.Context) error {
	// It may outlast a stop, but not its own time-out: the brokers have aborted it
	// then, and a new session begins sooner than this one learns of it.
	limit := s.r.transactionTimeout()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	why := s.r.stage.beforeEnd(ctx, s)
	if why == nil {
		why = s.flush(ctx)
	}
	if err := ctx.Err(); err != nil {
		why = cmp.Or(why, err)
		return fmt.Errorf("ending a transaction: the brokers did not take its records within %s: %w", limit, why)
	}
	took, spent := s.budget.end()
	began := time.Now()
	ectx, stop := s.beat.guard(ctx)
	committed, err := s.endWith(ectx, kgo.TransactionEndTry(why == nil))
	if lost := context.Cause(ectx); err != nil && errors.Is(lost, errNoHeartbeat) {
		err = errors.Join(lost, err)
	}
	stop()
	now := time.Now()
	cut, taken := s.cuts.drop()
	s.inTxn = false
	s.rebalanced.Store(false)
	s.failed.Store(nil)
	s.r.met.end.Observe(now.Sub(began).Seconds())
	if err != nil {
		s.r.met.transactions.WithLabelValues("failed").Inc()
		return fmt.Errorf("ending a transaction: %w", err)
	}
	if committed {
		s.pace.ended(now, now.Sub(began))
		s.r.met.transactions.WithLabelValues("committed").Inc()
		s.cutShort(cut, taken, took, spent)
		s.r.stage.afterEnd(ctx, s)
		return nil
	}
	s.r.met.transactions.WithLabelValues("aborted").Inc()
	s.log.Warn().AnErr("reason", why).Msg("a transaction was aborted; its records are processed again")
	var ke *kerr.Error
	if why != nil && !(errors.As(why, &ke) && ke.Retriable) {
		return fmt.Errorf("a transaction was aborted: %w", why) // with a pause before the next try
	}
	at, err := s.r.stage.rewind(ctx, s)
	if err != nil {
		return fmt.Errorf("going back after an abort: %w", err)
	}
	s.gts.Client().SetOffsets(at)
	return nil
}

func (s *session) adjust(ctx context.Context, group map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	at, err := s.r.stage.adjust(ctx, group)
	if err == nil {
		s.r.holds.place(at)
	}
	if err != nil && ctx.Err() == nil {
		s.mu.Lock()
		s.adjusted = err
		s.mu.Unlock()
	}
	return at, err
}

func (s *session) revoked(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	s.rebalanced.Store(true)
	s.r.holds.lose(gone)
	s.r.stage.lost(gone)
}
