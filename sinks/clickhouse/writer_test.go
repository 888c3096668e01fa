package clickhouse

import (
	"context"
	"errors"
	"path"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"

	"pinkstar/schemas"
)

func writer(conn driver.Conn) *Writer {
	return NewWriter(conn, DefaultWriterConfig(), prometheus.NewRegistry())
}

func write(t testing.TB, w *Writer, bs ...*schemas.Batch) {
	t.Helper()
	for _, b := range bs {
		if err := w.Write(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// raw counts physical rows: what FINAL would hide.
func raw(t testing.TB, conn driver.Conn, table string) uint64 {
	t.Helper()
	return count(t, conn, "SELECT count() FROM "+table)
}

// A batch that is written again leaves copies, and no reader sees them.
func TestWrittenAgainIsSeenOnce(t *testing.T) {
	conn := migrated(t)
	for _, table := range []string{"decisions", "signals"} { // merging would take the copies away
		if err := do(t, conn, "SYSTEM STOP MERGES "+table); err != nil {
			t.Fatal(err)
		}
	}
	w := writer(conn)
	one, two := decisions(0, 500), decisions(500, 500)
	write(t, w, one, two)
	write(t, writer(conn), one, two)
	for _, q := range []string{
		"SELECT count() FROM v_decisions", "SELECT count() FROM v_alerts",
		"SELECT uniqExact(signal_id) FROM v_decisions", "SELECT uniqExact(signal_id) FROM v_alerts",
	} {
		if n := count(t, conn, q); n != 1000 {
			t.Errorf("%s: %d, want 1000", q, n)
		}
	}
	// The control: there were copies to collapse.
	if n := raw(t, conn, "decisions"); n != 2000 {
		t.Errorf("%d physical rows, want 2000: the first half of this test proves nothing", n)
	}
	// Another topic of the same name starts at offset 0 again.
	anew := decisions(0, 500)
	anew.TopicID = "id-2"
	anew.Records = decisions(5000, 500).Records
	write(t, w, anew)
	if n := count(t, conn, "SELECT count() FROM v_decisions"); n != 1500 {
		t.Errorf("a topic made anew: %d, want 1500: its batch was taken for the old one's", n)
	}
}

// In no view, whatever it reads.
func TestNoViewShowsCopies(t *testing.T) {
	conn := migrated(t)
	fill := func() {
		for _, q := range tenantRows {
			if err := do(t, conn, q+" SETTINGS insert_deduplicate = 0, optimize_on_insert = 0"); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
	}
	if err := do(t, conn, "SYSTEM STOP MERGES"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = do(t, conn, "SYSTEM START MERGES") }()
	fill()
	vs, err := views(schemaFiles)
	if err != nil {
		t.Fatal(err)
	}
	shown := func() map[string]string {
		got := map[string]string{}
		for _, v := range vs {
			name := strings.TrimSuffix(path.Base(v.Name), ".sql")
			var text string
			if err := conn.QueryRow(t.Context(), "SELECT toString(tuple(count(), sum(cityHash64(toString(tuple(*)))))) FROM "+name).Scan(&text); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got[name] = text
		}
		return got
	}
	before := shown()
	fill()
	if n := raw(t, conn, "incidents"); n != 24 {
		t.Fatalf("%d physical incidents, want 24: the test proves nothing", n)
	}
	for name, text := range shown() {
		if text != before[name] {
			t.Errorf("%s shows %s with copies of all rows, and %s without", name, text, before[name])
		}
	}
}

// What one table refuses is in the others, and however often the batch is tried,
// it is written there once; but whoever begins anew writes all of it.
func TestATableThatRefusesCostsTheOthersNothing(t *testing.T) {
	conn := migrated(t)
	must := func(q string) {
		t.Helper()
		if err := do(t, conn, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	w, b := writer(conn), decisions(0, 20)
	fail := func() {
		t.Helper()
		for range 3 {
			if err := w.Write(t.Context(), b); err == nil {
				t.Fatal("written without a table")
			}
		}
		if n := raw(t, conn, "signals"); n != 20 {
			t.Errorf("%d physical signals after three attempts, want 20", n)
		}
	}
	succeed := func() {
		t.Helper()
		must("RENAME TABLE elsewhere TO decisions")
		write(t, w, b)
		if n, m := raw(t, conn, "decisions"), raw(t, conn, "signals"); n != 20 || m != 20 {
			t.Errorf("%d decisions and %d signals in the end, want 20 of each", n, m)
		}
	}
	must("SYSTEM STOP MERGES signals")
	must("RENAME TABLE decisions TO elsewhere")
	fail()
	succeed()
	must("TRUNCATE TABLE signals")
	must("TRUNCATE TABLE decisions")
	must("RENAME TABLE decisions TO elsewhere")
	fail()
	must("TRUNCATE TABLE signals")
	if _, _, err := w.Resume(t.Context(), b.Topic, b.TopicID, b.Partition); err != nil {
		t.Fatal(err)
	}
	succeed()
}

func TestResume(t *testing.T) {
	ctx := context.Background()
	conn := migrated(t)
	w := writer(conn)
	b := decisions(0, 10)
	if _, found, err := w.Resume(ctx, b.Topic, b.TopicID, b.Partition); err != nil || found {
		t.Fatalf("on an empty database: %v, %v", found, err)
	}
	if err := w.note(ctx, b, false); err != nil {
		t.Fatal(err)
	}
	want := schemas.WrittenRange{First: b.First, Last: b.Last}
	if r, found, err := w.Resume(ctx, b.Topic, b.TopicID, b.Partition); err != nil || !found || r != want {
		t.Fatalf("begun: %+v, %v, %v", r, found, err)
	}
	write(t, w, b)
	want.Done = true
	if r, _, err := w.Resume(ctx, b.Topic, b.TopicID, b.Partition); err != nil || r != want {
		t.Fatalf("finished: %+v, %v", r, err)
	}
	next := decisions(10, 5)
	write(t, w, next)
	if r, _, err := w.Resume(ctx, b.Topic, b.TopicID, b.Partition); err != nil || r.First != next.First || !r.Done {
		t.Fatalf("the next one: %+v, %v", r, err)
	}
	followed := decisions(15, 5)
	followed.Followed = true
	write(t, w, followed)
	if r, _, err := w.Resume(ctx, b.Topic, b.TopicID, b.Partition); err != nil || r.First != followed.First || r.Done {
		t.Fatalf("one that is followed: %+v, %v", r, err)
	}
	last := decisions(20, 1)
	write(t, w, last)
	if r, _, err := w.Resume(ctx, b.Topic, b.TopicID, b.Partition); err != nil || r.First != last.First || !r.Done {
		t.Fatalf("what followed it: %+v, %v", r, err)
	}
	if _, found, _ := w.Resume(ctx, b.Topic, "another", b.Partition); found {
		t.Error("a topic made anew has the old one's range")
	}
}

func TestCorrectionsAndUnreadable(t *testing.T) {
	conn := migrated(t)
	w := writer(conn)
	d := sampleDecision(1)
	later := *d
	later.Signal, later.Revision, later.Repeats, later.IncidentID = nil, 2, 41, "INC-CHILD"
	inc := schemas.Incident{ID: "INC-CHILD", Revision: 1, ParentID: "INC-MAIN", Status: schemas.IncidentOpen}
	b := &schemas.Batch{Topic: "pinkstar.decisions", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, &later), // order on the wire does not matter
		record(1, schemas.TypeDecision, d),
		{Offset: 2, Type: schemas.TypeDecision, Value: []byte(`{"signal_id": 7}`)},
		{Offset: 3, Type: "pinkstar.other.v9", Value: []byte(`{}`)},
		{Offset: 4, Key: []byte("k")}, // a tombstone
		{Offset: 5, Type: schemas.TypeIncident, Value: []byte(`nonsense`)},
		record(6, schemas.TypeIncident, &inc),
	}}
	write(t, w, bounded(b))
	var incident, parent string
	var repeats, revision int64
	if err := conn.QueryRow(t.Context(), "SELECT incident_id, parent_id, repeats, revision FROM v_decisions WHERE signal_id = ?", d.SignalID).
		Scan(&incident, &parent, &repeats, &revision); err != nil {
		t.Fatal(err)
	}
	if incident != "INC-CHILD" || parent != "INC-MAIN" || repeats != 41 || revision != 2 {
		t.Errorf("got %s in %s, %d repeats, revision %d", incident, parent, repeats, revision)
	}
	if n := count(t, conn, "SELECT count() FROM v_dead_letters WHERE stage = 'write' AND reason != '' AND size > 0"); n != 3 {
		t.Errorf("%d unreadable records, want 3", n)
	}
	if n := count(t, conn, "SELECT count() FROM v_alerts WHERE signal_id = ? AND labels['pod'] = 'pod-1' AND ends_at IS NULL", d.SignalID); n != 1 {
		t.Errorf("the alert: %d rows", n)
	}
}

func TestErrorsForAPerson(t *testing.T) {
	conn := migrated(t)
	w := writer(conn)
	if err := do(t, conn, "DROP TABLE decisions"); err != nil {
		t.Fatal(err)
	}
	err := w.Write(t.Context(), decisions(0, 1))
	var wrong *schemaError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "pinkstar migrate") {
		t.Errorf("a missing table: %v", err)
	}
	var p interface{ Permanent() bool }
	if errors.As(err, &p) {
		t.Errorf("a dropped table would stop the delivery: %v", err)
	}
	down, err := Open("clickhouse://u:secret@127.0.0.1:1/x")
	if err != nil {
		t.Fatal(err)
	}
	defer down.Close()
	err = writer(down).Write(t.Context(), decisions(0, 1))
	if err == nil || errors.As(err, &wrong) {
		t.Errorf("a server that is down: %v", err)
	}
	if _, err := Open("clickhouse://u:secret@[::1"); err == nil || len(err.Error()) == 0 || strings.Contains(err.Error(), "secret") {
		t.Errorf("a broken DSN: %v", err)
	}
}
