package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"pinkstar/pipeline/kafkatest"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/engine"
)

// TestMigratePrintsUsers: the SQL has no password in it; what was not given is
// made and shown once, beside the SQL.
func TestMigratePrintsUsers(t *testing.T) {
	t.Setenv("PINKSTAR_READER_PASSWORD_FILE", file(t, "password", "hush-hush\n"))
	command := func(args ...string) outcome {
		errFile, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = errFile.Close() }()
		var out bytes.Buffer
		code := run(t.Context(), args, world{strings.NewReader(""), &out, errFile, os.Getenv})
		said, err := os.ReadFile(errFile.Name())
		if err != nil {
			t.Fatal(err)
		}
		return outcome{code, out.String(), string(said)}
	}
	dsn := "clickhouse://root:very-secret@127.0.0.1:1/reports"
	got := command("migrate", "--clickhouse", dsn, "--users", "print", "--writer", "w1")
	if got.code != exitOK {
		t.Fatalf("%d: %s", got.code, got.err)
	}
	for _, want := range []string{
		"GRANT SELECT ON `reports`.v_* TO `pinkstar_reader` WITH REPLACE OPTION;", "GRANT SELECT, INSERT ON `reports`.* TO `w1` WITH REPLACE OPTION;",
		"readonly = 2 CONST", "max_execution_time = 60 MIN 1 MAX 300", "CREATE QUOTA OR REPLACE `pinkstar_reader`",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
	shown := regexp.MustCompile(`password of (\S+), shown this once: (\S{36})\n`).FindAllStringSubmatch(got.err, -1)
	if len(shown) != 1 || shown[0][1] != "w1" {
		t.Fatalf("shown: %q", got.err)
	}
	for _, s := range []string{"hush-hush", "very-secret", shown[0][2]} {
		if strings.Contains(got.out, s) {
			t.Errorf("a password is in the SQL:\n%s", got.out)
		}
	}
	t.Setenv("PINKSTAR_READER_PASSWORD_FILE", "/there/is/none")
	if got := command("migrate", "--clickhouse", dsn, "--users", "print"); got.code != exitFailed || !strings.Contains(got.err, "PINKSTAR_READER_PASSWORD_FILE") {
		t.Errorf("%d: %s", got.code, got.err)
	}
	if got := command("migrate", "--clickhouse", dsn, "--users", "print", "--plan"); got.code != exitUsage {
		t.Errorf("%d: %s", got.code, got.err)
	}
}

// TestMigrateOnAServer runs the command against a ClickHouse over its port, as an
// owner of one's own would: it makes the schema, every statement for the users is
// one that this server understands, and who may not manage users is told who can.
// The embedded engine keeps no users that SQL makes, so they are not made here;
// what they may do is tested in sinks/clickhouse, with the same grants, limits and
// filters.
func TestMigrateOnAServer(t *testing.T) {
	lib, err := engine.Fetch(t.Context(), engine.FetchOptions{})
	if err != nil {
		kafkatest.SkipOrFail(t, "clickhouse", "needs the embedded ClickHouse: %v", err)
	}
	s, err := engine.Start(t.Context(), engine.Options{Lib: lib, DataDir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	t.Setenv("ACME_PASSWORD", "acme-secret")
	dsn := s.OwnerDSN()
	cfg := file(t, "pinkstar.yaml", "clickhouse: {dsn: '"+dsn+"', tenants: [{tenant: acme, user: acme_reports, password: {env: ACME_PASSWORD}}]}\n")
	passwords := map[string]string{"PINKSTAR_WRITER_PASSWORD": "writer-secret", "PINKSTAR_READER_PASSWORD": "reader-secret"}
	migrate := func(args ...string) outcome {
		var out bytes.Buffer
		errFile, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = errFile.Close() }()
		code := run(t.Context(), append([]string{"migrate", "--config", cfg}, args...), world{strings.NewReader(""), &out, errFile, func(k string) string { return passwords[k] }})
		b, err := os.ReadFile(errFile.Name())
		if err != nil {
			t.Fatal(err)
		}
		return outcome{code, out.String(), string(b)}
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--plan"}, exitFound, "0001"},
		{nil, exitOK, "0001"},
		{[]string{"--plan"}, exitOK, "up to date"},
		{[]string{"--users", "apply"}, exitFailed, "`pinkstar migrate --users print`"},
	} {
		got := migrate(c.args...)
		if got.code != c.code || !strings.Contains(got.out+got.err, c.says) {
			t.Errorf("migrate %v: %d\n%s%s", c.args, got.code, got.out, got.err)
		}
	}
	conn, err := clickhouse.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	got := migrate("--users", "print")
	statements := strings.Split(strings.TrimSpace(got.out), ";\n")
	if len(statements) < 20 || strings.Contains(got.out, "-secret") || !strings.Contains(got.out, "ROW POLICY OR REPLACE `acme_reports`") {
		t.Fatalf("%d: %s%s", got.code, got.out, got.err)
	}
	for _, q := range statements {
		var formatted string
		if err := conn.QueryRow(t.Context(), "SELECT formatQuery(?)", strings.TrimSuffix(q, ";")).Scan(&formatted); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}
