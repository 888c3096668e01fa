package message

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// smtpServer is a mail server that others wrote (emersion/go-smtp), with STARTTLS and
// AUTH, which may greylist, refuse, or lose its answer behind the effect.
type smtpServer struct {
	at    string
	roots *x509.CertPool

	mu      sync.Mutex
	grey    int // recipients that are told to come again
	lost    int // answers behind DATA that are lost
	refused bool
	got     []taken
	asked   []string // by which mechanism who came
	inPlain int      // what came without TLS
}

// taken is a mail that was taken.
type taken struct {
	from string
	to   []string
	text []byte
}

// set changes how it behaves.
func (s *smtpServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// mails are those that were taken.
func (s *smtpServer) mails() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]taken(nil), s.got...)
}

type smtpSession struct {
	s    *smtpServer
	c    *smtp.Conn
	in   bool
	from string
	to   []string
}

func (x *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (x *smtpSession) Auth(mech string) (sasl.Server, error) {
	x.s.set(func() { x.s.asked = append(x.s.asked, mech) })
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "pinkstar" || password != "p-w" {
			return smtp.ErrAuthFailed
		}
		x.in = true
		return nil
	}), nil
}

func (x *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if _, secured := x.c.TLSConnectionState(); !secured {
		x.s.set(func() { x.s.inPlain++ })
	}
	if !x.in {
		return smtp.ErrAuthRequired
	}
	x.from = from
	return nil
}

func (x *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if x.s.refused {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	if x.s.grey > 0 {
		x.s.grey--
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come again"}
	}
	x.to = append(x.to, to)
	return nil
}

func (x *smtpSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.got = append(x.s.got, taken{x.from, x.to, text})
	if x.s.lost > 0 {
		x.s.lost--
		_ = x.c.Conn().Close() // it has the mail, and nobody hears so
	}
	return nil
}

func (x *smtpSession) Reset()        { x.from, x.to = "", nil }
func (x *smtpSession) Logout() error { return nil }

func newSMTPServer(t *testing.T, secured bool) *smtpServer {
	t.Helper()
	s := &smtpServer{roots: x509.NewCertPool()}
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{s: s, c: c}, nil
	}))
	srv.Domain, srv.ErrorLog = "mail.example", log.New(io.Discard, "", 0)
	if secured {
		cert := certificate(t)
		s.roots.AddCert(cert.Leaf)
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.at = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return s
}

// certificate is one for 127.0.0.1 that nobody else believes.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// through is a target before that server, which it believes.
func (s *smtpServer) through(t *testing.T, change func(*Mail)) *mailTarget {
	t.Helper()
	m := &Mail{Server: s.at, User: "pinkstar", Password: secret.New("p-w"), From: "Pinkstar Störung <p@example.com>", To: []string{"ops@example.com", "on@example.com"}}
	if change != nil {
		change(m)
	}
	x := made(t, &Config{Mail: m}).(*mailTarget)
	x.roots = s.roots
	return x
}

// read is a mail as its reader's program has it.
func read(t *testing.T, text []byte) (h mail.Header, plain, page string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, plain, page
		}
		if err != nil {
			t.Fatal(err)
		}
		if how := p.Header.Get("Content-Transfer-Encoding"); how != "quoted-printable" {
			t.Errorf("encoded as %q", how)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if kind == "text/html" {
			page = string(b)
		} else {
			plain = string(b)
		}
	}
}

// Through a server of others, over STARTTLS and signed in: greylisting has it come
// again; after a lost answer the second copy is the same mail; and what is read is
// what was said.
func TestMailThroughAServerOfOthers(t *testing.T) {
	t.Parallel()
	s := newSMTPServer(t, true)
	x := s.through(t, nil)
	e := sample(schemas.EffectOpened, 1)
	e.Head.Title = "Störung: Zahlung fällt aus\n.. and <b>more</b>"
	e.Reason = ".a line that begins with a dot, and one that is long: " + strings.Repeat("ä", 2000)
	m := &outbound.Message{Key: "DLV-7K3M9QX2AB4T", Effect: e}
	s.set(func() { s.grey, s.lost = 1, 1 })
	for _, want := range []string{"451 4.7.1", "EOF|reset|closed", ""} { // greylisted, lost, taken
		_, err := x.Deliver(t.Context(), m)
		if want == "" {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if _, retry := errors.AsType[*outbound.RetryError](err); !retry {
			t.Fatalf("%v, want one that is tried again (%s)", err, want)
		}
	}
	got := s.mails()
	if len(got) != 2 || got[0].from != "p@example.com" || strings.Join(got[0].to, " ") != "ops@example.com on@example.com" {
		t.Fatalf("%d mails: %+v", len(got), got)
	}
	h, plain, page := read(t, got[0].text)
	again, plainAgain, pageAgain := read(t, got[1].text)
	if h.Get("Message-ID") != "<DLV-7K3M9QX2AB4T.INC-7K3M9QX2AB4T@example.com>" || again.Get("Message-ID") != h.Get("Message-ID") || plainAgain != plain || pageAgain != page {
		t.Errorf("the second copy is another mail: %s and %s", h.Get("Message-ID"), again.Get("Message-ID"))
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || !strings.Contains(subject, "Störung: Zahlung fällt aus .. and <b>more</b>") {
		t.Errorf("%q, %v", subject, err)
	}
	if from, err := h.AddressList("From"); err != nil || from[0].Name != "Pinkstar Störung" {
		t.Errorf("%v, %v", from, err)
	}
	if !strings.Contains(plain, ".a line that begins with a dot, and one that is long: ää") || !strings.Contains(page, "&lt;b&gt;more&lt;/b&gt;") || strings.Contains(page, "<b>more</b>") {
		t.Errorf("it reads\n%s\n%s", plain, page)
	}
	next := &outbound.Message{Key: "DLV-2", Effect: sample(schemas.EffectResolved, 2), Thread: schemas.LabelsOf(map[string]string{mailFirst: strings.Trim(h.Get("Message-ID"), "<>")})}
	if _, err := x.Deliver(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if h2, _, _ := read(t, s.mails()[2].text); h2.Get("In-Reply-To") != h.Get("Message-ID") || h2.Get("References") != h.Get("Message-ID") {
		t.Errorf("it is no answer to the first: %v", h2)
	}
	s.set(func() {
		if s.inPlain > 0 || strings.Join(s.asked, " ") != "PLAIN PLAIN PLAIN PLAIN" { // four attempts
			t.Errorf("%d came in plain, signed in by %v", s.inPlain, s.asked)
		}
	})
}

// What can't be secured, or whose server is not known, is not sent; what will never
// be taken is refused.
func TestMailIsNotSentInPlain(t *testing.T) {
	t.Parallel()
	send := func(s *smtpServer, change func(*Mail)) error {
		_, err := s.through(t, change).Deliver(t.Context(), &outbound.Message{Key: "DLV-1", Effect: sample(schemas.EffectOpened, 1)})
		return err
	}
	bare := newSMTPServer(t, false)
	if err := send(bare, nil); err == nil || len(bare.mails()) > 0 || len(bare.asked) > 0 {
		t.Errorf("without STARTTLS: %v, %d mails, signed in by %v", err, len(bare.mails()), bare.asked)
	}
	s := newSMTPServer(t, true)
	known := s.roots
	s.roots = nil
	if err := send(s, nil); err == nil || !strings.Contains(err.Error(), "certificate") || len(s.mails()) > 0 || len(s.asked) > 0 {
		t.Errorf("a server that nobody knows: %v", err)
	}
	s.roots = known
	if err := send(s, func(m *Mail) { m.Password = secret.New("old") }); err == nil || !strings.Contains(err.Error(), "535") || len(s.mails()) > 0 {
		t.Errorf("a wrong password: %v", err)
	}
	s.set(func() { s.refused = true })
	if _, refused := errors.AsType[*outbound.RefusedError](send(s, nil)); !refused {
		t.Error("who is unknown there is tried again for ever")
	}
}
