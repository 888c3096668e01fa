package process

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/correlate/logtime"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// restorer brings partitions back to where their last committed transaction
// left them.
type restorer struct {
	c     *Correlator
	ids   []int32
	deps  kafka.Deps
	state map[int32]kafka.Span
	log   kafka.Bounds                 // of signals
	out   atomic.Pointer[kafka.Bounds] // of what was published
	gone  map[int32][]lostEnd          // of it, where that was looked for before

	topicID string
}

func (c *Correlator) newRestorer(ctx context.Context, ids []int32) (*restorer, error) {
	r := &restorer{c: c, ids: ids, deps: kafka.Deps{Log: c.deps.Log}}
	cl, err := kafka.NewClient(c.kafka, "restore", r.deps)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	if r.state, err = kafka.StableSpansUnblocked(ctx, cl, c.kafka.Topic(schemas.TopicState), r.unblock(ctx, cl), ids...); err != nil {
		return nil, err
	}
	if r.log, err = kafka.ReadBounds(ctx, cl, c.topics[0]); err != nil {
		return nil, err
	}
	if err := r.readOuts(ctx); err != nil {
		return nil, err
	}
	topics, err := kadm.NewClient(cl).ListTopics(ctx, c.topics[0])
	if err == nil {
		err = topics[c.topics[0]].Err
	}
	r.topicID = topics[c.topics[0]].ID.String()
	return r, err
}

// leftOpen is how long a predecessor's transaction may stay open once its
// partitions are ours. A live one ends before it gives them up; one that is gone
// never does, and waiting for its time-out would only delay us.
const leftOpen = time.Second

// hangsAfter is how long one must have been open that no coordinator knows:
// what they say is a moment older or younger than what the partition's leader
// says.
const hangsAfter = 5 * time.Second

// unblock ends the transactions of predecessors that keep the state from being
// read.
func (r *restorer) unblock(ctx context.Context, cl *kgo.Client) func(time.Duration) {
	next, hung := leftOpen, map[string]bool{}
	return func(waited time.Duration) {
		if waited < next {
			return
		}
		next = waited + 2*leftOpen
		blockers, err := kafka.Blockers(ctx, cl, map[string][]int32{r.c.kafka.Topic(schemas.TopicState): r.ids})
		if err != nil {
			r.c.deps.Log.Debug().Err(err).Msg("who keeps the state from being read?")
			return
		}
		holders, before := newRoll(cl, &r.c.kafka), hung
		hung = map[string]bool{}
		for i := range blockers {
			b := &blockers[i]
			if !strings.HasPrefix(b.TxnID, r.c.kafka.Name(RoleCorrelate)+".") {
				continue
			}
			if b.Hanging {
				hung[b.String()] = true
				if waited < hangsAfter || !before[b.String()] {
					continue
				}
			} else if gone, err := holders.gone(ctx, b.TxnID); err != nil || !gone || b.TxnID == r.c.txnID {
				r.c.deps.Log.Debug().Err(err).Msg("not ended: " + b.String())
				continue
			}
			err := b.End(ctx, r.c.kafka, r.deps)
			r.c.met.unblocked.Inc()
			r.c.deps.Log.Warn().AnErr("failed", err).Msg("left open by a predecessor and ended: " + b.String())
		}
	}
}

func (r *restorer) restore(ctx context.Context, id int32, committed int64) (*part, error) {
	began := time.Now()
	p := &part{id: id, kafka: &r.c.kafka, met: r.c.met, lastRecord: began, topicID: r.topicID, story: r.c.cfg.Story}
	prog, err := r.lastProgress(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading its progress: %w", err)
	}
	if err := r.verify(ctx, id, prog, committed); err != nil {
		return nil, err
	}
	start := r.log.Of(r.c.topics[0], id).From
	if prog == nil {
		prog = &progress{Next: start}
		if committed > start {
			// The state topic was lost or made anew. The log still says it all.
			r.c.deps.Log.Warn().Int32("partition", id).Int64("offset", committed).
				Msg("there is no state for records that were processed; rebuilding it from the log")
		}
	}
	if err := r.verifyOutcomes(ctx, id, prog); err != nil {
		return nil, err
	}
	p.published.ends = prog.Ends
	p.snaps.latest, p.snaps.previous, p.mark = prog.Latest, prog.Previous, prog.Mark
	next := prog.Next
	if committed > next {
		// Both are written by one transaction: the end of the state was lost.
		r.c.deps.Log.Warn().Int32("partition", id).Int64("state", prog.Next).Int64("group", committed).
			Msg("the state is older than what was processed (a damaged or older copy of its topic); the rest is rebuilt from the log")
		next = committed
	}
	p.snaps.takenAt = time.Now()
	b, err := r.base(ctx, p, start, prog)
	if err != nil {
		return nil, err
	}
	if p.next < min(start, prog.Next) {
		return nil, fatal("partition %d of %s begins at offset %d, and the newest snapshot that can be read needs it from %d on: records were removed that the state still needs (kafka.retention.signals too short, or files are gone). Put them back from a copy, or go on without what they changed: `pinkstar repair --accept-lost-signals`",
			id, r.c.topics[0], start, p.next)
	}
	p.clock = logtime.At[*kgo.Record](p.eng.Now())
	from, records := p.next, p.snaps.records
	if err := r.replay(ctx, p, prog.Next); err != nil {
		return nil, err
	}
	if err := r.compare(p, b, prog, p.work.Said, p.snaps.records-records); err != nil {
		return nil, err
	}
	known := p.work.Said
	if err := r.replayUnknown(ctx, p, next); err != nil {
		return nil, err
	}
	unknown := p.work.Said - known
	if p.work = prog.Work.goneOn(r.c.behaviour, next); prog.Work != nil {
		p.work.Said += unknown
	}
	p.next, p.touched = next, false
	r.c.met.restore.Observe(time.Since(began).Seconds())
	r.c.deps.Log.Info().Int32("partition", id).Int64("from", from).Int64("to", next).
		Dur("took", time.Since(began)).Msg("partition restored")
	return p, nil
}

func (r *restorer) fromSnapshot(ctx context.Context, id int32, m *manifest) (Engine, error) {
	in := readChunks(ctx, r.c.kafka, r.deps, id, m)
	defer in.close()
	eng, err := r.c.engines.Restore(in)
	if err != nil {
		return nil, err
	}
	// The checksum is only known at the end, which the engine need not read.
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, err
	}
	return eng, nil
}

// replay runs the log through the engine up to next. What it says was
// committed already.
func (r *restorer) replay(ctx context.Context, p *part, next int64) error {
	sp := kafka.Span{Partition: p.id, From: p.next, To: next}
	return kafka.ReadSpan(ctx, r.c.kafka, r.deps, r.c.topics[0], sp, func(rec *kgo.Record) error {
		r.c.met.replayed.Inc()
		return p.apply(rec, nil)
	})
}

func (r *restorer) lastProgress(ctx context.Context, id int32) (*progress, error) {
	value, err := lastValue(ctx, r.c.kafka, r.deps, r.state[id], progressKey(id))
	if value == nil || err != nil {
		return nil, err
	}
	p := new(progress)
	if err := json.Unmarshal(value, p); err != nil {
		return nil, fatal("the progress of partition %d on %s can't be read: %w", id, r.c.kafka.Topic(schemas.TopicState), err)
	}
	return p, nil
}

// lastValue looks for the last record of state with this key, from the end of
// the span backwards; nil when there is none.
func lastValue(ctx context.Context, kc kafka.Config, deps kafka.Deps, sp kafka.Span, key string) ([]byte, error) {
	for n := int64(64); ; n *= 4 {
		tail := sp
		tail.From = max(sp.From, sp.To-n)
		var last []byte
		err := kafka.ReadSpan(ctx, kc, deps, kc.Topic(schemas.TopicState), tail, func(rec *kgo.Record) error {
			if string(rec.Key) == key {
				last = rec.Value
			}
			return nil
		})
		if err != nil || last != nil || tail.From == sp.From {
			return last, err
		}
	}
}
