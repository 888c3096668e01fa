package engine

import (
	"bufio"
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// guard stands before the engine's native listener. The engine as a library
// aborts its whole process when a native connection fails outside a query: a
// wrong password, an unknown database, bytes that are not its protocol, or a
// reset of an idle connection. The guard lets only well-formed greetings of known
// users through, answers the others itself, and ends every connection
// towards the engine in good order, however the client's end went.
type guard struct {
	l        net.Listener
	dial     func(context.Context) (net.Conn, error)
	accounts []account
	database string

	conns sync.WaitGroup
	slots chan struct{}
}

const (
	guardConns     = 256              // connections at once
	guardHello     = 10 * time.Second // for a client to greet
	guardDrain     = 10 * time.Second // for the engine to end what a lost client began
	guardNameBytes = 4096             // per text of a greeting
)

func newGuard(l net.Listener, accounts []account, database string, dial func(context.Context) (net.Conn, error)) *guard {
	return &guard{l: l, dial: dial, accounts: accounts, database: database, slots: make(chan struct{}, guardConns)}
}

// serve accepts until the listener closes or ctx ends, and returns when every
// connection has ended.
func (g *guard) serve(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = g.l.Close() })
	defer stop()
	defer g.conns.Wait()
	for {
		c, err := g.l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(10 * time.Millisecond) // out of descriptors, say: it passes
			continue
		}
		select {
		case g.slots <- struct{}{}:
		default:
			_ = c.Close()
			continue
		}
		g.conns.Go(func() {
			defer func() { <-g.slots }()
			g.handle(ctx, c.(*net.TCPConn)) //nolint:forcetypeassert // a TCP listener accepts nothing else
		})
	}
}

func (g *guard) handle(ctx context.Context, client *net.TCPConn) {
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	defer func() { _ = client.Close() }()
	_ = client.SetDeadline(time.Now().Add(guardHello))
	r := bufio.NewReaderSize(client, guardNameBytes)
	greeting, h, err := readHello(r)
	if err != nil {
		refuse(client, 101, "not a greeting of ClickHouse's native protocol: "+err.Error())
		return
	}
	if code, text := g.check(h); code != 0 {
		refuse(client, code, text)
		return
	}
	engine, err := g.dial(ctx)
	if err != nil {
		refuse(client, 210, "the engine is not there: "+err.Error())
		return
	}
	_ = client.SetDeadline(time.Time{})
	rest, _ := r.Peek(r.Buffered())
	g.pipe(client, engine.(*net.TCPConn), append(greeting, rest...)) //nolint:forcetypeassert // dialled over TCP
}

// check returns the error that a greeting earns, or 0.
func (g *guard) check(h hello) (code int32, text string) {
	if !g.knows(h.user, h.password) {
		return 516, h.user + ": Authentication failed: password is incorrect, or there is no user with such name."
	}
	switch h.database {
	case "", g.database, "default", "system":
		return 0, ""
	}
	return 81, "Database " + h.database + " does not exist"
}

// knows looks at every account, so that the time taken tells nothing. Without a
// password nobody comes in.
func (g *guard) knows(user, password string) bool {
	found := 0
	for _, a := range g.accounts {
		ok := subtle.ConstantTimeCompare([]byte(user), []byte(a.name)) & subtle.ConstantTimeCompare([]byte(password), []byte(a.password))
		if a.password != "" {
			found |= ok
		}
	}
	return found == 1
}

// pipe copies both ways until both ends have finished.
func (g *guard) pipe(client, engine *net.TCPConn, first []byte) {
	defer func() { _ = engine.Close() }()
	if _, err := engine.Write(first); err != nil {
		return
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, err := io.Copy(client, engine)
		_ = client.CloseWrite()
		if err != nil {
			// The client has gone while the engine still talks: hear it out,
			// since closing under it would reset its connection.
			_ = engine.SetReadDeadline(time.Now().Add(guardDrain))
			_, _ = io.Copy(io.Discard, engine)
		}
	}()
	// However the client ended, the engine sees an orderly end of input.
	_, _ = io.Copy(engine, client)
	_ = engine.CloseWrite()
	_ = engine.SetReadDeadline(time.Now().Add(guardDrain))
	<-answered
}

// hello is what the guard looks at in a client's greeting.
type hello struct{ database, user, password string }

// readHello reads a greeting and returns its bytes as well.
func readHello(r *bufio.Reader) (raw []byte, h hello, err error) {
	number := func() (n uint64) {
		if err != nil {
			return 0
		}
		if n, err = binary.ReadUvarint(r); err == nil {
			raw = binary.AppendUvarint(raw, n)
		}
		return n
	}
	text := func() string {
		n := number()
		if err == nil && n > guardNameBytes {
			err = fmt.Errorf("a name of %d bytes", n)
		}
		if err != nil {
			return ""
		}
		b := make([]byte, n)
		_, err = io.ReadFull(r, b)
		raw = append(raw, b...)
		return string(b)
	}
	if kind := number(); err == nil && kind != 0 {
		err = fmt.Errorf("packet %d comes first", kind)
	}
	text()   // client name
	number() // its version, major
	number() // and minor
	number() // protocol revision
	h.database, h.user, h.password = text(), text(), text()
	return raw, h, err
}

// refuse answers as the server would and hangs up.
func refuse(c net.Conn, code int32, text string) {
	b := binary.AppendUvarint(nil, 2) // exception
	b = binary.LittleEndian.AppendUint32(b, uint32(code))
	for _, s := range []string{"DB::Exception", "DB::Exception: " + text, ""} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, 0) // no nested one
	_, _ = c.Write(b)
}
