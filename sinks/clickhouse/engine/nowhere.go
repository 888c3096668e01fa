//go:build (linux || darwin) && !pinkstar_noengine

package engine

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// leaveDirectory sees to it that the child has no working directory while it
// serves. SQL's scalar function file() needs no grant, and in the engine as a
// library it takes any path of the machine; but it asks for the working directory
// first, and fails without one. The engine itself needs one before its last
// statement and after it: so that statement reads a pipe of ours instead of
// stdin, which tells when it has been reached, and is closed once we are back in
// a directory.
//
// It returns the arguments with the pipe in the place of stdin.
func leaveDirectory(args []string) ([]string, error) {
	home, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	args = slices.Clone(args)
	last := len(args) - 1
	args[last] = strings.ReplaceAll(args[last], stdinPath, fmt.Sprintf("/dev/fd/%d", r.Fd()))
	go func() {
		defer runtime.KeepAlive(r) // the engine opens it by its number
		// More than a pipe holds: it is written only when it is being read.
		if _, err := w.Write(bytes.Repeat([]byte("\n"), 256<<10)); err != nil {
			fail(err)
		}
		if err := os.Remove(home); err != nil {
			fail(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // until our parent wants us to go, or is gone
		if err := os.Chdir(filepath.Dir(home)); err != nil {
			fail(err)
		}
		_ = w.Close()
	}()
	return args, nil
}

// fail ends a child that can't do as it should.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "pinkstar engine:", err)
	os.Exit(70)
}
