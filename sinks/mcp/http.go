package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pinkstar/schemas"
)

// maxRequest bounds what a request may bring, in bytes.
const maxRequest = 256 << 10

// Handler serves assistants over HTTP. Each request asks api with the credentials
// that it came with itself. Whoever mounts it checks the Host of requests, as for
// everything else at that address: the SDK's own check knows no names but localhost.
func Handler(version string, api http.Handler, act bool) http.Handler {
	return mcp.NewStreamableHTTPHandler(func(r *http.Request) *mcp.Server {
		return New(version, &inside{api, r}, act)
	}, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxRequest, DisableLocalhostProtection: true})
}

// inside asks an API of the same process as whoever sent r.
type inside struct {
	api http.Handler
	r   *http.Request
}

// Get implements Asker.
func (i *inside) Get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return i.do(ctx, http.MethodGet, path, nil, into)
}

// Post implements Asker.
func (i *inside) Post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return i.do(ctx, http.MethodPost, path, text, into)
}

func (i *inside) do(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = i.r.Header.Clone() // who it is; also by a proxy's headers
	req.Header.Set("Content-Type", schemas.ContentTypeJSON)
	req.Header.Del("Idempotency-Key")
	req.Host, req.RemoteAddr, req.TLS = i.r.Host, i.r.RemoteAddr, i.r.TLS
	w := &kept{header: http.Header{}, code: http.StatusOK}
	if err := serve(i.api, w, req); err != nil {
		return err
	}
	if w.code < 200 || w.code > 299 {
		var p struct{ Title, Detail string }
		if json.Unmarshal(w.body.Bytes(), &p) == nil && p.Detail != "" {
			return fmt.Errorf("%s: %s", p.Title, p.Detail)
		}
		return fmt.Errorf("answered %d", w.code)
	}
	if w.body.Len() == 0 {
		return errors.New("there was no answer")
	}
	return json.Unmarshal(w.body.Bytes(), into)
}

// serve is what an HTTP server does with a handler that panics, which the SDK's does
// not: this request alone fails.
func serve(api http.Handler, w http.ResponseWriter, req *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("answering %s %s failed: %v", req.Method, req.URL.Path, p)
		}
	}()
	api.ServeHTTP(w, req)
	return nil
}

// kept is an answer that stays in memory: the API bounds it.
type kept struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(code int)        { k.code = code }
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }
