package message

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/wneessen/go-mail"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// Mail sends one message for an effect, as text and HTML, all of an incident in
// one thread. Its Message-ID follows from the delivery, so that servers and
// readers recognise a second copy.
type Mail struct {
	Server   string      `yaml:"server"` // host:port; 465 is TLS from the start, others STARTTLS
	User     string      `yaml:"user"`
	Password secret.Text `yaml:"password,omitempty"`
	From     string      `yaml:"from"` // "Pinkstar <incidents@example.com>"
	To       []string    `yaml:"to"`   // where rules name no address
	// Plain allows a server without TLS, which shows mail and password to the way.
	Plain bool `yaml:"allow_plain"`
}

func (m *Mail) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, _, err := net.SplitHostPort(m.Server); err != nil {
		bad("server: %q; it must be host:port", m.Server)
	}
	if err := checkMail(m.From); err != nil {
		bad("from: %w", err)
	}
	for i, to := range m.To {
		if err := checkMail(to); err != nil {
			bad("to[%d]: %w", i, err)
		}
	}
	if m.User == "" != m.Password.IsZero() {
		bad("user: a user and a password go together")
	}
	return errors.Join(errs...)
}

func (m *Mail) secrets() map[string]*secret.Text {
	return map[string]*secret.Text{"password": &m.Password}
}

func (m *Mail) target(c *Config, board string) (outbound.Target, error) {
	return &mailTarget{cfg: *m, private: c.AllowPrivate, board: board}, nil
}

type mailTarget struct {
	keyed
	cfg     Mail
	private bool
	board   string
	roots   *x509.CertPool // by which a server is believed; nil: the system's
	reports Reports        // nil: none
}

// Takes implements outbound.Target. Links between tickets are no news to people.
func (*mailTarget) Takes(e *schemas.Effect) bool {
	return e.Kind != schemas.EffectTicketLink && e.Kind != schemas.EffectTicketUnlink
}

// Limit implements outbound.Target.
func (*mailTarget) Limit() (time.Duration, int) { return time.Second, 20 }

// Deliver implements outbound.Target.
func (t *mailTarget) Deliver(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	msg, err := t.letter(ctx, m)
	if err != nil {
		return outbound.Receipt{}, err
	}
	c, err := t.client()
	if err != nil {
		return outbound.Receipt{}, &outbound.RefusedError{Err: err}
	}
	if err := c.DialWithContext(ctx); err != nil {
		if errors.Is(err, outbound.ErrPrivate) {
			return outbound.Receipt{}, &outbound.RefusedError{Err: outbound.ErrPrivate}
		}
		return outbound.Receipt{}, &outbound.RetryError{Err: err}
	}
	defer c.Close() //nolint:errcheck // it was taken, or it was not
	if err := c.Send(msg); err != nil {
		if sent, ok := errors.AsType[*mail.SendError](err); ok && !sent.IsTemp() && sent.ErrorCode() >= 500 {
			return outbound.Receipt{}, &outbound.RefusedError{Err: err}
		}
		return outbound.Receipt{}, &outbound.RetryError{Err: err} // a second copy has the same Message-ID
	}
	if isReport(m) {
		return outbound.Receipt{Ref: msg.GetMessageID()}, nil
	}
	return outbound.Receipt{Ref: msg.GetMessageID(), Thread: schemas.LabelsOf(map[string]string{mailFirst: first(m, msg.GetMessageID())})}, nil
}

// mailFirst is what a thread knows: the Message-ID that all others refer to.
const mailFirst = "first"

func first(m *outbound.Message, id string) string {
	if known := m.Thread.Get(mailFirst); known != "" {
		return known
	}
	return id
}

func (t *mailTarget) client() (*mail.Client, error) {
	host, port, err := net.SplitHostPort(t.cfg.Server)
	if err != nil {
		return nil, err
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !t.private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return outbound.Public(address) }
	}
	secured := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: t.roots}
	opts := []mail.Option{mail.WithPort(number), mail.WithTimeout(8 * time.Second), mail.WithTLSConfig(secured)}
	switch {
	case number == 465:
		opts = append(opts, mail.WithSSL(), mail.WithDialContextFunc((&tls.Dialer{NetDialer: dialer, Config: secured}).DialContext))
	case t.cfg.Plain:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSOpportunistic), mail.WithDialContextFunc(dialer.DialContext))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithDialContextFunc(dialer.DialContext))
	}
	if t.cfg.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		if t.cfg.Plain {
			auth = mail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, mail.WithSMTPAuth(auth), mail.WithUsername(t.cfg.User), mail.WithPassword(t.cfg.Password.Reveal()))
	}
	return mail.NewClient(host, opts...)
}

// letter is what m says, or why it can't be said.
func (t *mailTarget) letter(ctx context.Context, m *outbound.Message) (*mail.Msg, error) {
	if isReport(m) {
		return t.composeReport(ctx, m)
	}
	msg, err := t.compose(m)
	if err != nil {
		return nil, &outbound.RefusedError{Err: err}
	}
	return msg, nil
}

// envelope has whom it is from and to, and the id by which a second copy is known.
func (t *mailTarget) envelope(m *outbound.Message) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.From(t.cfg.From); err != nil {
		return nil, err
	}
	to := t.cfg.To
	if m.Address != "" {
		to = []string{m.Address}
	}
	if len(to) == 0 {
		return nil, errors.New("nobody to write to: name an address after the target's colon, or give the target a to")
	}
	if err := msg.To(to...); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(strings.TrimRight(t.cfg.From, "> "), "@")
	msg.SetMessageIDWithValue(m.Key + "." + m.Effect.IncidentID + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetDateWithValue(m.Effect.At.Std())
	return msg, nil
}

func (t *mailTarget) compose(m *outbound.Message) (*mail.Msg, error) {
	w := wordsOf(m.Effect, t.board)
	msg, err := t.envelope(m)
	if err != nil {
		return nil, err
	}
	if before := m.Thread.Get(mailFirst); before != "" {
		msg.SetGenHeader(mail.HeaderInReplyTo, "<"+before+">")
		msg.SetGenHeader(mail.HeaderReferences, "<"+before+">")
	}
	msg.SetGenHeader("X-Pinkstar-Incident", m.Effect.IncidentID)
	// A thread is by its subject in some readers: it stays the incident's.
	msg.Subject(clip(oneLine(subject(m.Effect, &w)), 200))
	msg.SetBodyString(mail.TypeTextPlain, w.text())
	page, err := Render(m.Effect, t.board, "html")
	if err != nil {
		return nil, err
	}
	msg.AddAlternativeString(mail.TypeTextHTML, page)
	return msg, nil
}

func subject(e *schemas.Effect, w *words) string {
	switch e.Kind {
	case schemas.EffectMailAnnounce:
		return "Major incident: " + e.Head.Title
	case schemas.EffectMailClose:
		return "Over: " + e.Head.Title
	}
	return w.Headline
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

//go:embed mail.html
var mailHTML string

var mailPage = template.Must(template.New("mail").Parse(mailHTML))
