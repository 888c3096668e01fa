package process

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
)

// publishAgain finds the newest snapshot of which everything that was published
// until then is still there: what is decided on from it is published again, so
// that nothing is missing.
func (r *restorer) publishAgain(ctx context.Context, id int32, prog *progress) (progress, string, error) {
	gone, err := r.lostEnds(ctx, id, prog)
	if err != nil {
		return progress{}, "", err
	}
	log := r.log.Of(r.c.topics[0], id)
	next, done := progress{}, ""
	for _, m := range []*manifest{prog.Latest, prog.Previous} {
		if m == nil || m.Input < log.From || m.Input > log.To || !r.readable(ctx, id, m) {
			continue
		}
		if next, done = (progress{Next: m.Input, Latest: m, Mark: m.Mark}),
			fmt.Sprintf("it goes on from the snapshot at offset %d, and what is decided from there on is published again", m.Input); m.before(gone) {
			break
		}
		done += "; what was published before stays missing where it is"
	}
	if next.Latest == nil || log.From == 0 && !next.Latest.before(gone) {
		next, done = progress{Next: log.From}, fmt.Sprintf("it begins at the start of the log, offset %d, and publishes everything from there on again", log.From)
	}
	if ctx.Err() != nil {
		return progress{}, "", ctx.Err()
	}
	for i := range gone {
		if err := r.leap(ctx, &gone[i]); err != nil {
			return progress{}, "", fmt.Errorf("partition %d of %s: %w", gone[i].partition, gone[i].topic, err)
		}
	}
	r.gone[id] = nil
	return next, done, nil
}

// before reports whether the snapshot is from before anything was published that
// is gone.
func (m *manifest) before(gone []lostEnd) bool {
	if m.Ends == nil { // of a release that did not say
		return false
	}
	for i := range gone {
		l := &gone[i]
		at, ok := m.Ends[l.topic][l.partition]
		if ok && (at >= l.to || l.at < l.to) { // where a log was written on, nobody knows from where
			return false
		}
	}
	return true
}

// leapBatch is how many offsets are filled in one transaction.
const leapBatch = 50_000

// leap fills the offsets that a topic lost with what nobody reads: records of
// transactions that are aborted. Readers and sinks that know those offsets would
// otherwise pass over what is published under them now.
func (r *restorer) leap(ctx context.Context, l *lostEnd) error {
	if err := r.readOuts(ctx); err != nil { // another partition of signals may have filled some
		return err
	}
	n := l.at + 1 - r.out.Load().Of(l.topic, l.partition).To
	if n <= 0 {
		return nil
	}
	cl, err := kafka.NewClient(r.c.kafka, "repair", r.deps, kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.TransactionalID(r.c.kafka.Name(RoleCorrelate)+".repair"), kgo.TransactionTimeout(time.Minute))
	if err != nil {
		return err
	}
	defer cl.Close()
	for n > 0 {
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		recs := make([]*kgo.Record, min(n, leapBatch))
		for i := range recs { // with a key: compacted topics take none without
			recs[i] = &kgo.Record{Topic: l.topic, Partition: l.partition, Key: []byte("lost"), Value: []byte("{}")}
		}
		n -= int64(len(recs))
		err := cl.ProduceSync(ctx, recs...).FirstErr()
		if ended := cl.EndTransaction(ctx, kgo.TryAbort); err == nil {
			err = ended
		}
		if err != nil {
			return err
		}
	}
	return nil
}
