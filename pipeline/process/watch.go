package process

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

const (
	// watchEvery is how often it is looked whether anything is stuck.
	watchEvery = 2 * time.Second
	// stuckAfter is from when on it is told, and this process is not ready.
	stuckAfter = 30 * time.Second
)

// offsetsTopic is where groups keep their offsets; a transaction that is open
// there keeps members from learning where to begin.
const offsetsTopic = "__consumer_offsets"

// watcher looks for what keeps a processor from its work without an error:
// transactions that nobody ends, and partitions that never come.
type watcher struct {
	r    *runner
	cl   *kgo.Client
	seen map[string]sighting // of blockers
	idle time.Time           // since when partitions are awaited
	none time.Time           // since when no member of the group has any
}

// sighting is since when a transaction has been seen open, since when nobody who
// could end it is seen (see abandoned), and whether it was told.
type sighting struct {
	since, abandoned time.Time
	told             bool
}

// watch runs beside the session until ctx ends.
func (r *runner) watch(ctx context.Context) {
	// Brokers that can't be reached are told of by those who need them.
	cl, err := kafka.NewClient(r.kafka, r.role+".watch", kafka.Deps{Log: r.deps.Log.Level(max(r.deps.Log.GetLevel(), zerolog.ErrorLevel))})
	if err != nil {
		r.deps.Log.Error().Err(err).Msg("nothing looks for stuck transactions")
		return
	}
	defer cl.Close()
	w := &watcher{r: r, cl: cl, seen: map[string]sighting{}}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			w.look(ctx, now)
		}
	}
}

func (w *watcher) look(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, stuckAfter)
	defer cancel()
	waiting := w.r.waiting()
	if waiting == nil {
		w.idle = time.Time{}
	} else if w.idle.IsZero() {
		w.idle = now
	}
	stuck := !w.idle.IsZero() && now.Sub(w.idle) > watchEvery
	blockers, err := w.blockers(ctx, stuck)
	if err != nil { // brokers that don't answer are told of elsewhere
		w.r.deps.Log.Debug().Err(err).Str("role", w.r.role).Msg("looking for stuck transactions")
		return
	}
	var why []string
	seen, ended := map[string]sighting{}, map[int64]bool{}
	holders := newRoll(w.cl, &w.r.kafka)
	for i := range blockers {
		b := &blockers[i]
		key := fmt.Sprint(b.Topic, "/", b.Partition, " ", b.ProducerID, " ", b.Epoch, " ", b.From)
		at, ok := w.seen[key]
		if !ok {
			at.since = now
		}
		age := now.Sub(at.since)
		switch {
		case !w.abandoned(ctx, holders, b):
			at.abandoned = time.Time{}
		case at.abandoned.IsZero(): // one look may see what is just changing
			at.abandoned = now
		case age >= w.r.cfg.SessionTimeout && (b.Hanging || !ended[b.ProducerID]):
			ended[b.ProducerID] = true // a known one ends on all partitions at once
			w.end(ctx, b, age)
		}
		if age >= stuckAfter {
			why = append(why, b.String())
			if !at.told {
				at.told = true
				w.r.deps.Log.Error().Str("role", w.r.role).Msg(b.String())
			}
		}
		seen[key] = at
	}
	w.seen = seen
	w.tell(ctx, why, waiting, now)
}

// blockers asks for the transactions that are open where this role reads and
// writes: what a dead one left open there keeps those who read it waiting. When
// this role is stuck, it asks for those on the groups' offsets too.
func (w *watcher) blockers(ctx context.Context, stuck bool) ([]kafka.Blocker, error) {
	topics := map[string][]int32{w.r.kafka.Topic(schemas.TopicState): nil}
	for _, t := range w.r.topics {
		topics[t] = nil
	}
	outputs := []string{schemas.TopicSignals}
	if w.r.role == RoleCorrelate {
		outputs = schemas.OutTopicNames()
	}
	for _, t := range outputs {
		topics[w.r.kafka.Topic(t)] = nil
	}
	out, err := kafka.Blockers(ctx, w.cl, topics)
	if err != nil || !stuck || w.r.kafka.Embedded {
		return out, err
	}
	offsets, err := kafka.Blockers(ctx, w.cl, map[string][]int32{offsetsTopic: nil})
	if err != nil { // not everybody may ask for that topic
		w.r.deps.Log.Debug().Err(err).Msg("looking for stuck transactions on the groups' offsets")
		return out, nil
	}
	return append(out, offsets...), nil
}

// abandoned reports whether nobody will end a transaction: its holder is gone, or
// its coordinator does not know it.
func (w *watcher) abandoned(ctx context.Context, holders *roll, b *kafka.Blocker) bool {
	if b.Hanging {
		return true
	}
	gone, err := holders.gone(ctx, b.TxnID)
	if err != nil {
		w.r.deps.Log.Debug().Err(err).Str("role", w.r.role).Msg("whose transaction is open?")
	}
	return gone && b.TxnID != w.r.txnID
}

// end ends a transaction that has been abandoned, and open for longer than its
// owner may be silent.
func (w *watcher) end(ctx context.Context, b *kafka.Blocker, age time.Duration) {
	if b.TxnID == "" && age < stuckAfter { // a coordinator may be moving
		return
	}
	err := b.End(ctx, w.r.kafka, kafka.Deps{Log: w.r.deps.Log})
	if errors.Is(err, kafka.ErrNotOurs) {
		return
	}
	w.r.met.unblocked.Inc()
	w.r.deps.Log.Warn().AnErr("failed", err).Str("role", w.r.role).Stringer("open_for", age).Msg("ended by force: " + b.String())
}

// tell sets why this process is not ready, if it is not.
func (w *watcher) tell(ctx context.Context, blocked []string, waiting error, now time.Time) {
	if waiting != nil && now.Sub(w.idle) >= stuckAfter {
		blocked = append([]string{waiting.Error()}, blocked...)
	}
	if why := w.nobody(ctx); why == "" {
		w.none = time.Time{}
	} else if w.none.IsZero() {
		w.none = now
	} else if now.Sub(w.none) >= stuckAfter {
		blocked = append(blocked, why)
	}
	if len(blocked) == 0 {
		w.r.stuck.Store(nil)
		return
	}
	why := strings.Join(blocked, "; ")
	if old := w.r.stuck.Swap(&why); old == nil {
		w.r.deps.Log.Error().Str("role", w.r.role).Msg("not ready: " + why)
	}
}

// nobody says that a group whose members wait has no partitions at all.
func (w *watcher) nobody(ctx context.Context) string {
	if w.r.holds.assigned() > 0 {
		return ""
	}
	group := w.r.kafka.Name(w.r.role)
	gs, err := kadm.NewClient(w.cl).DescribeGroups(ctx, group)
	if err != nil {
		return ""
	}
	g := gs[group]
	if g.Err != nil || g.State != "Stable" || len(g.Members) == 0 {
		return ""
	}
	n := 0
	for _, m := range g.AssignedPartitions() {
		n += len(m)
	}
	if n > 0 {
		return ""
	}
	return fmt.Sprintf("the group %s is stable with %d members, and none of them has a partition", group, len(g.Members))
}

// holdings are the partitions that the group gave this process, and whether it
// knows where to begin in them.
type holdings struct {
	mu     sync.Mutex
	placed map[string]bool // by topic/partition
}

func (h *holdings) each(parts map[string][]int32, do func(string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.placed == nil {
		h.placed = map[string]bool{}
	}
	for t, ps := range parts {
		for _, p := range ps {
			do(t + "/" + label(p))
		}
	}
}

func (h *holdings) assign(parts map[string][]int32) {
	h.each(parts, func(k string) { h.placed[k] = false })
}

func (h *holdings) lose(parts map[string][]int32) {
	h.each(parts, func(k string) { delete(h.placed, k) })
}

// place notes partitions that can be worked on. One that is no longer ours is
// not ours again.
func (h *holdings) place(parts map[string]map[int32]kgo.Offset) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for t, ps := range parts {
		for p := range ps {
			if k := t + "/" + label(p); h.placed != nil {
				if _, ours := h.placed[k]; ours {
					h.placed[k] = true
				}
			}
		}
	}
}

func (h *holdings) assigned() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.placed)
}

func (h *holdings) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.placed = nil
}

// waiting says that partitions were assigned and can't be worked on yet.
func (r *runner) waiting() error {
	r.holds.mu.Lock()
	defer r.holds.mu.Unlock()
	n := 0
	for _, placed := range r.holds.placed {
		if !placed {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d assigned partitions are not restored yet", n, len(r.holds.placed))
}

// notReadyYet returns why this process is not ready, nil when it is.
func (r *runner) notReadyYet() error {
	if why := r.ready.Load(); why != nil {
		if s := r.stuck.Load(); s != nil {
			return fmt.Errorf("%s: %s", *why, *s)
		}
		return errors.New(*why)
	}
	if why := r.stuck.Load(); why != nil {
		return errors.New(*why)
	}
	return r.waiting()
}
