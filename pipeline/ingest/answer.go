package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
	"pinkstar/schemas/secret"
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
	for _, r := range rs {
		if r.Index < 0 && errors.Is(r, ErrLimit) {
			p.Status = http.StatusRequestEntityTooLarge
		}
	}
	p.Errors = rs.fields()
	p.Detail = "nothing of this request was taken: " + p.Detail
	return p
}

// fields are the first refusals as an answer lists them.
func (rs Refusals) fields() []apierror.FieldError {
	var out []apierror.FieldError
	for _, r := range rs[:min(len(rs), maxErrors)] {
		out = append(out, apierror.FieldError{Field: r.Path, Offset: r.Offset, Detail: r.Err.Error()})
	}
	return out
}

// maxDeadValue is how much of a refused element is kept.
const maxDeadValue = 64 << 10

// secretMember finds PagerDuty's routing key, which is nobody's business.
var secretMember = regexp.MustCompile(`("routing_key"\s*:\s*")(?:[^"\\]|\\.)*`)

// deadLetters are the refused elements of a request to path. Their ids come from
// what was sent, so that the sender's next try is the same.
func (rs Refusals) deadLetters(path string, at schemas.Time) []schemas.DeadLetter {
	out := make([]schemas.DeadLetter, len(rs))
	for i, r := range rs {
		raw := secretMember.ReplaceAllString(r.Raw, "${1}"+secret.Redacted)
		sum := sha256.Sum256([]byte(r.Raw))
		where := path + "#" + r.Path + "#" + hex.EncodeToString(sum[:])
		out[i] = schemas.DeadLetter{
			SignalID: schemas.RefusedID(where, -1, -1).String(), Topic: path, Partition: -1, Offset: -1, At: at, Stage: "gateway",
			Reason: r.Error(), Value: []byte(raw[:min(len(raw), maxDeadValue)]), Size: len(r.Raw),
		}
	}
	return out
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
