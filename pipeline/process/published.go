package process

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// end is the last record that was published for a partition of signals to a
// partition of an out topic: a topic that no longer has it lost its end.
type end struct {
	At  int64  `json:"at"`  // its offset
	Sum uint32 `json:"sum"` // FNV-1a of its key and value
}

// byTopic is something of each partition of out topics, by their full names.
type byTopic[T any] map[string]map[int32]T

func (b *byTopic[T]) set(topic string, partition int32, v T) {
	if *b == nil {
		*b = byTopic[T]{}
	}
	if (*b)[topic] == nil {
		(*b)[topic] = map[int32]T{}
	}
	(*b)[topic][partition] = v
}

// each calls do in order, until it returns an error.
func (b byTopic[T]) each(do func(topic string, partition int32, v T) error) error {
	for _, t := range slices.Sorted(maps.Keys(b)) {
		for _, p := range slices.Sorted(maps.Keys(b[t])) {
			if err := do(t, p, b[t][p]); err != nil {
				return err
			}
		}
	}
	return nil
}

func sumOf(r *kgo.Record) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(r.Key) // never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(r.Value)
	return h.Sum32()
}

// published is where what a partition said is on the out topics.
type published struct {
	mu   sync.Mutex // acknowledgements come from the client's goroutines
	last byTopic[*kgo.Record]
	ends byTopic[end]
}

// to is what takes what a partition says.
func (p *published) to(s *session) emit {
	done := func(r *kgo.Record, err error) {
		s.produced(r, err)
		if err != nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if old := p.last[r.Topic][r.Partition]; old == nil || old.Offset < r.Offset {
			p.last.set(r.Topic, r.Partition, r)
		}
	}
	return func(r *kgo.Record) { s.gts.Produce(context.Background(), r, done) }
}

// now returns where it is. What was produced must be acknowledged.
func (p *published) now() byTopic[end] {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t, ps := range p.last {
		for n, r := range ps {
			p.ends.set(t, n, end{r.Offset, sumOf(r)})
		}
	}
	clear(p.last)
	return p.ends
}

// offsets are those of now.
func (p *published) offsets() byTopic[int64] {
	at := byTopic[int64]{}
	_ = p.now().each(func(t string, n int32, e end) error {
		at.set(t, n, e.At)
		return nil
	})
	return at
}

// lostEnd is an end that an out topic no longer has.
type lostEnd struct {
	topic     string
	partition int32
	at        int64
	to        int64 // where the log ends
}

func (l *lostEnd) String() string {
	if l.at >= l.to {
		return fmt.Sprintf("partition %d of %s ends at offset %d, and what was published reaches up to %d: outcomes are missing at its end (a damaged or older copy of its files, a topic made anew, or a leader that had not all of them)",
			l.partition, l.topic, l.to, l.at)
	}
	return fmt.Sprintf("partition %d of %s holds another record at offset %d than was published: it lost its end (a damaged or older copy of its files, a topic made anew, or a leader that had not all of it) and was written on",
		l.partition, l.topic, l.at)
}

// verifyOutcomes compares what a partition published with what is there.
func (r *restorer) verifyOutcomes(ctx context.Context, id int32, prog *progress) error {
	gone, err := r.lostEnds(ctx, id, prog)
	if err != nil || len(gone) == 0 {
		return err
	}
	why := make([]error, len(gone))
	for i := range gone {
		why[i] = errors.New(gone[i].String())
	}
	return fatal("partition %d of %s: %w. Nothing was skipped by itself, and what was decided is in the log. "+
		"Either put the topic's data back from a copy, or have it decided and published again, over what is still there: `pinkstar repair --accept-lost-outcomes`",
		id, r.c.topics[0], errors.Join(why...))
}

// boundsAgain is how often a topic that seems to lack its end is asked again: a
// leader that has just taken over may not know yet how far the others are.
const boundsAgain = 5

// lostEnds lists the ends that are not there any more. Those that were deleted
// or compacted since are no loss.
func (r *restorer) lostEnds(ctx context.Context, id int32, prog *progress) ([]lostEnd, error) {
	if gone, known := r.gone[id]; known {
		return gone, nil
	}
	if r.c.behaviour == 0 || len(prog.Ends) == 0 { // nobody lives by what a shadow says
		return nil, nil
	}
	for try := 1; ; try++ {
		gone, err := r.lookForEnds(ctx, prog.Ends)
		if err != nil || len(gone) == 0 || try == boundsAgain {
			return gone, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		if err := r.readOuts(ctx); err != nil {
			return nil, err
		}
	}
}

func (r *restorer) lookForEnds(ctx context.Context, ends byTopic[end]) (gone []lostEnd, err error) {
	look := byTopic[int64]{}
	log := r.out.Load()
	_ = ends.each(func(t string, n int32, e end) error {
		switch span := log.Of(t, n); {
		case e.At >= span.To:
			gone = append(gone, lostEnd{t, n, e.At, span.To})
		case e.At >= span.From:
			look.set(t, n, e.At)
		}
		return nil
	})
	there, err := kafka.ReadAt(ctx, r.c.kafka, r.deps, look)
	if err != nil {
		return nil, err
	}
	for _, rec := range there {
		if e := ends[rec.Topic][rec.Partition]; rec.Attrs.IsControl() || e.Sum != sumOf(rec) {
			gone = append(gone, lostEnd{rec.Topic, rec.Partition, e.At, log.Of(rec.Topic, rec.Partition).To})
		}
	}
	return gone, nil
}

// readOuts asks where the out topics begin and end.
func (r *restorer) readOuts(ctx context.Context) error {
	cl, err := kafka.NewClient(r.c.kafka, "restore", r.deps)
	if err != nil {
		return err
	}
	defer cl.Close()
	topics := schemas.OutTopicNames()
	for i := range topics {
		topics[i] = r.c.kafka.Topic(topics[i])
	}
	b, err := kafka.ReadBounds(ctx, cl, topics...)
	if err == nil {
		r.out.Store(&b)
	}
	return err
}
