package clickhouse

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// created finds what a statement of a migration makes.
var created = regexp.MustCompile(`^CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW)(?: IF NOT EXISTS)? ([a-z0-9_]+)`)

// dropped finds what a later one takes away.
var dropped = regexp.MustCompile(`^DROP (?:TABLE|VIEW)(?: IF EXISTS)? ([a-z0-9_]+)`)

// Repair brings the schema up to date as Migrate does, and makes anew what
// migrations made that were applied and that is gone since. It returns the names
// of those tables and views, and of tables that lost their rows. The tables are
// empty: what they held can only come from the log.
func Repair(ctx context.Context, conn driver.Conn) (gone []string, err error) {
	applied, err := inForce(ctx, conn)
	if err != nil {
		return nil, err
	}
	if gone, err = missing(ctx, conn, applied); err != nil {
		return nil, err
	}
	if len(gone) > 0 {
		for _, m := range applied {
			if err := m.run(ctx, conn); err != nil {
				return nil, err
			}
		}
	}
	if _, err = Migrate(ctx, conn); err != nil {
		return gone, err
	}
	lost, err := emptied(ctx, conn)
	for _, name := range lost {
		if !slices.Contains(gone, name) {
			gone = append(gone, name)
		}
	}
	return gone, err
}

// emptied returns the names of tables that hold nothing although something was
// written. A table whose files are gone is there all the same, and empty.
func emptied(ctx context.Context, conn driver.Conn) (names []string, err error) {
	const q = `WITH w AS (SELECT topic FROM written_ranges FINAL WHERE done = 1 OR first > 0)
SELECT name FROM (
	SELECT 'decisions' AS name, EXISTS(SELECT 1 FROM w WHERE endsWith(topic, 'decisions')) AND NOT EXISTS(SELECT 1 FROM decisions) AS lost
	UNION ALL SELECT 'signals', EXISTS(SELECT 1 FROM decisions WHERE decision = 'placed') AND NOT EXISTS(SELECT 1 FROM signals)
	UNION ALL SELECT 'incidents', EXISTS(SELECT 1 FROM w WHERE endsWith(topic, 'incidents')) AND NOT EXISTS(SELECT 1 FROM incidents)
	UNION ALL SELECT 'problems', EXISTS(SELECT 1 FROM w WHERE endsWith(topic, 'problems')) AND NOT EXISTS(SELECT 1 FROM problems)
) WHERE lost ORDER BY name`
	err = scan(ctx, conn, "which tables hold rows", func(r driver.Rows) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	}, q)
	return names, err
}

// IsEmpty reports whether no step of the schema was ever applied.
func IsEmpty(ctx context.Context, conn driver.Conn) (bool, error) {
	there, err := exists(ctx, conn, "schema_migrations")
	return !there, err
}

// Forget makes the database say that nothing was written yet, so that a delivery
// that begins afterwards writes all that the log has once more. What is there
// already collapses by its keys.
func Forget(ctx context.Context, conn driver.Conn) error {
	if err := conn.Exec(ctx, "TRUNCATE TABLE IF EXISTS written_ranges"); err != nil {
		return fmt.Errorf("forgetting what was written: %w", err)
	}
	return nil
}

// inForce returns the steps and the views that were applied, in order.
func inForce(ctx context.Context, conn driver.Conn) ([]Migration, error) {
	todo, err := Pending(ctx, conn)
	if err != nil {
		return nil, err
	}
	ms, err := migrations(schemaFiles)
	if err != nil {
		return nil, err
	}
	vs, err := views(schemaFiles)
	if err != nil {
		return nil, err
	}
	isPending := func(m Migration) bool {
		return slices.ContainsFunc(todo, func(p Migration) bool { return p.Name == m.Name })
	}
	return slices.DeleteFunc(append(ms, vs...), isPending), nil
}

// missing returns the names of what the steps made and is not there.
func missing(ctx context.Context, conn driver.Conn, ms []Migration) ([]string, error) {
	if len(ms) == 0 {
		return nil, nil
	}
	var there []string
	err := scan(ctx, conn, "the schema's state", func(r driver.Rows) error {
		var name string
		err := r.Scan(&name)
		there = append(there, name)
		return err
	}, "SELECT name FROM system.tables WHERE database = currentDatabase()")
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, m := range ms {
		for _, s := range m.statements {
			if f := dropped.FindStringSubmatch(s); f != nil {
				gone = slices.DeleteFunc(gone, func(name string) bool { return name == f[1] })
			}
			f := created.FindStringSubmatch(s)
			if f != nil && !slices.Contains(there, f[1]) && !slices.Contains(gone, f[1]) {
				gone = append(gone, f[1])
			}
		}
	}
	return gone, nil
}

// run applies one step. Every statement may be run twice.
func (m Migration) run(ctx context.Context, conn driver.Conn) error {
	for n, s := range m.statements {
		if err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s, statement %d: %w", m, n+1, err)
		}
	}
	return nil
}
