package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// ErrUnavailable says that the brokers can't take records now: they can't be
// reached, or the queue to them is full. The sender should try again later.
var ErrUnavailable = errors.New("the brokers can't take records now")

// ErrTooLarge says that a record is over the brokers' limit and never fits.
var ErrTooLarge = errors.New("the record is over the brokers' size limit")

// Producer writes signals and returns once all in-sync replicas have them.
// It is safe for concurrent use.
type Producer struct {
	cfg Config
	cl  *kgo.Client
}

// NewProducer returns a producer; Close ends it.
func NewProducer(cfg Config, role string, deps Deps) (*Producer, error) {
	cl, err := NewClient(cfg, role, deps,
		kgo.UnknownTopicRetries(1),
	)
	if err != nil {
		return nil, err
	}
	return &Producer{cfg: cfg, cl: cl}, nil
}

// Client returns the client, for readiness checks.
func (p *Producer) Client() *kgo.Client { return p.cl }

// Produce writes complete signals to the signals topic, keyed by scope. When
// it returns nil all of them are acknowledged. On an error some may be: they
// are harmless, since the sender's next try has the same ids.
func (p *Producer) Produce(ctx context.Context, signals []schemas.Signal) error {
	recs := make([]*kgo.Record, len(signals))
	for i := range signals {
		recs[i] = SignalRecord(&p.cfg, &signals[i])
	}
	return p.ProduceRecords(ctx, recs)
}

// Refuse writes what the gateway could not read to the dead letter, and a
// decision that says so. When it returns nil all of it is acknowledged.
func (p *Producer) Refuse(ctx context.Context, dead []schemas.DeadLetter) error {
	var recs []*kgo.Record
	for i := range dead {
		d := &dead[i]
		said := schemas.Decisions.Emission(&schemas.Decision{
			SignalID: d.SignalID, Revision: 1, Verdict: schemas.VerdictRefused, At: d.At, LastAt: d.At,
			Reason: fmt.Sprintf("Sent to %s and can't be taken: %s. It is in the dead letter.", d.Topic, d.Reason),
		})
		letter := schemas.DeadLetters.Emission(d)
		recs = append(recs, OutcomeRecord(&p.cfg, &letter), OutcomeRecord(&p.cfg, &said))
	}
	return p.ProduceRecords(ctx, recs)
}

// ProduceRecords is Produce for records that are encoded already.
func (p *Producer) ProduceRecords(ctx context.Context, recs []*kgo.Record) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
	)
	wg.Add(len(recs))
	// Not kgo.RecordDeliveryTimeout, which counts from a record's timestamp:
	// ours may be old. And not the request's context: once a record is on its
	// way, a sender that hangs up changes nothing.
	pctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.ProduceTimeout)
	for _, r := range recs {
		// Never block on a full buffer: the gateway must say so at once.
		p.cl.TryProduce(pctx, r, func(_ *kgo.Record, err error) {
			if err != nil {
				mu.Lock()
				if first == nil {
					first = err
				}
				mu.Unlock()
			}
			wg.Done()
		})
	}
	acked := make(chan struct{})
	go func() { wg.Wait(); cancel(); close(acked) }() // ends within the timeout
	select {
	case <-acked:
		return classify(first)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, kgo.ErrMaxBuffered):
		return fmt.Errorf("%w: the queue is full", ErrUnavailable)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: no acknowledgement in time", ErrUnavailable)
	case errors.Is(err, kgo.ErrClientClosed):
		return fmt.Errorf("%w: shutting down", ErrUnavailable)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("%w: the topic does not exist, `pinkstar topics apply` creates it: %w", ErrUnavailable, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
}

// Close waits for what is under way and ends the client.
func (p *Producer) Close(ctx context.Context) error {
	err := p.cl.Flush(ctx)
	p.cl.Close()
	return err
}
