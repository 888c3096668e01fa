package access

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"pinkstar/schemas/secret"
	"pinkstar/sinks/web"
)

// idp is a provider of OpenID Connect as its documents have it: it signs whom its
// claims name, once for each code, if the verifier fits.
type idp struct {
	t      *testing.T
	srv    *httptest.Server
	key    *rsa.PrivateKey
	signer *rsa.PrivateKey // what it signs with: its own unless told otherwise
	claims map[string]any  // of the next person, over the usual ones
	asked  map[string]url.Values
}

func newIDP(t *testing.T) *idp {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{t: t, key: key, signer: key, asked: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, map[string]any{"issuer": p.srv.URL, "authorization_endpoint": p.srv.URL + "/authorize", "token_endpoint": p.srv.URL + "/token",
			"jwks_uri": p.srv.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", p.token)
	p.srv = httptest.NewServer(mux)
	t.Cleanup(p.srv.Close)
	return p
}

func (p *idp) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // an empty form is refused below
	asked, ok := p.asked[r.PostForm.Get("code")]
	delete(p.asked, r.PostForm.Get("code"))
	id, secret, _ := r.BasicAuth()
	if !ok || challenge(r.PostForm.Get("code_verifier")) != asked.Get("code_challenge") || id != "pinkstar" || secret != "hush" || r.PostForm.Get("redirect_uri") != asked.Get("redirect_uri") {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{"iss": p.srv.URL, "aud": "pinkstar", "sub": "1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "nonce": asked.Get("nonce")}
	maps.Copy(claims, p.claims)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.signer, KeyID: "1"}}, nil)
	if err != nil {
		p.t.Error(err)
		return
	}
	text, err := jwt.Signed(s).Claims(claims).Serialize()
	if err != nil {
		p.t.Error(err)
	}
	p.answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": text})
}

// signIn goes through all of it with one browser, and returns what came of it.
func (p *idp) signIn(g *Guard, change func(*http.Request)) (who web.Person, next string, err error) {
	p.t.Helper()
	w := httptest.NewRecorder()
	if err := g.Begin(w, anew(), "/incidents/INC-1"); err != nil {
		return who, "", err
	}
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), p.srv.URL+"/authorize?") {
		p.t.Fatalf("led to %v", to)
	}
	q := to.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" || q.Get("scope") != "openid profile email" {
		p.t.Errorf("asked with %v", q)
	}
	p.asked["code-1"] = q
	r := httptest.NewRequest(http.MethodGet, "/sign-in/callback?"+url.Values{"code": {"code-1"}, "state": {q.Get("state")}}.Encode(), http.NoBody)
	r = cookies(w, r)
	if change != nil {
		change(r)
	}
	w = httptest.NewRecorder()
	if next, err = g.Finish(w, r); err != nil {
		return who, "", err
	}
	who, _ = g.Who(cookies(w, anew()))
	return who, next, nil
}

func (p *idp) config() Config {
	return Config{OIDC: &OIDC{Issuer: p.srv.URL, ClientID: "pinkstar", ClientSecret: token("hush"), RedirectURL: "http://127.0.0.1:8080/sign-in/callback",
		GroupsClaim: "realm_access.roles", Grants: Grants{Roles: map[string]string{"sre": "act", "lead": "admin"}}}}
}

func in(groups ...string) map[string]any { return map[string]any{"roles": groups} }

func TestSignInAtAProvider(t *testing.T) {
	p := newIDP(t)
	c := p.config()
	if errs := c.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	g := guard(t, c, true, "")
	if g.Open() || !g.Elsewhere() {
		t.Error("open, or nobody can sign in elsewhere")
	}
	p.claims = map[string]any{"preferred_username": "kim", "realm_access": in("guests", "sre")}
	who, next, err := p.signIn(g, nil)
	if err != nil || who != (web.Person{Name: "kim", Role: web.Act, Session: true}) || next != "/incidents/INC-1" {
		t.Fatalf("%+v to %s, %v", who, next, err)
	}
	stranger, _ := rsa.GenerateKey(rand.Reader, 2048)
	for name, x := range map[string]struct {
		claims map[string]any
		signer *rsa.PrivateKey
		change func(*http.Request)
		want   string
	}{
		"no group that has a role": {claims: map[string]any{"preferred_username": "kim", "realm_access": in("guests")}, want: "has no role here"},
		"a name that is none":      {claims: map[string]any{"preferred_username": "<script>", "realm_access": in("sre")}, want: "which is no name"},
		"local":                    {claims: map[string]any{"preferred_username": "local", "realm_access": in("sre")}, want: "which is no name"},
		"no name":                  {claims: map[string]any{"realm_access": in("sre")}, want: "which is no name"},
		"another's nonce":          {claims: map[string]any{"nonce": "x", "preferred_username": "kim", "realm_access": in("sre")}, want: "another sign-in"},
		"for another client":       {claims: map[string]any{"aud": "other", "preferred_username": "kim", "realm_access": in("sre")}, want: "can't be believed"},
		"over":                     {claims: map[string]any{"exp": 1, "preferred_username": "kim", "realm_access": in("sre")}, want: "can't be believed"},
		"of another issuer":        {claims: map[string]any{"iss": "https://evil.example", "preferred_username": "kim", "realm_access": in("sre")}, want: "can't be believed"},
		"signed by somebody else":  {claims: p.claims, signer: stranger, want: "can't be believed"},
		"another state":            {claims: p.claims, change: func(r *http.Request) { r.URL.RawQuery = "code=code-1&state=x" }, want: "not the answer"},
		"another browser":          {claims: p.claims, change: func(r *http.Request) { r.Header.Del("Cookie") }, want: "another browser"},
		"a code that is none":      {claims: p.claims, change: func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "code-1", "code-2", 1) }, want: "refuses it"},
	} {
		if p.claims, p.signer = x.claims, p.key; x.signer != nil {
			p.signer = x.signer
		}
		if who, _, err := p.signIn(g, x.change); err == nil || !strings.Contains(err.Error(), x.want) || who.Role != web.Nothing {
			t.Errorf("%s: %+v, %v; want %q", name, who, err, x.want)
		}
	}
}

// What the provider said of somebody counts for an hour, and what the configuration
// makes of it at every request: a role that is taken away is gone.
func TestARoleIsTheProvidersWordAndTheConfigurations(t *testing.T) {
	p := newIDP(t)
	key := secret.New("0123456789abcdef0123456789abcdef")
	c := p.config()
	c.SessionKey, c.TLSInFront = &key, true
	g := guard(t, c, true, "")
	now := time.Now()
	g.sessions.now = func() time.Time { return now }
	p.claims = map[string]any{"preferred_username": "kim", "realm_access": in("lead", "sre", "guests")}
	w := p.browser(g)
	ask := func(g *Guard, method string) (web.Person, bool) {
		r := cookies(w, anew())
		r.Method = method
		return g.Who(r)
	}
	if who, ok := ask(g, http.MethodGet); !ok || who.Role != web.Admin || g.Renews(cookies(w, anew())) {
		t.Fatalf("%+v %v", who, ok)
	}
	for _, cookie := range w.Result().Cookies() {
		if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure || cookie.Path != "/" || cookie.Domain != "" {
			t.Errorf("%+v", cookie)
		}
	}
	less := p.config()
	less.SessionKey, less.TLSInFront = &key, true
	less.OIDC.Roles = map[string]string{"sre": "read"}
	if who, ok := ask(guard(t, less, true, ""), http.MethodGet); !ok || who.Role != web.Read {
		t.Errorf("the configuration gives less: %+v %v", who, ok)
	}
	less.OIDC.Roles = map[string]string{"guests": "read"} // that kim is one was not noted: it meant nothing
	if who, ok := ask(guard(t, less, true, ""), http.MethodGet); ok {
		t.Errorf("the configuration gives nothing: %+v", who)
	}
	now = now.Add(defaultRecheck + time.Second)
	if who, ok := ask(g, http.MethodGet); ok || !g.Renews(cookies(w, anew())) {
		t.Errorf("the provider's word is an hour old: %+v", who)
	}
	if who, ok := ask(g, http.MethodPost); !ok || who.Role != web.Admin {
		t.Errorf("a form that was being filled in is lost: %+v", who)
	}
	now = now.Add(recheckGrace)
	if who, ok := ask(g, http.MethodPost); ok {
		t.Errorf("a page that was left open keeps its role: %+v", who)
	}
	p.claims = map[string]any{"preferred_username": "kim", "realm_access": in("sre"), "exp": now.Add(time.Hour).Unix()}
	w = p.browser(g)
	if who, ok := ask(g, http.MethodGet); !ok || who.Role != web.Act || g.Renews(cookies(w, anew())) {
		t.Errorf("anew: %+v %v", who, ok)
	}
	now = now.Add(defaultSession)
	if g.Renews(cookies(w, anew())) {
		t.Error("a session that is over goes on by itself")
	}
}

// browser signs in and returns the answer with the session's cookie; it fails where
// that can't be done.
func (p *idp) browser(g *Guard) *httptest.ResponseRecorder {
	p.t.Helper()
	begun := httptest.NewRecorder()
	if err := g.Begin(begun, anew(), "/"); err != nil {
		p.t.Fatal(err)
	}
	for _, c := range begun.Result().Cookies() {
		if g.sessions.front && (!strings.HasPrefix(c.Name, "__Host-") || !c.Secure || c.Path != "/") {
			p.t.Errorf("%+v", c)
		}
	}
	to, err := url.Parse(begun.Header().Get("Location"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.asked["code-1"] = to.Query()
	r := cookies(begun, httptest.NewRequest(http.MethodGet, "/sign-in/callback?"+url.Values{"code": {"code-1"}, "state": {to.Query().Get("state")}}.Encode(), http.NoBody))
	w := httptest.NewRecorder()
	if _, err := g.Finish(w, r); err != nil {
		p.t.Fatal(err)
	}
	return w
}

func TestAnEmailCountsWhereItIsVerified(t *testing.T) {
	p := newIDP(t)
	c := p.config()
	c.OIDC.NameClaim, c.OIDC.Everybody = "email", "read"
	g := guard(t, c, true, "")
	p.claims = map[string]any{"email": "kim@example.com"}
	if _, _, err := p.signIn(g, nil); err == nil || !strings.Contains(err.Error(), "not verified") {
		t.Errorf("unverified: %v", err)
	}
	p.claims["email_verified"] = true
	if who, _, err := p.signIn(g, nil); err != nil || who.Name != "kim@example.com" || who.Role != web.Read {
		t.Errorf("verified: %+v, %v", who, err)
	}
	p.srv.Close()
	if _, _, err := p.signIn(guard(t, c, true, ""), nil); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("a provider that is away: %v", err)
	}
}

func challenge(verifier string) string { return oauth2.S256ChallengeFromVerifier(verifier) }
