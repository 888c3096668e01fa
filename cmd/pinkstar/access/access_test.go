package access

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinkstar/schemas/secret"
	"pinkstar/sinks/web"
)

func token(s string) *secret.Text { v := secret.New(s); return &v }

func guard(t *testing.T, c Config, open bool, file string) *Guard {
	t.Helper()
	g, err := NewGuard(c, open, file)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func with(header func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	header(r)
	return r
}

func TestWhoHoldsAToken(t *testing.T) {
	g := guard(t, Config{Tokens: []Token{
		{Name: "sam", Role: "act", Token: token("s3")}, {Name: "kim lee", Role: "read", Token: token("k3")}, {Name: "root", Role: "admin", Token: token("a3")},
	}}, true, "")
	bearer := func(s string) *http.Request { return with(func(r *http.Request) { r.Header.Set("Authorization", s) }) }
	basic := func(u, p string) *http.Request { return with(func(r *http.Request) { r.SetBasicAuth(u, p) }) }
	for _, c := range []struct {
		r    *http.Request
		want web.Person
	}{
		{bearer("Bearer s3"), web.Person{Name: "sam", Role: web.Act}},
		{bearer("bearer  s3 "), web.Person{Name: "sam", Role: web.Act}},
		{bearer("Bearer a3"), web.Person{Name: "root", Role: web.Admin}},
		{basic("kim lee", "k3"), web.Person{Name: "kim lee", Role: web.Read}},
		{basic("sam", "a3"), web.Person{}}, // another's token under one's name
		{basic("root", "s3"), web.Person{}},
		{basic("sam", ""), web.Person{}},
		{bearer("Bearer"), web.Person{}},
		{bearer("Bearer "), web.Person{}},
		{bearer("s3"), web.Person{}},
		{bearer(""), web.Person{}},
	} {
		if got, ok := g.Who(c.r); got != c.want || ok != (c.want.Role != web.Nothing) {
			t.Errorf("%v: %+v %v, want %+v", c.r.Header, got, ok, c.want)
		}
	}
	if g.Open() {
		t.Error("open although there are tokens")
	}
}

func TestOpenOnlyWithoutTokensAndWhereItIsSaid(t *testing.T) {
	nobody := with(func(*http.Request) {})
	if p, ok := guard(t, Config{}, true, "").Who(nobody); !ok || p != (web.Person{Name: web.Local, Role: web.Admin}) {
		t.Errorf("open: %+v %v", p, ok)
	}
	if p, ok := guard(t, Config{}, false, "").Who(nobody); ok {
		t.Errorf("closed, without tokens: %+v", p)
	}
}

// Who the server has checked by its own file is known by name and may read;
// more where a role is named. When the file no longer asks anybody, nobody is.
func TestUsersOfTheWebConfigurationFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("basic_auth_users: {sam: x, am: y}\n")
	g := guard(t, Config{Tokens: []Token{{Name: "sam", Role: "act"}}}, true, file)
	as := func(user string) *http.Request {
		return with(func(r *http.Request) { r.SetBasicAuth(user, "checked") })
	}
	for user, want := range map[string]web.Role{"sam": web.Act, "am": web.Read, "ceo": web.Nothing, "": web.Nothing, "local": web.Nothing} {
		if p, _ := g.Who(as(user)); p.Role != want {
			t.Errorf("%s: %+v", user, p)
		}
	}
	if g.Open() || g.Lost() || !g.ByServer() {
		t.Error("open, or lost")
	}
	write("tls_server_config: {}\n")
	if p, ok := g.Who(as("sam")); ok || !g.Lost() {
		t.Errorf("without users in the file: %+v", p)
	}
	write("tls_server_config: {client_auth_type: RequireAndVerifyClientCert}\n")
	g = guard(t, Config{Tokens: []Token{{Name: "sam", Role: "act"}}}, true, file)
	cert := func(name string, verified bool) *http.Request {
		return with(func(r *http.Request) {
			c := &x509.Certificate{Subject: pkix.Name{CommonName: name}}
			if r.TLS = (&tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}); verified {
				r.TLS.VerifiedChains = [][]*x509.Certificate{{c}}
			}
		})
	}
	if p, _ := g.Who(cert("sam", true)); p.Role != web.Act {
		t.Errorf("a certificate: %+v", p)
	}
	if p, ok := g.Who(cert("sam", false)); ok {
		t.Errorf("one that was not verified: %+v", p)
	}
	if p, ok := g.Who(as("sam")); ok {
		t.Errorf("a password that nobody checks: %+v", p)
	}
}

func TestMistakesInTheSection(t *testing.T) {
	for want, c := range map[string]Config{
		`tokens[0].name: ""`:              {Tokens: []Token{{Role: "act"}}},
		`tokens[0].name: "local" is who`:  {Tokens: []Token{{Name: "local", Role: "act"}}},
		`tokens[0].name: "a\nb"`:          {Tokens: []Token{{Name: "a\nb", Role: "act"}}},
		`tokens[1].name: "a" is there`:    {Tokens: []Token{{Name: "a", Role: "act"}, {Name: "a", Role: "act"}}},
		`tokens[0].role: "operator"`:      {Tokens: []Token{{Name: "a", Role: "operator"}}},
		`hosts[0]: "https://x"`:           {Hosts: []string{"https://x"}},
		`trusted_origins[0]: "x.example"`: {TrustedOrigins: []string{"x.example"}},
		`trusted_origins[0]: "https://*"`: {TrustedOrigins: []string{"https://*"}},
	} {
		found := false
		for _, err := range c.Validate() {
			found = found || strings.HasPrefix(err.Error(), want)
		}
		if !found {
			t.Errorf("%q: got %v", want, c.Validate())
		}
	}
	for want, c := range map[string]Config{
		"tokens[1].token: the same as that of a": {Tokens: []Token{{Name: "a", Role: "act", Token: token("x")}, {Name: "b", Role: "act", Token: token("x")}}},
		"tokens[0]: a has no token":              {Tokens: []Token{{Name: "a", Role: "act"}}},
		"tokens[0].token: secret":                {Tokens: []Token{{Name: "a", Role: "act", Token: &secret.Text{}}}},
	} {
		if _, err := NewGuard(c, true, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", want, err)
		}
	}
}

func TestHosts(t *testing.T) {
	local, named := NewHosts("127.0.0.1:8080", []string{"Pinkstar.example"}), NewHosts("0.0.0.0:8080", []string{"pinkstar.example"})
	anywhere := NewHosts("0.0.0.0:8080", nil)
	for host, want := range map[string][3]bool{ // on loopback, elsewhere with a name, elsewhere without
		"localhost:8080": {true, false, true}, "LOCALHOST.": {true, false, true}, "127.0.0.1": {true, false, true}, "127.9.9.9:1": {true, false, true},
		"[::1]:8080": {true, false, true}, "app.localhost": {true, false, true}, "pinkstar.example:80": {true, true, true}, "PINKSTAR.example.": {true, true, true},
		"evil.example": {false, false, true}, "localhost.evil.example": {false, false, true}, "127.0.0.1.nip.io": {false, false, true}, "": {false, false, true},
		"10.0.0.1": {false, false, true}, "evil-localhost": {false, false, true}, "[::ffff:127.0.0.1]": {true, false, true}, "0.0.0.0:8080": {false, false, true},
	} {
		if got := [3]bool{local.Serves(host), named.Serves(host), anywhere.Serves(host)}; got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
	for addr, want := range map[string]bool{":1": false, "0.0.0.0:1": false, "[::]:1": false, "127.0.0.1:1": true, "localhost:1": true, "host:1": false, "127.1:1": false, "[::1]:1": true} {
		if Loopback(addr) != want {
			t.Errorf("Loopback(%q) is %v", addr, !want)
		}
	}
}

func TestWhoseAnAccountIs(t *testing.T) {
	c := Config{Tokens: []Token{{Name: "sam", Role: "act", Token: token("s3")}}, People: []Account{
		{Name: "sam", Accounts: map[string]string{"chat": "U1", "tracker": "a1"}}, {Name: "eve", Role: "read", Accounts: map[string]string{"chat": "U2"}},
	}}
	if errs := c.Validate(); len(errs) != 0 {
		t.Fatal(errs)
	}
	for account, want := range map[[2]string]web.Person{
		{"chat", "U1"}: {Name: "sam", Role: web.Act}, {"tracker", "a1"}: {Name: "sam", Role: web.Act}, {"chat", "U2"}: {Name: "eve", Role: web.Read},
		{"chat", "a1"}: {}, {"tracker", ""}: {}, {"pager", ""}: {},
	} {
		if got, ok := c.Whose(account[0], account[1]); got != want || ok != (want.Name != "") {
			t.Errorf("%v: %+v %v, want %+v", account, got, ok, want)
		}
	}
	c.People = append(c.People, Account{Name: "kim"}, Account{Name: "lee", Role: "act", Accounts: map[string]string{"chat": "U1", "pager": ""}}, Account{Name: "eve", Role: "act"})
	var said []string
	for _, err := range c.Validate() {
		said = append(said, err.Error())
	}
	for _, want := range []string{"people[2].role", `people[3].accounts.chat: "U1" is the account of sam`, "people[3].accounts.pager: empty", `people[4].name: "eve" is there already`} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%q is not in %q", want, said)
		}
	}
}
