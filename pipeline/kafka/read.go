package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Span is a part of a partition: offsets from From up to and without To.
type Span struct {
	Partition int32
	From, To  int64
}

// Bounds are where the logs of topics begin and end.
type Bounds struct{ starts, ends kadm.ListedOffsets }

// ReadBounds asks for the bounds of every partition of the topics.
func ReadBounds(ctx context.Context, cl *kgo.Client, topics ...string) (b Bounds, err error) {
	adm := kadm.NewClient(cl)
	if b.starts, err = adm.ListStartOffsets(ctx, topics...); err == nil {
		err = b.starts.Error()
	}
	if err != nil {
		return b, fmt.Errorf("start offsets of %s: %w", strings.Join(topics, ", "), err)
	}
	if b.ends, err = adm.ListEndOffsets(ctx, topics...); err == nil {
		err = b.ends.Error()
	}
	if err != nil {
		return b, fmt.Errorf("end offsets of %s: %w", strings.Join(topics, ", "), err)
	}
	return b, nil
}

// Of returns what a partition holds; nothing from 0 to 0 when it was not there.
func (b Bounds) Of(topic string, partition int32) Span {
	start, _ := b.starts.Lookup(topic, partition)
	end, _ := b.ends.Lookup(topic, partition)
	return Span{partition, start.Offset, end.Offset}
}

// StableSpans returns what partitions (none: all) hold for readers of committed
// records, once every transaction that was open when it was called has ended. A
// transaction that nobody ends is aborted by the brokers when its time is up,
// so this waits at most that long.
func StableSpans(ctx context.Context, cl *kgo.Client, topic string, partitions ...int32) (map[int32]Span, error) {
	return StableSpansUnblocked(ctx, cl, topic, nil, partitions...)
}

// StableSpansUnblocked is StableSpans that tells blocked, again and again, how
// long it has been waiting.
func StableSpansUnblocked(ctx context.Context, cl *kgo.Client, topic string, blocked func(time.Duration), partitions ...int32) (map[int32]Span, error) {
	adm := kadm.NewClient(cl)
	bounds, err := ReadBounds(ctx, cl, topic)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; {
		stable, err := adm.ListCommittedOffsets(ctx, topic)
		if err == nil {
			err = stable.Error()
		}
		if err != nil {
			return nil, fmt.Errorf("stable offsets of %s: %w", topic, err)
		}
		spans, behind := map[int32]Span{}, false
		bounds.starts.Each(func(o kadm.ListedOffset) {
			if len(partitions) > 0 && !slices.Contains(partitions, o.Partition) {
				return
			}
			sp := bounds.Of(topic, o.Partition)
			s, _ := stable.Lookup(topic, o.Partition)
			behind = behind || s.Offset < sp.To
			spans[o.Partition] = sp
		})
		if !behind {
			return spans, nil
		}
		if blocked != nil {
			blocked(time.Since(began))
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the open transactions on %s to end: %w", topic, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ReadSpan hands the committed records of a span to fn in order. It knows the
// end by the control records and gaps too, so a span that ends in aborted
// records ends.
func ReadSpan(ctx context.Context, cfg Config, deps Deps, topic string, sp Span, fn func(*kgo.Record) error) error {
	if sp.From >= sp.To {
		return nil
	}
	opts := append(ReaderOpts(cfg, 1),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {sp.Partition: kgo.NewOffset().At(sp.From)}}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.KeepControlRecords(),
		kgo.FetchMaxWait(50*time.Millisecond),
	)
	cl, err := NewClient(cfg, "read", deps, opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	for next := sp.From; next < sp.To; {
		fs := cl.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, e := range fs.Errors() {
			return fmt.Errorf("reading %s partition %d from offset %d: %w", e.Topic, e.Partition, next, e.Err)
		}
		for it := fs.RecordIter(); !it.Done(); {
			r := it.Next()
			if next = r.Offset + 1; r.Offset >= sp.To {
				return nil
			}
			if r.Attrs.IsControl() {
				continue
			}
			if err := ctx.Err(); err != nil { // fn may take long
				return err
			}
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReadCommitted returns all committed records of a topic.
func ReadCommitted(ctx context.Context, cfg Config, deps Deps, topic string) ([]*kgo.Record, error) {
	cl, err := NewClient(cfg, "read", deps)
	if err != nil {
		return nil, err
	}
	spans, err := StableSpans(ctx, cl, topic)
	cl.Close()
	if err != nil {
		return nil, err
	}
	var recs []*kgo.Record
	for p := int32(0); int(p) < len(spans); p++ {
		err := ReadSpan(ctx, cfg, deps, topic, spans[p], func(r *kgo.Record) error {
			recs = append(recs, r)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return recs, nil
}

// ErrNoTopic says that a topic does not exist.
var ErrNoTopic = errors.New("topic does not exist")

// CountPartitions returns how many partitions the topics have together.
func CountPartitions(ctx context.Context, cl *kgo.Client, topics ...string) (int, error) {
	m, err := kadm.NewClient(cl).ListTopics(ctx, topics...)
	if err != nil {
		return 0, fmt.Errorf("asking the brokers for topics: %w", err)
	}
	n := 0
	for _, t := range topics {
		d, ok := m[t]
		if !ok || errors.Is(d.Err, kerr.UnknownTopicOrPartition) {
			return 0, fmt.Errorf("%s: %w; `pinkstar topics apply` creates it", t, ErrNoTopic)
		}
		if d.Err != nil {
			return 0, fmt.Errorf("topic %s: %w", t, d.Err)
		}
		n += len(d.Partitions)
	}
	return n, nil
}

// readAtWithin bounds how long ReadAt waits for partitions from which nothing
// comes.
const readAtWithin = 10 * time.Second

// ReadAt returns what is at these offsets, by topic and partition: committed,
// aborted or a control record, and nothing where it was compacted. It does not
// wait for transactions that are open. The offsets must be in the log.
func ReadAt(ctx context.Context, cfg Config, deps Deps, at map[string]map[int32]int64) ([]*kgo.Record, error) {
	from, left := map[string]map[int32]kgo.Offset{}, 0
	for t, ps := range at {
		from[t] = map[int32]kgo.Offset{}
		for p, o := range ps {
			from[t][p] = kgo.NewOffset().At(o)
			left++
		}
	}
	if left == 0 {
		return nil, nil
	}
	opts := append(ReaderOpts(cfg, left), kgo.ConsumePartitions(from), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadUncommitted()), kgo.KeepControlRecords(),
		kgo.FetchMaxWait(50*time.Millisecond), kgo.FetchMaxPartitionBytes(64<<10))
	cl, err := NewClient(cfg, "read", deps, opts...)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	wctx, cancel := context.WithTimeout(ctx, readAtWithin)
	defer cancel()
	var found []*kgo.Record
	seen := map[string]bool{}
	for left > 0 {
		fs := cl.PollFetches(wctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if wctx.Err() != nil { // compaction left nothing from there on
			return found, nil
		}
		for _, e := range fs.Errors() {
			return nil, fmt.Errorf("reading %s partition %d: %w", e.Topic, e.Partition, e.Err)
		}
		for it := fs.RecordIter(); !it.Done(); {
			r := it.Next()
			where := fmt.Sprint(r.Topic, "/", r.Partition)
			if seen[where] {
				continue
			}
			seen[where] = true // the first that comes is it, or it was compacted
			left--
			if r.Offset == at[r.Topic][r.Partition] {
				found = append(found, r)
			}
			cl.PauseFetchPartitions(map[string][]int32{r.Topic: {r.Partition}})
		}
	}
	return found, nil
}
