package importer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// maxBytes is what a record may take, under the brokers' limit of 1 MB.
const maxBytes = 900 << 10

// Publisher writes outcomes to their topics.
type Publisher struct {
	cfg kafka.Config
	cl  *kgo.Client
	now time.Time

	mu  sync.Mutex
	err error // of the first record that failed
}

// NewPublisher returns a publisher that stamps its records with now; Close ends
// it.
func NewPublisher(cfg kafka.Config, deps kafka.Deps, now time.Time) (*Publisher, error) {
	cl, err := kafka.NewClient(cfg, "import", deps, kgo.UnknownTopicRetries(1), kgo.MaxBufferedRecords(cfg.MaxBuffered))
	if err != nil {
		return nil, err
	}
	return &Publisher{cfg: cfg, cl: cl, now: now}, nil
}

// Overlap is how many records the installation's log of signals has of that time.
func (p *Publisher) Overlap(ctx context.Context, from, to schemas.Time) (int64, error) {
	admin, topic := kadm.NewClient(p.cl), p.cfg.Topic(schemas.TopicSignals)
	first, err := admin.ListOffsetsAfterMilli(ctx, int64(from), topic)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return 0, fmt.Errorf("asking where %s begins: %w", topic, err)
	}
	after, err := admin.ListOffsetsAfterMilli(ctx, int64(to)+1, topic)
	if err == nil {
		err = after.Error()
	}
	if err != nil {
		return 0, fmt.Errorf("asking where %s begins: %w", topic, err)
	}
	n := int64(0)
	first.Each(func(o kadm.ListedOffset) {
		if end, ok := after.Lookup(o.Topic, o.Partition); ok {
			n += max(end.Offset-o.Offset, 0)
		}
	})
	return n, nil
}

// Put hands an outcome on. The error is that of any record before it.
func (p *Publisher) Put(ctx context.Context, e schemas.Emission) error {
	r := kafka.OutcomeRecord(&p.cfg, &e)
	if len(r.Value) > maxBytes {
		e = e.Shrunk()
		r = kafka.OutcomeRecord(&p.cfg, &e)
	}
	r.Timestamp = p.now
	p.cl.Produce(ctx, r, p.produced) // waits when its buffer is full
	return p.failed()
}

func (p *Publisher) produced(r *kgo.Record, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("writing to %s: %w (the import can be run again: it changes nothing twice)", r.Topic, err)
	}
}

func (p *Publisher) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Flush returns once the brokers have acknowledged everything.
func (p *Publisher) Flush(ctx context.Context) error {
	if err := p.cl.Flush(ctx); err != nil {
		return err
	}
	return p.failed()
}

// Close lets the brokers go.
func (p *Publisher) Close() { p.cl.Close() }
