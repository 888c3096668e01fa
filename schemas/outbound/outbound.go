// Package outbound is what the role notify and the targets in sinks/message say
// to each other: neither knows the other.
//
// # Non-obvious
//
//   - A target says of every failure which of three it is: the message has not
//     taken effect and may be tried again (RetryError), it never will
//     (RefusedError), or nobody knows (any other error). The last is what makes
//     doubles, so a target must not call an attempt retryable of which a byte may
//     have reached the other system's effect: a time-out or a broken connection
//     after the request was written is not a RetryError.
package outbound

import (
	"context"
	"fmt"
	"time"

	"pinkstar/schemas"
)

// Target brings effects to one outside system. It is safe for concurrent use,
// but is given the messages of one incident and one address one at a time, in
// their order.
type Target interface {
	// Takes reports whether it has something to do for e at all.
	Takes(e *schemas.Effect) bool
	// Deliver brings m to the other system and returns once that has it. A message
	// whose Key it brought before must have no second effect, as far as the other
	// system allows that to be known.
	Deliver(ctx context.Context, m *Message) (Receipt, error)
	// Find looks whether an attempt at m whose answer was lost took effect. One that
	// is idempotent in the other system answers NotFound: it is simply sent again.
	Find(ctx context.Context, m *Message) (Receipt, Finding, error)
	// Limit is how often it may be called for one address: at most burst calls at
	// once and every apart one more. every 0: as often as one likes.
	Limit() (every time.Duration, burst int)
}

// Message is an effect on its way to a target.
type Message struct {
	Key     string // the delivery's id
	Effect  *schemas.Effect
	Address string // what stands after the target's name and a colon, or ""
	Person  string // page: who is called
	// Thread is what earlier messages of this incident to this address left, the
	// later over the earlier; nil for the first.
	Thread schemas.Labels
	// TriedAt is when the latest attempt began, for Find; zero: this is the first.
	TriedAt time.Time
	Attempt int64 // from 1
}

// Receipt is what a message that was taken left in the other system.
type Receipt struct {
	Ref    string         // what the other system calls it, for people
	URL    string         // for people
	Thread schemas.Labels // what later messages of the incident need; replaces values of the same names
}

// Finding is what a search for a lost attempt came to.
type Finding int

// The findings.
const (
	NotYet   Finding = iota // it can't be told so far: look again later
	Found                   // it took effect
	NotFound                // it did not: try again
)

// RetryError says that a message has not taken effect and may be tried again.
type RetryError struct {
	Err   error
	After time.Duration // not before; 0: the caller chooses
}

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// Retryf returns a RetryError.
func Retryf(after time.Duration, format string, args ...any) error {
	return &RetryError{Err: fmt.Errorf(format, args...), After: after}
}

// RefusedError says that a message will never be taken: a wrong address, a
// missing right, a content that the other system does not allow.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// Refusedf returns a RefusedError.
func Refusedf(format string, args ...any) error {
	return &RefusedError{Err: fmt.Errorf(format, args...)}
}
