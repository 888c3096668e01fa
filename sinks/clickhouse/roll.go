package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"
)

// rollMargin is how long an insert may take from when its rows are stamped until
// they can be read.
const rollMargin = "toIntervalSecond(120)"

// countDays counts the alerts of one month by day, scope and service, of days that are
// not counted yet: see the view alert_days_open. What was counted before stays as
// a lower bound, since rows may have been let go meanwhile (clickhouse.keep).
const countDays = `
INSERT INTO alert_days (day, scope, service, alerts, counted)
SELECT day, scope, service, max(n), now64(3, 'UTC')
FROM
(
	SELECT toDate(started) AS day, scope, service, uniqExact(source, fingerprint, started) AS n
	FROM signals FINAL
	WHERE kind = 'alert' AND status = 'firing' AND toYYYYMM(started) = ? AND toDate(started) IN (SELECT day FROM alert_days_open)
	GROUP BY day, scope, service
	UNION ALL
	SELECT day, scope, service, alerts FROM alert_days FINAL
	WHERE toYYYYMM(day) = ? AND day IN (SELECT day FROM alert_days_open)
)
GROUP BY day, scope, service
SETTINGS max_partitions_per_insert_block = 0`

// Roll counts what reports ask of alerts, by the days in which they began. It may
// be called again at any time, by several processes too: the same rows give the
// same counts.
func Roll(ctx context.Context, conn driver.Conn) error {
	var began time.Time
	if err := conn.QueryRow(ctx, "SELECT now('UTC') - "+rollMargin).Scan(&began); err != nil {
		return fmt.Errorf("counting alerts by day: %w", err)
	}
	// Counts that were lost: none is relied upon until all are there again.
	err := conn.Exec(ctx, "INSERT INTO rolled (name, until) SELECT 'alert_days', toDateTime(0, 'UTC') WHERE (SELECT count() FROM alert_days) = 0")
	if err != nil {
		return fmt.Errorf("counting alerts by day: %w", err)
	}
	var months []uint32
	err = scan(ctx, conn, "which days are to be counted", func(r driver.Rows) error {
		var month uint32
		err := r.Scan(&month)
		months = append(months, month)
		return err
	}, "SELECT DISTINCT toYYYYMM(day) AS month FROM alert_days_open ORDER BY month")
	if err != nil {
		return err
	}
	for _, m := range months {
		if err := conn.Exec(ctx, countDays, m, m); err != nil {
			return fmt.Errorf("counting alerts by day, %d: %w", m, err)
		}
	}
	// Last, so that what is cut short is begun anew.
	if err := conn.Exec(ctx, "INSERT INTO rolled (name, until) VALUES ('alert_days', ?)", began); err != nil {
		return fmt.Errorf("counting alerts by day: %w", err)
	}
	return nil
}

// RollEvery is how often KeepRolling counts. Until then whoever asks counts the
// days that have news, which a day's rows make no burden.
const RollEvery = 10 * time.Minute

// KeepRolling rolls until ctx ends. What fails is tried again the next time:
// figures are right without it, and only slower.
func KeepRolling(ctx context.Context, conn driver.Conn, log zerolog.Logger) {
	for tick := time.NewTicker(RollEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		bounded, cancel := context.WithTimeout(ctx, RollEvery)
		if err := Roll(bounded, conn); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("alerts are not counted by day; reports over many months take longer")
		}
		cancel()
	}
}
