package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/engine"
)

// decided makes a batch of n decisions with their signals, as they are on the
// topic.
func decided(n int) (*schemas.Batch, error) {
	list, err := signals(n, 1)
	if err != nil {
		return nil, err
	}
	b := &schemas.Batch{Topic: "bench.decisions", Last: int64(n - 1)}
	for i := range list {
		s := &list[i]
		d := &schemas.Decision{
			SignalID: s.ID, Revision: 1, Scope: s.Scope, Kind: s.Kind, Verdict: schemas.VerdictPlaced, IncidentID: fmt.Sprintf("INC-%012d", i/20),
			Reason: "same service as the alert before it, 12 s apart", At: s.ReceivedAt, LastAt: s.ReceivedAt, Score: 4200, Threshold: 2500,
			Evidence: []schemas.Evidence{{Kind: "same_service", Points: 3000, Detail: "both on service-1"}, {Kind: "time", Points: 1200, Detail: "12 s apart"}},
			AnchorID: s.ID, Rules: "0123456789ab", Candidates: 3, Signal: s,
		}
		value, err := schemas.Marshal(d)
		if err != nil {
			return nil, err
		}
		b.Records = append(b.Records, schemas.Record{Offset: int64(i), Time: s.ReceivedAt, Type: schemas.TypeDecision, Value: value})
	}
	return b, nil
}

// writer is B3: decisions into ClickHouse, against direct inserts of the same rows.
// The server does the same work for both; what differs is ours, and so is timed.
func writer(ctx context.Context, o *Options, r *Result) error {
	dir, err := os.MkdirTemp("", "pinkstar-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	lib := o.Libchdb
	if lib == "" {
		if lib, err = engine.Fetch(ctx, engine.FetchOptions{Progress: os.Stderr}); err != nil {
			return err
		}
	}
	server, err := engine.Start(ctx, engine.Options{Lib: lib, DataDir: dir, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	conn, err := clickhouse.Open(server.OwnerDSN())
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := clickhouse.Migrate(ctx, conn); err != nil {
		return err
	}
	var version string
	if err := conn.QueryRow(ctx, "SELECT version()").Scan(&version); err != nil {
		return err
	}
	r.Versions["clickhouse"] = version
	sizes := []int{100, 10_000, 100_000}
	if o.Quick {
		sizes = sizes[:2]
	}
	for _, n := range sizes {
		if err := batches(ctx, o, r, conn, n); err != nil {
			return err
		}
	}
	return nil
}

// batches compares batches of n decisions.
func batches(ctx context.Context, o *Options, r *Result, conn driver.Conn, n int) error {
	batch, err := decided(n)
	if err != nil {
		return err
	}
	c := clickhouse.NewComparison(conn, batch)
	times := max(1, o.size(100_000, 10_000)/n)
	var mine, direct []float64
	for i := range o.Turns {
		o.Say("B3: %d batches of %d decisions, turn %d of %d", times, n, i+1, o.Turns)
		took, err := timed(ctx, times, c.Write)
		if err != nil {
			return err
		}
		mine = append(mine, float64(n*times)/took)
		if took, err = timed(ctx, times, c.Direct); err != nil {
			return err
		}
		direct = append(direct, float64(n*times)/took)
		for _, t := range []string{"signals", "decisions"} {
			if err := conn.Exec(ctx, "TRUNCATE TABLE "+t); err != nil {
				return err
			}
		}
	}
	r.add(Figure{
		ID: "B3", What: fmt.Sprintf("ClickHouse writer, batches of %d", n), Unit: "decisions/s", Peer: "direct insert", Says: "of it", Aim: "0.8 to 0.95 of it",
	}, mine, direct, false)
	return nil
}

func timed(ctx context.Context, times int, f func(context.Context) error) (float64, error) {
	began := time.Now()
	for range times {
		if err := f(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds(), nil
}
