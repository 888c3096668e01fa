package ingest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pinkstar/schemas/jsonscan"
)

// RefusedError says why one element of a payload, or the whole of it, was not
// taken.
type RefusedError struct {
	Index  int    // position within the payload from 0; -1: the whole payload
	Path   string // alerts[3].startsAt; may be empty
	Offset int    // byte in the payload from 0; -1: not known
	Raw    string // the element as it was sent; "" where the whole payload is refused
	Err    error
}

// Error returns "path: why at byte n".
func (e *RefusedError) Error() string {
	s := e.Err.Error()
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Offset >= 0 {
		s += " at byte " + strconv.Itoa(e.Offset)
	}
	return s
}

// Unwrap returns the reason without the place.
func (e *RefusedError) Unwrap() error { return e.Err }

// Refusals is the error of a translation: every element that was not taken, in
// the order of the payload. The signals returned beside it are good.
type Refusals []*RefusedError

// whole says that nothing of the payload can be used.
func (rs Refusals) whole() bool { return len(rs) > 0 && rs[0].Index < 0 }

// Error joins the reasons, at most three of them.
func (rs Refusals) Error() string {
	var b strings.Builder
	for i, r := range rs {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", len(rs)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(r.Error())
	}
	return b.String()
}

// Unwrap returns every refusal.
func (rs Refusals) Unwrap() []error {
	errs := make([]error, len(rs))
	for i, r := range rs {
		errs[i] = r
	}
	return errs
}

// Positions returns, for each of n signals that came with err, its position
// within the payload: the positions that err does not refuse, in order.
func Positions(n int, err error) []int {
	refused := map[int]bool{}
	if rs, ok := errors.AsType[Refusals](err); ok {
		for _, r := range rs {
			refused[r.Index] = true
		}
	}
	out := make([]int, 0, n)
	for i := 0; len(out) < n; i++ {
		if !refused[i] {
			out = append(out, i)
		}
	}
	return out
}

// refusal moves what jsonscan knows of the place into a RefusedError.
func refusal(index int, err error) *RefusedError {
	if e, ok := errors.AsType[*jsonscan.Error](err); ok {
		return &RefusedError{Index: index, Path: e.Path, Offset: e.Offset, Err: e.Err}
	}
	return &RefusedError{Index: index, Offset: -1, Err: err}
}

// ErrLimit is in the chain of a refusal that a limit caused.
var ErrLimit = errors.New("over the limit")
