package ingest

import (
	"encoding/json"
	"errors"
	"net/http"

	"pinkstar/schemas/apierror"
)

// maxErrors bounds how many refused elements an answer lists.
const maxErrors = 20

// refusedBody turns the error of a translation into 400, or 413 for a limit.
func refusedBody(err error) *apierror.Error {
	p := &apierror.Error{Status: http.StatusBadRequest, Detail: err.Error()}
	var rs Refusals
	if !errors.As(err, &rs) {
		return p
	}
	for i, r := range rs {
		if r.Index < 0 && errors.Is(r, ErrLimit) {
			p.Status = http.StatusRequestEntityTooLarge
		}
		if i < maxErrors {
			p.Errors = append(p.Errors, apierror.FieldError{Field: r.Path, Offset: r.Offset, Detail: r.Err.Error()})
		}
	}
	p.Detail = "nothing of this request was taken: " + p.Detail
	return p
}

func (g *Gateway) refuse(w http.ResponseWriter, p *apierror.Error) {
	if p.Status == http.StatusServiceUnavailable {
		p.RetryAfter = g.cfg.RetryAfter
	}
	if err := p.Write(w); err != nil {
		g.log.Debug().Err(err).Msg("refusal not delivered")
	}
}

// answer sends v.
func (g *Gateway) answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	b, err := json.Marshal(v)
	if err != nil {
		panic("ingest: an answer that can't be written: " + err.Error()) // strings and numbers only
	}
	w.WriteHeader(status)
	if _, err := w.Write(append(b, '\n')); err != nil {
		g.log.Debug().Err(err).Msg("answer not delivered")
	}
}
