package message

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"pinkstar/schemas/outbound"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 1 << 20

// newClient returns a client that follows no redirect, and reaches private and
// loopback addresses only where that is allowed.
func newClient(private bool) *http.Client {
	return &http.Client{Transport: written{outbound.Transport(private)}, CheckRedirect: outbound.NoRedirect}
}

// written tells apart a request that failed before it was written from one that
// may have had its effect.
type written struct{ http.RoundTripper }

func (w written) RoundTrip(r *http.Request) (*http.Response, error) {
	var begun atomic.Bool
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() { begun.Store(true) },
	}))
	resp, err := w.RoundTripper.RoundTrip(r)
	switch {
	case err == nil:
		return resp, nil
	case errors.Is(err, outbound.ErrPrivate):
		return nil, &outbound.RefusedError{Err: outbound.ErrPrivate}
	case !begun.Load():
		return nil, &outbound.RetryError{Err: outbound.WithoutURL(err)}
	}
	return nil, outbound.WithoutURL(err)
}

// send sends a request whose effect a second one does not double: it may be
// tried again after any failure that is the other system's.
func send(c *http.Client, r *http.Request) error {
	resp, err := c.Do(r)
	if err != nil {
		if err = outbound.WithoutURL(err); !isVerdict(err) {
			return &outbound.RetryError{Err: err}
		}
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if bad := status(resp, body); bad != nil {
		return bad
	}
	if err != nil {
		return &outbound.RetryError{Err: err}
	}
	return nil
}

func isVerdict(err error) bool {
	_, retry := errors.AsType[*outbound.RetryError](err)
	_, refused := errors.AsType[*outbound.RefusedError](err)
	return retry || refused
}

// mending is how long a target is left alone whose answer a person has to mend.
const mending = time.Minute

// status judges an answer that is no success.
func status(resp *http.Response, body []byte) error {
	after := retryAfter(resp)
	said := fmt.Errorf("%s%s", resp.Status, excerpt(body))
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return &outbound.RetryError{Err: said, After: after}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return &outbound.RetryError{Err: fmt.Errorf("%w: the credentials are not taken; the message waits until they are", said), After: max(after, mending)}
	case code == http.StatusRequestTimeout, code >= 500:
		return &outbound.RetryError{Err: said, After: after}
	}
	return &outbound.RefusedError{Err: said}
}

// retryAfter reads the header of that name: seconds or a date.
func retryAfter(resp *http.Response) time.Duration {
	v := resp.Header.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return min(time.Duration(n)*time.Second, time.Hour)
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, min(time.Until(at), time.Hour))
	}
	return 0
}

// excerpt is the beginning of an answer, for an error.
func excerpt(body []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " ")
	if s == "" {
		return ""
	}
	return ": " + clip(s, 200)
}

func request(ctx context.Context, method, target string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(string(body)))
	if err != nil {
		return nil, &outbound.RefusedError{Err: outbound.WithoutURL(err)}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Pinkstar")
	return r, nil
}
