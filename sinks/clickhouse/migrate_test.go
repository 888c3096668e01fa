package clickhouse

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

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
	if err := CheckSchema(ctx, conn); err != nil {
		t.Error(err)
	}
	// A migration cut short before it was noted runs again.
	if err := do(t, conn, "TRUNCATE TABLE schema_migrations"); err != nil {
		t.Fatal(err)
	}
	if done, err := Migrate(ctx, conn); err != nil || len(done) != len(all) {
		t.Errorf("over existing tables: %v, %v", done, err)
	}
	carried, err := views(schemaFiles)
	if err != nil || len(carried) < 10 {
		t.Fatal(len(carried), err)
	}
	for _, c := range carried {
		v := strings.TrimSuffix(path.Base(c.Name), ".sql")
		if n := count(t, conn, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND comment != '' AND name = ?", v); n != 1 {
			t.Errorf("%s: %d views with a comment", v, n)
		}
		if !strings.HasPrefix(v, "v_") {
			continue // for other views
		}
		if n := count(t, conn, "SELECT countIf(comment != '') FROM system.columns WHERE database = currentDatabase() AND table = ?", v); n < 2 {
			t.Errorf("%s: only %d columns have a comment", v, n)
		}
		count(t, conn, "SELECT count() FROM (SELECT * FROM "+v+")") // every column can be computed
	}
}

// carriedFiles is a copy of what this binary carries, to change.
func carriedFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, dir := range []string{"migrations", "views"} {
		names, err := fs.Glob(schemaFiles, dir+"/*.sql")
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, n := range names {
			b, err := fs.ReadFile(schemaFiles, n)
			if err != nil {
				t.Fatal(err)
			}
			files[n] = &fstest.MapFile{Data: b}
		}
	}
	return files
}

// A view is made anew when its text changes, and when a step of the schema may
// have made an older one.
func TestAViewFollowsItsFile(t *testing.T) {
	ctx := t.Context()
	conn := migrated(t)
	comment := func() (text string) {
		t.Helper()
		if err := conn.QueryRow(ctx, "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'v_alerts'").Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	names := func(ms []Migration) (out []string) {
		for _, m := range ms {
			out = append(out, m.Name)
		}
		return out
	}
	files := carriedFiles(t)
	const file = "views/v_alerts.sql"
	ours := files[file].Data
	files[file] = &fstest.MapFile{Data: []byte(strings.Replace(string(ours), "COMMENT 'Alerts: one row", "COMMENT 'Changed: one row", 1))}
	if todo, err := pending(ctx, conn, files); err != nil || !slices.Equal(names(todo), []string{file}) {
		t.Fatalf("pending after a change: %v, %v", todo, err)
	}
	if done, err := migrate(ctx, conn, files); err != nil || len(done) != 1 || !strings.HasPrefix(comment(), "Changed") {
		t.Fatalf("%v, %v; the view is %q", done, err, comment())
	}
	if done, err := migrate(ctx, conn, files); err != nil || len(done) != 0 {
		t.Errorf("the second time: %v, %v", done, err)
	}
	if done, err := Migrate(ctx, conn); err != nil || !slices.Equal(names(done), []string{file}) || !strings.HasPrefix(comment(), "Alerts") {
		t.Errorf("back to ours: %v, %v; the view is %q", done, err, comment())
	}
	// The step that made the first views runs once more: they stay ours.
	if err := do(t, conn, "ALTER TABLE schema_migrations DELETE WHERE version >= 2 SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(ctx, conn); err != nil {
		t.Fatal(err)
	}
	if n := count(t, conn, "SELECT countIf(create_table_query LIKE '%candidate_ids%') FROM system.tables WHERE database = currentDatabase() AND name = 'v_decisions'"); n != 1 {
		t.Error("v_decisions is the one of the old step")
	}
	for name, text := range map[string]string{"another name": "CREATE OR REPLACE VIEW v_other\n", "two": string(ours) + string(ours)} {
		files[file] = &fstest.MapFile{Data: []byte(text)}
		if _, err := pending(ctx, conn, files); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was written before a column came has its value.
func TestCandidatesOfOldIncidentsAreKnown(t *testing.T) {
	conn := database(t)
	files := carriedFiles(t)
	for name := range files {
		if strings.HasPrefix(name, "views/") || path.Base(name) >= "0004" {
			delete(files, name)
		}
	}
	if _, err := migrate(t.Context(), conn, files); err != nil {
		t.Fatal(err)
	}
	if err := do(t, conn, `INSERT INTO incidents (incident_id, revision, body) VALUES ('INC-OLD', 1, '{"candidate_causes":[{"signal_id":"a"},{"signal_id":"b"}]}'), ('INC-NONE', 1, '{}')`); err != nil {
		t.Fatal(err)
	}
	if _, err := Migrate(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"INC-OLD": "['a','b']", "INC-NONE": "[]"} {
		if n := count(t, conn, "SELECT count() FROM incidents FINAL WHERE incident_id = ? AND toString(candidate_ids) = ?", id, want); n != 1 {
			t.Errorf("%s does not have %s", id, want)
		}
	}
}

func TestMigrationEditedOrUnknown(t *testing.T) {
	ctx := context.Background()
	conn := migrated(t)
	files := carriedFiles(t)
	names, _ := fs.Glob(files, "migrations/*.sql")
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

// TestUpgradeInPlace: what the release before this one made, views with their
// reader's rights, is readable for the reader after a start.
func TestUpgradeInPlace(t *testing.T) {
	owner := database(t)
	old := carriedFiles(t)
	for name := range old {
		if strings.HasPrefix(name, "views/") || path.Base(name) >= "0004" {
			delete(old, name)
		}
	}
	if _, err := migrate(t.Context(), owner, old); err != nil {
		t.Fatal(err)
	}
	reader := as(t, shared.server.ReaderDSN())
	if err := do(t, reader, "SELECT * FROM v_decisions"); err == nil {
		t.Error("the old view needs no upgrade: the test proves nothing")
	}
	for range 2 { // the second time there is nothing to do
		if gone, err := Repair(t.Context(), owner); err != nil || len(gone) != 0 {
			t.Fatal(gone, err)
		}
		write(t, writer(owner), decisions(0, 10))
		if n := count(t, reader, "SELECT count() FROM v_decisions"); n != 10 {
			t.Errorf("%d of 10 decisions", n)
		}
	}
	for _, v := range allViews(t, owner) {
		count(t, reader, "SELECT count() FROM (SELECT * FROM "+v+")")
	}
}
