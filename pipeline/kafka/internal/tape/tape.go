// Package tape records every file operation of an embedded broker, and builds
// its directory as it was after any number of them: a crash at write N, for
// every N, without chance. It is for tests.
//
// # Non-obvious
//
//   - kfake can be given a file system, but only its own tests can do so. The
//     linkname below reaches that option; fs and file must be what kfake's
//     interfaces of the same names are. If kfake moves, this package does not
//     link, and the pinned version must be looked at anyway.
//   - The broker handles requests and files in one goroutine, so the order of
//     operations is the order of what it promised.
package tape

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	_ "unsafe" // for linkname

	"github.com/twmb/franz-go/pkg/kfake"
)

type fs interface {
	OpenFile(name string, flag int, perm os.FileMode) (file, error)
	Rename(oldpath, newpath string) error
	Remove(name string) error
	RemoveAll(path string) error
	MkdirAll(path string, perm os.FileMode) error
	ReadDir(name string) ([]os.DirEntry, error)
	ReadFile(name string) ([]byte, error)
	Stat(name string) (os.FileInfo, error)
}

type file interface {
	io.Writer
	io.Reader
	io.Closer
	Seek(offset int64, whence int) (int64, error)
	Truncate(size int64) error
	Sync() error
}

//go:linkname withFS github.com/twmb/franz-go/pkg/kfake.withFS
func withFS(f fs) kfake.Opt

// op is one operation that changes something.
type op struct {
	do   string // open, write, truncate, rename, remove, removeall, mkdir
	path string
	to   string
	flag int
	size int64
	data []byte
}

// Tape is the recording.
type Tape struct {
	root string
	mu   sync.Mutex
	ops  []op
}

// New returns a tape for a broker whose directory is root.
func New(root string) *Tape {
	t := &Tape{root: root}
	if root == "" {
		live(t)
	}
	return t
}

// live calls every method by the interfaces above. The linker drops methods
// that no interface it sees can call, and it does not see that kfake's
// interfaces are ours.
func live(f fs) {
	x, _ := f.OpenFile("", 0, 0)
	_, _ = x.Write(nil)
	_, _ = x.Read(nil)
	_, _ = x.Seek(0, 0)
	_, _, _ = x.Truncate(0), x.Sync(), x.Close()
	_, _, _, _ = f.Rename("", ""), f.Remove(""), f.RemoveAll(""), f.MkdirAll("", 0)
	_, _ = f.ReadDir("")
	_, _ = f.ReadFile("")
	_, _ = f.Stat("")
}

// Option makes a broker write through the tape.
func (t *Tape) Option() kfake.Opt { return withFS(t) }

// Len returns how many operations there were.
func (t *Tape) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.ops)
}

// Torn reports whether operation n can be cut in its middle.
func (t *Tape) Torn(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return n < len(t.ops) && t.ops[n].do == "write" && len(t.ops[n].data) > 1
}

func (t *Tape) add(o op) {
	o.path, o.to = t.relative(o.path), t.relative(o.to)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ops = append(t.ops, o)
}

func (t *Tape) relative(path string) string {
	if path == "" {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(path, t.root), "/")
}

// Build makes dir what root was after the first n operations, and half of the
// next when torn is set.
func (t *Tape) Build(dir string, n int, torn bool) error {
	t.mu.Lock()
	ops := t.ops[:min(n+1, len(t.ops))]
	t.mu.Unlock()
	for i, o := range ops {
		if i == n {
			if !torn {
				break
			}
			o.data = o.data[:len(o.data)/2]
		}
		if err := o.apply(dir); err != nil {
			return err
		}
	}
	return nil
}

func (o op) apply(dir string) error {
	path := filepath.Join(dir, o.path)
	switch o.do {
	case "open":
		f, err := os.OpenFile(path, o.flag, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	case "write": // the broker only ever appends, or writes a new file
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(o.data)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		return err
	case "truncate":
		return os.Truncate(path, o.size)
	case "rename":
		return os.Rename(path, filepath.Join(dir, o.to))
	case "remove":
		return os.Remove(path)
	case "removeall":
		return os.RemoveAll(path)
	default:
		return os.MkdirAll(path, 0o755)
	}
}

// OpenFile implements kfake's fs.
func (t *Tape) OpenFile(name string, flag int, perm os.FileMode) (file, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		t.add(op{do: "open", path: name, flag: flag})
	}
	return &recorded{File: f, tape: t, name: name}, nil
}

// Rename implements kfake's fs.
func (t *Tape) Rename(a, b string) error {
	err := os.Rename(a, b)
	if err == nil {
		t.add(op{do: "rename", path: a, to: b})
	}
	return err
}

// Remove implements kfake's fs.
func (t *Tape) Remove(name string) error {
	err := os.Remove(name)
	if err == nil {
		t.add(op{do: "remove", path: name})
	}
	return err
}

// RemoveAll implements kfake's fs.
func (t *Tape) RemoveAll(path string) error {
	err := os.RemoveAll(path)
	if err == nil {
		t.add(op{do: "removeall", path: path})
	}
	return err
}

// MkdirAll implements kfake's fs.
func (t *Tape) MkdirAll(path string, perm os.FileMode) error {
	t.add(op{do: "mkdir", path: path})
	return os.MkdirAll(path, perm)
}

// ReadDir implements kfake's fs.
func (t *Tape) ReadDir(name string) ([]os.DirEntry, error) { return os.ReadDir(name) }

// ReadFile implements kfake's fs.
func (t *Tape) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// Stat implements kfake's fs.
func (t *Tape) Stat(name string) (os.FileInfo, error) { return os.Stat(name) }

type recorded struct {
	*os.File
	tape *Tape
	name string
}

func (r *recorded) Write(b []byte) (int, error) {
	n, err := r.File.Write(b)
	r.tape.add(op{do: "write", path: r.name, data: append([]byte(nil), b[:n]...)})
	return n, err
}

func (r *recorded) Truncate(size int64) error {
	r.tape.add(op{do: "truncate", path: r.name, size: size})
	return r.File.Truncate(size)
}
