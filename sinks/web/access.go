package web

import (
	"context"
	"net/http"

	"pinkstar/schemas/apierror"
)

// Role is what somebody may do; each may what the one before may.
type Role int

// The roles.
const (
	Nothing Role = iota
	Read         // ask
	Act          // give commands
	Admin        // look into the process
)

// Person is who a request comes from, as the server has established it.
type Person struct {
	Name string // stands in incidents as "by"
	Role Role
	// Session: by a browser that signed in, and can sign out.
	Session bool
}

// Local is the name of whoever comes where nobody is asked for one.
const Local = "local"

// Who returns who sent a request, or false when it is nobody that is known.
type Who func(*http.Request) (Person, bool)

// SetWho gives the API somebody who knows the callers; without, nobody is let in.
// It is called before Handler.
func (a *API) SetWho(who Who) { a.who = who }

type personKey struct{}

// personOf is who sent r; admit has seen to it that there is one.
func personOf(r *http.Request) Person {
	p, _ := r.Context().Value(personKey{}).(Person)
	return p
}

// admit lets a request pass whose sender is known and may do it, and notes who
// that is.
func (a *API) admit(r *http.Request) (*http.Request, error) {
	var p Person
	known := false
	if a.who != nil {
		p, known = a.who(r)
	}
	if !known {
		e := apierror.New(http.StatusUnauthorized, "send a token that access.tokens holds: Authorization: Bearer TOKEN")
		e.Challenges = []string{`Bearer realm="pinkstar"`, `Basic realm="pinkstar", charset="UTF-8"`}
		return r, e
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && p.Role < Act {
		return r, apierror.New(http.StatusForbidden, "%s may only read; commands need the role act (access.tokens)", p.Name)
	}
	return r.WithContext(context.WithValue(r.Context(), personKey{}, p)), nil
}
