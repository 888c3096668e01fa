package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// ScheduledSince returns since when a schedule of reports is there. One that nobody
// asked for before is there since now.
func ScheduledSince(ctx context.Context, conn driver.Conn, name string, now time.Time) (time.Time, error) {
	read := func() (since time.Time, n uint64, err error) {
		err = conn.QueryRow(ctx, "SELECT min(since), count() FROM report_schedules WHERE name = ?", name).Scan(&since, &n)
		return since, n, err
	}
	since, n, err := read()
	if err == nil && n == 0 {
		// Two processes may both write it: the earlier one holds.
		if err = conn.Exec(ctx, "INSERT INTO report_schedules (name, since) SELECT ?, "+instant, name, now.UnixMilli()); err == nil {
			since, _, err = read()
		}
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("asking since when the report %s is sent: %w", name, err)
	}
	return since, nil
}
