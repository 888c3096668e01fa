package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// FetchOptions say where the engine goes.
type FetchOptions struct {
	CacheDir string    // CacheDir() when empty
	Progress io.Writer // told in plain lines, or in one line redrawn on a terminal; nil for silence
}

// Fetch makes sure that the engine is in the cache directory and returns the
// library's path. It downloads at most once: a second caller, of this process
// or another, waits for the first.
func Fetch(ctx context.Context, o FetchOptions) (string, error) {
	if o.CacheDir == "" {
		d, err := CacheDir()
		if err != nil {
			return "", err
		}
		o.CacheDir = d
	}
	if p, err := Path(o.CacheDir); err == nil {
		sweepUnused(o.CacheDir)
		return p, nil
	}
	r, err := currentRelease()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(o.CacheDir, 0o755); err != nil {
		return "", unavailable("creating the cache directory: %w", err)
	}
	say := newProgress(o.Progress)
	lock, err := lockFile(ctx, filepath.Join(o.CacheDir, "fetch.lock"), func() {
		say.line("waiting for another pinkstar that is fetching the engine")
	})
	if err != nil {
		return "", fmt.Errorf("locking the engine's cache: %w", err)
	}
	defer lock.Close()
	sweep(o.CacheDir)
	if p, err := Path(o.CacheDir); err == nil { // the one we waited for brought it
		return p, nil
	}
	return fetch(ctx, o.CacheDir, r, say)
}

// workPrefix begins the names of the directories in which fetching works.
const workPrefix = "fetch-"

// sweep removes what fetches left that were killed: up to the archive and the
// library in it. It runs with the lock held, so that nobody works there. What
// can't be removed is left for the next time.
func sweep(cacheDir string) {
	left, _ := filepath.Glob(filepath.Join(cacheDir, workPrefix+"*"))
	for _, dir := range left {
		if fi, err := os.Lstat(dir); err == nil && fi.IsDir() { // the lock has a like name
			_ = os.RemoveAll(dir)
		}
	}
}

// sweepUnused sweeps unless somebody is fetching.
func sweepUnused(cacheDir string) {
	if left, _ := filepath.Glob(filepath.Join(cacheDir, workPrefix+"*")); len(left) == 0 {
		return
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	lock, err := lockFile(now, filepath.Join(cacheDir, "fetch.lock"), nil)
	if err != nil {
		return
	}
	defer lock.Close()
	sweep(cacheDir)
}

// fetch runs with the lock held.
func fetch(ctx context.Context, cacheDir string, r release, say *progress) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", unavailable("fetching it needs the npm client, which is not on the PATH")
	}
	tmp, err := os.MkdirTemp(cacheDir, workPrefix)
	if err != nil {
		return "", unavailable("%w", err)
	}
	defer os.RemoveAll(tmp)
	if r.untried() {
		say.line(fmt.Sprintf("%s has never been tried by us and has no pinned checksum: npm's own integrity check is all there is", r.name))
	}
	say.line(fmt.Sprintf("fetching ClickHouse, once, with npm: %s@%s (%s)", r.name, version, megabytes(r.archiveSize)))
	archive, err := npmPack(ctx, npm, tmp, r, say)
	if err != nil {
		return "", err
	}
	say.line("checking and unpacking it")
	if err := verifyFile(archive, r.archiveSHA256); err != nil {
		return "", unavailable("the download is not the pinned one: %w", err)
	}
	unpacked := filepath.Join(tmp, "libchdb.so")
	if err := unpackLibrary(ctx, archive, unpacked, r.librarySHA256); err != nil {
		return "", unavailable("unpacking %s: %w", filepath.Base(archive), err)
	}
	final := libraryPath(cacheDir)
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return "", unavailable("%w", err)
	}
	// The rename is what makes it visible: a file at this path is whole.
	if err := os.Rename(unpacked, final); err != nil {
		return "", unavailable("%w", err)
	}
	say.line("engine ready: " + final)
	return final, nil
}

// npmPack downloads the package into dir and returns the archive's path. npm
// keeps its cache there too, not at home: a service has none that it may write
// to, and nobody needs the 178 MB twice.
func npmPack(ctx context.Context, npm, dir string, r release, say *progress) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	npmCache := filepath.Join(dir, "npm")
	var out bytes.Buffer
	// Not --silent: it keeps errors to itself, too.
	cmd := exec.CommandContext(ctx, npm, "pack", "--loglevel=error", "--ignore-scripts",
		"--cache", npmCache, "--logs-max=0", "--update-notifier=false", r.name+"@"+version)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second
	// npm must not go on filling the directory when we are killed. The kernel
	// watches the thread that starts it, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = dieWithParent()
	if err := cmd.Start(); err != nil {
		return "", unavailable("starting npm: %w", err)
	}
	stop := say.watch(r.archiveSize, func() int64 {
		// npm writes to its own cache first and copies the whole afterwards.
		cached := dirSize(npmCache)
		return max(cached, dirSize(dir)-cached)
	})
	err := cmd.Wait()
	stop()
	if err != nil {
		return "", unavailable("npm could not fetch %s@%s: %w: %s", r.name, version, err, lastLines(out.String(), 3))
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if len(found) != 1 {
		return "", unavailable("npm left %d archives instead of one: %s", len(found), lastLines(out.String(), 3))
	}
	return found[0], nil
}

func dirSize(dir string) int64 {
	var n int64
	// Files come and go under us: what can't be read counts as nothing.
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // see above
		}
		if fi, err := d.Info(); err == nil {
			n += fi.Size()
		}
		return nil
	})
	return n
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, " / ")
}
