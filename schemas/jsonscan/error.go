package jsonscan

import (
	"errors"
	"strconv"
)

// Error says what was wrong, in which field, and at which byte of the text.
type Error struct {
	Path   string // alerts[3].startsAt; "" is the whole text
	Offset int    // from 0
	Err    error
}

// Error returns "path: what at byte n".
func (e *Error) Error() string {
	s := e.Err.Error() + " at byte " + strconv.Itoa(e.Offset)
	if e.Path == "" {
		return s
	}
	return e.Path + ": " + s
}

// Unwrap returns what was wrong, without the place.
func (e *Error) Unwrap() error { return e.Err }

// Within adds the name of a member, or "[3]" for an element, in front of the
// path of err. An error without a place gets offset.
func Within(err error, step string, offset int) error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Path: step, Offset: offset, Err: err}
	}
	switch {
	case e.Path == "":
		e.Path = step
	case e.Path[0] == '[':
		e.Path = step + e.Path
	default:
		e.Path = step + "." + e.Path
	}
	return e
}

func (r *Reader) errorf(at int, what string) error {
	return &Error{Offset: at, Err: errors.New(what)}
}

// want says that the next value is of the wrong type.
func (r *Reader) want(what string) error {
	r.space()
	found := "the end"
	switch r.Kind() {
	case Object:
		found = "an object"
	case Array:
		found = "an array"
	case String:
		found = "a string"
	case Number:
		found = "a number"
	case Bool:
		found = "a boolean"
	case Null:
		found = "null"
	default:
		if r.pos < len(r.text) {
			found = strconv.QuoteRune(rune(r.text[r.pos]))
		}
	}
	return r.errorf(r.pos, "want "+what+", found "+found)
}
