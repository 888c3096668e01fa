package deliver

import (
	"context"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// position is where a partition's delivery stands, by the sink's word.
type position struct {
	id    string // what the sink calls the topic: its id, or see incarnation
	r     schemas.WrittenRange
	found bool
	start int64 // of the log
}

// next is the offset from which to read.
func (p *position) next() int64 {
	switch {
	case !p.found:
		return p.start
	case p.r.Done:
		return max(p.r.Last+1, p.start)
	default:
		return max(p.r.First, p.start)
	}
}

// has is the offset behind what the sink may have. Of a batch that it did not note
// as finished it may have all.
func (p *position) has() int64 {
	if p.found {
		return max(p.r.Last+1, p.start)
	}
	return p.start
}

// position asks the sink where a partition stands.
func (d *Delivery) position(ctx context.Context, topicID string, key partition, b kafka.Bounds) (position, error) {
	log := b.Of(key.topic, key.number)
	p := position{id: topicID, start: log.From}
	var err error
	for {
		if p.r, p.found, err = d.sink.Resume(ctx, key.topic, p.id, key.number); err != nil {
			return p, err
		}
		if !p.found || p.r.Last < log.To {
			return p, nil
		}
		p.id = incarnation(p.id, p.r.Last)
	}
}

// incarnation is the name of a topic that lost its end after the sink had read
// it. What is written there from now on has offsets that the sink has seen, so
// to the sink it is another topic, read from its start: what it has already has
// the same ids.
func incarnation(id string, last int64) string { return fmt.Sprintf("%s+%d", id, last) }

// adjust says where newly assigned partitions begin: where the sink stands, not
// where the group does. A sink that was emptied, or put back from an older copy,
// gets what it lacks as far as the log has it. It waits for a sink that is away.
func (d *Delivery) adjust(ctx context.Context, group map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	cl, topics := d.asks, make([]string, 0, len(group))
	for t := range group {
		topics = append(topics, t)
	}
	b, err := kafka.ReadBounds(ctx, cl, topics...)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	out := map[string]map[int32]kgo.Offset{}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	ids := map[string]string{}
	for t := range group {
		if ids[t], err = topicID(ctx, cl, t); err != nil {
			return nil, err
		}
		out[t] = map[int32]kgo.Offset{}
	}
	for t, ps := range group {
		for n, o := range ps {
			g.Go(func() error {
				next, err := d.startOf(gctx, ids[t], partition{t, n}, b, o.EpochOffset().Offset)
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				out[t][n] = kgo.NewOffset().At(next)
				return nil
			})
		}
	}
	return out, g.Wait()
}

// startOf asks until the sink answers.
func (d *Delivery) startOf(ctx context.Context, id string, key partition, b kafka.Bounds, committed int64) (int64, error) {
	for wait := d.backoff(); ; {
		p, err := d.position(ctx, id, key, b)
		if err == nil {
			d.refused(key, nil)
			d.tellPosition(id, key, &p, committed)
			if p.id == id { // else the sink has what the log lost
				d.tellLoss(key, committed-max(b.Of(key.topic, key.number).To, p.next()))
			}
			return p.next(), nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		d.refused(key, err)
		if !wait.sleep(ctx.Done()) {
			return 0, ctx.Err()
		}
	}
}

func (d *Delivery) tellPosition(id string, key partition, p *position, committed int64) {
	ev := d.log.Warn().Str("topic", key.topic).Int32("partition", key.number).Int64("from", p.next())
	switch {
	case p.id != id:
		ev.Msg("the topic ends before what the sink has of it (files were lost or put back from an older copy): it is read from its start as another topic, and what the sink has already collapses by its ids")
	case committed > p.has():
		ev.Int64("group", committed).Msg("the sink has less than the group says (it was emptied, or put back from an older copy): what the log has of it is written again")
	case p.found && p.r.Done && p.r.Last+1 < p.start:
		ev.Int64("written", p.r.Last).Msg("the log begins behind what the sink has: it was away for longer than the records are kept, and what is between is missing there")
	}
}

// tellLoss says that n records which the group had read are in neither the log nor
// the sink. It stays told as long as the process lives: nothing brings them back
// by itself.
func (d *Delivery) tellLoss(key partition, n int64) {
	if n <= 0 {
		return
	}
	d.m.lost.WithLabelValues(key.labels()...).Set(float64(n))
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost[key] == n {
		return
	}
	d.lost[key] = n
	d.log.Error().Str("topic", key.topic).Int32("partition", key.number).Int64("records", n).Msg("records are gone: " + lossText)
}

const lossText = "the log ends before what was read of it (files were lost or put back from an older copy), and the sink does not have the rest; " +
	"reports lack that many outcomes. Stop, and put back the newer files of the topic or of the sink, or have them decided and published again: `pinkstar repair --accept-lost-outcomes`"
