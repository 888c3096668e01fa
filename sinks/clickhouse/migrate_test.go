package clickhouse

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

var views = []string{"v_alerts", "v_decisions", "v_incidents", "v_incident_timeline", "v_tickets", "v_changes", "v_problems", "v_service_month", "v_dead_letters"}

func TestMigrate(t *testing.T) {
	ctx := context.Background()
	conn := database(t)
	all, err := Pending(ctx, conn)
	if err != nil || len(all) < 2 {
		t.Fatalf("pending on an empty database: %v, %v", all, err)
	}
	done, err := Migrate(ctx, conn)
	if err != nil || len(done) != len(all) {
		t.Fatalf("applied %d of %d: %v", len(done), len(all), err)
	}
	if done, err := Migrate(ctx, conn); err != nil || len(done) != 0 {
		t.Errorf("the second time: %v, %v", done, err)
	}
	if err := Ping(ctx, conn); err != nil {
		t.Error(err)
	}
	// A migration cut short before it was noted runs again.
	if err := do(t, conn, "TRUNCATE TABLE schema_migrations"); err != nil {
		t.Fatal(err)
	}
	if done, err := Migrate(ctx, conn); err != nil || len(done) != len(all) {
		t.Errorf("over existing tables: %v, %v", done, err)
	}
	for _, v := range views {
		if n := count(t, conn, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND comment != '' AND name = ?", v); n != 1 {
			t.Errorf("%s: %d views with a comment", v, n)
		}
		if n := count(t, conn, "SELECT countIf(comment != '') FROM system.columns WHERE database = currentDatabase() AND table = ?", v); n < 2 {
			t.Errorf("%s: only %d columns have a comment", v, n)
		}
		count(t, conn, "SELECT count() FROM (SELECT * FROM "+v+")") // every column can be computed
	}
}

func TestMigrationEditedOrUnknown(t *testing.T) {
	ctx := context.Background()
	conn := migrated(t)
	files := fstest.MapFS{}
	names, _ := fs.Glob(migrationFiles, "migrations/*.sql")
	for _, n := range names {
		b, _ := fs.ReadFile(migrationFiles, n)
		files[n] = &fstest.MapFile{Data: b}
	}
	first := files[names[0]]
	files[names[0]] = &fstest.MapFile{Data: append([]byte("-- edited\n"), first.Data...)}
	if _, err := migrate(ctx, conn, files); err == nil || !strings.Contains(err.Error(), "edited") {
		t.Errorf("an edited file: %v", err)
	}
	files[names[0]] = first
	delete(files, names[len(names)-1])
	if _, err := migrate(ctx, conn, files); err == nil || !strings.Contains(err.Error(), "older than the database") {
		t.Errorf("a database newer than the binary: %v", err)
	}
	delete(files, names[0])
	if _, err := migrate(ctx, conn, files); err == nil {
		t.Error("a gap in the numbers was taken")
	}
}
