package clickhouse

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// The views are not frozen as the migrations are: each is a file, and one whose
// text has changed is made anew. The first ones were made by migrations, which
// stay as they are and come before.

const createViews = `CREATE TABLE IF NOT EXISTS schema_views
(name String, checksum String, applied_at DateTime64(9, 'UTC') DEFAULT now64(9))
ENGINE = MergeTree ORDER BY (name, applied_at)
COMMENT 'The views as they were made; the latest of a name is in force'`

// views reads the views that this binary carries, in the order in which they are
// made: that of their names, so one may only read from those before it.
func views(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "views/*.sql")
	if err != nil {
		return nil, err
	}
	vs := make([]Migration, 0, len(names))
	for _, name := range names { // Glob sorts
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		v := Migration{Name: name, Checksum: checksum(text), statements: split(string(text))}
		want := "CREATE OR REPLACE VIEW " + strings.TrimSuffix(path.Base(name), ".sql") + "\n"
		if len(v.statements) != 1 || !strings.HasPrefix(v.statements[0], want) {
			return nil, fmt.Errorf("%s: want one statement, %q", name, want)
		}
		vs = append(vs, v)
	}
	return vs, nil
}

// pendingViews returns the views that are not in force as they are here. After a
// step of the schema that are all: it may have made an older one, or changed
// what one reads.
func pendingViews(ctx context.Context, conn driver.Conn, files fs.FS, all bool) ([]Migration, error) {
	vs, err := views(files)
	if err != nil || all {
		return vs, err
	}
	if there, err := exists(ctx, conn, "schema_views"); err != nil || !there {
		return vs, err
	}
	rows, err := conn.Query(ctx, "SELECT name, argMax(checksum, applied_at) FROM schema_views GROUP BY name")
	if err != nil {
		return nil, fmt.Errorf("reading which views there are: %w", err)
	}
	defer rows.Close()
	inForce := map[string]string{}
	for rows.Next() {
		var name, sum string
		if err := rows.Scan(&name, &sum); err != nil {
			return nil, fmt.Errorf("reading which views there are: %w", err)
		}
		inForce[name] = sum
	}
	var todo []Migration
	for _, v := range vs {
		if inForce[v.Name] != v.Checksum {
			todo = append(todo, v)
		}
	}
	return todo, rows.Err()
}

// note records that the step was applied.
func (m Migration) note(ctx context.Context, conn driver.Conn) error {
	if m.Version == 0 {
		return conn.Exec(ctx, "INSERT INTO schema_views (name, checksum) VALUES (?, ?)", m.Name, m.Checksum)
	}
	return conn.Exec(ctx, "INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)", m.Version, m.Name, m.Checksum)
}

// String says what it is, for errors.
func (m Migration) String() string {
	if m.Version == 0 {
		return m.Name
	}
	return "migration " + m.Name
}
