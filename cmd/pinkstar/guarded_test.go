package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinkstar/pipeline/kafkatest"
)

// What an operator and a producing team run reaches brokers that ask who they
// are, by every mechanism: `topics apply` with franz-go, `send` with kafka-go.
func TestCommandsReachGuardedBrokers(t *testing.T) {
	s := kafkatest.Secure(t)
	tokens := s.TokenServer(t, time.Hour, false)
	t.Setenv("GUARDED_SECRET", tokens.Secret)
	password := "password_file: " + s.File("password")
	token := fmt.Sprintf("{mechanism: oauthbearer, token_url: '%s', client_id: %s, client_secret: {env: GUARDED_SECRET}}", tokens.URL, tokens.ClientID)
	for name, sasl := range map[string]string{
		"plain":         "{mechanism: plain, user: pinkstar, " + password + "}",
		"scram-sha-256": "{mechanism: scram-sha-256, user: pinkstar, " + password + "}",
		"scram-sha-512": "{mechanism: scram-sha-512, user: pinkstar, " + password + "}",
		"oauthbearer":   token,
		"mtls":          "",
	} {
		t.Run(name, func(t *testing.T) {
			kc := s.TLS("sasl")
			guard := "tls: {enabled: true, ca_file: " + s.File("ca.pem") + "}\n  sasl: " + sasl
			if sasl == "" {
				kc = s.Mutual("client")
				guard = fmt.Sprintf("tls: {enabled: true, ca_file: %s, cert_file: %s, key_file: %s}", kc.TLS.CAFile, kc.TLS.CertFile, kc.TLS.KeyFile)
			}
			file := filepath.Join(t.TempDir(), "pinkstar.yaml")
			text := fmt.Sprintf("kafka:\n  brokers: ['%s']\n  topic_prefix: g%s.\n  partitions: 1\n  %s\n", kc.Brokers[0], time.Now().UTC().Format("150405.000000"), guard)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := command(t, "", "topics", "apply", "--config", file); got.code != exitOK {
				t.Fatalf("topics apply: exit code %d\n%s%s", got.code, got.out, got.err)
			}
			line := `{"kind":"ticket","name":"turret 3 does not turn","source":"team","service":"turret-control","ticket":{"key":"OPS-1"}}` + "\n"
			if got := command(t, line, "send", "--config", file, "-"); got.code != exitOK || !strings.Contains(got.out+got.err, "1") {
				t.Errorf("send: exit code %d\n%s%s", got.code, got.out, got.err)
			}
		})
	}
}
