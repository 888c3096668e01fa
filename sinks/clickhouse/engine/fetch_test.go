package engine

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFetchRefusals: whatever npm does wrong, the error says what else can be
// done and nothing stays in the cache.
func TestFetchRefusals(t *testing.T) {
	for name, script := range map[string]string{
		"no npm":        "",
		"npm fails":     "#!/bin/sh\necho 'npm error 404 not found' >&2\nexit 1\n",
		"other archive": "#!/bin/sh\n[ \"$1\" = pack ] && echo nonsense > x.tgz\nexit 0\n",
		"no archive":    "#!/bin/sh\nexit 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			bin, cache := t.TempDir(), t.TempDir()
			if script != "" {
				if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", bin)
			var out bytes.Buffer
			_, err := Fetch(t.Context(), FetchOptions{CacheDir: cache, Progress: &out})
			if !errors.Is(err, ErrUnavailable) {
				t.Fatalf("got %v", err)
			}
			for _, way := range []string{"--libchdb", "--clickhouse", "PATH"} {
				if !strings.Contains(err.Error(), way) {
					t.Errorf("the error does not name %s: %v", way, err)
				}
			}
			left, _ := filepath.Glob(filepath.Join(cache, "*"))
			if len(left) != 1 || filepath.Base(left[0]) != "fetch.lock" {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
