package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"pinkstar/sinks/web"
)

// Guard knows who a request comes from. It is safe for concurrent use.
type Guard struct {
	tokens []holder
	people map[string]web.Person // without a token, by name
	// open: whoever comes is web.Local.
	open bool
	// file is the web configuration file, where the server asks it who may come
	// in; "" otherwise.
	file string
}

type holder struct {
	person web.Person
	hash   [sha256.Size]byte
}

// NewGuard reads the tokens. open lets in whoever comes, as long as there is no
// token. webConfig is the file of http.web_config_file.
func NewGuard(c Config, open bool, webConfig string) (*Guard, error) {
	file, err := ReadWebConfig(webConfig)
	if err != nil {
		return nil, err
	}
	g := &Guard{open: open && len(c.Tokens) == 0 && !file.Authenticates(), people: map[string]web.Person{}}
	if file.Authenticates() {
		g.file = webConfig
	}
	var errs []error
	seen := map[[sha256.Size]byte]string{}
	for i, t := range c.Tokens {
		p := web.Person{Name: t.Name, Role: roles[t.Role]}
		if t.Token == nil {
			if g.people[t.Name] = p; g.file == "" {
				errs = append(errs, fmt.Errorf("access.tokens[%d]: %s has no token, and no http.web_config_file says who that is: give one of the two", i, t.Name))
			}
			continue
		}
		s := *t.Token
		if err := s.Load(); err != nil {
			errs = append(errs, fmt.Errorf("access.tokens[%d].token: %w", i, err))
			continue
		}
		hash := s.Hash()
		if other, ok := seen[hash]; ok {
			errs = append(errs, fmt.Errorf("access.tokens[%d].token: the same as that of %s; who gave a command could not be told", i, other))
		}
		seen[hash] = t.Name
		g.tokens = append(g.tokens, holder{p, hash})
	}
	return g, errors.Join(errs...)
}

// Open reports whether whoever comes may do everything.
func (g *Guard) Open() bool { return g.open }

// ByServer reports that the server itself asks everybody who they are.
func (g *Guard) ByServer() bool { return g.file != "" }

// Lost reports that the web configuration file, which said at the start who may
// come in, does so no longer: the server asks nobody any more.
func (g *Guard) Lost() bool {
	if g.file == "" {
		return false
	}
	file, err := ReadWebConfig(g.file)
	return err != nil || !file.Authenticates()
}

// Who returns who sent r, or false when nobody that is known did.
func (g *Guard) Who(r *http.Request) (web.Person, bool) {
	if g.open {
		return web.Person{Name: web.Local, Role: web.Admin}, true
	}
	user, password, basic := r.BasicAuth()
	if g.file != "" {
		if who := g.checked(r, user); who != "" {
			return g.named(who)
		}
	}
	given := password
	if !basic {
		const scheme = "bearer "
		a := r.Header.Get("Authorization")
		if len(a) < len(scheme) || !strings.EqualFold(a[:len(scheme)], scheme) {
			return web.Person{}, false
		}
		given = strings.TrimSpace(a[len(scheme):])
	}
	// Every token is compared, and hashes have one length: the time tells neither
	// whose was nearly right nor how long it is.
	hash := sha256.Sum256([]byte(given))
	var found web.Person
	for i := range g.tokens {
		h := &g.tokens[i]
		if subtle.ConstantTimeCompare(hash[:], h.hash[:]) == 1 && (!basic || user == h.person.Name) {
			found = h.person
		}
	}
	return found, found.Role != web.Nothing
}

// checked returns the name that the server itself has checked: a basic user's,
// or that of a client certificate. The server reads the file anew for each
// request, so its users are looked up anew: without users it checks nobody.
func (g *Guard) checked(r *http.Request, user string) string {
	file, err := ReadWebConfig(g.file)
	switch {
	case err != nil:
		return ""
	case len(file.Users) > 0:
		if _, ok := file.Users[user]; ok {
			return user
		}
	case r.TLS != nil && len(r.TLS.VerifiedChains) > 0:
		return r.TLS.PeerCertificates[0].Subject.CommonName
	}
	return ""
}

// named is a person whom the server has checked. Who stands in the file for
// another reason, a sender perhaps, may only read.
func (g *Guard) named(who string) (web.Person, bool) {
	if p, ok := g.people[who]; ok {
		return p, true
	}
	return web.Person{Name: who, Role: web.Read}, name.MatchString(who) && who != web.Local
}
