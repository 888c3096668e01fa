package web

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"pinkstar/schemas/apierror"
)

// SignIn lets people in whose browser then keeps a session.
type SignIn interface {
	// Enter begins the session of whom a token belongs to, if it is theirs.
	Enter(w http.ResponseWriter, r *http.Request, name, token string) bool
	// Leave ends the session.
	Leave(w http.ResponseWriter, r *http.Request)
	// Elsewhere reports whether people may sign in at a provider: Begin leads there,
	// and Finish takes its answer and says where the person wanted to go. A Refusal
	// is for the person; any other error for the log.
	Elsewhere() bool
	Begin(w http.ResponseWriter, r *http.Request, next string) error
	// Renews reports whether r's session goes on once the provider says so anew, which
	// it does without a question to the person.
	Renews(r *http.Request) bool
	// Address is where r comes from, as far as one person has it to themselves.
	Address(r *http.Request) string
	Finish(w http.ResponseWriter, r *http.Request) (next string, err error)
}

// Refusal is why somebody is not let in, in words for them.
type Refusal string

func (e Refusal) Error() string { return string(e) }

// SetSignIn gives the board a page to sign in at. Without, a browser asks for name
// and token itself. It is called before Board.
func (a *API) SetSignIn(s SignIn) { a.signIn = s }

const signInPath = "/sign-in"

// CallbackPath is where a provider of sign-in sends browsers back to.
const CallbackPath = signInPath + "/callback"

// signInRoutes are for who is not known yet.
var signInRoutes = []route{
	{method: http.MethodGet, pattern: signInPath, serve: (*API).boardSignIn, anybody: true},
	{method: http.MethodPost, pattern: signInPath, serve: (*API).boardEnter, anybody: true},
	{method: http.MethodPost, pattern: "/sign-out", serve: (*API).boardLeave, anybody: true},
	{method: http.MethodGet, pattern: signInPath + "/oidc", serve: (*API).boardBegin, anybody: true},
	{method: http.MethodGet, pattern: CallbackPath, serve: (*API).boardFinish, anybody: true},
}

// attempts bounds how often tokens are tried from one address: whoever guesses locks
// out nobody else.
type attempts struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

// maxAddresses bounds the addresses that are remembered. Beyond it those that are
// quiet are forgotten, and where none is, all.
const maxAddresses = 10_000

const (
	attemptsPerSecond = 0.5
	attemptsAtOnce    = 20
)

func newAttempts() *attempts { return &attempts{by: map[string]*rate.Limiter{}} }

// allow reports whether one more may be made from an address now.
func (t *attempts) allow(address string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.by[address]
	if l == nil {
		t.forget(now)
		l = rate.NewLimiter(attemptsPerSecond, attemptsAtOnce)
		t.by[address] = l
	}
	return l.AllowN(now, 1)
}

func (t *attempts) forget(now time.Time) {
	if len(t.by) < maxAddresses {
		return
	}
	maps.DeleteFunc(t.by, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= attemptsAtOnce })
	if len(t.by) >= maxAddresses {
		clear(t.by)
	}
}

// signInBody is the page to sign in at.
type signInBody struct {
	Next, Name, Why string
	Elsewhere       bool
}

func (a *API) boardSignIn(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), []string{"next"}); err != nil {
		return err
	}
	return a.askSignIn(w, r, http.StatusOK, signInBody{Next: ownPage(r.URL.Query().Get("next"))})
}

func (a *API) askSignIn(w http.ResponseWriter, r *http.Request, status int, b signInBody) error {
	if a.signIn == nil {
		return apierror.New(http.StatusNotFound, "nobody is asked to sign in here")
	}
	b.Elsewhere = a.signIn.Elsewhere()
	return a.show(w, r, status, "signin", "Sign in", &b)
}

func (a *API) boardEnter(w http.ResponseWriter, r *http.Request) error {
	if err := a.readForm(w, r); err != nil {
		return err
	}
	b := signInBody{Next: ownPage(r.PostForm.Get("next")), Name: strings.TrimSpace(r.PostForm.Get("name"))}
	switch {
	case a.signIn == nil:
	case !a.attempts.allow(a.signIn.Address(r), time.Now()):
		b.Why = "Too many attempts just now. Wait a moment."
		return a.askSignIn(w, r, http.StatusTooManyRequests, b)
	case a.signIn.Enter(w, r, b.Name, strings.TrimSpace(r.PostForm.Get("token"))):
		a.log.Info().Str("name", b.Name).Msg("signed in")
		http.Redirect(w, r, b.Next, http.StatusSeeOther)
		return nil
	}
	a.log.Warn().Str("name", b.Name).Msg("sign-in refused")
	b.Why = "That name and token do not belong together."
	return a.askSignIn(w, r, http.StatusUnauthorized, b)
}

func (a *API) boardLeave(w http.ResponseWriter, r *http.Request) error {
	if a.signIn != nil {
		a.signIn.Leave(w, r)
	}
	http.Redirect(w, r, signInPath, http.StatusSeeOther)
	return nil
}

func (a *API) boardBegin(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), []string{"next"}); err != nil {
		return err
	}
	if a.signIn == nil || !a.signIn.Elsewhere() {
		return apierror.New(http.StatusNotFound, "nobody signs in elsewhere: no access.oidc is configured")
	}
	return a.elsewhere(w, r, a.signIn.Begin(w, r, ownPage(r.URL.Query().Get("next"))))
}

func (a *API) boardFinish(w http.ResponseWriter, r *http.Request) error {
	if a.signIn == nil || !a.signIn.Elsewhere() {
		return apierror.New(http.StatusNotFound, "nobody signs in elsewhere: no access.oidc is configured")
	}
	next, err := a.signIn.Finish(w, r)
	if err != nil {
		return a.elsewhere(w, r, err)
	}
	http.Redirect(w, r, ownPage(next), http.StatusSeeOther) //nolint:gosec // to a page of this board alone
	return nil
}

// elsewhere puts what went wrong at the provider on the page to sign in at.
func (a *API) elsewhere(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		return nil
	}
	b := signInBody{Next: "/"}
	if why, ok := errors.AsType[Refusal](err); ok {
		a.log.Warn().Str("reason", string(why)).Msg("sign-in refused")
		b.Why = "Not signed in: " + string(why) + "."
		return a.askSignIn(w, r, http.StatusForbidden, b)
	}
	a.log.Error().Err(err).Msg("sign-in failed")
	b.Why = "The provider of sign-in can't be asked right now, or answers what can't be believed. The log says more."
	return a.askSignIn(w, r, http.StatusBadGateway, b)
}

// ownPage is next if it is a page of this board, and the first one otherwise: a
// link must not lead elsewhere by way of the sign-in.
func ownPage(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(u.Path, signInPath) {
		return "/"
	}
	return next
}

// leadsToSignIn reports whether r is of a person with a browser who is to be sent
// to sign in: one that sends credentials by itself is told that they are wrong.
func (a *API) leadsToSignIn(r *http.Request) bool {
	return a.signIn != nil && r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// toSignIn sends a browser to sign in, or to the provider where that is all it needs;
// after it the page that was asked for is shown.
func (a *API) toSignIn(w http.ResponseWriter, r *http.Request) {
	next, path := "/", signInPath
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	if a.signIn.Renews(r) {
		path += "/oidc"
	}
	http.Redirect(w, r, path+"?"+url.Values{"next": {ownPage(next)}}.Encode(), http.StatusSeeOther)
}
