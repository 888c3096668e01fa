package past

import (
	"context"

	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
)

// FromSQL reads what ClickHouse has stored of the signals.
func FromSQL(ctx context.Context, q *clickhouse.Queries, until schemas.Time, o Options) (*Past, error) {
	p := newPast()
	err := q.Signals(ctx, clickhouse.PastFilter{Since: o.Since, Until: until, Scope: o.Scope}, func(s *schemas.Signal, at schemas.Time) error {
		return p.add(s, at, 0, false, o)
	})
	return p, err
}
