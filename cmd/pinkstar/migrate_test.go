package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
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
