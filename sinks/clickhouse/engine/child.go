//go:build (linux || darwin) && !pinkstar_noengine

package engine

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/ebitengine/purego"
)

// Embedded reports whether this binary can run the engine as a library. A
// fully static build leaves it out (build tag pinkstar_noengine), since loading
// a library needs the system's dynamic linker.
const Embedded = true

// childEnv names the library that the child loads; it is what makes a process
// a child.
const childEnv = "PINKSTAR_ENGINE_CHILD"

// MaybeChild turns the process into the engine when it was started as one, and
// then never returns. Call it before anything else in main and TestMain.
func MaybeChild() {
	lib := os.Getenv(childEnv)
	if lib == "" {
		return
	}
	// Ctrl-C reaches the whole terminal; the parent decides when we go.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err := runLibrary(lib, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "pinkstar engine:", err)
		os.Exit(70)
	}
	os.Exit(0)
}

// runLibrary runs the engine's command line in this process until its stdin
// closes.
func runLibrary(lib string, args []string) error {
	runtime.LockOSThread()
	h, err := purego.Dlopen(lib, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("loading %s: %w", lib, err)
	}
	if p, err := purego.Dlsym(h, "chdb_set_signal_handlers_enabled"); err == nil {
		// With the engine's handlers a nil dereference in Go hangs the process.
		var enable func(int32)
		purego.RegisterFunc(&enable, p)
		enable(0)
	}
	p, err := purego.Dlsym(h, "chdb_query_cmdline")
	if err != nil {
		return fmt.Errorf("%s is not a ClickHouse engine that we can start (version %s is): %w", lib, version, err)
	}
	home, err := os.Getwd()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Before the engine has threads, so that it has them all.
	if err := confine(filepath.Dir(home), lib, self); err != nil {
		return err
	}
	args, err = leaveDirectory(args)
	if err != nil {
		return err
	}
	argv := make([]*byte, 0, len(args)+1)
	for _, a := range args {
		b := append([]byte(a), 0)
		argv = append(argv, &b[0])
	}
	argv = append(argv, nil)
	var run func(argc int32, argv **byte) uintptr
	purego.RegisterFunc(&run, p)
	result := run(int32(len(args)), &argv[0])
	runtime.KeepAlive(argv)
	return resultError(h, result)
}

// resultError reads the engine's error text from what its command line
// returned.
func resultError(h, result uintptr) error {
	if result == 0 {
		return nil
	}
	p, err := purego.Dlsym(h, "chdb_result_error")
	if err != nil {
		return nil //nolint:nilerr // an engine without this function can't tell more
	}
	var text func(uintptr) string
	purego.RegisterFunc(&text, p)
	if s := text(result); s != "" {
		return fmt.Errorf("%s", s)
	}
	return nil
}
