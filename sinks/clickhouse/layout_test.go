package clickhouse

import (
	"context"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// A row that is told again with other times replaces the one of before, wherever
// the two are kept: nobody sees both, whichever month is asked for.
func TestWhatIsToldAgainAtAnotherTimeReplaces(t *testing.T) {
	conn := migrated(t)
	sept := schemas.TimeOf(time.Date(2026, 9, 10, 0, 0, 0, 0, time.UTC))
	nov := sept.Add(60 * schemas.Day)
	decided := func(id string, at schemas.Time, revision int64, carries bool, incident string) *schemas.Decision {
		d := sampleDecision(1)
		d.SignalID, d.Revision, d.At, d.LastAt, d.IncidentID = id, revision, at, at, incident
		if d.Signal.ID = id; !carries {
			d.Signal = nil
		}
		return d
	}
	const imported = -(1 << 32)
	incident := func(revision int64, started schemas.Time) *schemas.Incident {
		return &schemas.Incident{ID: "INC-1", Revision: revision, StartedAt: started, DetectedAt: nov, Status: schemas.IncidentOpen}
	}
	w := writer(conn)
	b := bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, decided("again", sept, 1, true, "INC-OLD")),
		record(1, schemas.TypeDecision, decided("again", sept, 2, false, "INC-OLD")),
		record(2, schemas.TypeDecision, decided("again", nov, 5000, true, "INC-NEW")), // forgotten meanwhile
		record(3, schemas.TypeDecision, decided("again", nov, 5001, false, "INC-NEW")),
		record(4, schemas.TypeDecision, decided("live", nov, 1, true, "INC-LIVE")),
		record(5, schemas.TypeDecision, decided("live", sept, imported+1, true, "INC-PAST")),
		record(6, schemas.TypeDecision, decided("past", sept, imported+1, true, "INC-PAST")),
		record(7, schemas.TypeDecision, decided("plain", sept, 1, true, "INC-PLAIN")),
		record(8, schemas.TypeIncident, incident(1, nov)),
	}})
	write(t, w, b)
	later := bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(20, schemas.TypeDecision, decided("plain", sept, 2, false, "INC-MOVED")),
		record(21, schemas.TypeIncident, incident(2, sept)), // began earlier than was thought
	}})
	write(t, w, later)
	write(t, w, b) // a batch that comes once more changes nothing
	in := func(from, to string) string { return "at >= '" + from + "' AND at < '" + to + "'" }
	months := map[string]string{
		"SELECT signal_id, incident_id FROM v_decisions ORDER BY signal_id":                                              "('again','INC-NEW') ('live','INC-LIVE') ('past','INC-PAST') ('plain','INC-MOVED')",
		"SELECT signal_id, incident_id FROM v_decisions WHERE " + in("2026-09-01", "2026-10-01") + " ORDER BY signal_id": "('past','INC-PAST') ('plain','INC-MOVED')",
		"SELECT signal_id, incident_id FROM v_decisions WHERE " + in("2026-11-01", "2026-12-01") + " ORDER BY signal_id": "('again','INC-NEW') ('live','INC-LIVE')",
		"SELECT signal_id FROM v_decisions WHERE incident_id = 'INC-OLD'":                                                "",
		"SELECT revision FROM v_incidents WHERE began_at >= '2026-11-01'":                                                "",
		"SELECT revision, toUnixTimestamp64Milli(began_at) FROM v_incidents WHERE began_at < '2026-10-01'":               fmt.Sprintf("(2,%d)", sept),
	}
	expectRows(t, conn, months)
	for _, table := range []string{"decisions", "incidents", "decided_again"} {
		if err := do(t, conn, "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			t.Fatal(err)
		}
	}
	expectRows(t, conn, months)
	if d, found, err := NewQueries(conn).Decision(t.Context(), "again"); err != nil || !found || d.IncidentID != "INC-NEW" {
		t.Errorf("%+v %v %v", d, found, err)
	}
	if m, err := NewQueries(conn).Members(t.Context(), "INC-OLD", 10); err != nil || len(m) != 0 {
		t.Errorf("members of the incident of before: %+v, %v", m, err)
	}
}

// What was written before the tables had another order is there afterwards, each
// once, wherever the step was cut short.
func TestTheLayoutKeepsWhatIsThere(t *testing.T) {
	for _, step := range []string{"migrations/0012_by_time.sql", "migrations/0014_rolled.sql"} {
		t.Run(path.Base(step), func(t *testing.T) { keepsWhatIsThere(t, step) })
	}
}

func keepsWhatIsThere(t *testing.T, step string) {
	conn := database(t)
	before := carriedFiles(t)
	for name := range before {
		if strings.HasPrefix(name, "views/") || path.Base(name) >= path.Base(step) && strings.HasPrefix(name, "migrations/") {
			delete(before, name)
		}
	}
	if _, err := migrate(t.Context(), conn, before); err != nil {
		t.Fatal(err)
	}
	fillYear(t, conn, 2000)
	rows := map[string]string{}
	for _, q := range []string{"SELECT count(), sum(cityHash64(signal_id, revision, incident_id, at, evidence)) FROM decisions FINAL",
		"SELECT count(), sum(cityHash64(incident_id, revision, started_at, detected_at, body)) FROM incidents FINAL",
		"SELECT count(), sum(cityHash64(signal_id, fingerprint, starts_at, received_at)) FROM signals FINAL"} {
		var text string
		if err := conn.QueryRow(t.Context(), "SELECT toString(tuple(*)) FROM ("+q+")").Scan(&text); err != nil {
			t.Fatal(err)
		}
		rows[q] = text
	}
	all, err := migrations(schemaFiles)
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for _, m := range all {
		if m.Name == path.Base(step) {
			statements = m.statements
		}
	}
	if len(statements) < 10 {
		t.Fatalf("%d statements in %s", len(statements), step)
	}
	stride := 3
	if testing.Short() {
		stride = 8
	}
	for cut := 1; cut < len(statements); cut += stride { // killed after so many
		for _, s := range statements[:cut] {
			if err := do(t, conn, s); err != nil {
				t.Fatalf("cut at %d: %s: %v", cut, s, err)
			}
		}
		expectRows(t, conn, rows)
	}
	if _, err := Migrate(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	expectRows(t, conn, rows)
	for _, table := range []string{"decisions", "incidents"} {
		if n := count(t, conn, "SELECT uniqExact(_partition_id) FROM "+table); n < 12 {
			t.Errorf("%s has %d months", table, n)
		}
	}
	if n := count(t, conn, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND match(name, '_by_(time|kind)$')"); n != 0 {
		t.Errorf("%d tables are left over", n)
	}
}

// fillYear puts n decisions of a year and a twentieth as many incidents into tables,
// made by ClickHouse itself.
func fillYear(t testing.TB, conn driver.Conn, n int) {
	t.Helper()
	const each = 500_000
	at := "toDateTime64('2025-12-01 00:00:00', 3, 'UTC') + toIntervalSecond(intDiv(number * 31536000, " + strconv.Itoa(n) + "))"
	for from := 0; from < n; from += each {
		numbers := fmt.Sprintf("numbers(%d, %d)", from, min(each, n-from))
		for _, q := range []string{
			"INSERT INTO decisions (signal_id, revision, scope, kind, decision, incident_id, reason, at, last_at, score, threshold, evidence) SELECT lower(hex(MD5(toString(number)))), 1, 's', 'alert', 'placed', " +
				"'INC-' || hex(cityHash64(intDiv(number, 20))), 'same service as the alert before it', " + at + ", " + at + ", 4000, 2500, '[{\"kind\":\"same_service\",\"points\":3000}]' FROM " + numbers,
			"INSERT INTO signals (signal_id, kind, source, fingerprint, status, scope, name, service, severity, starts_at, received_at, labels) SELECT lower(hex(MD5(toString(number)))), 'alert', 'alertmanager', hex(cityHash64(number)), 'firing', 's', " +
				"'Alert' || toString(number % 40), 'service-' || toString(number % 200), 'critical', " + at + ", " + at + ", map('alertname', 'Alert' || toString(number % 40)) FROM " + numbers,
			"INSERT INTO incidents (incident_id, revision, scope, parent_id, status, severity, title, services, root_service, started_at, detected_at, resolved_at, alerts, currency, lost_likely, lost_high, minutes, body) SELECT 'INC-' || hex(cityHash64(intDiv(number, 20))), 1, 's', " +
				"if(number % 100 = 0, '', 'INC-' || hex(cityHash64(intDiv(number, 100) * 5))), 'closed', 'major', 'Trouble', ['service-' || toString(number % 200)], 'service-' || toString(number % 200), " + at + ", " + at + " + 30, " + at + " + 3000, 20, 'EUR', 100, 200, 50, repeat('x', 200) FROM " + numbers + " WHERE number % 20 = 0",
		} {
			if err := conn.Exec(clickhouse.Context(context.Background(), clickhouse.WithSettings(clickhouse.Settings{"max_partitions_per_insert_block": 0})), q); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// agePast makes all rows of signals look as if they had been written long ago.
func agePast(t testing.TB, conn driver.Conn) {
	t.Helper()
	stamp := func(expression string) {
		if err := do(t, conn, "ALTER TABLE signals MODIFY COLUMN written_at DateTime('UTC') MATERIALIZED "+expression); err != nil {
			t.Fatal(err)
		}
	}
	stamp("now('UTC') - 86400")
	if err := do(t, conn, "ALTER TABLE signals MATERIALIZE COLUMN written_at SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	stamp("now('UTC')")
}

// questions are what reports and the API ask, with what they may read: a part of
// all decisions (1 is all), and some rows besides for granules and small tables.
var questions = []struct {
	name, sql string
	part      float64
}{
	{"decisions of a month", "SELECT decision, count(), sum(1 + repeats) FROM current_decisions WHERE at >= '2026-10-01' AND at < '2026-11-01' GROUP BY decision", 0.12},
	{"decisions of a day", "SELECT count() FROM current_decisions WHERE at >= '2026-10-05' AND at < '2026-10-06'", 0.02},
	{"one decision", "SELECT reason FROM current_decisions WHERE signal_id = lower(hex(MD5('777')))", 0.02},
	{"members of an incident", "SELECT signal_id FROM current_decisions WHERE incident_id = 'INC-' || hex(cityHash64(77))", 0.05},
	{"intake of a month", "SELECT decision, sum(i.signals), sum(i.taken) FROM v_intake AS i WHERE day >= '2026-10-01' AND day < '2026-11-01' GROUP BY decision", 0.12},
	{"decisions on tickets", "SELECT count() FROM current_decisions WHERE kind = 'ticket'", 0.01},
	{"what was decided on an incident", "SELECT signal_id, reason FROM v_decisions WHERE incident_id = 'INC-' || hex(cityHash64(77))", 0.1},
	{"alerts by fingerprint", "SELECT signal_id FROM v_alerts WHERE fingerprint = hex(cityHash64(777))", 0.02},
	{"alerts that began in a month", "SELECT count() FROM v_alerts WHERE began_at >= '2026-10-01' AND began_at < '2026-11-01'", 0.12},
	{"a year of services", "SELECT month, sum(s.alerts), sum(s.incidents) FROM v_service_month AS s GROUP BY month", 0.3},
	{"incidents of a month", "SELECT count(), sum(minutes), sum(lost_likely) FROM v_incidents WHERE is_main AND began_at >= '2026-10-01' AND began_at < '2026-11-01'", 0.01},
	{"one incident", "SELECT title FROM v_incidents WHERE incident_id = 'INC-' || hex(cityHash64(77))", 0.005},
	{"below an incident", "SELECT incident_id FROM v_incidents WHERE parent_id = 'INC-' || hex(cityHash64(75))", 0.005},
}

// rowsRead is how many rows ClickHouse read for a query: the same on any machine.
func rowsRead(t testing.TB, conn driver.Conn, q string) (rows uint64) {
	t.Helper()
	ctx := clickhouse.Context(context.Background(), clickhouse.WithProgress(func(p *clickhouse.Progress) { rows += p.Rows }))
	r, err := conn.Query(ctx, q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer r.Close()
	for r.Next() {
	}
	if err := r.Err(); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return rows
}

// What is asked of a month or of one thing reads a small part of the rows.
func TestQuestionsReadFewRows(t *testing.T) {
	conn := migrated(t)
	const n = 300_000
	fillYear(t, conn, n)
	agePast(t, conn)
	if err := Roll(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		if got, most := rowsRead(t, conn, q.sql), uint64(q.part*n)+40_000; got > most || got == 0 {
			t.Errorf("%s: %d rows of %d were read, want at most %d", q.name, got, n, most)
		}
	}
}

// BenchmarkLayout prints how many rows each question reads, and how long it takes,
// with PINKSTAR_ROWS decisions (1 million by default; 10 and 100 million need some
// minutes and gigabytes).
func BenchmarkLayout(b *testing.B) {
	n := 1_000_000
	if v := os.Getenv("PINKSTAR_ROWS"); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			b.Fatal(err)
		}
	}
	conn := migrated(b)
	fillYear(b, conn, n)
	agePast(b, conn)
	if err := Roll(b.Context(), conn); err != nil {
		b.Fatal(err)
	}
	for _, q := range questions {
		b.Run(strings.ReplaceAll(q.name, " ", "-"), func(b *testing.B) {
			var rows uint64
			for b.Loop() {
				rows = rowsRead(b, conn, q.sql)
			}
			b.ReportMetric(float64(rows), "rows")
			b.ReportMetric(100*float64(rows)/float64(n), "%rows")
		})
	}
}
