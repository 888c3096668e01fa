// Package apierror is an error over HTTP as RFC 9457 describes it: the one form
// in which the gateway and the API refuse a request.
//
// Non-obvious: the type is always about:blank, for which the RFC wants the
// status's own words as the title. What there is to say is in the detail: what,
// where, and what to do.
package apierror

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// ContentType is the media type of an answer that is an Error.
const ContentType = "application/problem+json"

// Error is a refusal. Type and Title are filled in when it is written.
type Error struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	Field  string       `json:"field,omitempty"`  // the parameter or field at fault, when it is one
	Errors []FieldError `json:"errors,omitempty"` // each element of the body that was refused

	Challenges []string      `json:"-"` // WWW-Authenticate, of a 401
	RetryAfter time.Duration `json:"-"` // when to ask again, whole seconds; 0: not said
}

// FieldError says which element of a body is wrong, and where.
type FieldError struct {
	Field  string `json:"field"`
	Offset int    `json:"offset"` // byte in the body, after decompression; -1: not known
	Detail string `json:"detail"`
}

// New returns an error with that status and a detail made as fmt.Sprintf does.
func New(status int, format string, args ...any) *Error {
	return &Error{Status: status, Detail: fmt.Sprintf(format, args...)}
}

// BadField returns a 400 that names the parameter or field at fault.
func BadField(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Field: field, Detail: field + ": " + fmt.Sprintf(format, args...)}
}

// Error returns the status in words and the detail.
func (e *Error) Error() string { return http.StatusText(e.Status) + ": " + e.Detail }

// Write sends the error as the whole answer. An error of it means that the
// caller has gone.
func (e *Error) Write(w http.ResponseWriter) error {
	out := *e
	out.Type, out.Title = "about:blank", http.StatusText(e.Status)
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	for _, c := range e.Challenges {
		h.Add("WWW-Authenticate", c)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter.Seconds()))))
	}
	w.WriteHeader(e.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(&out)
}
