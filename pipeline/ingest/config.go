package ingest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"pinkstar/correlate/rules/strict"
	"pinkstar/schemas/secret"
)

// Config is what can be set of the gateway.
type Config struct {
	Limits Limits `yaml:"limits"`
	// MaxConcurrent is how many requests are worked on at once; more get 503.
	MaxConcurrent int `yaml:"max_concurrent"`
	// BodyTimeout is how long a sender may take for its body.
	BodyTimeout time.Duration `yaml:"body_timeout"`
	// MinBodyRate is how many bytes a second a body must come in with, over five
	// seconds; a slower sender gets 408.
	MinBodyRate int64 `yaml:"min_body_rate"`
	// ProduceTimeout is how long the brokers may take; then the sender gets 503.
	ProduceTimeout time.Duration `yaml:"produce_timeout"`
	// RetryAfter is what a 503 asks the sender to wait.
	RetryAfter time.Duration `yaml:"retry_after"`
	// Sources holds what each path asks of its senders and gives them, by the last
	// part of the path: alertmanager, grafana, jira, servicenow, pagerduty,
	// cloudevents, signals. As soon as one of them asks for credentials, a path that
	// asks for none and has no "anybody" takes nothing.
	Sources map[string]SourceConfig `yaml:"sources"`
	// Mappings are senders that are not built in, by name: each has its path
	// /webhook/NAME and may have its part in Sources.
	Mappings Mappings `yaml:"mappings"`
	// Closed says that the port is reached from elsewhere: a path without
	// credentials and "anybody" takes nothing, though no other asks for any.
	Closed bool `yaml:"-"`
	// Authenticated says that the server has checked who comes before a request
	// gets here.
	Authenticated bool `yaml:"-"`
	// Now stamps what comes in; nil is the machine's clock. It must be the one
	// that the correlator's ticks come from, or log time would jump.
	Now func() time.Time `yaml:"-"`
}

// SourceConfig is what one path asks of its senders. With a token or a user
// configured one of them must match; with a signature configured it must match
// as well.
type SourceConfig struct {
	Disabled bool          `yaml:"disabled"` // 403 for everybody
	Bearer   []secret.Text `yaml:"bearer"`   // any of them; two during a rotation
	Basic    []BasicUser   `yaml:"basic"`
	// Token is for senders that can set a header, but not Authorization.
	Token *HeaderToken `yaml:"token"`
	HMAC  *HMACConfig  `yaml:"hmac"`
	// May is what these credentials are good for: alerts, tickets, changes,
	// impacts, windows (maintenance and silences that suppress). Empty: all but
	// windows; where nobody is asked for credentials at all, windows too.
	May []Effect `yaml:"may"`
	// Anybody is what this path takes from whoever reaches it.
	Anybody []Effect `yaml:"anybody"`
}

// BasicUser is a user and password of basic authentication.
type BasicUser struct {
	User     string      `yaml:"user"`
	Password secret.Text `yaml:"password"`
}

// HeaderToken is a token in a header of its own.
type HeaderToken struct {
	Header  string        `yaml:"header"`  // X-Auth-Token, ...
	Secrets []secret.Text `yaml:"secrets"` // any of them; two during a rotation
}

// HMACConfig is how bodies are signed. What is empty follows the sender's
// habits.
type HMACConfig struct {
	Secrets []secret.Text `yaml:"secrets"` // any of them; two during a rotation
	Header  string        `yaml:"header"`
	// TimestampHeader is set when the sender signs "timestamp:body", as Grafana
	// can: a request older than Window is then refused.
	TimestampHeader string        `yaml:"timestamp_header"`
	Window          time.Duration `yaml:"window"`
}

// DefaultConfig returns the settings in force when the configuration is silent.
func DefaultConfig() Config {
	return Config{
		Limits:         DefaultLimits(),
		MaxConcurrent:  256,
		BodyTimeout:    20 * time.Second,
		MinBodyRate:    1 << 10,
		ProduceTimeout: 10 * time.Second,
		RetryAfter:     5 * time.Second,
	}
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// defaultWindow bounds how old a signed timestamp may be.
const defaultWindow = 5 * time.Minute

// Validate checks everything that can be checked without reading a secret, and
// says all that is wrong, each on a line that begins with the field.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := c.Limits.Validate(); err != nil {
		errs = append(errs, err)
	}
	for _, f := range []struct {
		name string
		d    time.Duration
	}{{"body_timeout", c.BodyTimeout}, {"produce_timeout", c.ProduceTimeout}, {"retry_after", c.RetryAfter}} {
		if f.d <= 0 {
			bad("%s: %s; it must be over zero", f.name, f.d)
		}
	}
	if c.MaxConcurrent <= 0 {
		bad("max_concurrent: %d; it must be over zero", c.MaxConcurrent)
	}
	if c.MinBodyRate <= 0 {
		bad("min_body_rate: %d; it must be over zero", c.MinBodyRate)
	}
	errs = append(errs, c.Mappings.validate()...)
	senders := webhooks(c.Mappings.with(senders))
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		if senders[name] == nil {
			known := slices.Sorted(maps.Keys(senders))
			if near, ok := strict.Nearest(name, known); ok {
				bad("sources.%s: no such path; did you mean %q?", name, near)
			} else {
				bad("sources.%s: no such path; there are %s", name, strings.Join(known, ", "))
			}
			continue
		}
		s := c.Sources[name]
		if err := s.validateRights(); err != nil {
			bad("sources.%s.%w", name, err)
		}
		if s.HMAC != nil && len(s.HMAC.Secrets) == 0 {
			bad("sources.%s.hmac.secrets: missing", name)
		}
		if s.HMAC != nil && s.HMAC.Window < 0 {
			bad("sources.%s.hmac.window: %s is negative", name, s.HMAC.Window)
		}
		if s.Token != nil && !headerName.MatchString(s.Token.Header) {
			bad("sources.%s.token.header: %q is no name of a header", name, s.Token.Header)
		}
		if s.Token != nil && strings.EqualFold(s.Token.Header, "Authorization") {
			bad("sources.%s.token.header: Authorization is for bearer and basic", name)
		}
		if s.Token != nil && len(s.Token.Secrets) == 0 {
			bad("sources.%s.token.secrets: missing", name)
		}
		for i, u := range s.Basic {
			if u.User == "" {
				bad("sources.%s.basic[%d].user: missing", name, i)
			}
			if u.Password.IsZero() {
				bad("sources.%s.basic[%d].password: missing", name, i)
			}
		}
	}
	return errors.Join(errs...)
}

// load returns c's sources with their secrets read and the defaults filled in.
// c stays as it is: what is printed as the configuration holds no secret that
// came from a file.
func (c *Config) load() (map[string]SourceConfig, error) {
	out := make(map[string]SourceConfig, len(c.Sources))
	var errs []error
	senders := webhooks(c.Mappings.with(senders))
	for name, s := range c.Sources {
		read := func(what string, list []secret.Text) []secret.Text {
			list = slices.Clone(list)
			for i := range list {
				if err := list[i].Load(); err != nil {
					errs = append(errs, fmt.Errorf("sources.%s.%s[%d]: %w", name, what, i, err))
				}
			}
			return list
		}
		s.Bearer = read("bearer", s.Bearer)
		if s.Token != nil {
			s.Token = &HeaderToken{Header: s.Token.Header, Secrets: read("token.secrets", s.Token.Secrets)}
		}
		s.Basic = slices.Clone(s.Basic)
		for i := range s.Basic {
			if err := s.Basic[i].Password.Load(); err != nil {
				errs = append(errs, fmt.Errorf("sources.%s.basic[%d]: %w", name, i, err))
			}
		}
		if s.HMAC != nil {
			h := *s.HMAC
			h.Secrets = read("hmac.secrets", h.Secrets)
			if h.Header == "" {
				h.Header = senders[name].signature.header
			}
			if h.Header == "" {
				h.Header = defaultSignatureHeader
			}
			if h.Window <= 0 {
				h.Window = defaultWindow
			}
			s.HMAC = &h
		}
		out[name] = s
	}
	return out, errors.Join(errs...)
}
