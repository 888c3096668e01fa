package standin

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"time"
)

// Mail is a mail server that keeps what it gets.
type Mail struct {
	mu    sync.Mutex
	mails []Letter
	lose  int
}

// LoseAnswers has the next mails kept and the connection broken before the sender is
// told so.
func (m *Mail) LoseAnswers(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lose = n
}

// Came is how many mails came, those that came again too.
func (m *Mail) Came() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.mails)
}

// Letter is one mail.
type Letter struct {
	To, Subject, ID string
	Text            string // headers and body as they came
}

// Letters returns what came, each once: a mail that is sent again has the same id, by
// which its readers' programs leave it out.
func (m *Mail) Letters() []Letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Letter
	seen := map[string]bool{}
	for _, l := range m.mails {
		if !seen[l.ID] {
			out = append(out, l)
		}
		seen[l.ID] = true
	}
	return out
}

// Serve takes mails until l is closed, and returns when the last connection is.
func (m *Mail) Serve(l net.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		wg.Go(func() { m.talk(c) })
	}
}

func (m *Mail) talk(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second)) // a connection that is over ends below
	say := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	say("220 mail.example ready")
	in := bufio.NewReader(c)
	to := ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			say("250-mail.example\r\n250 8BITMIME")
		case "RCPT":
			to += strings.Trim(strings.TrimSpace(line[len("RCPT TO:"):]), "<>") + " "
			say("250 ok")
		case "MAIL", "RSET", "NOOP", "HELO":
			say("250 ok")
		case "DATA":
			say("354 go on")
			if lost := m.keep(strings.TrimSpace(to), body(in)); lost {
				return
			}
			to = ""
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 not known")
		}
	}
}

// body reads up to the line with a dot alone.
func body(in *bufio.Reader) string {
	var b strings.Builder
	for {
		l, err := in.ReadString('\n')
		if err != nil || l == ".\r\n" {
			return b.String()
		}
		b.WriteString(strings.TrimPrefix(l, "."))
	}
}

// keep reports whether the answer is lost.
func (m *Mail) keep(to, text string) (lost bool) {
	l := Letter{To: to, Text: text}
	if parsed, err := mail.ReadMessage(strings.NewReader(text)); err == nil {
		l.Subject, l.ID = parsed.Header.Get("Subject"), parsed.Header.Get("Message-ID")
		_, _ = io.Copy(io.Discard, parsed.Body) // a mail without headers has no id
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, l)
	lost = m.lose > 0
	m.lose = max(m.lose-1, 0)
	return lost
}
