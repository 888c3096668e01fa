package correlate_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"pinkstar/correlate/scenario"
)

var update = flag.Bool("update", false, "rewrite what the scenarios in testdata expect")

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := scenario.Parse(name, text)
			if err != nil {
				t.Fatal(err)
			}
			res, err := scenario.Run(f, scenario.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(name, res.Update(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := res.Diff(); d != "" {
				t.Errorf("differs from what is expected (- expected, + got); -update rewrites it:\n%s", d)
			}
		})
	}
}
