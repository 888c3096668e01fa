package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// Notifier is one member of the group that brings effects to the world.
type Notifier struct {
	cfg    Config
	kafka  kafka.Config
	deps   kafka.Deps
	routes Routes
	gates  map[string]*gate
	log    zerolog.Logger
	m      *metrics
	now    func() time.Time

	mu    sync.Mutex
	desks map[int32]*desk
	state error // why it is not ready
}

var errNotJoined = errors.New("not yet a member of the group that delivers messages")

// New returns a notifier. It does nothing before Run. now is what time is it,
// nil for the clock.
func New(cfg Config, kc kafka.Config, deps kafka.Deps, routes Routes, now func() time.Time) (*Notifier, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	if now == nil {
		now = time.Now
	}
	n := &Notifier{cfg: cfg, kafka: kc, deps: deps, routes: routes, gates: map[string]*gate{}, log: deps.Log.With().Str("role", "notify").Logger(),
		m: newMetrics(deps.Registerer), now: now, desks: map[int32]*desk{}, state: errNotJoined}
	for name, r := range routes {
		every, burst := r.Target.Limit()
		n.gates[name] = newGate(&n.cfg, every, burst)
	}
	return n, nil
}

// Group is the consumer group of the role.
func Group(kc kafka.Config) string { return kc.Name("notify") }

// sessionTimeout is how long a member that died keeps its partitions.
const sessionTimeout = 10 * time.Second

// Run delivers until ctx ends, and then returns nil.
func (n *Notifier) Run(ctx context.Context) error {
	pause := n.cfg.BackoffFirst
	if len(n.routes) == 0 {
		n.log.Info().Msg("there are no notify.targets: what is to be said is decided (v_effects) and nobody is told")
	}
	for {
		began := time.Now()
		err := n.session(ctx)
		if ctx.Err() != nil { // how it ended no longer counts
			return nil //nolint:nilerr // see above
		}
		if time.Since(began) > time.Minute {
			pause = n.cfg.BackoffFirst
		}
		n.setState(fmt.Errorf("messages are not being delivered: %w", err))
		n.log.Warn().Err(err).Dur("again_in_ms", pause).Msg("the session ended; it begins anew")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, n.cfg.BackoffLast)
	}
}

// session is one membership of the group.
func (n *Notifier) session(ctx context.Context) error {
	ctx, quit := context.WithCancelCause(ctx)
	defer quit(nil)
	cl, err := kafka.NewClient(n.kafka, "notify", kafka.Deps{Log: n.deps.Log}, append(kafka.ReaderOpts(n.kafka, int(n.kafka.Partitions)),
		kgo.ConsumerGroup(Group(n.kafka)),
		kgo.ConsumeTopics(n.kafka.Topic(schemas.TopicEffects)),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(sessionTimeout/4), kgo.RebalanceTimeout(time.Minute),
		kgo.OnPartitionsAssigned(func(ctx context.Context, _ *kgo.Client, parts map[string][]int32) { n.assigned(ctx, parts, quit) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { n.revoked(parts) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { n.revoked(parts) }),
	)...)
	if err != nil {
		return err
	}
	defer n.closeDesks()
	defer cl.CloseAllowingRebalance() // leaves the group, and so calls revoked
	forget := time.Now()
	for {
		fs := cl.PollRecords(ctx, 1000)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fs.EachError(func(topic string, p int32, err error) {
			n.log.Warn().Err(err).Str("topic", topic).Int32("partition", p).Msg("fetching")
		})
		if err := n.take(ctx, cl, fs); err != nil {
			return err
		}
		if time.Since(forget) > time.Hour {
			forget = time.Now()
			n.eachDesk((*desk).forget)
		}
		cl.AllowRebalance()
	}
}

// take notes what the effects are for, and then that they were read.
func (n *Notifier) take(ctx context.Context, cl *kgo.Client, fs kgo.Fetches) error {
	var failed error
	fs.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 || failed != nil {
			return
		}
		n.mu.Lock()
		d := n.desks[p.Partition]
		n.mu.Unlock()
		if d == nil { // taken away; its next owner reads it again
			return
		}
		effects := make([]*schemas.Effect, 0, len(p.Records))
		for _, r := range p.Records {
			e, err := schemas.Effects.Decode(r.Value)
			if err != nil { // only we write this topic
				n.log.Error().Err(err).Int32("partition", r.Partition).Int64("offset", r.Offset).Msg("an effect can't be read and is left out")
				continue
			}
			effects = append(effects, e)
		}
		if failed = d.accept(ctx, effects); failed == nil {
			failed = cl.CommitRecords(ctx, p.Records...)
		}
	})
	return failed
}

// assigned takes partitions over, each from where its journal stands.
func (n *Notifier) assigned(ctx context.Context, parts map[string][]int32, quit context.CancelCauseFunc) {
	for _, ids := range parts {
		for _, id := range ids {
			if err := n.open(ctx, id, quit); err != nil {
				quit(err)
				return
			}
		}
	}
	n.setState(nil)
}

func (n *Notifier) open(ctx context.Context, id int32, quit context.CancelCauseFunc) error {
	j, err := openJournal(ctx, n.kafka, n.deps, id)
	if err != nil {
		return err
	}
	d := n.newDesk(j, func(err error) { quit(err) })
	if err := d.restore(ctx); err != nil {
		d.stop()
		return fmt.Errorf("reading the deliveries of partition %d: %w", id, err)
	}
	n.mu.Lock()
	n.desks[id] = d
	n.mu.Unlock()
	return nil
}

func (n *Notifier) revoked(parts map[string][]int32) {
	for _, ids := range parts {
		for _, id := range ids {
			n.mu.Lock()
			d := n.desks[id]
			delete(n.desks, id)
			n.mu.Unlock()
			if d != nil {
				d.stop()
			}
		}
	}
}

func (n *Notifier) closeDesks() {
	n.mu.Lock()
	left := n.desks
	n.desks = map[int32]*desk{}
	n.mu.Unlock()
	for _, d := range left {
		d.stop()
	}
}

func (n *Notifier) eachDesk(f func(*desk)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.desks {
		f(d)
	}
}

func (n *Notifier) setState(err error) {
	n.mu.Lock()
	n.state = err
	n.mu.Unlock()
}

// Ready returns why messages are not being delivered, or nil.
func (n *Notifier) Ready() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

// Ailing returns which target takes nothing for now, and why, or nil: the role
// works, and others get their messages.
func (n *Notifier) Ailing() error {
	for _, name := range n.routes.names() {
		if since, err := n.gates[name].ailing(); err != nil {
			return fmt.Errorf("target %s takes nothing since %s: %w", name, since.UTC().Format(time.RFC3339), err)
		}
	}
	return nil
}
