package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// failure is an error with what HTTP needs to tell it: RFC 9457's fields.
type failure struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
}

func (f *failure) Error() string { return f.Title + ": " + f.Detail }

func problem(status int, title, format string, args ...any) *failure {
	return &failure{Title: title, Status: status, Detail: fmt.Sprintf(format, args...)}
}

func badField(field, format string, args ...any) *failure {
	f := problem(http.StatusBadRequest, "bad request", format, args...)
	f.Field, f.Detail = field, field+": "+f.Detail
	return f
}

func wrongMethod(allowed []string) func(*API, http.ResponseWriter, *http.Request) error {
	list := strings.Join(allowed, ", ")
	return func(_ *API, w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", list)
		return problem(http.StatusMethodNotAllowed, "method not allowed", "%s is not served here; allowed: %s", r.Method, list)
	}
}

func notFound(_ *API, _ http.ResponseWriter, r *http.Request) error {
	return problem(http.StatusNotFound, "not found", "there is nothing at %s; the API is described at /api/v1/openapi.yaml", r.URL.Path)
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var f *failure
	if !errors.As(err, &f) {
		if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
			return // the caller has gone
		}
		a.log.Error().Err(err).Str("path", r.URL.Path).Msg("request failed")
		f = problem(http.StatusInternalServerError, "internal error", "the log of this instance says more")
	}
	if f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(f.Status)
	a.write(w, f)
}

func (a *API) answer(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	a.write(w, v)
	return nil
}

// write sends v. Once the status line is out an error can only mean that the
// caller has gone.
func (a *API) write(w http.ResponseWriter, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		a.log.Debug().Err(err).Msg("answer not delivered")
	}
}

// recorder remembers the status code for the metrics.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func codeText(code int) string { return strconv.Itoa(code) }
