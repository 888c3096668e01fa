package access

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas/secret"
	"pinkstar/sinks/web"
)

// Config is the section `access`.
type Config struct {
	// Tokens are the people and programs that may use the API.
	Tokens []Token `yaml:"tokens"`
	// People say whose the accounts of chats, ticket systems and pagers are, for
	// what comes back from there.
	People []Account `yaml:"people"`
	// Hosts are further names under which the server is reached. On loopback only
	// these, localhost and loopback addresses are served; elsewhere a list that is
	// not empty is the whole list.
	Hosts []string `yaml:"hosts"`
	// TrustedOrigins are the pages, scheme://host[:port], that a browser may send
	// commands from besides our own.
	TrustedOrigins []string `yaml:"trusted_origins"`
	// InsecureOpenToAnybody lets everybody who reaches the port do everything,
	// beyond loopback too.
	InsecureOpenToAnybody bool `yaml:"insecure_open_to_anybody"`
	// SessionLife is how long a browser stays signed in.
	SessionLife time.Duration `yaml:"session_life"`
	// SessionKey signs sessions; 32 bytes or more. Without one everybody signs in
	// again after a restart, and at each of several instances.
	SessionKey *secret.Text `yaml:"session_key,omitempty"`
	// TLSInFront says that browsers come by a proxy which does TLS: sessions then go
	// over encrypted connections alone.
	TLSInFront bool `yaml:"tls_in_front"`
	// OIDC lets people sign in at a provider of OpenID Connect.
	OIDC *OIDC `yaml:"oidc,omitempty"`
	// Proxy is one in front that asks people who they are.
	Proxy *Proxy `yaml:"proxy,omitempty"`
}

// DefaultConfig lets nobody in but by loopback.
func DefaultConfig() Config { return Config{SessionLife: defaultSession} }

// KnowsPeople reports whether anything here says who may come in.
func (c *Config) KnowsPeople() bool { return len(c.Tokens) > 0 || c.OIDC != nil || c.Proxy != nil }

// Token is one person or program. The token is sent as `Authorization: Bearer
// TOKEN`, or as the password of basic authentication under the name.
type Token struct {
	Name string `yaml:"name"` // stands in incidents as "by"
	Role string `yaml:"role"` // read, act or admin
	// Token is absent for a user of the web configuration file: the password is
	// there, and this says what the user may do.
	Token *secret.Text `yaml:"token,omitempty"`
}

// Account is one person's accounts in the systems of notify.targets.
type Account struct {
	Name string `yaml:"name"` // stands in incidents as "by"
	// Role is act or admin for who may order something there. Who has a token by
	// the same name may leave it out and has that one's.
	Role string `yaml:"role"`
	// Accounts are the ids there by the target's name: a Slack member id, a Jira
	// account id (Data Center: the user's key or name), a PagerDuty user id.
	Accounts map[string]string `yaml:"accounts"`
}

var name = regexp.MustCompile(`^[\p{L}\p{N}]([\p{L}\p{N} ._@+'-]{0,62}[\p{L}\p{N}._])?$`)

var roles = map[string]web.Role{"read": web.Read, "act": web.Act, "admin": web.Admin}

// Validate says everything that is wrong, with its place within the section.
// It reads no secret.
func (c *Config) Validate() (errs []error) {
	seen := map[string]bool{}
	for i, t := range c.Tokens {
		at := fmt.Sprintf("tokens[%d]", i)
		switch {
		case !name.MatchString(t.Name):
			errs = append(errs, fmt.Errorf("%s.name: %q; a name has 1 to 64 letters, digits, spaces and . _ @ + ' -; it stands in incidents", at, t.Name))
		case t.Name == web.Local:
			errs = append(errs, fmt.Errorf("%s.name: %q is who comes without a token; choose another name", at, web.Local))
		case seen[t.Name]:
			errs = append(errs, fmt.Errorf("%s.name: %q is there already", at, t.Name))
		}
		seen[t.Name] = true
		if roles[t.Role] == web.Nothing {
			errs = append(errs, fmt.Errorf("%s.role: %q is not one of read, act, admin", at, t.Role))
		}
	}
	errs = append(errs, c.validatePeople()...)
	errs = append(errs, c.signIn()...)
	for i, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/:* ") {
			errs = append(errs, fmt.Errorf("hosts[%d]: %q; a name without scheme and port", i, h))
		}
	}
	for i, o := range c.TrustedOrigins {
		u, err := url.Parse(o)
		if err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "" || strings.Contains(u.Host, "*") || u.Path != "" || u.RawQuery != "" || u.User != nil {
			errs = append(errs, fmt.Errorf("trusted_origins[%d]: %q; write https://host or https://host:port", i, o))
		}
	}
	return errs
}

func (c *Config) validatePeople() (errs []error) {
	seen, whose := map[string]bool{}, map[string]string{}
	for i, p := range c.People {
		at := fmt.Sprintf("people[%d]", i)
		switch {
		case !name.MatchString(p.Name):
			errs = append(errs, fmt.Errorf("%s.name: %q; a name has 1 to 64 letters, digits, spaces and . _ @ + ' -; it stands in incidents", at, p.Name))
		case seen[p.Name]:
			errs = append(errs, fmt.Errorf("%s.name: %q is there already", at, p.Name))
		}
		seen[p.Name] = true
		if c.roleOf(p) == web.Nothing {
			errs = append(errs, fmt.Errorf("%s.role: %q is not one of read, act, admin, and no token has the name %q", at, p.Role, p.Name))
		}
		for target, id := range p.Accounts {
			switch other := whose[target+"\n"+id]; {
			case id == "":
				errs = append(errs, fmt.Errorf("%s.accounts.%s: empty", at, target))
			case other != "":
				errs = append(errs, fmt.Errorf("%s.accounts.%s: %q is the account of %s; who ordered something could not be told", at, target, id, other))
			}
			whose[target+"\n"+id] = p.Name
		}
	}
	return errs
}

// roleOf is what p may do: what is said of it, or of its token.
func (c *Config) roleOf(p Account) web.Role {
	if p.Role != "" {
		return roles[p.Role]
	}
	for _, t := range c.Tokens {
		if t.Name == p.Name {
			return roles[t.Role]
		}
	}
	return web.Nothing
}

// Whose returns whose account of a target an id is, or false when it is nobody's
// that is known.
func (c *Config) Whose(target, id string) (web.Person, bool) {
	for _, p := range c.People {
		if id != "" && p.Accounts[target] == id {
			return web.Person{Name: p.Name, Role: c.roleOf(p)}, true
		}
	}
	return web.Person{}, false
}

// signIn checks what is said of sessions, a provider and a proxy.
func (c *Config) signIn() (errs []error) {
	if c.SessionLife < 0 || c.SessionLife > maxSession {
		errs = append(errs, fmt.Errorf("session_life: %s is not from 0 (%s) to 720h", c.SessionLife, defaultSession))
	}
	if c.OIDC != nil {
		errs = append(errs, c.OIDC.validate()...)
	}
	if c.Proxy != nil {
		errs = append(errs, c.Proxy.validate()...)
	}
	return errs
}
