package clickhouse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"pinkstar/schemas"
)

// Writer puts batches of the out topics into ClickHouse. It may be used by
// several goroutines for different partitions.
type Writer struct {
	conn    driver.Conn
	timeout time.Duration
	metrics writerMetrics
	mend    func(context.Context) error // see MendWith
	shadow  bool                        // only what tables keep of a shadow

	mu     sync.Mutex
	halves map[place]*half // batches that failed, and will be tried again
}

type place struct {
	topic     string
	partition int32
}

// half is a batch of which some tables have their rows.
type half struct {
	batch  *schemas.Batch
	tables map[string]bool
}

// WriterConfig has the writer's limits.
type WriterConfig struct {
	// InsertTimeout bounds one insert. An insert that is cut off is tried again.
	InsertTimeout time.Duration `yaml:"insert_timeout"`
}

// DefaultWriterConfig returns limits that fit.
func DefaultWriterConfig() WriterConfig { return WriterConfig{InsertTimeout: time.Minute} }

type writerMetrics struct {
	rows       *prometheus.CounterVec
	unreadable prometheus.Counter
	decode     prometheus.Histogram
}

// NewWriter returns a writer over conn. reg may be nil.
func NewWriter(conn driver.Conn, cfg WriterConfig, reg prometheus.Registerer) *Writer {
	m := writerMetrics{
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinkstar_clickhouse_rows_total", Help: "Rows written, by table; a batch written again counts again.",
		}, []string{"table"}),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pinkstar_clickhouse_unreadable_total", Help: "Records that could not be read and went to dead_letters.",
		}),
		decode: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pinkstar_clickhouse_decode_seconds", Help: "Time to turn a batch into columns.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 8),
		}),
	}
	if reg != nil {
		reg.MustRegister(m.rows, m.unreadable, m.decode)
	}
	return &Writer{conn: conn, timeout: cfg.InsertTimeout, metrics: m, halves: map[place]*half{}}
}

// Name is how the sink is called in logs and metrics.
func (w *Writer) Name() string { return "clickhouse" }

// Resume returns the latest range of a partition that was begun; found is
// false when there is none.
func (w *Writer) Resume(ctx context.Context, topic, topicID string, partition int32) (r schemas.WrittenRange, found bool, err error) {
	w.forget(topic, partition)
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	var done uint8
	rows, err := w.conn.Query(ctx, `SELECT first, last, done FROM written_ranges FINAL
		WHERE topic = ? AND topic_id = ? AND partition = ?`, topic, topicID, partition)
	if err != nil {
		return r, false, w.failed(ctx, fmt.Errorf("reading the written range of %s/%d: %w", topic, partition, err))
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&r.First, &r.Last, &done); err != nil {
			return r, false, err
		}
		found, r.Done = true, done == 1
	}
	return r, found, w.failed(ctx, rows.Err())
}

// Write writes a batch. However often the same records are written, views show
// them once.
func (w *Writer) Write(ctx context.Context, b *schemas.Batch) error {
	if len(b.Records) == 0 {
		return nil
	}
	began := time.Now()
	r := decode(b)
	w.metrics.decode.Observe(time.Since(began).Seconds())
	if err := w.note(ctx, b, false); err != nil {
		return w.failed(ctx, err)
	}
	// The tables are independent: what one refuses goes into the others all the
	// same, and is not written there again by the next attempt.
	var g errgroup.Group
	for _, in := range r.inserts(w.shadow) {
		if w.has(b, in.table) {
			continue
		}
		g.Go(func() error {
			err := w.insert(ctx, &in)
			if err == nil {
				w.took(b, in.table)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return w.failed(ctx, err)
	}
	if !b.Followed { // else the next one's beginning says so, at half the inserts of small batches
		if err := w.note(ctx, b, true); err != nil {
			return w.failed(ctx, err)
		}
	}
	w.forget(b.Topic, b.Partition)
	w.metrics.unreadable.Add(float64(r.unreadable))
	return nil
}

// has reports whether a table acknowledged its rows of this very batch.
func (w *Writer) has(b *schemas.Batch, table string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.halves[place{b.Topic, b.Partition}]
	return h != nil && h.batch == b && h.tables[table]
}

func (w *Writer) took(b *schemas.Batch, table string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := place{b.Topic, b.Partition}
	if h := w.halves[p]; h == nil || h.batch != b {
		w.halves[p] = &half{batch: b, tables: map[string]bool{}}
	}
	w.halves[p].tables[table] = true
}

func (w *Writer) forget(topic string, partition int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.halves, place{topic, partition})
}

// insert sends rows. ClickHouse must not judge whether it has them: it notes the
// token of a block before the block is there, so that a server which dies in
// between, or fails to put it in its place, takes the next attempt for a repetition
// and drops it without a word. The setting says so to most versions, and to all a
// token that was never used.
func (w *Writer) insert(ctx context.Context, in *insert) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplicate":         0,
		"insert_deduplication_token": rand.Text(),
		"async_insert":               0,
		// Late data of many months must not stop the writer.
		"max_partitions_per_insert_block": 0,
	}))
	if err := send(ctx, w.conn, in); err != nil {
		return err
	}
	w.metrics.rows.WithLabelValues(in.table).Add(float64(in.n))
	return nil
}

// note records that a range was begun, or finished.
func (w *Writer) note(ctx context.Context, b *schemas.Batch, done bool) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0}))
	one := rangesTable.block(1)
	one.put(&rangeRow{b, done})
	in := one.insert()
	return send(ctx, w.conn, &in)
}

// schemaError says that the tables are not the ones that this binary writes.
// Trying again does not mend it, but somebody may.
type schemaError struct{ error }

// Unwrap returns the cause.
func (e *schemaError) Unwrap() error { return e.error }

// schemaCodes are ClickHouse's errors that mean the same.
var schemaCodes = map[int32]bool{
	10:  true, // NOT_FOUND_COLUMN_IN_BLOCK
	16:  true, // NO_SUCH_COLUMN_IN_TABLE
	47:  true, // UNKNOWN_IDENTIFIER
	53:  true, // TYPE_MISMATCH
	60:  true, // UNKNOWN_TABLE
	81:  true, // UNKNOWN_DATABASE
	115: true, // UNKNOWN_SETTING
}

// classify says of errors that only another schema can mend what to do. It never
// stops the delivery: a table that somebody dropped must not end the intake.
func classify(err error) error {
	var ex *clickhouse.Exception
	if errors.As(err, &ex) && schemaCodes[ex.Code] {
		return &schemaError{fmt.Errorf("the schema is not this pinkstar's (pinkstar migrate brings it up to date): %w", err)}
	}
	return err
}

// MendWith sets what is called when the tables are not the ones that the writer
// needs, before it tries again: the owner of the schema may bring them back. Call
// it before the first write.
func (w *Writer) MendWith(mend func(context.Context) error) { w.mend = mend }

// failed classifies an error, and lets the schema be mended.
func (w *Writer) failed(ctx context.Context, err error) error {
	err = classify(err)
	var wrong *schemaError
	if w.mend == nil || !errors.As(err, &wrong) {
		return err
	}
	return errors.Join(err, w.mend(ctx))
}
