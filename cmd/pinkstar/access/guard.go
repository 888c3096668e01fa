package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

	sessions *sessions
	provider *provider // nil: nobody signs in elsewhere
	proxy    *Proxy
}

type holder struct {
	person web.Person
	hash   [sha256.Size]byte
}

// mark tells a token from others in a session, and is none.
func (h *holder) mark() string {
	sum := sha256.Sum256(append([]byte("pinkstar session "), h.hash[:]...))
	return hex.EncodeToString(sum[:12])
}

// NewGuard reads the tokens. open lets in whoever comes, as long as there is no
// token. webConfig is the file of http.web_config_file.
func NewGuard(c Config, open bool, webConfig string) (*Guard, error) {
	file, err := ReadWebConfig(webConfig)
	if err != nil {
		return nil, err
	}
	g := &Guard{open: open && !c.KnowsPeople() && !file.Authenticates(), people: map[string]web.Person{}, proxy: c.Proxy}
	if file.Authenticates() {
		g.file = webConfig
	}
	errs := []error{g.signIn(c)}
	seen := map[[sha256.Size]byte]string{}
	for i, t := range c.Tokens {
		p := web.Person{Name: t.Name, Role: roles[t.Role]}
		if t.Token == nil {
			if g.people[t.Name] = p; g.file == "" && g.proxy == nil {
				errs = append(errs, fmt.Errorf("access.tokens[%d]: %s has no token, and no http.web_config_file or access.proxy says who that is: give one of them", i, t.Name))
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

// signIn prepares sessions and the ways to begin one.
func (g *Guard) signIn(c Config) error {
	seal, err := newSealer(c.SessionKey)
	if err != nil {
		return err
	}
	g.sessions = newSessions(seal, c.SessionLife, c.TLSInFront)
	if c.Proxy != nil {
		if errs := c.Proxy.validate(); len(errs) > 0 { // it reads the addresses
			return errors.Join(errs...)
		}
	}
	if c.OIDC != nil {
		g.provider, err = newProvider(c.OIDC, seal, g.sessions)
	}
	return err
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
	if g.proxy.sent(r) && len(r.Header.Values(g.proxy.UserHeader)) > 0 {
		return g.proxy.who(r, g.people)
	}
	given := password
	if !basic {
		const scheme = "bearer "
		a := r.Header.Get("Authorization")
		if a == "" {
			return g.signedIn(r)
		}
		if len(a) < len(scheme) || !strings.EqualFold(a[:len(scheme)], scheme) {
			return web.Person{}, false
		}
		given = strings.TrimSpace(a[len(scheme):])
	}
	h := g.holds(given)
	if h == nil || basic && user != h.person.Name {
		return web.Person{}, false
	}
	return h.person, true
}

// holds returns whose token that is. Every token is compared, and hashes have one
// length: the time tells neither whose was nearly right nor how long it is.
func (g *Guard) holds(given string) (found *holder) {
	hash := sha256.Sum256([]byte(given))
	for i := range g.tokens {
		if subtle.ConstantTimeCompare(hash[:], g.tokens[i].hash[:]) == 1 {
			found = &g.tokens[i]
		}
	}
	return found
}

// signedIn is who a browser's session is of, as the configuration knows them now.
func (g *Guard) signedIn(r *http.Request) (web.Person, bool) {
	s, ok := g.sessions.of(r)
	if !ok {
		return web.Person{}, false
	}
	p := web.Person{Name: s.Name}
	if s.Token != "" {
		i := slices.IndexFunc(g.tokens, func(h holder) bool { return h.mark() == s.Token })
		if i < 0 {
			return web.Person{}, false // the token has been taken away
		}
		p = g.tokens[i].person
	} else {
		grace := recheckGrace
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			grace = 0
		}
		if g.provider == nil || !g.provider.holds(&s, grace) {
			return web.Person{}, false
		}
		p.Role = g.provider.cfg.role(s.Groups)
	}
	p.Session = true
	return p, p.Role != web.Nothing
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
