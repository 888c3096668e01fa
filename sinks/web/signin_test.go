package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// desk lets in whom it knows, and notes who left.
type desk struct {
	elsewhere bool
	renews    bool
	err       error
	left      int
}

func (d *desk) Renews(*http.Request) bool    { return d.renews }
func (*desk) Address(r *http.Request) string { return r.Header.Get("Address") }

func (*desk) Enter(w http.ResponseWriter, _ *http.Request, name, token string) bool {
	if name == "kim" && token == "k3" {
		http.SetCookie(w, &http.Cookie{Name: "s", Value: "kim"})
		return true
	}
	return false
}

func (d *desk) Leave(http.ResponseWriter, *http.Request) { d.left++ }
func (d *desk) Elsewhere() bool                          { return d.elsewhere }
func (d *desk) Begin(w http.ResponseWriter, r *http.Request, next string) error {
	if d.err == nil {
		http.Redirect(w, r, "https://idp.example/?next="+url.QueryEscape(next), http.StatusSeeOther)
	}
	return d.err
}
func (d *desk) Finish(http.ResponseWriter, *http.Request) (string, error) { return "/problems", d.err }

// byCookieS knows who was let in at the desk.
func byCookieS(r *http.Request) (Person, bool) {
	if c, err := r.Cookie("s"); err == nil {
		return Person{Name: c.Value, Role: Act, Session: true}, true
	}
	return Person{}, false
}

func TestABrowserIsLedToSignInAndBack(t *testing.T) {
	d := &desk{}
	a := newAPI(t, nil, nil)
	a.SetWho(byCookieS)
	a.SetSignIn(d)
	do := func(method, target, form string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(form))
		if form != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for n := 0; n < len(header); n += 2 {
			r.Header.Set(header[n], header[n+1])
		}
		w := httptest.NewRecorder()
		a.Board().ServeHTTP(w, r)
		return w
	}
	html := []string{"Accept", "text/html,application/xhtml+xml"}
	w := do("GET", "/problems?x=%22%3E", "", html...)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Fproblems%3Fx%3D%2522%253E" {
		t.Errorf("%d %s", w.Code, w.Header())
	}
	if w := do("GET", w.Header().Get("Location"), "", html...); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="next" value="/problems?x=%22%3E"`) || strings.Contains(w.Body.String(), "/oncall") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, header := range map[string][]string{"a program": nil, "the changes": {"Accept", "text/event-stream"}, "wrong credentials": append(html, "Authorization", "Basic x")} {
		if w := do("GET", "/problems", "", header...); w.Code != http.StatusUnauthorized || len(w.Header().Values("WWW-Authenticate")) != 2 {
			t.Errorf("%s: %d %s", name, w.Code, w.Header())
		}
	}
	if w := do("POST", "/sign-in", "name=kim&token=wrong&next=/problems"); w.Code != http.StatusUnauthorized || len(w.Result().Cookies()) > 0 ||
		!strings.Contains(w.Body.String(), "do not belong together") || !strings.Contains(w.Body.String(), `value="kim"`) || strings.Contains(w.Body.String(), "wrong") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = do("POST", "/sign-in", "name=kim&token=k3&next=/problems")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/problems" {
		t.Fatalf("%d %s", w.Code, w.Header())
	}
	w = do("GET", "/problems", "", append(html, "Cookie", "s=kim")...)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "kim") || !strings.Contains(w.Body.String(), `action="/sign-out"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := do("POST", "/sign-out", ""); w.Code != http.StatusSeeOther || d.left != 1 {
		t.Errorf("%d, %d left", w.Code, d.left)
	}
	for range 2 * attemptsAtOnce {
		w = do("POST", "/sign-in", "name=kim&token=guess", "Address", "192.0.2.1")
	}
	if w.Code != http.StatusTooManyRequests {
		t.Errorf("guessing goes on: %d", w.Code)
	}
	if w := do("POST", "/sign-in", "name=kim&token=k3", "Address", "192.0.2.1"); w.Code != http.StatusTooManyRequests || len(w.Result().Cookies()) > 0 {
		t.Errorf("who guessed long enough comes in: %d", w.Code)
	}
	if w := do("POST", "/sign-in", "name=kim&token=k3", "Address", "192.0.2.2"); w.Code != http.StatusSeeOther {
		t.Errorf("somebody elsewhere is locked out by it: %d", w.Code)
	}
	d.renews = true
	if w := do("GET", "/problems?x=1", "", html...); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in/oidc?next=%2Fproblems%3Fx%3D1" {
		t.Errorf("who needs the provider's word alone is led to %s", w.Header())
	}
	a.signIn = nil
	for _, target := range []string{"/sign-in", "/sign-in/oidc", "/sign-in/callback"} {
		if w := do("GET", target, "", html...); w.Code != http.StatusNotFound {
			t.Errorf("%s where nobody signs in: %d", target, w.Code)
		}
	}
}

func TestSignInElsewhere(t *testing.T) {
	d := &desk{elsewhere: true}
	a := newAPI(t, nil, nil)
	a.SetWho(byCookieS)
	a.SetSignIn(d)
	ask := func(target string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		a.Board().ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		return w
	}
	if w := ask("/sign-in?next=/changes"); !strings.Contains(w.Body.String(), `href="/sign-in/oidc?next=%2fchanges"`) {
		t.Error("the page has no way to the provider")
	}
	if w := ask("/sign-in/oidc?next=//evil.example"); w.Header().Get("Location") != "https://idp.example/?next=%2F" {
		t.Errorf("led to %s", w.Header())
	}
	if w := ask("/sign-in/callback?code=x"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/problems" {
		t.Errorf("%d %s", w.Code, w.Header())
	}
	d.err = Refusal("kim <b>has no role")
	if w := ask("/sign-in/callback?code=x"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "kim &lt;b&gt;has no role") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.err = errors.New("dial tcp 10.0.0.9: secret")
	if w := ask("/sign-in/oidc"); w.Code != http.StatusBadGateway || strings.Contains(w.Body.String(), "10.0.0.9") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSignInLeadsToNoOtherSite(t *testing.T) {
	for next, want := range map[string]string{
		"/incidents/INC-1?members=2#x": "/incidents/INC-1?members=2#x", "/": "/",
		"": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/", "incidents": "/",
		"/sign-in?next=/": "/", "/\t/evil.example": "/", "/%zz": "/", "///evil": "/",
	} {
		if got := ownPage(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// However many addresses try, what is remembered of them is bounded; and one that was
// quiet may try again.
func TestAttemptsAreBounded(t *testing.T) {
	tried, now := newAttempts(), time.Now()
	for n := range maxAddresses + 10 {
		if !tried.allow(fmt.Sprint(n), now) {
			t.Fatal("the first attempt is refused")
		}
	}
	if len(tried.by) > maxAddresses {
		t.Errorf("%d addresses are remembered", len(tried.by))
	}
	for tried.allow("x", now) {
	}
	if now = now.Add(time.Minute); !tried.allow("x", now) {
		t.Error("it may never try again")
	}
}

// A panic is one answer that fails and is in the log, for net/http and for who calls
// the handler otherwise.
func TestAPanicIsAnAnswerAndInTheLog(t *testing.T) {
	var log bytes.Buffer
	a := newAPI(t, nil, nil)
	a.log = zerolog.New(&log)
	for name, serve := range map[string]func(*API, http.ResponseWriter, *http.Request) error{
		"before": func(*API, http.ResponseWriter, *http.Request) error { panic("oh <no>") },
		"in the midst": func(_ *API, w http.ResponseWriter, _ *http.Request) error {
			_, _ = w.Write([]byte("half"))
			panic("oh <no>")
		},
	} {
		log.Reset()
		w := httptest.NewRecorder()
		var aborted any
		func() {
			defer func() { aborted = recover() }()
			a.handle(route{pattern: "/x", serve: serve}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", http.NoBody))
		}()
		if !strings.Contains(log.String(), "oh <no>") || !strings.Contains(log.String(), "signin_test.go") {
			t.Errorf("%s: the log does not say what and where: %s", name, &log)
		}
		if half := name != "before"; half != (aborted == http.ErrAbortHandler) || !half && (w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "oh")) {
			t.Errorf("%s: %v, %d %s", name, aborted, w.Code, w.Body)
		}
	}
}
