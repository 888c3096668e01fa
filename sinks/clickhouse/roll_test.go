package clickhouse

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// alertMonths are the alerts by service and month as v_service_month has them, and
// as they are counted one by one, in one figure each.
func alertMonths(t *testing.T, conn driver.Conn) (view, truth uint64) {
	t.Helper()
	view = count(t, conn, "SELECT sum(cityHash64(service, month, s.alerts)) FROM v_service_month AS s WHERE s.alerts > 0")
	truth = count(t, conn, `SELECT sum(cityHash64(service, month, n)) FROM (SELECT toString(service) AS service, toStartOfMonth(began_at) AS month,
		uniqExact(scope, source, fingerprint, starts_at) AS n FROM v_alerts WHERE status = 'firing' GROUP BY service, month)`)
	return view, truth
}

// Alerts that are counted by day beforehand are as many as there are, whenever
// they are counted and whatever comes afterwards.
func TestAlertsAreCountedOnce(t *testing.T) {
	conn := migrated(t)
	check := func(when string) {
		t.Helper()
		if view, truth := alertMonths(t, conn); view != truth || truth == 0 {
			t.Errorf("%s: v_service_month %d, one by one %d", when, view, truth)
		}
	}
	roll := func() {
		t.Helper()
		if err := Roll(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
	}
	fillYear(t, conn, 3000)
	check("before the first time")
	roll()
	check("just written")
	agePast(t, conn)
	roll()
	open := func() uint64 { return count(t, conn, "SELECT count() FROM alert_days_open") }
	if n := open(); n != 0 {
		t.Errorf("%d days are open though nothing is new", n)
	}
	check("counted")
	// What is counted is read, not counted again.
	if err := do(t, conn, "INSERT INTO alert_days SELECT day, scope, service, 1000, now64(3) + 1 FROM alert_days FINAL ORDER BY day LIMIT 1"); err != nil {
		t.Fatal(err)
	}
	if view, truth := alertMonths(t, conn); view == truth {
		t.Error("a wrong count goes unseen: nothing reads the counts")
	}
	if err := do(t, conn, "TRUNCATE TABLE alert_days"); err != nil {
		t.Fatal(err)
	}
	check("when the counts are lost")
	roll()
	check("counted anew")

	// The same rows once more, and an alert that began on a day long counted.
	for _, q := range []string{
		"INSERT INTO signals SELECT * FROM signals WHERE toYYYYMM(received_at) = 202603",
		"INSERT INTO signals (signal_id, kind, source, fingerprint, status, scope, name, service, starts_at, received_at) VALUES ('late', 'alert', 'x', 'f', 'firing', 's', 'Late', 'service-7', '2026-02-03 04:05:06', '2026-11-30 00:00:00')",
	} {
		if err := do(t, conn, q); err != nil {
			t.Fatal(err)
		}
	}
	if n := open(); n < 28 {
		t.Errorf("%d days are open after rows of a month", n)
	}
	check("with news of old days")
	roll()
	check("with news of old days, counted")
	agePast(t, conn)
	roll()
	check("and again")

	// Rows that are let go stay in the counts.
	before := count(t, conn, "SELECT sum(s.alerts) FROM v_service_month AS s")
	if err := do(t, conn, "ALTER TABLE signals DELETE WHERE toYYYYMM(received_at) = 202605 SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, conn, "SELECT sum(s.alerts) FROM v_service_month AS s"); n != before {
		t.Errorf("%d alerts after rows were let go, %d before", n, before)
	}
}
