package kafkatest

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinkstar/pipeline/kafka"
)

// Secured are the guarded listeners of an Apache Kafka, and what opens them:
// .ci/kafka makes both.
type Secured struct {
	dir       string
	listeners map[string]string // by name
}

// Secure returns the guarded listeners of the broker that PINKSTAR_TEST_KAFKA
// names.
func Secure(t testing.TB) *Secured {
	t.Helper()
	s := &Secured{dir: os.Getenv("PINKSTAR_TEST_KAFKA_SECURE"), listeners: map[string]string{}}
	if s.dir == "" {
		SkipOrFail(t, "kafka", "PINKSTAR_TEST_KAFKA_SECURE=directory names no guarded Apache Kafka; .ci/kafka makes one")
	}
	b, err := os.ReadFile(s.File("listeners"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		name, addr, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.listeners[name] = addr
	}
	return s
}

// File is the path of one of the papers: ca.pem, client.pem, client.key,
// stranger.pem, stranger.key, password.
func (s *Secured) File(name string) string { return filepath.Join(s.dir, name) }

// TLS is a configuration that trusts the brokers' authority and shows no
// certificate.
func (s *Secured) TLS(listener string) kafka.Config {
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{s.listeners[listener]}
	cfg.TLS = kafka.TLS{Enabled: true, CAFile: s.File("ca.pem")}
	return cfg
}

// Mutual shows a certificate too: "client", which the brokers trust, or "stranger".
func (s *Secured) Mutual(who string) kafka.Config {
	cfg := s.TLS("mtls")
	cfg.TLS.CertFile, cfg.TLS.KeyFile = s.File(who+".pem"), s.File(who+".key")
	return cfg
}

// Password authenticates by user and password.
func (s *Secured) Password(mechanism string) kafka.Config {
	cfg := s.TLS("sasl")
	cfg.SASL = kafka.SASL{Mechanism: mechanism, User: "pinkstar", PasswordFile: s.File("password")}
	return cfg
}

// TokenServer gives out tokens that the guarded brokers accept, to whoever has
// its client's credentials.
type TokenServer struct {
	URL, ClientID, Secret string

	Life  time.Duration // of a token
	Given atomic.Int64  // tokens
	key   *rsa.PrivateKey
}

// TokenServer starts one; with stranger it signs with a key that the brokers do
// not know.
func (s *Secured) TokenServer(t testing.TB, life time.Duration, stranger bool) *TokenServer {
	t.Helper()
	text, err := os.ReadFile(s.File("token.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		t.Fatalf("token.key holds a %T", parsed)
	}
	ts := &TokenServer{ClientID: "pinkstar", Secret: "hush-" + rand.Text(), Life: life, key: key}
	if stranger {
		if ts.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(ts.serve))
	t.Cleanup(srv.Close)
	ts.URL = srv.URL
	return ts
}

func (ts *TokenServer) serve(w http.ResponseWriter, r *http.Request) {
	id, password, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	if id != ts.ClientID || password != ts.Secret || r.PostFormValue("grant_type") != "client_credentials" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"error":"invalid_client","error_description":"you sent %s"}`, password) //nolint:gosec // what a careless server does
		return
	}
	ts.Given.Add(1)
	_, _ = fmt.Fprintf(w, `{"access_token":"%s","token_type":"bearer","expires_in":%d}`,
		ts.Token(cmp.Or(r.PostFormValue("scope"), "kafka")), int(ts.Life.Seconds()))
}

// Token returns a signed token (RFC 7519) that holds from now on.
func (ts *TokenServer) Token(scope string) string {
	now := time.Now()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "pinkstar"}) + "." + part(map[string]any{
		"iss": "https://pinkstar.test", "aud": "kafka", "sub": "pinkstar", "scope": scope,
		"iat": now.Add(-time.Second).Unix(), "exp": now.Add(ts.Life).Unix(),
	})
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, ts.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
