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

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migration is one numbered step of the schema.
type Migration struct {
	Version    int
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
		sum := sha256.Sum256(text)
		ms = append(ms, Migration{Version: v, Name: base, Checksum: hex.EncodeToString(sum[:]), statements: split(string(text))})
	}
	return ms, nil
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

// Pending returns the steps that the database still lacks, in order. It is an
// error when a step that was applied has another text here, or is not here: a
// newer Pinkstar has written to this database.
func Pending(ctx context.Context, conn driver.Conn) ([]Migration, error) {
	return pending(ctx, conn, migrationFiles)
}

func pending(ctx context.Context, conn driver.Conn, files fs.FS) ([]Migration, error) {
	ms, err := migrations(files)
	if err != nil {
		return nil, err
	}
	var there uint8
	if err := conn.QueryRow(ctx, "EXISTS TABLE schema_migrations").Scan(&there); err != nil {
		return nil, fmt.Errorf("reading the schema's state: %w", err)
	}
	if there == 0 {
		return ms, nil
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

// Migrate applies the pending steps and returns them. Every statement may be
// run twice, so a migration cut short is simply run again.
func Migrate(ctx context.Context, conn driver.Conn) ([]Migration, error) {
	return migrate(ctx, conn, migrationFiles)
}

func migrate(ctx context.Context, conn driver.Conn, files fs.FS) ([]Migration, error) {
	todo, err := pending(ctx, conn, files)
	if err != nil || len(todo) == 0 {
		return nil, err
	}
	if err := conn.Exec(ctx, createApplied); err != nil {
		return nil, fmt.Errorf("creating schema_migrations: %w", err)
	}
	for i, m := range todo {
		for n, s := range m.statements {
			if err := conn.Exec(ctx, s); err != nil {
				return todo[:i], fmt.Errorf("migration %s, statement %d: %w", m.Name, n+1, err)
			}
		}
		err := conn.Exec(ctx, "INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)", m.Version, m.Name, m.Checksum)
		if err != nil {
			return todo[:i], fmt.Errorf("migration %s: noting it as applied: %w", m.Name, err)
		}
	}
	return todo, nil
}
