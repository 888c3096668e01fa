package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"pinkstar/sinks/clickhouse/engine"
)

// Exit codes; see doc.go.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFound       = 3
	exitConflict    = 4
	exitInterrupted = 130
)

func main() {
	engine.MaybeChild()
	ctx, stop := interruptible()
	code := run(ctx, os.Args[1:], world{os.Stdin, os.Stdout, os.Stderr, os.Getenv})
	stop()
	os.Exit(code)
}

// world is what a command sees of the outside.
type world struct {
	in     io.Reader
	out    io.Writer
	err    *os.File
	getenv func(string) string
}

// interruptible returns a context that the first signal ends; the second one
// ends the process.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			fmt.Fprintln(os.Stderr, "pinkstar: stopped at once; nothing acknowledged is lost, the next start takes a little longer")
			os.Exit(exitInterrupted)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// usageError is a mistake in the command line or the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// conflictError says that what was ordered does not go with how things stand.
type conflictError struct{ error }

func (e conflictError) Unwrap() error { return e.error }

// errFound says that a check did its work and found something; it has been
// printed already.
var errFound = errors.New("the check found something")

// run runs one command and returns the exit code.
func run(ctx context.Context, args []string, w world) int {
	err := dispatch(ctx, args, w)
	var usage usageError
	var conflict conflictError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFound):
		return exitFound
	case errors.As(err, &usage):
		fmt.Fprintf(w.err, "pinkstar: %v\n", err)
		return exitUsage
	case errors.As(err, &conflict):
		fmt.Fprintf(w.err, "pinkstar: %v\n", err)
		return exitConflict
	default:
		fmt.Fprintf(w.err, "pinkstar: %v\n", err)
		return exitFailed
	}
}
