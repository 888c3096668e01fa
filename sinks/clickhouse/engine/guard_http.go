package engine

import (
	"cmp"
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
func httpGuard(dial func(context.Context) (net.Conn, error)) *http.Server {
	to := &url.URL{Scheme: "http", Host: "engine"} // dial knows the way
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1, // results are streamed as they come
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "the engine does not answer: "+err.Error(), http.StatusBadGateway)
		},
		Transport: &http.Transport{
			DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     5 * time.Second, // the engine keeps them for 10 s
			DisableCompression:  true,            // what the client asked for passes through
		},
	}
	return &http.Server{
		Handler:           http.MaxBytesHandler(named(proxy), maxHTTPBody),
		ReadHeaderTimeout: guardHello,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 20, // a query may be in the address
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// named refuses requests that name no user, or the engine's own: neither has a
// way in, and the engine would say so less clearly.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		user = cmp.Or(user, r.Header.Get("X-Clickhouse-User"), r.URL.Query().Get("user"))
		if r.URL.Path != "/ping" && (user == "" || user == innerUser) {
			w.Header().Set("WWW-Authenticate", `Basic realm="ClickHouse"`)
			w.Header().Set("X-Clickhouse-Exception-Code", "516")
			http.Error(w, "Code: 516. DB::Exception: Authentication failed: name a user and a password (AUTHENTICATION_FAILED)", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// maxHTTPBody bounds one request over HTTP: an insert by hand.
const maxHTTPBody = 4 << 30

// serveHTTP serves l until ctx ends.
func serveHTTP(ctx context.Context, l net.Listener, dial func(context.Context) (net.Conn, error)) {
	srv := httpGuard(dial)
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		_ = l.Close()
	}
}
