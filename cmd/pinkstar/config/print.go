package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"
)

// redacted stands where a secret is.
const redacted = "<secret>"

// Print writes every value that holds, as a file that is read back to the same
// but for the secrets. rules is the rule set in force, written out in place of
// what was configured; empty leaves it as it was.
func (c *Config) Print(w io.Writer, rules []byte) error {
	shown := *c
	notes := maps.Clone(c.Origins)
	if len(rules) > 0 {
		shown.Rules, shown.RulesFile = Text(rules), ""
		if c.RulesFile != "" {
			notes["rules"] = c.RulesFile + ", with every default"
		}
		delete(notes, "rules_file")
	}
	var err error
	shown.eachPath(func(_ string, p *string) { // it may be read from another directory
		abs, aerr := filepath.Abs(*p)
		err, *p = errors.Join(err, aerr), abs
	})
	if err != nil {
		return fmt.Errorf("printing the configuration: %w", err)
	}
	if shown.Kafka.SASL.Password != "" {
		shown.Kafka.SASL.Password = redacted
	}
	shown.ClickHouse.DSN = RedactDSN(c.ClickHouse.DSN)
	from := "defaults"
	if c.File != "" {
		from = "defaults and " + c.File
	}
	if _, err := fmt.Fprintf(w, "# from %s\n", from); err != nil {
		return err
	}
	for _, p := range slices.Sorted(maps.Keys(notes)) {
		if _, err := fmt.Fprintf(w, "# %s: from %s\n", p, notes[p]); err != nil {
			return err
		}
	}
	b, err := yaml.MarshalWithOptions(&shown, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("printing the configuration: %w", err)
	}
	_, err = w.Write(b)
	return err
}

// RedactDSN leaves the passwords out of a ClickHouse address: its own, and that of a proxy.
func RedactDSN(dsn string) string {
	if dsn == "" {
		return ""
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return redacted
	}
	if _, ok := u.User.Password(); ok {
		u.User = url.UserPassword(u.User.Username(), "secret")
	}
	q := u.Query()
	for _, k := range []string{"password", "secret"} {
		if q.Has(k) {
			q.Set(k, "secret")
		}
	}
	if q.Has("http_proxy") {
		q.Set("http_proxy", RedactDSN(q.Get("http_proxy")))
	}
	u.RawQuery = q.Encode()
	return u.String()
}
