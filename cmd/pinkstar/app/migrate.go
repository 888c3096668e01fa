package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/rights"
)

// Migrate applies what a ClickHouse of the user's own lacks, or with plan only
// lists it.
func Migrate(ctx context.Context, cfg *config.Config, plan bool) (names []string, err error) {
	conn, err := clickhouse.Open(cfg.ClickHouse.DSN)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	do := clickhouse.Migrate
	if plan {
		do = clickhouse.Pending
	}
	list, err := do(ctx, conn)
	for _, m := range list {
		names = append(names, m.Name)
	}
	if err != nil || plan {
		return names, err
	}
	changed, err := clickhouse.SetStorage(ctx, conn, cfg.ClickHouse.Storage)
	for _, table := range changed {
		names = append(names, "how long rows of "+table+" are kept")
	}
	return names, err
}

// Users are the two whom a ClickHouse of the user's own should know besides the
// one that migrates: the service's and the reports'. The tenants' readers, which
// the configuration lists, are made with them.
type Users struct{ Writer, Reader rights.User }

// SQL returns the statements that make or update them in the DSN's database.
func (u Users) SQL(cfg *config.Config) ([]string, error) {
	database, err := clickhouse.DatabaseOf(cfg.ClickHouse.DSN)
	if err != nil {
		return nil, err
	}
	tenants, err := cfg.ClickHouse.TenantReaders()
	if err != nil {
		return nil, err
	}
	u.Writer.Database, u.Reader.Database = database, database
	return slices.Concat(rights.WriterSQL(u.Writer), rights.ReaderSQL(u.Reader), rights.TenantsSQL(tenants, database)), nil
}

// MakeUsers runs these statements as the DSN's user.
func (u Users) MakeUsers(ctx context.Context, cfg *config.Config) (err error) {
	sql, err := u.SQL(cfg)
	if err != nil {
		return err
	}
	conn, err := clickhouse.Open(cfg.ClickHouse.DSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, q := range sql {
		if err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("making the users (somebody who may manage users can run what `pinkstar migrate --users print` prints): %w", err)
		}
	}
	return nil
}

// HasUser reports whether the DSN's server knows the user. An error means that
// the DSN's user may not know.
func HasUser(ctx context.Context, cfg *config.Config, name string) (there bool, err error) {
	conn, err := clickhouse.Open(cfg.ClickHouse.DSN)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var n uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM system.users WHERE name = ?", name).Scan(&n); err != nil {
		return false, fmt.Errorf("looking whether there is a user %s: %w", name, err)
	}
	return n > 0, nil
}
