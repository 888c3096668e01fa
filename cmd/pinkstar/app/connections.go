package app

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// connections is a listener that lets at most max connections be open, and when
// there are so many lets one go for the next: the one that has been waiting
// longest for a request, or else the body that comes in slowest. So neither idle
// connections nor slow bodies keep others out.
type connections struct {
	net.Listener

	max     int
	evicted *prometheus.CounterVec // by what it was doing
	count   prometheus.Gauge

	mu   sync.Mutex
	open map[*conn]bool
	// changed is closed, and made anew, when a connection has gone.
	changed chan struct{}
	done    chan struct{}
	once    sync.Once
}

func newConnections(l net.Listener, limit int, reg prometheus.Registerer) (*connections, error) {
	c := &connections{
		Listener: l, max: limit, open: map[*conn]bool{}, changed: make(chan struct{}), done: make(chan struct{}),
		evicted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinkstar_http_connections_evicted_total", Help: "Connections closed to make room at http.max_connections, by what they were waiting for.",
		}, []string{"waiting_for"}),
		count: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "pinkstar_http_connections", Help: "Open connections.",
		}),
	}
	return c, errors.Join(reg.Register(c.evicted), reg.Register(c.count))
}

// stage is what a connection is doing.
type stage int

const (
	forRequest stage = iota // idle, or its header or handshake is coming in
	forBody                 // a handler waits for more of the body
	working                 // a handler is at work
)

// conn is one connection; its fields but the first two are under the lock of
// connections.
type conn struct {
	net.Conn

	all   *connections
	stage stage
	since time.Time // when the stage, or the body, began
	got   int64     // bytes of the body
	cut   bool      // its body is not waited for any longer
}

// look is how often a full house is looked at again when nobody has left: a body
// that was young has become a slow one.
const look = 100 * time.Millisecond

// youth is how long a body is let be before it can be called slow.
const youth = time.Second

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, all: l}
	for {
		changed, ok := l.admit(c)
		if ok {
			return c, nil
		}
		select {
		case <-changed:
		case <-time.After(look):
		case <-l.done:
			_ = raw.Close()
			return nil, net.ErrClosed
		}
	}
}

// admit takes c in, after letting another one go when it must.
func (l *connections) admit(c *conn) (changed chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if len(l.open) >= l.max {
		l.makeRoom(now)
	}
	if len(l.open) >= l.max {
		return l.changed, false
	}
	c.since = now
	l.open[c] = true
	l.count.Set(float64(len(l.open)))
	return nil, true
}

// makeRoom lets one connection go. A slow body's handler is woken, so that it
// can still answer; its connection goes when it has.
func (l *connections) makeRoom(now time.Time) {
	var idle, slow *conn
	for c := range l.open {
		switch {
		case c.stage == forRequest && (idle == nil || c.since.Before(idle.since)):
			idle = c
		case c.stage == forBody && !c.cut && now.Sub(c.since) > youth && (slow == nil || c.rate(now) < slow.rate(now)):
			slow = c
		}
	}
	switch {
	case idle != nil:
		l.evicted.WithLabelValues("request").Inc()
		l.forget(idle)
		go func() { _ = idle.Conn.Close() }() // closing may linger
	case slow != nil:
		l.evicted.WithLabelValues("body").Inc()
		slow.cut = true
		_ = slow.Conn.SetReadDeadline(now.Add(-time.Second))
	}
}

func (c *conn) rate(now time.Time) float64 { return float64(c.got) / now.Sub(c.since).Seconds() }

// forget takes c out; the lock is held.
func (l *connections) forget(c *conn) {
	if !l.open[c] {
		return
	}
	delete(l.open, c)
	l.count.Set(float64(len(l.open)))
	close(l.changed)
	l.changed = make(chan struct{})
}

// Close implements net.Listener.
func (l *connections) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.all.mu.Lock()
	c.all.forget(c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// SetReadDeadline implements net.Conn; a body that was cut stays cut.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.cut {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.Conn.SetWriteDeadline(t), c.SetReadDeadline(t))
}

func (c *conn) enter(s stage) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.stage, c.since, c.got = s, time.Now(), 0
}

type connKey struct{}

// connContext is http.Server's ConnContext: handlers find their connection.
func connContext(ctx context.Context, nc net.Conn) context.Context {
	if c := ours(nc); c != nil {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

func ours(nc net.Conn) *conn {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	c, _ := nc.(*conn)
	return c
}

// connState is http.Server's ConnState. A connection waits for a request when
// its answer is out, which is later than the end of its handler.
func connState(nc net.Conn, s http.ConnState) {
	if c := ours(nc); c != nil && s == http.StateIdle {
		c.enter(forRequest)
	}
}

// body tells its connection when a handler waits for it.
type body struct {
	io.ReadCloser

	c     *conn
	since time.Time
	got   int64
	err   error // the last
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.since.IsZero() {
		b.since = time.Now()
	}
	b.turn(forBody)
	n, err := b.ReadCloser.Read(p)
	b.got, b.err = b.got+int64(n), err
	b.turn(working)
	return n, err
}

func (b *body) turn(s stage) {
	b.c.all.mu.Lock()
	b.c.stage, b.c.since, b.c.got = s, b.since, b.got
	b.c.all.mu.Unlock()
}

// A handler that refuses a request has often not read its body. A sender that
// is still at it would never see the answer: with bytes that nobody reads the
// kernel resets the connection. So they are read, up to these bounds.
const (
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second
)

// attended notes what the connection of each request is doing, and reads what a
// handler left of a body.
func attended(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*conn)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		c.enter(working)
		if r.ContentLength == 0 {
			h.ServeHTTP(w, r)
			return
		}
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex() // the answer goes out before the body is in; HTTP/1 always can
		b := &body{ReadCloser: r.Body, c: c}
		r.Body = b
		h.ServeHTTP(w, r)
		if b.err != nil || r.Header.Get("Expect") != "" { // at its end, or it does not come; or nobody has asked for it
			return
		}
		if control.Flush() == nil && control.SetReadDeadline(time.Now().Add(drainTime)) == nil {
			_, _ = io.CopyN(io.Discard, b, drainBytes)
		}
	})
}
