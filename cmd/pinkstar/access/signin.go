package access

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
)

// Enter implements web.SignIn: a token signs its holder in, under its own name
// alone.
func (g *Guard) Enter(w http.ResponseWriter, r *http.Request, name, token string) bool {
	h := g.holds(token)
	if h == nil || h.person.Name != name {
		return false
	}
	g.sessions.begin(w, r, session{Name: name, Token: h.mark()})
	return true
}

// Leave implements web.SignIn.
func (g *Guard) Leave(w http.ResponseWriter, r *http.Request) { g.sessions.end(w, r) }

// Elsewhere implements web.SignIn.
func (g *Guard) Elsewhere() bool { return g.provider != nil }

// Renews implements web.SignIn: a session goes on when the provider says so anew.
func (g *Guard) Renews(r *http.Request) bool {
	if g.provider == nil {
		return false
	}
	s, ok := g.sessions.of(r)
	return ok && s.Token == "" && !g.provider.holds(&s, 0)
}

// Address implements web.SignIn. A proxy's own address is everybody's who comes by
// it; whom it names last in X-Forwarded-For is who came to it.
func (g *Guard) Address(r *http.Request) string {
	if g.proxy.sent(r) {
		if lines := r.Header.Values("X-Forwarded-For"); len(lines) > 0 {
			list := strings.Split(lines[len(lines)-1], ",")
			if addr, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1])); err == nil {
				return network(addr)
			}
		}
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return network(at.Addr())
}

// network is what one person has of addresses: of IPv6, 64 bits are given to each.
func network(addr netip.Addr) string {
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return addr.String()
	}
	return prefix.String()
}

var errNoProvider = errors.New("no access.oidc is configured")

// Begin implements web.SignIn.
func (g *Guard) Begin(w http.ResponseWriter, r *http.Request, next string) error {
	if g.provider == nil {
		return errNoProvider
	}
	return g.provider.start(w, r, next)
}

// Finish implements web.SignIn.
func (g *Guard) Finish(w http.ResponseWriter, r *http.Request) (string, error) {
	if g.provider == nil {
		return "", errNoProvider
	}
	return g.provider.finish(w, r)
}
