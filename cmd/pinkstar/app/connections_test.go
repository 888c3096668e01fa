package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// house serves h behind at most limit connections.
func house(t *testing.T, limit int, h http.HandlerFunc) (*connections, string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := newConnections(inner, limit, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: attended(h), ConnContext: connContext, ConnState: connState, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return l, inner.Addr().String()
}

func dial(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// status reads one answer; 0: the connection was closed without.
func status(t *testing.T, c net.Conn) int {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("no answer")
	}
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// readBody answers 200 when the body is there, 408 when it does not come.
func readBody(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		w.WriteHeader(http.StatusRequestTimeout)
	}
}

// The one that has been idle longest makes room; one with a request under way
// never does.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	entered, hold := make(chan struct{}), make(chan struct{})
	l, addr := house(t, 3, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			entered <- struct{}{}
			<-hold
		}
	})
	busy := dial(t, addr, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	served := dial(t, addr, get)
	if code := status(t, served); code != 200 {
		t.Fatal(code)
	}
	fresh := dial(t, addr, "GET / HT") // a header that never ends
	// Wait until the server has taken it in.
	for end := time.Now().Add(patience); testutil.ToFloat64(l.count) < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not accepted")
		}
	}
	for i := range 5 {
		if code := status(t, dial(t, addr, get)); code != 200 {
			t.Fatalf("request %d: %d", i, code)
		}
	}
	if status(t, served) != 0 || status(t, fresh) != 0 {
		t.Error("idle connections were kept")
	}
	close(hold)
	if code := status(t, busy); code != 200 {
		t.Errorf("the one at work: %d", code)
	}
	if n := testutil.ToFloat64(l.evicted.WithLabelValues("request")); n < 2 {
		t.Errorf("%v counted", n)
	}
}

// When every connection waits for a body, the slowest is answered 408 and makes
// room.
func TestSlowBodiesMakeRoom(t *testing.T) {
	entered := make(chan struct{}, 100)
	l, addr := house(t, 4, func(w http.ResponseWriter, r *http.Request) { entered <- struct{}{}; readBody(w, r) })
	var slow []net.Conn
	for range 4 {
		slow = append(slow, dial(t, addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"))
		<-entered // until then it only waits for its request
	}
	if code := status(t, dial(t, addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")); code != 200 {
		t.Errorf("an honest request: %d", code)
	}
	if n := testutil.ToFloat64(l.evicted.WithLabelValues("body")); n != 1 {
		t.Errorf("%v bodies were cut off", n)
	}
	cut := 0
	for _, c := range slow {
		_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil && resp.StatusCode == http.StatusRequestTimeout {
			cut++
		}
	}
	if cut != 1 {
		t.Errorf("%d were told", cut)
	}
}

// A connection over the limit waits while all others are at work.
func TestConnectionsAreLimited(t *testing.T) {
	entered, hold := make(chan struct{}), make(chan struct{})
	_, addr := house(t, 2, func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-hold })
	a, b := dial(t, addr, get), dial(t, addr, get)
	<-entered
	<-entered
	third := dial(t, addr, get)
	select {
	case <-entered:
		t.Fatal("a third one was let in")
	case <-time.After(3 * look):
	}
	hold <- struct{}{}
	<-entered
	close(hold)
	for _, c := range []net.Conn{a, b, third} {
		if code := status(t, c); code != 200 {
			t.Errorf("%d", code)
		}
	}
}

func TestAFullHouseCloses(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := newConnections(inner, 1, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			c.(*conn).enter(working)
		}
	}()
	_, _ = dial(t, inner.Addr().String(), ""), dial(t, inner.Addr().String(), "")
	time.Sleep(2 * look)
	_ = l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// A sender that is refused sees why, though nobody wanted its body: for bodies of
// a known length, chunked ones, and for a client that reads only when it has
// written all.
func TestARefusalIsSeenThoughTheBodyIsNotRead(t *testing.T) {
	_, addr := house(t, 10, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprint(w, `{"detail":"too large"}`)
	})
	large := bytes.Repeat([]byte("x"), 20<<20)
	for _, framing := range []string{"length", "chunked"} {
		c := dial(t, addr, "")
		if framing == "length" {
			fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(large))
			if _, err := c.Write(large); err != nil {
				t.Errorf("%s: %v", framing, err)
			}
		} else {
			fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", len(large))
			if _, err := c.Write(large); err != nil {
				t.Errorf("%s: %v", framing, err)
			}
			_, _ = io.WriteString(c, "\r\n0\r\n\r\n")
		}
		if code := status(t, c); code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", framing, code)
		}
		// All was read: the connection is as good as new.
		_, _ = io.WriteString(c, get)
		if code := status(t, c); code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s, the next request: %d", framing, code)
		}
	}
}
