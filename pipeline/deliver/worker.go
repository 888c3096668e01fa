package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// worker carries one partition for as long as it is ours.
type worker struct {
	d    *Delivery
	cl   *kgo.Client
	key  partition
	id   string // the topic's
	q    *queue
	stop chan struct{} // closed by revoked
	done chan struct{} // closed when run has returned
	ctx  context.Context

	owed    *kgo.EpochOffset // a commit that failed, or that the session was too young for
	written int64            // offsets up to here are in the sink; -1 at first
	again   *span            // a batch that was begun before us and must be gathered again
	pending []*kgo.Record    // of the next batch
	bytes   int              // in pending
	writing int              // in the batch that was cut last
	since   time.Time        // when the first of pending came
	end     int64
}

type span struct{ first, last int64 }

func newWorker(d *Delivery, cl *kgo.Client, key partition) *worker {
	w := &worker{d: d, cl: cl, key: key, written: -1, stop: make(chan struct{}), done: make(chan struct{})}
	w.q = newQueue(&d.room, func(on bool) {
		parts := map[string][]int32{key.topic: {key.number}}
		if on {
			cl.PauseFetchPartitions(parts)
		} else {
			cl.ResumeFetchPartitions(parts)
		}
	})
	return w
}

// run lives until the partition is taken away or the sink refuses for good.
func (w *worker) run() {
	defer close(w.done)
	defer w.d.m.forget(w.key.labels()[0], w.key.labels()[1])
	defer w.leave()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.ctx = ctx
	go func() { // a write under way may finish, within limits
		select {
		case <-w.stop:
			t := time.NewTimer(w.d.cfg.StopGrace)
			defer t.Stop()
			select {
			case <-t.C:
				cancel()
			case <-w.done:
			}
		case <-ctx.Done():
		}
	}()
	if !w.retry("resuming", w.resume) {
		return
	}
	for w.gather() {
		b := w.cut()
		if b == nil {
			continue
		}
		written := w.write(b)
		w.d.room.taken.Add(-int64(w.writing))
		if !written {
			return
		}
	}
}

// leave gives back the room that is still taken. Nobody pushes any more: the worker was
// taken off the list before it was stopped, or the delivery ends.
func (w *worker) leave() { w.d.room.taken.Add(-int64(w.bytes + w.q.waiting())) }

// resume asks the sink where it stands.
func (w *worker) resume() error {
	id, err := topicID(w.ctx, w.cl, w.key.topic)
	if err != nil {
		return err
	}
	b, err := kafka.ReadBounds(w.ctx, w.cl, w.key.topic)
	if err != nil {
		return err
	}
	p, err := w.d.position(w.ctx, id, w.key, b)
	w.id = p.id
	if err != nil || !p.found {
		return err
	}
	r := p.r
	if r.Done {
		w.written = r.Last
		// Reading goes on behind it: see adjust. The group hears of it with the next
		// batch or in a quiet moment: until the session's offsets have been fetched,
		// which go on beside us, the client can't take note of a commit.
		w.owed = &kgo.EpochOffset{Epoch: -1, Offset: r.Last + 1}
		return nil
	}
	// A batch is begun only after the one before it was finished.
	w.written = r.First - 1
	w.again = &span{r.First, r.Last}
	return nil
}

// gather collects records until a batch is due. It returns false when the
// partition is no longer ours.
func (w *worker) gather() bool {
	for {
		if w.due() {
			return true
		}
		var old, owing <-chan time.Time // never, while there is nothing to write or to commit
		if len(w.pending) > 0 {
			old = time.After(time.Until(w.since.Add(w.patience())))
		}
		if w.owed != nil {
			owing = time.After(w.d.cfg.BackoffLast)
		}
		select {
		case <-w.stop:
			return false
		case <-old:
			w.giveUpRegathering()
			return true
		case <-owing:
			w.commit(w.owed.Offset-1, w.owed.Epoch)
		case <-w.q.ready:
			w.accept(w.q.take())
		}
	}
}

func (w *worker) patience() time.Duration {
	if w.again != nil {
		return w.d.cfg.RegatherTimeout
	}
	return w.d.cfg.BatchAge
}

// giveUpRegathering lets a batch go that can't be completed any more: what is
// there is written under bounds of its own, and the sink's keys collapse what
// it has twice.
func (w *worker) giveUpRegathering() {
	if w.again != nil {
		w.d.log.Warn().Str("topic", w.key.topic).Int32("partition", w.key.number).Int64("first", w.again.first).Int64("last", w.again.last).
			Msg("a batch begun before the restart can't be gathered whole; writing what is there")
		w.again = nil
	}
}

// accept takes new records, without those that the sink has.
func (w *worker) accept(recs []*kgo.Record, end int64) {
	w.end = end
	skipped := 0
	var last *kgo.Record
	for _, r := range recs {
		if r.Offset <= w.written {
			skipped++
			last = r
			w.d.room.taken.Add(-int64(size(r)))
			continue
		}
		if len(w.pending) == 0 {
			w.since = time.Now()
		}
		w.pending = append(w.pending, r)
		w.bytes += size(r)
	}
	if skipped > 0 {
		w.d.m.skipped.WithLabelValues(w.key.topic).Add(float64(skipped))
		w.commit(last.Offset, last.LeaderEpoch)
	}
	w.gauges()
}

// due reports whether the next batch is complete.
func (w *worker) due() bool {
	n := len(w.pending)
	if n == 0 {
		return false
	}
	if w.again != nil {
		return w.pending[n-1].Offset >= w.again.last
	}
	return n >= w.d.cfg.BatchRecords || w.bytes >= w.d.cfg.BatchBytes || w.d.room.calls(w.bytes) || time.Since(w.since) >= w.d.cfg.BatchAge
}

// cut takes the next batch from what is pending.
func (w *worker) cut() *schemas.Batch {
	n, bytes := 0, 0
	if a := w.again; a != nil {
		for n < len(w.pending) && w.pending[n].Offset <= a.last {
			bytes += size(w.pending[n])
			n++
		}
		w.again = nil
		if n == 0 { // every record of it is gone from the log: there is nothing to write again
			return nil
		}
		b := w.batch(n, bytes)
		b.First, b.Last = a.first, a.last
		return b
	}
	for n < len(w.pending) && n < w.d.cfg.BatchRecords && (n == 0 || bytes < w.d.cfg.BatchBytes) {
		bytes += size(w.pending[n])
		n++
	}
	return w.batch(n, bytes)
}

func (w *worker) batch(n, bytes int) *schemas.Batch {
	recs := w.pending[:n:n]
	// What is left moves to memory of its own: a slice of the same array would
	// keep the batch, and the fetches it came from, until the next one is as long.
	w.pending = append([]*kgo.Record(nil), w.pending[n:]...)
	w.bytes -= bytes
	w.writing = bytes
	b := &schemas.Batch{
		Topic: w.key.topic, TopicID: w.id, Partition: w.key.number,
		First: recs[0].Offset, Last: recs[n-1].Offset, Records: make([]schemas.Record, n),
	}
	for i, r := range recs {
		b.Records[i] = schemas.Record{
			Offset: r.Offset, Time: schemas.TimeOf(r.Timestamp), Key: r.Key, Value: r.Value,
			Type: string(kafka.Header(r, schemas.HeaderType)),
		}
	}
	b.Followed = w.due()
	return b
}

var errTakenAway = errors.New("the partition was taken away")

// write writes a batch and commits its end. It returns false when the
// partition is no longer ours.
func (w *worker) write(b *schemas.Batch) bool {
	ok := w.retry("writing", func() error {
		select {
		case w.d.slots <- struct{}{}:
			defer func() { <-w.d.slots }()
		case <-w.stop:
			return errTakenAway
		}
		began := time.Now()
		err := w.d.sink.Write(w.ctx, b)
		w.d.m.seconds.Observe(time.Since(began).Seconds())
		return err
	})
	if !ok {
		return false
	}
	w.written = b.Last
	w.d.m.batches.WithLabelValues(w.key.topic).Inc()
	w.d.m.records.WithLabelValues(w.key.topic).Add(float64(len(b.Records)))
	w.commit(b.Last, -1)
	w.gauges()
	return true
}

// commitTimeout bounds one commit.
const commitTimeout = 10 * time.Second

// commit tells the group where we are. When it fails it is owed: the sink knows
// better, so nothing is lost meanwhile, and the next batch, or a quiet moment,
// makes up for it.
func (w *worker) commit(offset int64, epoch int32) {
	ctx, cancel := context.WithTimeout(w.ctx, commitTimeout)
	defer cancel()
	at := kgo.EpochOffset{Epoch: epoch, Offset: offset + 1}
	w.owed = &at
	w.cl.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{w.key.topic: {w.key.number: at}},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
			if err = commitError(resp, err); err != nil {
				w.d.log.Warn().Err(err).Str("topic", w.key.topic).Int32("partition", w.key.number).Int64("offset", at.Offset).Msg("committing")
				return
			}
			w.owed = nil
		})
}

func commitError(resp *kmsg.OffsetCommitResponse, err error) error {
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			err = errors.Join(err, kerr.ErrorForCode(p.ErrorCode))
		}
	}
	return err
}

func (w *worker) gauges() {
	l := w.key.labels()
	w.d.m.queued.WithLabelValues(l...).Set(float64(w.bytes + w.q.waiting()))
	if w.written >= 0 && w.end > 0 {
		w.d.m.lag.WithLabelValues(l...).Set(float64(max(0, w.end-w.written-1)))
	}
}

// retry runs f until it succeeds. It returns false when the partition is no
// longer ours, or f failed for good.
func (w *worker) retry(what string, f func() error) bool {
	wait := w.d.backoff()
	for {
		err := f()
		if err == nil {
			w.d.refused(w.key, nil)
			w.d.m.failing.WithLabelValues(w.key.labels()...).Set(0)
			return true
		}
		var p interface{ Permanent() bool }
		if errors.As(err, &p) && p.Permanent() {
			w.d.fail(err)
			return false
		}
		select {
		case <-w.stop:
			return false
		default:
		}
		w.d.refused(w.key, err) // tells the log, once for all partitions
		w.d.m.failures.WithLabelValues(w.key.topic).Inc()
		w.d.m.failing.WithLabelValues(w.key.labels()...).Set(1)
		w.d.log.Debug().Err(err).Str("topic", w.key.topic).Int32("partition", w.key.number).Stringer("again_in", wait.next).Msg(what + " failed")
		if !wait.sleep(w.stop) {
			return false
		}
	}
}

func isOutOfRange(err error) bool { return errors.Is(err, kerr.OffsetOutOfRange) }
