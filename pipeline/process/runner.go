package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
)

// fatalError ends Run: a new session would meet it again.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

func fatal(format string, args ...any) error { return fatalError{fmt.Errorf(format, args...)} }

// runner keeps a session going, replacing it when it breaks.
type runner struct {
	role   string // correlate, normalise
	topics []string
	cfg    Config
	kafka  kafka.Config
	deps   Deps
	stage  stage
	met    *metrics
	txnID  string
	ready  atomic.Pointer[string] // why not, or nil
	stuck  atomic.Pointer[string] // what is stuck, or nil
	holds  holdings
	broken bool // a session was, so that a transaction may be left open
	load   load // how much is polled at once
}

func (r *runner) notReady(why string) { r.ready.Store(&why) }

// run blocks until ctx ends (nil) or something is wrong for good.
func (r *runner) run(ctx context.Context) error {
	r.notReady("starting")
	defer r.notReady("stopped")
	r.load = load{limit: r.cfg.MaxPoll}
	wctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(wctx) })
	defer watching.Wait()
	defer cancel()
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = 200*time.Millisecond, 4*time.Second, 2
	for {
		began := time.Now()
		err := r.session(ctx)
		if f, ok := errors.AsType[fatalError](err); ok {
			return fmt.Errorf("%s: %w", r.role, f.error)
		}
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > time.Minute {
			pauses.Reset()
		}
		wait := pauses.NextBackOff()
		r.notReady(err.Error())
		r.broken = true
		r.load.less() // should it be what outlasts the transactions
		r.met.sessions.Inc()
		r.deps.Log.Warn().Err(err).Str("role", r.role).Stringer("retry_in", wait).Msg("the session broke; a new one begins")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (r *runner) session(ctx context.Context) error {
	partitions, err := r.partitions(ctx)
	if err != nil {
		return err
	}
	if r.broken || r.cfg.Instance != "" && !r.kafka.Embedded {
		// The client takes over its transactional id only when it first produces.
		// Until then what it had left open would keep it from its offsets and from
		// its own state.
		if err := r.fence(ctx); err != nil {
			return err
		}
	}
	r.holds.clear()
	s := &session{r: r, log: r.deps.Log.With().Str("role", r.role).Logger(),
		pace: pace{min: r.cfg.CommitMin, max: r.cfg.CommitMax}}
	base, err := kafka.ClientOpts(r.kafka, r.role, kafka.Deps(r.deps))
	if err != nil {
		return fatalError{err}
	}
	opts := slices.Concat(base, kafka.ReaderOpts(r.kafka, partitions))
	opts = append(opts,
		kgo.ClientID(clientID(&r.kafka, r.role, r.txnID)),
		kgo.TransactionalID(r.txnID), kgo.TransactionTimeout(r.transactionTimeout()),
		kgo.ConsumerGroup(r.kafka.Name(r.role)), kgo.ConsumeTopics(r.topics...),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.BlockRebalanceOnPoll(), kgo.WithHooks(&s.beat),
		kgo.SessionTimeout(r.cfg.SessionTimeout), kgo.HeartbeatInterval(r.cfg.SessionTimeout/4),
		kgo.RebalanceTimeout(2*max(r.cfg.SessionTimeout, r.cfg.TransactionTimeout)),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, ps map[string][]int32) { r.holds.assign(ps) }),
		kgo.AdjustFetchOffsetsFn(s.adjust),
		kgo.OnPartitionsRevoked(s.revoked), kgo.OnPartitionsLost(s.revoked),
		kgo.MaxBufferedRecords(max(r.kafka.MaxBuffered, 2*r.cfg.MaxPoll)),
	)
	if s.gts, err = kgo.NewGroupTransactSession(opts...); err != nil {
		return fatalError{fmt.Errorf("kafka client: %w", err)}
	}
	defer s.close()
	return s.loop(ctx)
}

// embeddedTimeout is that of transactions on the embedded broker. It lives and dies
// with this process, so nobody waits for what a dead one left open, and how long a
// transaction takes says how loaded the machine is. Not longer: a session whose broker
// answers it no more (tests restart it alone) may begin anew only after this time.
const embeddedTimeout = time.Minute

// transactionTimeout is after how long the brokers end a transaction.
func (r *runner) transactionTimeout() time.Duration {
	if r.kafka.Embedded {
		return max(r.cfg.TransactionTimeout, embeddedTimeout)
	}
	return r.cfg.TransactionTimeout
}

// fence ends what this process had left open under its own transactional id.
func (r *runner) fence(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return kafka.Fence(ctx, r.kafka, kafka.Deps{Log: r.deps.Log}, r.txnID)
}

// partitions returns how many there are in the topics, and insists that they
// exist: a consumer would wait for them silently.
func (r *runner) partitions(ctx context.Context) (int, error) {
	cl, err := kafka.NewClient(r.kafka, r.role+".check", kafka.Deps{Log: r.deps.Log})
	if err != nil {
		return 0, fatalError{err}
	}
	defer cl.Close()
	cctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	n, err := kafka.CountPartitions(cctx, cl, append(r.topics, r.kafka.Topic("state"))...)
	if errors.Is(err, kafka.ErrNoTopic) {
		return 0, fatalError{err}
	}
	return n, err
}
