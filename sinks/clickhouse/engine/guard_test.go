package engine

import (
	"errors"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// rude connects to addr, sends first and resets the connection.
func rude(t *testing.T, addr string, first []byte) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(first); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	_ = c.(*net.TCPConn).SetLinger(0)
}

// TestGuardKeepsTheEngineAlive does what kills an unguarded engine. That each
// of these does kill it is what the second half shows: without it this test
// would pass for an engine that needs no guard.
func TestGuardKeepsTheEngineAlive(t *testing.T) {
	s := start(t, Options{})
	garbage := []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	hello := greetingOf(s)
	for range 3 {
		rude(t, s.Native, garbage)
		rude(t, s.Native, hello)
		rude(t, s.Native, hello[:len(hello)-3])
		rude(t, s.Native, nil)
		rude(t, s.HTTP, garbage)
		rude(t, s.HTTP, []byte("GET /ping HTTP/1.1\r\n"))
		rude(t, s.HTTP, []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc"))
		rude(t, s.HTTP, []byte("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"))
	}
	for _, a := range []clickhouse.Auth{{Username: s.User, Password: "wrong"}, {Username: "default"}, {Username: s.User, Password: s.Password, Database: "nope"}} {
		c, err := clickhouse.Open(&clickhouse.Options{Addr: []string{s.Native}, Auth: a})
		if err != nil {
			t.Fatal(err)
		}
		var ex *clickhouse.Exception
		if err := c.Ping(t.Context()); !errors.As(err, &ex) || (ex.Code != 516 && ex.Code != 81) {
			t.Errorf("%+v: %v", a, err)
		}
		_ = c.Close()
	}
	time.Sleep(300 * time.Millisecond)
	if n := s.Restarts(); n != 0 || s.Ailing() != nil {
		t.Fatalf("the engine died %d times behind its guard: %v", n, s.Ailing())
	}
	for i, harm := range []struct {
		addr  func(*child) string
		first []byte
	}{{innerNative, garbage}, {innerNative, hello}, {innerHTTP, garbage}} {
		rude(t, harm.addr(s.present()), harm.first)
		eventually(t, "the unguarded engine's death and return", func() bool { return s.Restarts() == i+1 })
	}
}

func innerNative(c *child) string { return c.native }

func innerHTTP(c *child) string { return c.http }

func greetingOf(s *Server) []byte {
	b := []byte{0}
	text := func(v string) { b = append(append(b, byte(len(v))), v...) }
	text("rude")
	b = append(b, 1, 0, 0xb0, 0xa9, 0x03) // 1.0, revision 54448
	text(s.Database)
	text(s.User)
	text(s.Password)
	return b
}

func TestHTTPAndOutsideClient(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl")
	}
	s := start(t, Options{})
	out, err := exec.Command(curl, "-s", "-m", "5", "-u", s.User+":"+s.Password, "http://"+s.HTTP+"/?query=SELECT+6*7").CombinedOutput()
	if err != nil || string(out) != "42\n" {
		t.Errorf("curl: %q, %v", out, err)
	}
}
