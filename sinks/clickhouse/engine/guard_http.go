package engine

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// httpGuard stands before the engine's HTTP listener, for the same reason as
// guard: half a request line, or a reset inside the headers, aborts the engine.
// Go's server reads the requests; only whole ones are passed on. Who may do
// what stays the engine's decision: over HTTP it refuses without harm.
func httpGuard(inner string) *http.Server {
	to := &url.URL{Scheme: "http", Host: inner}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1, // results are streamed as they come
		ErrorLog:      log.New(io.Discard, "", 0),
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     5 * time.Second, // the engine keeps them for 10 s
			DisableCompression:  true,            // what the client asked for passes through
		},
	}
	return &http.Server{
		Handler:           http.MaxBytesHandler(proxy, maxHTTPBody),
		ReadHeaderTimeout: guardHello,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 20, // a query may be in the address
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// maxHTTPBody bounds one request over HTTP: an insert by hand.
const maxHTTPBody = 4 << 30

// serveHTTP serves l until ctx ends.
func serveHTTP(ctx context.Context, l net.Listener, inner string) {
	srv := httpGuard(inner)
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		_ = l.Close()
	}
}
