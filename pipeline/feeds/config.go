package feeds

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"pinkstar/pipeline/ingest"
	"pinkstar/schemas/secret"
)

// Config is the section feeds.
type Config struct {
	Every    time.Duration `yaml:"every"`     // between two looks at a calendar
	Timeout  time.Duration `yaml:"timeout"`   // of one request
	MaxBytes int64         `yaml:"max_bytes"` // of one answer

	Calendars     []Calendar     `yaml:"calendars,omitempty"`
	Alertmanagers []Alertmanager `yaml:"alertmanagers,omitempty"`
}

// Address is where something is fetched.
type Address struct {
	Name string `yaml:"name"`
	// URL is a secret: many calendars have a key in theirs.
	URL secret.Text `yaml:"url"`
	// Bearer, or User and Password, are sent along.
	Bearer   secret.Text `yaml:"bearer,omitempty"`
	User     string      `yaml:"user,omitempty"`
	Password secret.Text `yaml:"password,omitempty"`
	// AllowPrivate lets it be at a private or loopback address.
	AllowPrivate bool `yaml:"allow_private"`
	// Tenant and Environment are of what names none.
	Tenant      string `yaml:"tenant,omitempty"`
	Environment string `yaml:"environment,omitempty"`
}

// Calendar is an iCalendar text.
type Calendar struct {
	Address `yaml:",inline"`
	// Shifts: its events say who is on duty; rotas of the rules name it. Else they
	// are windows of maintenance.
	Shifts bool `yaml:"shifts"`
	// Suppress says which windows suppress alerts: marked (X-PINKSTAR-SUPPRESS) or
	// all; none when empty.
	Suppress ingest.Suppression `yaml:"suppress,omitempty"`
}

// Alertmanager is one whose silences are windows here.
type Alertmanager struct {
	Address `yaml:",inline"` // of its web pages: /api/v2 stands below it
	// Every is between two looks.
	Every time.Duration `yaml:"every"`
	// Push has it know the silences that are announced here.
	Push bool `yaml:"push"`
}

// everyOf is the pause between two looks at an Alertmanager.
func (a *Alertmanager) everyOf() time.Duration {
	if a.Every == 0 {
		return 15 * time.Second
	}
	return a.Every
}

// DefaultConfig returns the limits; it has no feeds.
func DefaultConfig() Config {
	return Config{Every: 5 * time.Minute, Timeout: 20 * time.Second, MaxBytes: 8 << 20}
}

var feedName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Validate says what is wrong, each on a line that begins with the field.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Every < time.Second {
		bad("every: %s; at least 1s", c.Every)
	}
	if c.Timeout < time.Second {
		bad("timeout: %s; at least 1s", c.Timeout)
	}
	if c.MaxBytes < 1<<10 {
		bad("max_bytes: %d; at least 1024", c.MaxBytes)
	}
	names := map[string]bool{}
	check := func(path string, a *Address) {
		if !feedName.MatchString(a.Name) {
			bad("%s.name: %q; 1 to 64 letters, digits, dots, dashes and underscores", path, a.Name)
		}
		if names[a.Name] {
			bad("%s.name: %q is there twice", path, a.Name)
		}
		names[a.Name] = true
		if a.URL.IsZero() {
			bad("%s.url: missing: where it is fetched", path)
		}
		if !a.Bearer.IsZero() && a.User != "" {
			bad("%s.bearer: one of bearer and user", path)
		}
		if a.User != "" && a.Password.IsZero() {
			bad("%s.password: missing for the user %q", path, a.User)
		}
	}
	for i := range c.Calendars {
		f, path := &c.Calendars[i], fmt.Sprintf("calendars[%d]", i)
		check(path, &f.Address)
		if f.Suppress != ingest.SuppressNone && f.Suppress != ingest.SuppressMarked && f.Suppress != ingest.SuppressAll {
			bad("%s.suppress: %q is neither marked nor all", path, f.Suppress)
		}
		if f.Shifts && f.Suppress != ingest.SuppressNone {
			bad("%s.suppress: shifts suppress nothing", path)
		}
	}
	for i := range c.Alertmanagers {
		f, path := &c.Alertmanagers[i], fmt.Sprintf("alertmanagers[%d]", i)
		check(path, &f.Address)
		if f.everyOf() < time.Second {
			bad("%s.every: %s; at least 1s", path, f.Every)
		}
	}
	return errors.Join(errs...)
}

// parsed reads the address and the secrets, anew for every request: they may be
// replaced while the process runs.
func (a *Address) parsed() (*url.URL, error) {
	for _, s := range []*secret.Text{&a.URL, &a.Bearer, &a.Password} {
		if !s.IsZero() {
			if err := s.Load(); err != nil {
				return nil, err
			}
		}
	}
	u, err := url.Parse(a.URL.Reveal())
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("url: it must be an address such as https://example.com/calendar.ics")
	}
	if u.User != nil {
		return nil, errors.New("url: a user and a password do not belong into an address: give them as user and password")
	}
	return u, nil
}
