package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"pinkstar/schemas/secret"
	"pinkstar/sinks/web"
)

// OIDC lets people sign in at a provider of OpenID Connect.
type OIDC struct {
	Issuer       string       `yaml:"issuer"` // https://login.example/realms/ops
	ClientID     string       `yaml:"client_id"`
	ClientSecret *secret.Text `yaml:"client_secret,omitempty"` // none: a public client; PKCE protects either
	// RedirectURL is our own address as browsers see it and the provider knows it:
	// https://pinkstar.example/sign-in/callback.
	RedirectURL string   `yaml:"redirect_url"`
	Scopes      []string `yaml:"scopes,omitempty"` // besides openid; profile and email unless said
	// NameClaim is what stands in incidents as "by": preferred_username unless said.
	// An email counts only where the provider says that it was verified.
	NameClaim string `yaml:"name_claim,omitempty"`
	// GroupsClaim has the groups that Roles are given to, a text or a list; dots lead
	// inside, as in realm_access.roles. groups unless said.
	GroupsClaim string `yaml:"groups_claim,omitempty"`
	// Recheck is how long the provider's word on somebody's groups holds; an hour
	// unless said. Then their browser is led there again, and back without a question
	// as long as they are signed in there: whoever was taken out of a group loses its
	// role by then.
	Recheck time.Duration `yaml:"recheck,omitempty"`
	Grants  `yaml:",inline"`
}

func (o *OIDC) validate() (errs []error) {
	for field, text := range map[string]string{"issuer": o.Issuer, "redirect_url": o.RedirectURL} {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname())) {
			errs = append(errs, fmt.Errorf("oidc.%s: %q; write https://host/path (http on loopback alone)", field, text))
		}
	}
	if u, err := url.Parse(o.RedirectURL); err == nil && u.Path != web.CallbackPath {
		errs = append(errs, fmt.Errorf("oidc.redirect_url: %q must end in %s", o.RedirectURL, web.CallbackPath))
	}
	if o.Recheck != 0 && (o.Recheck < time.Minute || o.Recheck > maxSession) {
		errs = append(errs, fmt.Errorf("oidc.recheck: %s is not from 1m to 720h", o.Recheck))
	}
	if o.ClientID == "" {
		errs = append(errs, errors.New("oidc.client_id: missing"))
	}
	if len(o.Roles) == 0 && o.Everybody == "" {
		errs = append(errs, errors.New("oidc.roles: nobody would come in: give groups a role, or `everybody` one"))
	}
	return append(errs, o.Grants.validate("oidc")...)
}

const (
	flowCookie = "pinkstar_oidc"
	flowLife   = 10 * time.Minute
	askTimeout = 15 * time.Second

	defaultRecheck = time.Hour
	// recheckGrace is how much longer the provider's word holds for what is sent from
	// a page: a form that somebody was filling in is not lost over it.
	recheckGrace = 10 * time.Minute
)

// flow is what a browser keeps while it is at the provider.
type flow struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Next     string `json:"x"`
	Expires  int64  `json:"e"`
}

// provider signs people in by OIDC. The other side is asked when somebody comes:
// one that is away hinders no start.
type provider struct {
	cfg      OIDC
	secret   string
	seal     *sealer
	sessions *sessions

	mu    sync.Mutex
	found *oidc.Provider
}

func newProvider(cfg *OIDC, seal *sealer, s *sessions) (*provider, error) {
	p := &provider{cfg: *cfg, seal: seal, sessions: s}
	if cfg.ClientSecret != nil {
		k := *cfg.ClientSecret
		if err := k.Load(); err != nil {
			return nil, fmt.Errorf("access.oidc.client_secret: %w", err)
		}
		p.secret = k.Reveal()
	}
	return p, nil
}

// discovered asks the provider for its addresses, once it answers.
func (p *provider) discovered(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		found, err := oidc.NewProvider(ctx, p.cfg.Issuer)
		if err != nil {
			return nil, nil, err
		}
		p.found = found
	}
	scopes := p.cfg.Scopes
	if len(scopes) == 0 {
		scopes = []string{"profile", "email"}
	}
	return p.found, &oauth2.Config{ClientID: p.cfg.ClientID, ClientSecret: p.secret, Endpoint: p.found.Endpoint(), RedirectURL: p.cfg.RedirectURL,
		Scopes: append([]string{oidc.ScopeOpenID}, scopes...)}, nil
}

// start sends a browser to the provider.
func (p *provider) start(w http.ResponseWriter, r *http.Request, next string) error {
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	_, conf, err := p.discovered(ctx)
	if err != nil {
		return fmt.Errorf("the provider of sign-in does not answer: %w", err)
	}
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Expires: time.Now().Add(flowLife).Unix()}
	p.sessions.cookie(w, r, flowCookie, p.seal.seal("oidc", f), int(flowLife/time.Second))
	http.Redirect(w, r, conf.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), http.StatusSeeOther)
	return nil
}

// finish takes what the provider sends the browser back with.
func (p *provider) finish(w http.ResponseWriter, r *http.Request) (next string, err error) {
	var f flow
	c, err := r.Cookie(p.sessions.nameFor(r, flowCookie))
	if err != nil || !p.seal.open("oidc", c.Value, &f) || time.Now().Unix() >= f.Expires {
		return "", web.Refusal("the sign-in took too long, or was begun in another browser: begin again")
	}
	p.sessions.cookie(w, r, flowCookie, "", -1)
	q := r.URL.Query()
	if q.Get("state") != f.State {
		return "", web.Refusal("this is not the answer to the sign-in that was begun here: begin again")
	}
	if e := q.Get("error"); e != "" {
		return "", web.Refusal("the provider refuses: " + strings.TrimSpace(e+" "+q.Get("error_description")))
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	claims, err := p.redeem(ctx, q.Get("code"), &f)
	if err != nil {
		return "", err
	}
	who, err := p.person(claims)
	if err != nil {
		return "", err
	}
	p.sessions.begin(w, r, who)
	return f.Next, nil
}

// redeem changes the code for what the provider says of the person.
func (p *provider) redeem(ctx context.Context, code string, f *flow) (map[string]any, error) {
	found, conf, err := p.discovered(ctx)
	if err != nil {
		return nil, fmt.Errorf("the provider of sign-in does not answer: %w", err)
	}
	token, err := conf.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, fmt.Errorf("the provider takes its code back and refuses it: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.Verifier(&oidc.Config{ClientID: p.cfg.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("the provider's word on who that is can't be believed: %w", err)
	}
	if id.Nonce != f.Nonce {
		return nil, web.Refusal("the provider answers another sign-in than this one: begin again")
	}
	var claims map[string]any
	return claims, id.Claims(&claims)
}

// person is who the claims name, with the groups that mean something here.
func (p *provider) person(claims map[string]any) (session, error) {
	claim := p.cfg.NameClaim
	if claim == "" {
		claim = "preferred_username"
	}
	who, _ := claims[claim].(string)
	if verified, said := claims["email_verified"].(bool); claim == "email" && (!said || !verified) {
		return session{}, web.Refusal("the provider has not verified that email")
	}
	if !name.MatchString(who) || who == web.Local {
		return session{}, web.Refusal(fmt.Sprintf("the provider's claim %s is %.80q, which is no name: letters, digits, spaces and . _ @ + ' -", claim, who))
	}
	at := p.cfg.GroupsClaim
	if at == "" {
		at = "groups"
	}
	s := session{Name: who, Asked: p.sessions.now().Unix()}
	for _, group := range textsAt(claims, strings.Split(at, ".")) {
		if _, ok := p.cfg.Roles[group]; ok && !slices.Contains(s.Groups, group) {
			s.Groups = append(s.Groups, group)
		}
	}
	if p.cfg.role(s.Groups) == web.Nothing {
		return session{}, web.Refusal(who + " has no role here: access.oidc.roles gives them to groups of the claim " + at)
	}
	return s, nil
}

// holds reports whether what the provider said of a session's person still counts,
// for longer by grace.
func (p *provider) holds(s *session, grace time.Duration) bool {
	recheck := p.cfg.Recheck
	if recheck == 0 {
		recheck = defaultRecheck
	}
	return p.sessions.now().Before(time.Unix(s.Asked, 0).Add(recheck + grace))
}

// textsAt is the text, or the list of texts, that a path leads to.
func textsAt(claims map[string]any, path []string) []string {
	var at any = claims
	for _, key := range path {
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[key]
	}
	switch v := at.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
