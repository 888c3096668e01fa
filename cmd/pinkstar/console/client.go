package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pinkstar/schemas"
)

// Client asks a running installation, and gives it commands.
type Client struct {
	Base  string // http://host:port
	Token string // "": none is sent
	// By is who gives a command, where nobody has to say who they are by a token.
	By string
	// Wait is how long a command may take to be carried out before that is said.
	Wait time.Duration
}

// askTimeout bounds what an installation may take to answer.
const askTimeout = time.Minute

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 64 << 20

// RefusedError is an answer that is none: who was asked can't or won't.
type RefusedError struct {
	Status int    // of HTTP
	Detail string // for people
	Field  string // at fault, if it is one
}

// Error implements error.
func (e *RefusedError) Error() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "it asks who you are: " + e.Detail
	case e.Field != "":
		return e.Field + ": " + e.Detail
	}
	return e.Detail
}

// Conflict reports whether what was ordered does not go with how things stand:
// the same order may be right another time.
func Conflict(err error) bool {
	e, ok := errors.AsType[*RefusedError](err)
	return ok && e.Status == http.StatusConflict
}

var plain = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Get asks for path and reads the answer into what into points at.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.do(ctx, http.MethodGet, path, nil, into)
}

// Post sends body as JSON and reads the answer into what into points at.
func (c *Client) Post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, text, into)
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", schemas.ContentTypeJSON)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := plain.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.Base, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return refusal(resp, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s%s: this is no answer of a pinkstar: %w", c.Base, path, err)
	}
	return nil
}

func refusal(resp *http.Response, answer []byte) error {
	var p struct{ Detail, Field string }
	if json.Unmarshal(answer, &p) == nil && p.Detail != "" {
		return &RefusedError{resp.StatusCode, OneLine(p.Detail, 2000), p.Field}
	}
	if to := resp.Header.Get("Location"); to != "" {
		return &RefusedError{Status: resp.StatusCode, Detail: "it leads to " + OneLine(to, 200) + ": give that address with --api, if it is right"}
	}
	return &RefusedError{Status: resp.StatusCode, Detail: "answered " + resp.Status + " " + OneLine(strings.TrimSpace(string(answer)), 200)}
}
