package config

import (
	"crypto/sha256"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/correlate/rules/strict"
	"pinkstar/schemas/secret"
)

// Surroundings says which files and secrets this process would miss: what it
// names and is not there or can't be read. Rules, topology and what was learnt
// are not among them: who reads them says so.
func (c *Config) Surroundings() strict.Faults {
	k := &checker{c: c}
	c.eachPath(func(key string, p *string) {
		if slices.Contains([]string{"data", "rules_file", "topology_file", "learnt_file", "shadow.rules_file", "shadow.topology_file"}, key) {
			return
		}
		if err := readable(*p); err != nil {
			k.bad(key, "%v", err)
		}
	})
	if !k.faults.Within("http.web_config_file") {
		if err := toolkit.Validate(c.HTTP.WebConfigFile); err != nil {
			k.bad("http.web_config_file", "%s: %v", c.HTTP.WebConfigFile, err)
		} else if file, err := access.ReadWebConfig(c.HTTP.WebConfigFile); err != nil {
			k.bad("http.web_config_file", "%v", err)
		} else if c.HTTP.WebConfigFile != "" {
			k.open(file.Authenticates())
		}
	}
	if c.Kafka.TLS.Enabled && !k.faults.Within("kafka.tls") {
		if _, err := c.Kafka.TLS.ClientConfig(); err != nil {
			k.section("kafka", err)
		}
	}
	k.secrets()
	return k.faults
}

// shortestSecret is how many characters what somebody authenticates with here has
// at least: fewer can be guessed over the network.
const shortestSecret = 8

// secrets reads every secret, and looks at those by which others are known here.
func (k *checker) secrets() {
	people, senders := map[[sha256.Size]byte]string{}, map[string][sha256.Size]byte{}
	strict.Each(reflect.ValueOf(k.c).Elem(), "", func(path string, v reflect.Value) bool {
		if strings.HasPrefix(path, "gateway.") && !k.c.Has(RoleGateway) || strings.HasPrefix(path, "notify.") && !k.c.Has(RoleNotify) { // another process's
			return false
		}
		s, isSecret := secretIn(v)
		if !isSecret {
			return true
		}
		if s.IsZero() || s.Is(secret.Redacted) { // Check tells of them
			return false
		}
		if err := s.Load(); err != nil {
			k.bad(path, "%v", err)
			return false
		}
		if n := utf8.RuneCountInString(s.Reveal()); knowsOthers(path) && n < shortestSecret {
			k.bad(path, "%d characters: it can be guessed; at least %d are taken, and `openssl rand -hex 20` makes a good one", n, shortestSecret)
		}
		switch {
		case strings.HasPrefix(path, "gateway."):
			senders[path] = s.Hash()
		case strings.HasPrefix(path, "access."):
			people[s.Hash()] = path
		}
		return false
	})
	for path, hash := range senders {
		if other := people[hash]; other != "" {
			k.bad(path, "the same as %s: whoever may send would be that person, and give commands; make one of them anew", other)
		}
	}
}

// readable opens a file and closes it again.
func readable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}

func secretIn(v reflect.Value) (secret.Text, bool) { return reflect.TypeAssert[secret.Text](v) }
