package access

import (
	"errors"
	"net/http"
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
