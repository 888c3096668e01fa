package message

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"

	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// Config is one target of the settings. Exactly one of the kinds is set.
type Config struct {
	Name string `yaml:"name"` // what rules call it; an address may follow after a colon

	// Which effects it gets beside those that name it: the news of every incident,
	// of what concerns these teams, and what the whole company is told.
	Everything bool     `yaml:"everything"`
	Teams      []string `yaml:"teams"`
	Company    bool     `yaml:"company"`
	// Channels: what rules name with a # at the beginning is a channel of this one.
	Channels bool `yaml:"channels"`

	// AllowPrivate lets it reach private and loopback addresses.
	AllowPrivate bool `yaml:"allow_private"`

	Slack     *Slack     `yaml:"slack,omitempty"`
	Jira      *Jira      `yaml:"jira,omitempty"`
	Mail      *Mail      `yaml:"mail,omitempty"`
	MSTeams   *MSTeams   `yaml:"msteams,omitempty"`
	PagerDuty *PagerDuty `yaml:"pagerduty,omitempty"`
	Webhook   *Webhook   `yaml:"webhook,omitempty"`
}

// kind is what each kind of target must be able to do.
type kind interface {
	validate() error
	secrets() map[string]*secret.Text
	target(c *Config, board string) (outbound.Target, error)
}

// kinds lists those that are set: a new kind is a field above and a line here.
func (c *Config) kinds() map[string]kind {
	set := map[string]kind{}
	if c.Slack != nil {
		set["slack"] = c.Slack
	}
	if c.Jira != nil {
		set["jira"] = c.Jira
	}
	if c.Mail != nil {
		set["mail"] = c.Mail
	}
	if c.MSTeams != nil {
		set["msteams"] = c.MSTeams
	}
	if c.PagerDuty != nil {
		set["pagerduty"] = c.PagerDuty
	}
	if c.Webhook != nil {
		set["webhook"] = c.Webhook
	}
	return set
}

// withOptional adds a secret to a kind's where it is set.
func withOptional(set map[string]*secret.Text, name string, s *secret.Text) map[string]*secret.Text {
	if s != nil {
		set[name] = s
	}
	return set
}

var targetName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// Validate says what is wrong, each on a line that begins with the field.
func (c *Config) Validate() error {
	var errs []error
	if !targetName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("name: %q; it must be 1 to 40 lower-case letters, digits, dashes and underscores", c.Name))
	}
	set := c.kinds()
	if len(set) != 1 {
		errs = append(errs, fmt.Errorf("slack: a target has exactly one of slack, jira, mail, msteams, pagerduty, webhook; this one has %d", len(set)))
	}
	for name, k := range set {
		if err := k.validate(); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				errs = append(errs, fmt.Errorf("%s.%s", name, line))
			}
		}
	}
	return errors.Join(errs...)
}

// LoadSecrets reads them from their files and variables.
func (c *Config) LoadSecrets() error {
	var errs []error
	for name, k := range c.kinds() {
		for field, s := range k.secrets() {
			if s.IsZero() {
				continue
			}
			if err := s.Load(); err != nil {
				errs = append(errs, fmt.Errorf("%s.%s: %w", name, field, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Target makes the target. board is the address under which people see
// incidents, "" for none.
func (c *Config) Target(board string) (outbound.Target, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	for _, k := range c.kinds() {
		return k.target(c, board)
	}
	return nil, errors.New("no kind") // Validate has seen it
}

// CheckURL says what is wrong with an address of the settings, or nil.
func CheckURL(u string) error {
	p, err := url.Parse(u)
	if err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" {
		return errors.New("it must be an address such as https://example.com/path")
	}
	if p.User != nil {
		return errors.New("a user and a password do not belong into an address, which is shown: give them as secrets")
	}
	return nil
}

func checkMail(address string) error {
	if a, err := mail.ParseAddress(address); err != nil || a.Address == "" {
		return fmt.Errorf("%q is no mail address", address)
	}
	return nil
}
