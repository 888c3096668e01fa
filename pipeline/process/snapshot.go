package process

import (
	"context"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// snapshots is what a partition knows of its snapshots. Two are kept, in
// slots that alternate, so that one that turns out damaged is not the end.
type snapshots struct {
	latest, previous *manifest
	records          int64 // the engine has seen since the latest
	takenAt          time.Time
}

// headerSnapshot marks the chunks of one snapshot.
const headerSnapshot = "snapshot"

// chunkBytes is the size of a chunk, under every broker's record limit.
const chunkBytes = 512 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bytesPerRecord weighs a snapshot's size against re-reading the log: with it
// a large state is not written again and again.
const bytesPerRecord = 100

func (p *part) snapshotDue(cfg *Config, now time.Time) bool {
	if p.clock.Holding() { // what is held is in no snapshot
		return false
	}
	n := cfg.SnapshotRecords
	if l := p.snaps.latest; l != nil {
		n = max(n, l.Bytes/bytesPerRecord)
	}
	return p.snaps.records >= n || p.snaps.records > 0 && now.Sub(p.snaps.takenAt) >= cfg.SnapshotInterval
}

// unsaved reports whether the engine has seen more than its latest snapshot.
func (p *part) unsaved() bool { return p.snaps.records > 0 && !p.clock.Holding() }

// snapshot writes the engine into the open transaction and, when all of it is
// acknowledged, makes it the latest. If the transaction aborts, the partition
// is restored and knows nothing of it.
func (p *part) snapshot(ctx context.Context, s *session, by string) error {
	began := time.Now()
	slot := 0
	if p.snaps.latest != nil {
		slot = 1 - p.snaps.latest.Slot
	}
	w := &chunkWriter{part: p, s: s, m: manifest{ID: fmt.Sprintf("%s@%d", by, p.next), First: -1, Input: p.next, Slot: slot, Mark: p.marked(), Said: p.work.Said, Ends: p.published.offsets()}, sum: crc32.New(castagnoli)}
	if err := p.eng.Snapshot(w); err != nil {
		return err
	}
	m, err := w.close(ctx)
	if err != nil {
		return err
	}
	if p.snaps.latest != nil {
		p.obsolete = p.snaps.latest.First
	}
	p.snaps.previous, p.snaps.latest = p.snaps.latest, m
	p.snaps.records, p.snaps.takenAt = 0, began
	p.met.snapshot.Observe(time.Since(began).Seconds())
	p.met.snapshotBytes.WithLabelValues(label(p.id)).Set(float64(m.Bytes))
	return nil
}

// chunkWriter turns a stream into records on state.
type chunkWriter struct {
	part *part
	s    *session
	m    manifest
	buf  []byte
	sum  hash.Hash32

	mu sync.Mutex // acknowledgements come from the client's goroutines
}

// Write implements io.Writer.
func (w *chunkWriter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if w.buf == nil {
			w.buf = make([]byte, 0, chunkBytes)
		}
		k := min(len(b), chunkBytes-len(w.buf))
		w.buf = append(w.buf, b[:k]...)
		b = b[k:]
		if len(w.buf) == chunkBytes {
			w.send()
		}
	}
	return n, nil
}

func (w *chunkWriter) send() {
	_, _ = w.sum.Write(w.buf)
	w.m.Bytes += int64(len(w.buf))
	r := &kgo.Record{
		Topic: w.part.kafka.Topic(schemas.TopicState), Partition: w.part.id,
		Key:     []byte(chunkKey(w.part.id, w.m.Slot, w.m.Chunks)),
		Value:   w.buf,
		Headers: []kgo.RecordHeader{{Key: headerSnapshot, Value: []byte(w.m.ID)}},
	}
	w.m.Chunks++
	w.buf = nil
	w.s.gts.Produce(context.Background(), r, func(r *kgo.Record, err error) {
		w.s.produced(r, err)
		if err != nil {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.m.First < 0 || r.Offset < w.m.First {
			w.m.First = r.Offset
		}
		w.m.Last = max(w.m.Last, r.Offset)
	})
}

func (w *chunkWriter) close(ctx context.Context) (*manifest, error) {
	if len(w.buf) > 0 || w.m.Chunks == 0 {
		if w.buf == nil {
			w.buf = []byte{} // not nil: compaction would take that for a deletion
		}
		w.send()
	}
	if err := w.s.flush(ctx); err != nil {
		return nil, err
	}
	w.m.CRC = w.sum.Sum32()
	return &w.m, nil
}

// chunkReader is a snapshot as a stream. It reads state while the engine
// decodes, and ends with an error when the chunks are not those of the
// manifest.
type chunkReader struct {
	io.Reader
	cancel context.CancelFunc
	done   chan struct{}
}

func readChunks(ctx context.Context, kc kafka.Config, deps kafka.Deps, partition int32, m *manifest) *chunkReader {
	ctx, cancel := context.WithCancel(ctx)
	pr, pw := io.Pipe()
	c := &chunkReader{Reader: pr, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		pw.CloseWithError(copyChunks(ctx, pw, kc, deps, partition, m))
	}()
	return c
}

// close ends the reading, whether or not all was read.
func (c *chunkReader) close() {
	c.cancel()
	_, _ = io.Copy(io.Discard, c.Reader) // lets a writer that waits go on
	<-c.done
}

func copyChunks(ctx context.Context, w io.Writer, kc kafka.Config, deps kafka.Deps, partition int32, m *manifest) error {
	sum, n := crc32.New(castagnoli), 0
	span := kafka.Span{Partition: partition, From: m.First, To: m.Last + 1}
	err := kafka.ReadSpan(ctx, kc, deps, kc.Topic(schemas.TopicState), span, func(r *kgo.Record) error {
		if string(kafka.Header(r, headerSnapshot)) != m.ID {
			return nil
		}
		if want := chunkKey(partition, m.Slot, n); string(r.Key) != want {
			return fmt.Errorf("snapshot %s: chunk %s where %s belongs", m.ID, r.Key, want)
		}
		n++
		_, _ = sum.Write(r.Value)
		_, err := w.Write(r.Value)
		return err
	})
	switch {
	case err != nil:
		return err
	case n != m.Chunks:
		return fmt.Errorf("snapshot %s: %d of %d chunks are there", m.ID, n, m.Chunks)
	case sum.Sum32() != m.CRC:
		return fmt.Errorf("snapshot %s: checksum %08x, want %08x", m.ID, sum.Sum32(), m.CRC)
	}
	return io.EOF
}
