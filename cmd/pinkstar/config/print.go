package config

import (
	"fmt"
	"io"
	"net/url"
	"slices"

	"github.com/goccy/go-yaml"
)

// redacted stands where a secret is.
const redacted = "<secret>"

// Print writes every value that holds, as a file that could be read back but
// for the secrets.
func (c *Config) Print(w io.Writer) error {
	shown := *c
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
	paths := make([]string, 0, len(c.Origins))
	for p := range c.Origins {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		if _, err := fmt.Fprintf(w, "# %s: from %s\n", p, c.Origins[p]); err != nil {
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

// RedactDSN leaves the password out of a ClickHouse address.
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
	u.RawQuery = q.Encode()
	return u.String()
}
