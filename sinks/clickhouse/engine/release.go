package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// version is pinned: npm's "latest" tag is older and lacks the listeners.
const version = "26.7.3-stable.1"

// release is one published build of the engine.
type release struct {
	name          string // npm package
	archiveSHA256 string // of the package as npm delivers it; "" when it was never tried
	librarySHA256 string // of libchdb.so inside it
	archiveSize   int64
	librarySize   int64
}

// releases by GOOS/GOARCH. Those without checksums are named by the publisher
// but have never been run by us.
var releases = map[string]release{
	"linux/amd64": {
		name:          "@chdb/lib-linux-x64-gnu",
		archiveSHA256: "c0d32b129e988f2b9a9a31c9141aecf5e1e2453f9a079efc4d36ab8e3f92b2ad",
		librarySHA256: "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5",
		archiveSize:   177_817_999,
		librarySize:   566_330_096,
	},
	"linux/arm64":  {name: "@chdb/lib-linux-arm64-gnu"},
	"darwin/amd64": {name: "@chdb/lib-darwin-x64"},
	"darwin/arm64": {name: "@chdb/lib-darwin-arm64"},
}

// untried reports whether this build was never run by us and has no pinned
// checksum.
func (r release) untried() bool { return r.librarySHA256 == "" }

// ErrUnavailable is wrapped by errors that mean: there is no engine here, and
// it can't be had. The text says what else can be done.
var ErrUnavailable = errors.New("no embedded ClickHouse engine")

// alternatives ends every message about an engine that can't be had.
const alternatives = "instead, name a library with --libchdb PATH, put a clickhouse binary on the PATH, " +
	"or use a running server: pinkstar run --clickhouse DSN"

func unavailable(format string, args ...any) error {
	return fmt.Errorf("%w: %w; %s", ErrUnavailable, fmt.Errorf(format, args...), alternatives)
}

func currentRelease() (release, error) {
	r, ok := releases[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return release{}, unavailable("none is published for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	return r, nil
}

// CacheDir is where Fetch keeps the engine unless told otherwise.
func CacheDir() (string, error) {
	d, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache directory: %w", err)
	}
	return filepath.Join(d, "pinkstar", "engine"), nil
}

func libraryPath(cacheDir string) string {
	return filepath.Join(cacheDir, version+"-"+runtime.GOOS+"-"+runtime.GOARCH, "libchdb.so")
}

// Path returns where the fetched engine is, or an error wrapping
// ErrUnavailable when it has not been fetched. An empty cacheDir means
// CacheDir().
func Path(cacheDir string) (string, error) {
	r, err := currentRelease()
	if err != nil {
		return "", err
	}
	if cacheDir == "" {
		if cacheDir, err = CacheDir(); err != nil {
			return "", err
		}
	}
	p := libraryPath(cacheDir)
	fi, err := os.Stat(p)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: not fetched yet (pinkstar engine fetch does it)", ErrUnavailable)
	case r.librarySize != 0 && fi.Size() != r.librarySize:
		return "", fmt.Errorf("%w: %s has %d bytes instead of %d: remove it and fetch again", ErrUnavailable, p, fi.Size(), r.librarySize)
	}
	return p, nil
}
