package access

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas/secret"
	"pinkstar/sinks/web"
)

var people = []Token{{Name: "sam", Role: "act", Token: token("s3")}, {Name: "kim", Role: "read", Token: token("k3")}}

// cookies are what a browser keeps of an answer.
func cookies(w *httptest.ResponseRecorder, r *http.Request) *http.Request {
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			r.AddCookie(c)
		}
	}
	return r
}

func anew() *http.Request { return httptest.NewRequest(http.MethodGet, "/", http.NoBody) }

func entered(t *testing.T, g *Guard, name, token string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if !g.Enter(w, anew(), name, token) {
		t.Fatalf("%s is not let in", name)
	}
	return w
}

func TestASessionIsThatOfATokensHolder(t *testing.T) {
	g := guard(t, Config{Tokens: people}, true, "")
	w := entered(t, g, "sam", "s3")
	c := w.Result().Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.MaxAge != int(defaultSession/time.Second) || strings.Contains(c.Value, "s3") {
		t.Errorf("%+v", c)
	}
	want := web.Person{Name: "sam", Role: web.Act, Session: true}
	if p, ok := g.Who(cookies(w, anew())); !ok || p != want {
		t.Errorf("%+v %v", p, ok)
	}
	for _, wrong := range [][2]string{{"kim", "s3"}, {"sam", ""}, {"", "s3"}, {"sam", "k3"}} {
		if g.Enter(httptest.NewRecorder(), anew(), wrong[0], wrong[1]) {
			t.Errorf("%v is let in", wrong)
		}
	}
	// Credentials that are sent count, not the session.
	r := cookies(w, anew())
	r.SetBasicAuth("kim", "k3")
	if p, _ := g.Who(r); p.Name != "kim" || p.Session {
		t.Errorf("a token beside a session: %+v", p)
	}
	r.SetBasicAuth("kim", "wrong")
	if p, ok := g.Who(r); ok {
		t.Errorf("a wrong token beside a session: %+v", p)
	}
}

func TestASessionEnds(t *testing.T) {
	g := guard(t, Config{Tokens: people, SessionLife: time.Hour}, true, "")
	now := time.Now()
	g.sessions.now = func() time.Time { return now }
	w := entered(t, g, "sam", "s3")
	now = now.Add(time.Hour - time.Second)
	if _, ok := g.Who(cookies(w, anew())); !ok {
		t.Error("over before its time")
	}
	now = now.Add(2 * time.Second)
	if _, ok := g.Who(cookies(w, anew())); ok {
		t.Error("lasts beyond its time")
	}
	w = entered(t, g, "sam", "s3")
	other := entered(t, g, "sam", "s3")
	left := httptest.NewRecorder()
	g.Leave(left, cookies(w, anew()))
	if _, ok := g.Who(cookies(w, anew())); ok || left.Result().Cookies()[0].MaxAge >= 0 {
		t.Error("a copy of the cookie outlives the sign-out")
	}
	if _, ok := g.Who(cookies(other, anew())); !ok {
		t.Error("the same person's other browser was signed out too")
	}
	for n := range maxEnded { // nobody's memory is filled
		g.sessions.ended[strings.Repeat("x", n%7)+time.Duration(n).String()] = now.Add(time.Hour).Unix()
	}
	g.Leave(httptest.NewRecorder(), cookies(other, anew()))
	if _, ok := g.Who(cookies(other, anew())); ok || len(g.sessions.ended) > 0 {
		t.Error("beyond what is remembered, sessions stay")
	}
}

// A forged cookie, one of another key, one signed for another purpose, and one of
// a token that was taken away open nothing.
func TestCookiesThatAreNone(t *testing.T) {
	key := secret.New("0123456789abcdef0123456789abcdef")
	with := Config{Tokens: people, SessionKey: &key}
	g := guard(t, with, true, "")
	w := entered(t, g, "sam", "s3")
	if _, ok := guard(t, with, true, "").Who(cookies(w, anew())); !ok {
		t.Error("another instance with the same key does not know the session")
	}
	for name, other := range map[string]*Guard{
		"another key":            guard(t, Config{Tokens: people}, true, ""),
		"the token is gone":      guard(t, Config{Tokens: people[1:], SessionKey: &key}, true, ""),
		"the token is different": guard(t, Config{Tokens: []Token{{Name: "sam", Role: "act", Token: token("new")}}, SessionKey: &key}, true, ""),
	} {
		if p, ok := other.Who(cookies(w, anew())); ok {
			t.Errorf("%s: %+v", name, p)
		}
	}
	good := w.Result().Cookies()[0]
	text, mark, _ := strings.Cut(good.Value, ".")
	admin := g.sessions.seal.seal("oidc", session{Name: "root", Groups: []string{"lead"}, Asked: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix()})
	for _, value := range []string{"", ".", text + ".", "." + mark, text + "x." + mark, text + "." + mark[1:], admin, good.Value + ".x",
		g.sessions.seal.seal("session", session{Name: "root", Groups: []string{"lead"}, Asked: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix()})} { // of no token, and there is no provider
		r := anew()
		r.AddCookie(&http.Cookie{Name: cookieName, Value: value})
		if p, ok := g.Who(r); ok {
			t.Errorf("%q: %+v", value, p)
		}
	}
	short := secret.New("short")
	if _, err := NewGuard(Config{Tokens: people, SessionKey: &short}, true, ""); err == nil || !strings.Contains(err.Error(), "access.session_key") {
		t.Errorf("a short key: %v", err)
	}
}

func TestCookiesAreForEncryptedConnectionsWhereTheyAre(t *testing.T) {
	g := guard(t, Config{Tokens: people, TLSInFront: true}, true, "")
	w := entered(t, g, "sam", "s3")
	if c := w.Result().Cookies()[0]; !c.Secure || c.Name != "__Host-"+cookieName || c.Path != "/" || c.Domain != "" {
		t.Errorf("%+v", c)
	}
	if _, ok := g.Who(cookies(w, anew())); !ok {
		t.Error("it does not come back")
	}
}

func TestAProxysWordCountsFromItsAddressAlone(t *testing.T) {
	c := Config{
		Tokens: []Token{{Name: "sam", Role: "act", Token: token("s3")}, {Name: "boss", Role: "admin"}},
		Proxy: &Proxy{From: []string{"10.1.0.0/16", "::1"}, UserHeader: "X-Forwarded-User", GroupsHeader: "X-Forwarded-Groups",
			Grants: Grants{Roles: map[string]string{"ops": "act", "leads": "admin"}}},
	}
	if errs := c.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	g := guard(t, c, true, "")
	if g.Open() {
		t.Error("open")
	}
	ask := func(from, user, groups string) *http.Request {
		r := anew()
		r.RemoteAddr = from
		if user != "" {
			r.Header.Set("X-Forwarded-User", user)
		}
		r.Header.Set("X-Forwarded-Groups", groups)
		return r
	}
	for _, x := range []struct {
		from, user, groups string
		want               web.Person
	}{
		{"10.1.2.3:99", "kim", "guests, ops", web.Person{Name: "kim", Role: web.Act}},
		{"[::ffff:10.1.2.3]:99", "kim", "leads,ops", web.Person{Name: "kim", Role: web.Admin}},
		{"[::1]:99", "kim", "ops", web.Person{Name: "kim", Role: web.Act}},
		{"10.1.2.3:99", "boss", "", web.Person{Name: "boss", Role: web.Admin}},
		{"10.1.2.3:99", "kim", "guests", web.Person{}},
		{"10.2.0.1:99", "kim", "ops", web.Person{}}, // not the proxy
		{"127.0.0.1:99", "boss", "leads", web.Person{}},
		{"10.1.2.3:99", "local", "ops", web.Person{}},
		{"10.1.2.3:99", "a\tb", "ops", web.Person{}},
		{"nonsense", "kim", "ops", web.Person{}},
	} {
		if p, ok := g.Who(ask(x.from, x.user, x.groups)); p.Name != x.want.Name && ok || p.Role != x.want.Role || ok != (x.want.Role != web.Nothing) {
			t.Errorf("%+v: %+v %v", x, p, ok)
		}
	}
	twice := ask("10.1.2.3:99", "kim", "ops")
	twice.Header.Add("X-Forwarded-User", "boss")
	if p, ok := g.Who(twice); ok {
		t.Errorf("two names: %+v", p)
	}
	program := ask("10.1.2.3:99", "", "")
	program.SetBasicAuth("sam", "s3")
	if p, _ := g.Who(program); p.Name != "sam" {
		t.Errorf("a program by the proxy: %+v", p)
	}
}

func TestMistakesInSignIn(t *testing.T) {
	for want, c := range map[string]Config{
		"session_life":           {SessionLife: -1},
		"proxy.from: missing":    {Proxy: &Proxy{UserHeader: "X-User"}},
		`proxy.from[0]: "all"`:   {Proxy: &Proxy{From: []string{"all"}, UserHeader: "X-User"}},
		`proxy.from[0]: "::/0"`:  {Proxy: &Proxy{From: []string{"::/0"}, UserHeader: "X-User"}},
		`proxy.user_header: ""`:  {Proxy: &Proxy{From: []string{"10.0.0.1"}}},
		`proxy.user_header: "C`:  {Proxy: &Proxy{From: []string{"10.0.0.1"}, UserHeader: "Cookie"}},
		`proxy.roles.ops: "do"`:  {Proxy: &Proxy{From: []string{"10.0.0.1"}, UserHeader: "X-User", Grants: Grants{Roles: map[string]string{"ops": "do"}}}},
		`oidc.issuer: "http://i`: {OIDC: &OIDC{Issuer: "http://idp.example", ClientID: "x", RedirectURL: "https://p/sign-in/callback", Grants: Grants{Everybody: "read"}}},
		"oidc.client_id":         {OIDC: &OIDC{Issuer: "https://idp.example", RedirectURL: "https://p/sign-in/callback", Grants: Grants{Everybody: "read"}}},
		"oidc.redirect_url":      {OIDC: &OIDC{Issuer: "https://idp.example", ClientID: "x", RedirectURL: "https://p/", Grants: Grants{Everybody: "read"}}},
		"oidc.roles: nobody":     {OIDC: &OIDC{Issuer: "https://idp.example", ClientID: "x", RedirectURL: "https://p/sign-in/callback"}},
		"oidc.recheck: 1s":       {OIDC: &OIDC{Issuer: "https://idp.example", ClientID: "x", RedirectURL: "https://p/sign-in/callback", Recheck: time.Second, Grants: Grants{Everybody: "read"}}},
		`oidc.everybody: "all"`:  {OIDC: &OIDC{Issuer: "https://idp.example", ClientID: "x", RedirectURL: "https://p/sign-in/callback", Grants: Grants{Everybody: "all"}}},
	} {
		found := false
		for _, err := range c.Validate() {
			found = found || strings.HasPrefix(err.Error(), want)
		}
		if !found {
			t.Errorf("%q: got %v", want, c.Validate())
		}
	}
}

// Attempts to sign in are counted by who made them: behind a proxy by the address that
// it names last, and never by what a stranger's header says.
func TestAddressesArePeoples(t *testing.T) {
	g := guard(t, Config{Tokens: people, Proxy: &Proxy{From: []string{"10.1.0.0/16"}, UserHeader: "X-Forwarded-User"}}, true, "")
	for _, x := range []struct{ from, forwarded, want string }{
		{"192.0.2.7:99", "", "192.0.2.7"}, {"192.0.2.7:99", "198.51.100.1", "192.0.2.7"}, {"[2001:db8:1:2:3::4]:99", "", "2001:db8:1:2::/64"}, {"[::ffff:192.0.2.7]:9", "", "192.0.2.7"},
		{"10.1.2.3:99", "203.0.113.9, 198.51.100.1", "198.51.100.1"}, {"10.1.2.3:99", "", "10.1.2.3"}, {"10.1.2.3:99", "nonsense", "10.1.2.3"}, {"@", "", "@"},
	} {
		r := anew()
		r.RemoteAddr = x.from
		if x.forwarded != "" {
			r.Header.Add("X-Forwarded-For", "192.0.2.66")
			r.Header.Add("X-Forwarded-For", x.forwarded)
		}
		if got := g.Address(r); got != x.want {
			t.Errorf("%+v: %s", x, got)
		}
	}
}
