package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// journal keeps the deliveries of one partition.
type journal interface {
	// Write makes the revisions durable, all or none. After an error nothing may be
	// done that they announced: somebody else may own the partition.
	Write(ctx context.Context, ds ...*schemas.Delivery) error
	// Read hands on what was written before, in that order.
	Read(ctx context.Context, fn func(*schemas.Delivery)) error
	Close()
}

// kafkaJournal is a partition of the topic deliveries. Who opens it keeps every
// earlier opener from writing.
type kafkaJournal struct {
	cfg       kafka.Config
	deps      kafka.Deps
	cl        *kgo.Client
	topic     string
	partition int32

	mu     sync.Mutex
	broken error
}

// journalTimeout bounds a transaction; a predecessor's that was left open is
// ended when we open ours.
const journalTimeout = 15 * time.Second

func openJournal(ctx context.Context, cfg kafka.Config, deps kafka.Deps, partition int32) (*kafkaJournal, error) {
	j := &kafkaJournal{cfg: cfg, deps: kafka.Deps{Log: deps.Log}, topic: cfg.Topic(schemas.TopicDeliveries), partition: partition}
	cl, err := kafka.NewClient(cfg, "notify-journal", j.deps,
		kgo.TransactionalID(fmt.Sprintf("%s.%d", Group(cfg), partition)),
		kgo.TransactionTimeout(journalTimeout),
		kgo.RecordPartitioner(kafka.Partitioner(j.topic)),
	)
	if err != nil {
		return nil, err
	}
	j.cl = cl
	if _, _, err := cl.ProducerID(ctx); err != nil {
		cl.Close()
		return nil, fmt.Errorf("taking over the deliveries of partition %d: %w", partition, err)
	}
	return j, nil
}

// Write implements journal.
func (j *kafkaJournal) Write(ctx context.Context, ds ...*schemas.Delivery) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	// Whoever stops us may not leave it unsaid whether the note was taken.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalTimeout)
	defer cancel()
	if j.broken = j.write(ctx, ds); j.broken != nil {
		j.broken = fmt.Errorf("noting deliveries of partition %d: %w", j.partition, j.broken)
	}
	return j.broken
}

func (j *kafkaJournal) write(ctx context.Context, ds []*schemas.Delivery) error {
	if err := j.cl.BeginTransaction(); err != nil {
		return err
	}
	recs := make([]*kgo.Record, len(ds))
	for i, d := range ds {
		recs[i], _ = kafka.FittingRecord(&j.cfg, schemas.Deliveries.Emission(d))
		recs[i].Partition = j.partition
	}
	if err := j.cl.ProduceSync(ctx, recs...).FirstErr(); err != nil {
		_ = j.cl.AbortBufferedRecords(ctx)
		_ = j.cl.EndTransaction(ctx, kgo.TryAbort) // the first error says it
		return err
	}
	return j.cl.EndTransaction(ctx, kgo.TryCommit)
}

// Read implements journal.
func (j *kafkaJournal) Read(ctx context.Context, fn func(*schemas.Delivery)) error {
	spans, err := kafka.StableSpans(ctx, j.cl, j.topic, j.partition)
	if err != nil {
		return err
	}
	sp, ok := spans[j.partition]
	if !ok {
		return fmt.Errorf("%s has no partition %d: it must have as many as the topic effects; `pinkstar topics apply` makes it so", j.topic, j.partition)
	}
	return kafka.ReadSpan(ctx, j.cfg, j.deps, j.topic, sp, func(r *kgo.Record) error {
		d := new(schemas.Delivery)
		if err := json.Unmarshal(r.Value, d); err != nil {
			return fmt.Errorf("%s partition %d offset %d: %w", j.topic, j.partition, r.Offset, err)
		}
		fn(d)
		return nil
	})
}

// Close implements journal.
func (j *kafkaJournal) Close() { j.cl.Close() }
