package ingest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// problem is an error over HTTP, as RFC 9457 describes it.
type problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Errors []fieldError `json:"errors,omitempty"` // each element that was refused

	challenges []string // WWW-Authenticate
}

// fieldError says which field of the body is wrong, and where.
type fieldError struct {
	Field  string `json:"field"`
	Offset int    `json:"offset"` // byte in the body, after decompression; -1: not known
	Detail string `json:"detail"`
}

// maxErrors bounds how many refused elements an answer lists.
const maxErrors = 20

// refusedBody turns the error of a translation into 400, or 413 for a limit.
func refusedBody(err error) *problem {
	p := &problem{Status: http.StatusBadRequest, Detail: err.Error()}
	var rs Refusals
	if !errors.As(err, &rs) {
		return p
	}
	for i, r := range rs {
		if r.Index < 0 && errors.Is(r, ErrLimit) {
			p.Status = http.StatusRequestEntityTooLarge
		}
		if i < maxErrors {
			p.Errors = append(p.Errors, fieldError{Field: r.Path, Offset: r.Offset, Detail: r.Err.Error()})
		}
	}
	p.Detail = "nothing of this request was taken: " + p.Detail
	return p
}

func (g *Gateway) refuse(w http.ResponseWriter, p *problem) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	for _, c := range p.challenges {
		h.Add("WWW-Authenticate", c)
	}
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(max(1, int(g.cfg.RetryAfter.Seconds()))))
	}
	g.write(w, p.Status, p)
}

func (g *Gateway) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("ingest: an answer that can't be written: " + err.Error()) // strings and numbers only
	}
	w.WriteHeader(status)
	if _, err := w.Write(append(b, '\n')); err != nil {
		g.log.Debug().Err(err).Msg("answer not delivered")
	}
}
