package kafka_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas/secret"
)

// way is one of connecting to guarded brokers.
type way struct {
	name    string
	cfg     kafka.Config
	secrets []string // that must be told nowhere
	says    string   // of one that is refused: part of the error
}

func oauthConfig(s *kafkatest.Secured, ts *kafkatest.TokenServer) kafka.Config {
	cfg := s.TLS("sasl")
	cfg.SASL = kafka.SASL{Mechanism: "oauthbearer", TokenURL: ts.URL, ClientID: ts.ClientID, ClientSecret: secret.New(ts.Secret), Scope: "kafka"}
	return cfg
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// letIn and refused are all ways into a guarded Apache Kafka, and for each what
// comes near it and must not get in.
func letIn(t *testing.T, s *kafkatest.Secured) []way {
	ts := s.TokenServer(t, time.Hour, false)
	fromFile := s.TLS("sasl")
	token := ts.Token("kafka")
	fromFile.SASL = kafka.SASL{Mechanism: "oauthbearer", TokenFile: writeFile(t, token+"\n"), Extensions: map[string]string{"logicalCluster": "lkc"}}
	b, err := os.ReadFile(s.File("password"))
	if err != nil {
		t.Fatal(err)
	}
	password := []string{string(b)}
	return []way{
		{"tls", s.TLS("tls"), nil, ""},
		{"mtls", s.Mutual("client"), nil, ""},
		{"plain", s.Password("plain"), password, ""},
		{"scram-sha-256", s.Password("scram-sha-256"), password, ""},
		{"scram-sha-512", s.Password("scram-sha-512"), password, ""},
		{"oauthbearer, by a server", oauthConfig(s, ts), []string{ts.Secret}, ""},
		{"oauthbearer, from a file", fromFile, []string{token}, ""},
	}
}

func refused(t *testing.T, s *kafkatest.Secured) []way {
	const wrong = "not-the-password"
	file := writeFile(t, wrong)
	var ways []way
	for _, m := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		cfg := s.Password(m)
		cfg.SASL.PasswordFile = file
		ways = append(ways, way{m + ", wrong password", cfg, []string{wrong}, "SASL_AUTHENTICATION_FAILED"})
	}
	stranger := s.TokenServer(t, time.Hour, true)
	late := s.TokenServer(t, -time.Minute, false)
	expired := s.TLS("sasl")
	expired.SASL = kafka.SASL{Mechanism: "oauthbearer", TokenFile: writeFile(t, late.Token("kafka"))}
	unknown := oauthConfig(s, stranger)
	unknown.SASL.ClientSecret = secret.New(wrong)
	untrusted := s.TLS("tls")
	untrusted.TLS.CAFile = s.File("stranger.pem")
	otherName := s.TLS("tls")
	otherName.TLS.ServerName = "kafka.example"
	return append(ways,
		way{"tls, other authority", untrusted, nil, "authority"},
		way{"tls, other name", otherName, nil, "kafka.example"},
		way{"mtls, no certificate", s.TLS("mtls"), nil, ""},
		way{"mtls, a stranger's certificate", s.Mutual("stranger"), nil, ""},
		way{"sasl, none", s.TLS("sasl"), nil, ""},
		way{"oauthbearer, signed by a stranger", oauthConfig(s, stranger), []string{stranger.Secret}, "refuse the token"},
		way{"oauthbearer, expired", expired, []string{late.Token("kafka")}, "refuse the token"},
		way{"oauthbearer, refused by its server", unknown, []string{wrong}, "401 Unauthorized invalid_client"})
}

// heard is a log that may be read while it is written.
type heard struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// tells reports whether a text has a secret in it, as it is or encoded.
func tells(text string, w *way) bool {
	for _, s := range w.secrets {
		if strings.Contains(text, s) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(s))) {
			return true
		}
	}
	return false
}

// Every way of authenticating leads to the topics of a real Apache Kafka, where a
// record is written and read; nothing that comes near it does; and no log, at its
// most talkative, and no error tells a secret.
func TestGuardedBrokers(t *testing.T) {
	s := kafkatest.Secure(t)
	plain := kafkatest.Real(t)
	topic := plain.Topic("signals")
	run := func(w way, in bool) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			log := &heard{}
			w.cfg.TopicPrefix = plain.TopicPrefix
			err := roundTrip(t, w.cfg, log, topic, w.name)
			switch {
			case in && err != nil:
				t.Errorf("not let in: %v\n%s", err, log)
			case !in && err == nil:
				t.Error("let in")
			case !in && !strings.Contains(err.Error(), w.says):
				t.Errorf("the error is %v; want one about %q", err, w.says)
			case !in && tells(err.Error(), &w):
				t.Errorf("the error tells the secret: %v", err)
			}
			if text := log.String(); tells(text, &w) {
				t.Errorf("the log tells the secret:\n%s", text)
			}
		})
	}
	for _, w := range letIn(t, s) {
		run(w, true)
	}
	for _, w := range refused(t, s) {
		run(w, false)
	}
}

// roundTrip writes one record in a transaction, so that the coordinator is
// reached as well, and reads it again.
func roundTrip(t *testing.T, cfg kafka.Config, log *heard, topic, value string) error {
	deps := kafka.Deps{Log: zerolog.New(log).Level(zerolog.TraceLevel)}
	cl, err := kafka.NewClient(cfg, "test", deps, append(kafka.ReaderOpts(cfg, 4),
		kgo.ConsumeTopics(topic), kgo.TransactionalID(cfg.Name("t-"+value)), kgo.RecordDeliveryTimeout(20*time.Second))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	// Refusals are told at once; what hangs is one too, a minute later.
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	if err := cl.Ping(ctx); err != nil {
		return err
	}
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte(value)}).FirstErr(); err != nil {
		return err
	}
	if err := cl.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return err
	}
	for {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return err
		}
		for r := range fetches.RecordsAll() {
			if string(r.Value) == value {
				return nil
			}
		}
	}
}

// A token that ends is replaced while a client is at work, and a password that is
// exchanged in its file is used by the next connection.
func TestCredentialsAreReadAnew(t *testing.T) {
	t.Parallel() // it mostly waits
	s := kafkatest.Secure(t)
	const life = 13 * time.Second // what is kept of a token ends ten seconds before it
	ts := s.TokenServer(t, life, false)
	cl, err := kafka.NewClient(oauthConfig(s, ts), "test", kafka.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	begin := time.Now()
	for ; ts.Given.Load() < 3 && time.Since(begin) < 5*time.Minute; time.Sleep(200 * time.Millisecond) {
		if _, err := kadm.NewClient(cl).ListBrokers(t.Context()); err != nil {
			t.Fatalf("after %s and %d tokens: %v", time.Since(begin), ts.Given.Load(), err)
		}
	}
	if n := ts.Given.Load(); n < 3 {
		t.Errorf("%d tokens in %s: each holds %s", n, time.Since(begin), life)
	}
	t.Logf("%d tokens of %s in %s", ts.Given.Load(), life, time.Since(begin).Round(time.Second))

	cfg := s.Password("scram-sha-512")
	right, err := os.ReadFile(cfg.SASL.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	cfg.SASL.PasswordFile = writeFile(t, "the one of yesterday")
	again, err := kafka.NewClient(cfg, "test", kafka.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Ping(t.Context()) == nil {
		t.Fatal("let in with a wrong password")
	}
	if err := os.WriteFile(cfg.SASL.PasswordFile, right, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := again.Ping(t.Context()); err != nil {
		t.Errorf("after the password was exchanged: %v", err)
	}
}

// Settings that contradict each other, or would send a secret in clear, are told
// before anything connects.
func TestSASLSettings(t *testing.T) {
	server := func(url string) kafka.SASL {
		return kafka.SASL{Mechanism: "oauthbearer", TokenURL: url, ClientID: "c", ClientSecret: secret.New("hush")}
	}
	both, noSecret, other := server("https://login.example/token"), server("https://login.example/token"), server("https://login.example/token")
	both.TokenFile = "token"
	noSecret.ClientSecret = secret.Text{}
	other.Mechanism = "plain"
	for want, s := range map[string]kafka.SASL{
		"":                                   server("https://login.example/token"),
		"sasl.token_url: want https":         server("http://login.example/token"),
		"sasl.token_url: \"login\"":          server("login"),
		"sasl.token_url: want it":            both,
		"sasl.client_secret: missing":        noSecret,
		"sasl.mechanism: \"plain\" takes no": other,
		"sasl.user: not of oauthbearer":      {Mechanism: "oauthbearer", TokenFile: "token", User: "u"},
		"sasl.token_file: the token is":      {Mechanism: "oauthbearer", TokenFile: "token", Scope: "s"},
		"sasl.mechanism: \"gssapi\" is not":  {Mechanism: "gssapi"},
	} {
		cfg := kafka.DefaultConfig()
		cfg.SASL = s
		err := cfg.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
}
