package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/sinks/clickhouse/rights"
)

const migrateHelp = "Create or update ClickHouse's tables and views, and with --users its users, those of clickhouse.tenants too. " +
	"The DSN's user needs rights on the schema; `pinkstar run` needs only what the writer has, reports what the reader has. " +
	"Their passwords come from $PINKSTAR_WRITER_PASSWORD and $PINKSTAR_READER_PASSWORD, or from the files that $PINKSTAR_WRITER_PASSWORD_FILE and $PINKSTAR_READER_PASSWORD_FILE name; " +
	"a new user without one gets one that is printed once, on the standard error output."

// migrateTimeout bounds a migration: one that lays tables out anew copies them.
const migrateTimeout = 12 * time.Hour

func (c *cli) addMigrate() {
	clause := c.app.Command("migrate", migrateHelp)
	dry := clause.Flag("plan", "only list what would be done; exit code 3 when there is something").Bool()
	users := clause.Flag("users", "print: only print the SQL that makes the two users; apply: migrate, and make or update them").PlaceHolder("print|apply").Enum("print", "apply")
	writer := clause.Flag("writer", "name of the service's user").Default("pinkstar_writer").String()
	reader := clause.Flag("reader", "name of the reports' user, who can only read the views v_*").Default("pinkstar_reader").String()
	s := withSettings(clause, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error {
		cfg, err := s.load(w)
		if err != nil {
			return err
		}
		if cfg.EmbeddedClickHouse() {
			return usageError{fmt.Errorf("no ClickHouse is configured: give --clickhouse DSN. The embedded one is migrated by `pinkstar run` itself")}
		}
		if *dry && *users != "" {
			return usageError{errors.New("--plan and --users: one of them")}
		}
		ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
		defer cancel()
		m := &migration{w: w, cfg: cfg, writer: *writer, reader: *reader}
		if *users == "print" {
			return m.printUsers()
		}
		if err := m.migrate(ctx, *dry); err != nil || *users == "" {
			return err
		}
		return m.makeUsers(ctx)
	})
}

// migration is one run of the command.
type migration struct {
	w              world
	cfg            *config.Config
	writer, reader string
}

func (m *migration) migrate(ctx context.Context, dry bool) error {
	done, err := app.Migrate(ctx, m.cfg, dry)
	for _, name := range done {
		fmt.Fprintln(m.w.out, name)
	}
	switch {
	case err != nil:
		return err
	case dry && len(done) > 0:
		return errFound
	case len(done) == 0:
		fmt.Fprintln(m.w.out, "ClickHouse is up to date.")
	}
	return nil
}

// printUsers prints the SQL. It has hashes only, so that it may be kept.
func (m *migration) printUsers() error {
	users, made, err := m.users(func(string) (bool, error) { return false, nil })
	if err != nil {
		return err
	}
	sql, err := users.SQL(m.cfg)
	if err != nil {
		return err
	}
	for _, q := range sql {
		fmt.Fprintln(m.w.out, q+";")
	}
	m.tell(made)
	return nil
}

func (m *migration) makeUsers(ctx context.Context) error {
	users, made, err := m.users(func(name string) (bool, error) { return app.HasUser(ctx, m.cfg, name) })
	if err != nil {
		return err
	}
	if err := users.MakeUsers(ctx, m.cfg); err != nil {
		return err
	}
	fmt.Fprintf(m.w.out, "ClickHouse has the users %s (for `pinkstar run`) and %s (may read v_*).\n", m.writer, m.reader)
	m.tell(made)
	return nil
}

// users finds or makes the passwords; made are those that nobody knows yet. A
// user that is there keeps its password unless one is given.
func (m *migration) users(there func(name string) (bool, error)) (u app.Users, made []rights.User, err error) {
	for _, one := range []struct {
		user *rights.User
		name string
		env  string
	}{{&u.Writer, m.writer, "PINKSTAR_WRITER_PASSWORD"}, {&u.Reader, m.reader, "PINKSTAR_READER_PASSWORD"}} {
		one.user.Name = one.name
		if one.user.Password, err = m.secret(one.env); err != nil {
			return u, nil, err
		}
		if one.user.Password != "" {
			continue
		}
		known, err := there(one.name)
		if err != nil {
			return u, nil, err
		}
		if !known {
			one.user.Password = rights.NewPassword()
			made = append(made, *one.user)
		}
	}
	return u, made, nil
}

// secret reads a password from the environment, or from the file that it names.
func (m *migration) secret(env string) (string, error) {
	if v := m.w.getenv(env); v != "" {
		return v, nil
	}
	name := m.w.getenv(env + "_FILE")
	if name == "" {
		return "", nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("$%s_FILE: %w", env, err)
	}
	v := strings.TrimRight(string(b), "\r\n")
	if v == "" {
		return "", fmt.Errorf("$%s_FILE: %s is empty", env, name)
	}
	return v, nil
}

// tell shows passwords to whoever called, once: they are kept nowhere.
func (m *migration) tell(made []rights.User) {
	for _, u := range made {
		fmt.Fprintf(m.w.err, "password of %s, shown this once: %s\n", u.Name, u.Password)
	}
}
