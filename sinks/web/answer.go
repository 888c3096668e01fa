package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas/apierror"
)

func wrongMethod(allowed []string) func(*API, http.ResponseWriter, *http.Request) error {
	list := strings.Join(allowed, ", ")
	return func(_ *API, w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", list)
		return apierror.New(http.StatusMethodNotAllowed, "%s is not served here; allowed: %s", r.Method, list)
	}
}

func notFound(_ *API, _ http.ResponseWriter, r *http.Request) error {
	return apierror.New(http.StatusNotFound, "there is nothing at %s; the API is described at /api/v1/openapi.yaml", r.URL.Path)
}

// retryAfter is when to ask again for what this instance can't do just now.
const retryAfter = 2 * time.Second

func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var f *apierror.Error
	if !errors.As(err, &f) {
		if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
			return // the caller has gone
		}
		a.log.Error().Err(err).Str("path", r.URL.Path).Msg("request failed")
		f = apierror.New(http.StatusInternalServerError, "the log of this instance says more")
	}
	if f.Status == http.StatusServiceUnavailable {
		f.RetryAfter = retryAfter
	}
	if err := f.Write(w); err != nil {
		a.log.Debug().Err(err).Msg("refusal not delivered")
	}
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
	code  int
	begun bool // something has been written
}

func (r *recorder) WriteHeader(code int) {
	r.code, r.begun = code, true
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.begun = true
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func codeText(code int) string { return strconv.Itoa(code) }
