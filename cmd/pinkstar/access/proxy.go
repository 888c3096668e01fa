package access

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"pinkstar/sinks/web"
)

// Proxy is one in front of us that has asked people who they are. Its headers are
// believed from its own addresses alone.
type Proxy struct {
	// From are the addresses of the proxy, such as 10.1.2.3 or 10.1.0.0/16. Whoever
	// can send from one of them can be anybody.
	From []string `yaml:"from"`
	// UserHeader names the person, X-Forwarded-User for example. The proxy must
	// remove it from what it passes on.
	UserHeader string `yaml:"user_header"`
	// GroupsHeader has groups with commas between; none: roles go by access.tokens.
	GroupsHeader string `yaml:"groups_header,omitempty"`
	Grants       `yaml:",inline"`

	from []netip.Prefix
}

// Grants says which role whom a directory knows has here.
type Grants struct {
	// Roles maps a group to read, act or admin; the highest counts.
	Roles map[string]string `yaml:"roles,omitempty"`
	// Everybody is the role of whom no group gives one; none: they don't come in.
	Everybody string `yaml:"everybody,omitempty"`
}

func (g *Grants) validate(at string) (errs []error) {
	for group, role := range g.Roles {
		if roles[role] == web.Nothing {
			errs = append(errs, fmt.Errorf("%s.roles.%s: %q is not one of read, act, admin", at, group, role))
		}
	}
	if g.Everybody != "" && roles[g.Everybody] == web.Nothing {
		errs = append(errs, fmt.Errorf("%s.everybody: %q is not one of read, act, admin", at, g.Everybody))
	}
	return errs
}

// role is the highest that groups give.
func (g *Grants) role(groups []string) web.Role {
	best := roles[g.Everybody]
	for _, name := range groups {
		best = max(best, roles[g.Roles[name]])
	}
	return best
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

func (p *Proxy) validate() (errs []error) {
	p.from = nil
	if len(p.From) == 0 {
		errs = append(errs, fmt.Errorf("proxy.from: missing: the proxy's addresses; whoever else sends its header is not believed"))
	}
	for i, text := range p.From {
		prefix, err := netip.ParsePrefix(text)
		if addr, err2 := netip.ParseAddr(text); err != nil && err2 == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil || prefix.Bits() == 0 {
			errs = append(errs, fmt.Errorf("proxy.from[%d]: %q; write an address, or a network that is not everything", i, text))
			continue
		}
		p.from = append(p.from, prefix.Masked())
	}
	for field, name := range map[string]string{"user_header": p.UserHeader, "groups_header": p.GroupsHeader} {
		reserved := slices.ContainsFunc([]string{"Authorization", "Cookie", "Host", "X-Forwarded-For", "X-Forwarded-Proto"}, func(s string) bool { return strings.EqualFold(s, name) })
		if (name != "" || field == "user_header") && (!headerName.MatchString(name) || reserved) {
			errs = append(errs, fmt.Errorf("proxy.%s: %q is no header that names people, such as X-Forwarded-User", field, name))
		}
	}
	return append(errs, p.Grants.validate("proxy")...)
}

// sent reports whether r comes from the proxy.
func (p *Proxy) sent(r *http.Request) bool {
	if p == nil {
		return false
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr := at.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(p.from, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// who is the person that the proxy names. A header that is there twice may have
// been sent by somebody else the first time.
func (p *Proxy) who(r *http.Request, people map[string]web.Person) (web.Person, bool) {
	users := r.Header.Values(p.UserHeader)
	if len(users) != 1 || !name.MatchString(users[0]) || users[0] == web.Local {
		return web.Person{}, false
	}
	var groups []string
	if p.GroupsHeader != "" {
		for _, line := range r.Header.Values(p.GroupsHeader) {
			for g := range strings.SplitSeq(line, ",") {
				groups = append(groups, strings.TrimSpace(g))
			}
		}
	}
	found := web.Person{Name: users[0], Role: max(p.role(groups), people[users[0]].Role)}
	return found, found.Role != web.Nothing
}
