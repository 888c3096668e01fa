package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// Topics of which only the newest record of each key has to stay are compacted
// by real brokers. Here what is still needed is written once more at the end,
// and everything before is deleted. A crash in between leaves some records
// twice, which no reader minds: they go by revision.

// squeezeAfter is how many offsets must have come since the last time, at least.
const squeezeAfter = 5_000

// latest is the newest record of a key.
type latest struct {
	offset   int64
	revision int64
	needed   bool
}

func (r *Retainer) squeeze(ctx context.Context, topic string, now time.Time, floors Floors) (int64, error) {
	spans, err := StableSpans(ctx, r.cl, topic)
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for p := int32(0); int(p) < len(spans); p++ {
		n, err := r.squeezePartition(ctx, topic, spans[p], now, floors)
		if err != nil {
			return total, fmt.Errorf("partition %d: %w", p, err)
		}
		total += n
	}
	return total, nil
}

func (r *Retainer) squeezePartition(ctx context.Context, topic string, sp Span, now time.Time, floors Floors) (int64, error) {
	where := topic + "/" + strconv.Itoa(int(sp.Partition))
	cut := floors.below(topic, sp.Partition, sp.To-1)
	if cut-max(sp.From, r.rounds[where]) < squeezeAfter {
		return 0, nil
	}
	newest := map[string]latest{}
	err := ReadSpan(ctx, r.Config, Deps{Log: r.Deps.Log}, topic, sp, func(rec *kgo.Record) error {
		_, revision := schemas.RevisionIn(string(Header(rec, schemas.HeaderID)))
		l := latest{rec.Offset, revision, r.needed(rec, now)}
		if old, ok := newest[string(rec.Key)]; !ok || l.revision >= old.revision {
			newest[string(rec.Key)] = l
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if r.rounds == nil {
		r.rounds = map[string]int64{}
	}
	kept := int64(0)
	for _, l := range newest {
		if l.needed && l.offset < cut {
			kept++
		}
	}
	if 3*kept > cut-sp.From { // it would cost more than it wins
		r.rounds[where] = sp.To
		return 0, nil
	}
	var failed atomic.Pointer[error]
	err = ReadSpan(ctx, r.Config, Deps{Log: r.Deps.Log}, topic, Span{sp.Partition, sp.From, cut}, func(rec *kgo.Record) error {
		if l := newest[string(rec.Key)]; l.offset != rec.Offset || !l.needed {
			return nil
		}
		again := &kgo.Record{Topic: topic, Partition: sp.Partition, Key: rec.Key, Value: rec.Value, Headers: rec.Headers, Timestamp: rec.Timestamp}
		r.cl.Produce(ctx, again, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
		return nil
	})
	if err == nil {
		err = r.cl.Flush(ctx)
	}
	if p := failed.Load(); err == nil && p != nil {
		err = *p
	}
	if err != nil {
		return 0, err
	}
	// The copies must be as safe as what they stand for: they are acknowledged.
	to := kadm.Offsets{}
	to.AddOffset(topic, sp.Partition, cut, -1)
	if err := deleteUpTo(ctx, kadm.NewClient(r.cl), to); err != nil {
		return 0, err
	}
	r.rounds[where] = sp.To + 2*kept // not again before there is as much to win as it costs
	return cut - sp.From, nil
}

// needed reports whether the newest record of a thing has to stay: of incidents
// those that are not closed, or were within the time that decisions are kept.
func (r *Retainer) needed(rec *kgo.Record, now time.Time) bool {
	if rec.Value == nil {
		return false
	}
	var in struct {
		Status   schemas.IncidentStatus `json:"status"`
		ClosedAt schemas.Time           `json:"closed_at"`
	}
	if err := json.Unmarshal(rec.Value, &in); err != nil || in.Status != schemas.IncidentClosed || in.ClosedAt == 0 {
		return true
	}
	return in.ClosedAt.Std().After(now.Add(-r.Config.Retention.Decisions))
}
