package config

import (
	"os"
	"reflect"
	"slices"
	"strings"

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
	strict.Each(reflect.ValueOf(c).Elem(), "", func(path string, v reflect.Value) bool {
		if strings.HasPrefix(path, "gateway.") && !c.Has(RoleGateway) || strings.HasPrefix(path, "notify.") && !c.Has(RoleNotify) { // another process's
			return false
		}
		s, isSecret := secretIn(v)
		if isSecret && !s.IsZero() {
			if err := s.Load(); err != nil {
				k.bad(path, "%v", err)
			}
		}
		return !isSecret
	})
	return k.faults
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
