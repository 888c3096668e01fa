package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/sinks/report"
	"pinkstar/sinks/web"
)

// reports writes the board's reports from the views.
type reports struct{ conn driver.Conn }

// Months implements web.Reports. There is nothing before the first incident.
func (x reports) Months(ctx context.Context) ([]string, error) {
	rows, err := x.conn.Query(ctx, "SELECT DISTINCT formatDateTime(ifNull(started_at, detected_at), '%Y-%m') AS month FROM v_incidents WHERE ifNull(started_at, detected_at) IS NOT NULL ORDER BY month DESC LIMIT 120")
	if err != nil {
		return nil, fmt.Errorf("months with incidents: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var m *string
		if err := rows.Scan(&m); err != nil {
			return nil, fmt.Errorf("months with incidents: %w", err)
		}
		if m != nil {
			out = append(out, *m)
		}
	}
	return out, rows.Err()
}

// Month implements web.Reports.
func (x reports) Month(ctx context.Context, w io.Writer, month string) error {
	m, err := report.ParseMonth(month)
	if err != nil {
		return err
	}
	r, err := report.Of(ctx, x.conn, m)
	if err != nil {
		return err
	}
	return r.Write(w, "html")
}

// Postmortem implements web.Reports.
func (x reports) Postmortem(ctx context.Context, w io.Writer, incident string) error {
	st, err := report.Postmortem(ctx, x.conn, incident)
	if errors.Is(err, report.ErrUnknown) {
		return fmt.Errorf("%w: %w", web.ErrUnknown, err)
	}
	if err != nil {
		return err
	}
	return st.Write(w, "html")
}
