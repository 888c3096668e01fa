package clickhouse

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

//go:embed migrations/*.sql views/*.sql
var schemaFiles embed.FS

// Migration is one numbered step of the schema, or a view.
type Migration struct {
	Version    int    // 0 for a view
	Name       string // the file's name
	Checksum   string // SHA-256 of its text
	statements []string
}

// migrations reads the steps that this binary carries, in order.
func migrations(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	ms := make([]Migration, 0, len(names))
	for i, name := range names { // Glob sorts
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		base := path.Base(name)
		number, _, _ := strings.Cut(base, "_")
		v, err := strconv.Atoi(number)
		if err != nil || v != i+1 {
			return nil, fmt.Errorf("migration %s: want number %04d", base, i+1)
		}
		ms = append(ms, Migration{Version: v, Name: base, Checksum: checksum(text), statements: split(string(text))})
	}
	return ms, nil
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// split cuts a file into statements: each ends with a semicolon at the end of
// a line.
func split(text string) []string {
	var out []string
	for s := range strings.SplitSeq(text, ";\n") {
		var lines []string
		for l := range strings.SplitSeq(s, "\n") {
			if !strings.HasPrefix(l, "--") {
				lines = append(lines, l)
			}
		}
		if s := strings.TrimSpace(strings.Join(lines, "\n")); s != "" {
			out = append(out, s)
		}
	}
	return out
}

const createApplied = `CREATE TABLE IF NOT EXISTS schema_migrations
(version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = MergeTree ORDER BY version
COMMENT 'The steps of the schema that were applied'`

// Pending returns the steps that the database still lacks, in order, and the
// views that are not this binary's: all of them after a step. It is an error when a step that was applied has another text here, or is not here: a
// newer Pinkstar has written to this database.
func Pending(ctx context.Context, conn driver.Conn) ([]Migration, error) {
	return pending(ctx, conn, schemaFiles)
}

func pending(ctx context.Context, conn driver.Conn, files fs.FS) ([]Migration, error) {
	steps, err := pendingSteps(ctx, conn, files)
	if err != nil {
		return nil, err
	}
	views, err := pendingViews(ctx, conn, files, len(steps) > 0)
	return append(steps, views...), err
}

func pendingSteps(ctx context.Context, conn driver.Conn, files fs.FS) ([]Migration, error) {
	ms, err := migrations(files)
	if err != nil {
		return nil, err
	}
	if there, err := exists(ctx, conn, "schema_migrations"); err != nil || !there {
		return ms, err
	}
	rows, err := conn.Query(ctx, "SELECT DISTINCT version, name, checksum FROM schema_migrations ORDER BY version")
	if err != nil {
		return nil, fmt.Errorf("reading the schema's state: %w", err)
	}
	defer rows.Close()
	applied := 0
	for rows.Next() {
		var version uint32
		var name, checksum string
		if err := rows.Scan(&version, &name, &checksum); err != nil {
			return nil, fmt.Errorf("reading the schema's state: %w", err)
		}
		if int(version) > len(ms) {
			return nil, fmt.Errorf("the database has migration %s, which this pinkstar does not know: it is older than the database", name)
		}
		if ms[version-1].Checksum != checksum {
			return nil, fmt.Errorf("migration %s was edited after it was applied (applied %.12s, here %.12s): add a new one instead",
				name, checksum, ms[version-1].Checksum)
		}
		applied = max(applied, int(version))
	}
	return ms[applied:], rows.Err()
}

func exists(ctx context.Context, conn driver.Conn, table string) (bool, error) {
	var there uint8
	if err := conn.QueryRow(ctx, "EXISTS TABLE "+table).Scan(&there); err != nil {
		return false, fmt.Errorf("reading the schema's state: %w", err)
	}
	return there == 1, nil
}

// Migrate applies the pending steps and returns them. Every statement may be
// run twice, so a migration cut short is simply run again. The views then run
// with the rights of the user who is connected: see secureViews.
func Migrate(ctx context.Context, conn driver.Conn) ([]Migration, error) {
	done, err := migrate(ctx, conn, schemaFiles)
	if err != nil {
		return done, err
	}
	return done, secureViews(ctx, conn)
}

func migrate(ctx context.Context, conn driver.Conn, files fs.FS) ([]Migration, error) {
	todo, err := pending(ctx, conn, files)
	if err != nil || len(todo) == 0 {
		return nil, err
	}
	for _, create := range []string{createApplied, createViews} {
		if err := conn.Exec(ctx, create); err != nil {
			return nil, fmt.Errorf("creating what notes the schema's state: %w", err)
		}
	}
	for i, m := range todo {
		if err := m.run(ctx, conn); err != nil {
			return todo[:i], err
		}
		if err := m.note(ctx, conn); err != nil {
			return todo[:i], fmt.Errorf("%s: noting it as applied: %w", m, err)
		}
	}
	return todo, nil
}
