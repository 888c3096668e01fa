package feeds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas/outbound"
)

// fetcher asks one address again and again.
type fetcher struct {
	at       *Address
	client   *http.Client
	maxBytes int64

	etag, modified string
	body           []byte // of the latest good answer
}

func newFetcher(at *Address, cfg *Config) *fetcher {
	return &fetcher{at: at, maxBytes: cfg.MaxBytes, client: &http.Client{
		Transport: outbound.Transport(at.AllowPrivate), CheckRedirect: outbound.NoRedirect, Timeout: cfg.Timeout,
	}}
}

// laterError is a refusal that says when to come again.
type laterError struct {
	error
	after time.Duration
}

func (e laterError) Unwrap() error { return e.error }

// get returns the newest text. Where the other side says that it is the one that
// is known, that one is returned.
func (f *fetcher) get(ctx context.Context, accept string) ([]byte, error) {
	r, err := f.request(ctx, http.MethodGet, "", "")
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	if f.body != nil && f.etag != "" {
		r.Header.Set("If-None-Match", f.etag)
	}
	if f.body != nil && f.modified != "" {
		r.Header.Set("If-Modified-Since", f.modified)
	}
	a, err := f.do(r)
	if err != nil {
		return nil, err
	}
	if a.code == http.StatusNotModified && f.body != nil {
		return f.body, nil
	}
	if a.code != http.StatusOK {
		return nil, a.refusal()
	}
	f.etag, f.modified, f.body = a.header.Get("ETag"), a.header.Get("Last-Modified"), a.body
	return a.body, nil
}

// forget has the next answer be a whole one: this one could not be read.
func (f *fetcher) forget() { f.etag, f.modified = "", "" }

func (f *fetcher) request(ctx context.Context, method, path, body string) (*http.Request, error) {
	u, err := f.at.parsed()
	if err != nil {
		return nil, err
	}
	if path != "" {
		u = u.JoinPath(path)
	}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, outbound.WithoutURL(err)
	}
	r.Header.Set("User-Agent", "Pinkstar")
	switch {
	case !f.at.Bearer.IsZero():
		r.Header.Set("Authorization", "Bearer "+f.at.Bearer.Reveal())
	case f.at.User != "":
		r.SetBasicAuth(f.at.User, f.at.Password.Reveal())
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// answer is one that was read whole.
type answer struct {
	code   int
	status string
	header http.Header
	body   []byte
}

// do sends a request and reads the answer, within the limit.
func (f *fetcher) do(r *http.Request) (*answer, error) {
	resp, err := f.client.Do(r)
	if err != nil {
		return nil, outbound.WithoutURL(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, f.maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > f.maxBytes {
		return nil, fmt.Errorf("the answer has more than %d bytes (feeds.max_bytes)", f.maxBytes)
	}
	return &answer{resp.StatusCode, resp.Status, resp.Header, body}, nil
}

// refusal says why there is nothing to read.
func (a *answer) refusal() error {
	if a.code >= 300 && a.code < 400 && a.code != http.StatusNotModified {
		return fmt.Errorf("%s: it leads elsewhere, which is not followed; give the address it leads to, if it is right", a.status)
	}
	err := errors.New("it answers " + a.status)
	if n, bad := strconv.Atoi(a.header.Get("Retry-After")); bad == nil && n > 0 {
		return laterError{err, min(time.Duration(n)*time.Second, time.Hour)}
	}
	if at, bad := http.ParseTime(a.header.Get("Retry-After")); bad == nil {
		return laterError{err, max(0, min(time.Until(at), time.Hour))}
	}
	return err
}

// pauseAfter is how long to wait after the n-th failure in a row: longer each
// time, up to an hour, and as long as the other side asks.
func pauseAfter(err error, n int, every time.Duration) time.Duration {
	pause := min(every<<min(n-1, 10), time.Hour)
	if pause < every { // it grew out of its type
		pause = time.Hour
	}
	if later, ok := errors.AsType[laterError](err); ok {
		pause = max(pause, later.after)
	}
	return pause
}
