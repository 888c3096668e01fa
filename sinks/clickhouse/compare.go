package clickhouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// Comparison writes the same batch by the writer, from JSON records to
// acknowledged rows, and directly, with columns that are ready in memory: the
// most that this client and this server can do.
type Comparison struct {
	w     *Writer
	batch *schemas.Batch
	ready []insert
	turn  int
}

// NewComparison prepares one of a batch.
func NewComparison(conn driver.Conn, batch *schemas.Batch) *Comparison {
	return &Comparison{w: NewWriter(conn, DefaultWriterConfig(), nil), batch: batch, ready: decode(batch).inserts(false)}
}

// Write writes the batch as one that was never written before, and that another
// one follows, as under load.
func (c *Comparison) Write(ctx context.Context) error {
	c.turn++
	b := *c.batch
	b.TopicID, b.Followed = fmt.Sprint("written-", c.turn), true
	return c.w.Write(ctx, &b)
}

// Direct inserts its rows.
func (c *Comparison) Direct(ctx context.Context) error {
	for i := range c.ready {
		if c.ready[i].n == 0 {
			continue
		}
		if err := c.w.insert(ctx, &c.ready[i]); err != nil {
			return err
		}
	}
	return nil
}
