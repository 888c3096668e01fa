package engine

import (
	"bytes"
	"context"
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

// TestFetchNeedsNoHome: npm works in the cache directory, and what it says is in
// the error. The npm here does as the real one: it writes to ~/.npm unless told
// otherwise, and says nothing when it is to be silent.
func TestFetchNeedsNoHome(t *testing.T) {
	script := `#!/bin/sh
cache=$HOME/.npm quiet=no
while [ $# -gt 0 ]; do
  case $1 in --cache) cache=$2; shift;; --silent) quiet=yes;; esac
  shift
done
if ! /bin/mkdir -p "$cache/_cacache" 2>/dev/null; then
  [ $quiet = yes ] || echo "npm error EACCES: permission denied, mkdir '$cache'" >&2
  exit 1
fi
[ $quiet = yes ] || echo "npm error 404 the registry has no such package" >&2
exit 1
`
	bin, cache := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", "/dev/null/nobody's") // nothing can be made below it
	_, err := Fetch(t.Context(), FetchOptions{CacheDir: cache})
	if err == nil || !strings.Contains(err.Error(), "404 the registry has no such package") {
		t.Errorf("the error keeps npm's cause to itself, or npm wanted a home: %v", err)
	}
}

// leftover makes what a fetch leaves that was killed.
func leftover(t *testing.T, cache string) string {
	t.Helper()
	dir := filepath.Join(cache, "fetch-123")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "libchdb.so"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func isThere(name string) bool { _, err := os.Stat(name); return err == nil }

// TestLeftoversAreSwept: at the next fetch, also when the engine is there
// already; but not under the hands of somebody who is fetching.
func TestLeftoversAreSwept(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no npm
	cache := t.TempDir()
	dir := leftover(t, cache)
	if _, err := Fetch(t.Context(), FetchOptions{CacheDir: cache}); err == nil {
		t.Fatal("fetched without npm")
	}
	if isThere(dir) {
		t.Error("a fetch that fails leaves the old leftovers")
	}
	r, err := currentRelease()
	if err != nil {
		t.Skip(err)
	}
	lib := libraryPath(cache) // of the right size, and not a library
	if err := os.MkdirAll(filepath.Dir(lib), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lib, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(lib, r.librarySize); err != nil {
		t.Fatal(err)
	}
	dir = leftover(t, cache)
	lock, err := lockFile(t.Context(), filepath.Join(cache, "fetch.lock"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := Fetch(t.Context(), FetchOptions{CacheDir: cache}); err != nil || got != lib {
			t.Fatal(got, err)
		}
		if !isThere(dir) {
			t.Fatal("swept while somebody is fetching")
		}
	}
	_ = lock.Close()
	if _, err := Fetch(t.Context(), FetchOptions{CacheDir: cache}); err != nil || isThere(dir) || !isThere(lib) {
		t.Errorf("leftovers beside a whole engine: %v, still there: %v", err, isThere(dir))
	}
}

// TestInterruptedFetchLeavesNothing: SIGTERM ends the context.
func TestInterruptedFetchLeavesNothing(t *testing.T) {
	bin, cache := t.TempDir(), t.TempDir()
	started := filepath.Join(bin, "started")
	script := "#!/bin/sh\n[ \"$1\" = pack ] || exit 0\necho half > half.tgz.partial\n: > " + started + "\nwhile :; do :; done\n"
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error, 1)
	go func() {
		_, err := Fetch(ctx, FetchOptions{CacheDir: cache})
		result <- err
	}()
	eventually(t, "npm has begun", func() bool { return isThere(started) })
	cancel()
	if err := <-result; err == nil {
		t.Error("no error")
	}
	left, _ := filepath.Glob(filepath.Join(cache, "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "fetch.lock" {
		t.Errorf("left behind: %v", left)
	}
}
