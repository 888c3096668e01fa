package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestBrokenConfigurations runs `config check` on each file in testdata/broken
// and compares what it says with testdata/broken.golden.
func TestBrokenConfigurations(t *testing.T) {
	const golden = "testdata/broken.golden"
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var got strings.Builder
	for _, name := range files {
		o := command(t, "", "config", "check", "--config", name)
		if o.code != exitUsage || o.out != "" {
			t.Errorf("%s: exit code %d, printed %q", name, o.code, o.out)
		}
		if strings.Contains(o.err, "hunter2") {
			t.Errorf("%s: a password was printed:\n%s", name, o.err)
		}
		got.WriteString("== " + filepath.Base(name) + "\n" + o.err)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("differs from %s (go test -run Broken ./cmd/pinkstar -update):\n%s", golden, got.String())
	}
}
