package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"pinkstar/schemas/secret"
)

// A browser stays signed in for a shift, unless said otherwise.
const (
	defaultSession = 12 * time.Hour
	maxSession     = 30 * 24 * time.Hour
)

// maxEnded bounds the sessions that were left and are remembered as over. Beyond
// it everybody signs in again.
const maxEnded = 100_000

// cookieName is that of the session. With TLS every cookie has the prefix __Host-,
// with which browsers take it from this very host alone.
const cookieName = "pinkstar_session"

// sealer signs what a browser keeps for us, so that it comes back as it was.
type sealer struct {
	mu  sync.RWMutex
	key [sha256.Size]byte
}

// newSealer has the configured key or, where there is none, one by chance: then
// everybody signs in again after a restart.
func newSealer(key *secret.Text) (*sealer, error) {
	s := &sealer{}
	if key == nil {
		_, _ = rand.Read(s.key[:]) // it never fails
		return s, nil
	}
	k := *key
	if err := k.Load(); err != nil {
		return nil, fmt.Errorf("access.session_key: %w", err)
	}
	if len(k.Reveal()) < 32 {
		return nil, errors.New("access.session_key: shorter than 32 bytes; make one with openssl rand -hex 32")
	}
	s.key = k.Hash()
	return s, nil
}

// seal signs v for one purpose: what was signed for another is not taken for it.
func (s *sealer) seal(purpose string, v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic("access: " + err.Error()) // types of this package
	}
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(s.sign(purpose, text))
}

// open reads what seal wrote.
func (s *sealer) open(purpose, sealed string, v any) bool {
	text, mark, ok := strings.Cut(sealed, ".")
	sum, err := base64.RawURLEncoding.DecodeString(mark)
	if !ok || err != nil || subtle.ConstantTimeCompare(sum, s.sign(purpose, text)) != 1 {
		return false
	}
	body, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Unmarshal(body, v) == nil
}

func (s *sealer) sign(purpose, text string) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := hmac.New(sha256.New, s.key[:])
	_, _ = m.Write([]byte(purpose + "\x00" + text)) // a hash takes everything
	return m.Sum(nil)
}

// renew makes everything that was sealed worthless.
func (s *sealer) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = rand.Read(s.key[:]) // it never fails
}

// session is what the cookie of somebody who is signed in says.
type session struct {
	ID      string   `json:"i"`
	Name    string   `json:"n"`
	Groups  []string `json:"g,omitempty"` // of who came by OIDC, those that the configuration knew: their role is its word at each request
	Asked   int64    `json:"a,omitempty"` // when the provider said so, in seconds
	Token   string   `json:"t,omitempty"` // mark of the token that was given: without that token the session is over
	Expires int64    `json:"e"`           // seconds
}

// sessions are those of browsers.
type sessions struct {
	seal  *sealer
	life  time.Duration
	front bool // a proxy in front does TLS
	now   func() time.Time

	mu    sync.Mutex
	ended map[string]int64 // id -> when it would have expired
}

func newSessions(seal *sealer, life time.Duration, tlsInFront bool) *sessions {
	if life == 0 {
		life = defaultSession
	}
	return &sessions{seal: seal, life: life, front: tlsInFront, now: time.Now, ended: map[string]int64{}}
}

// begin signs a browser in.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, who session) {
	who.ID, who.Expires = rand.Text(), s.now().Add(s.life).Unix()
	s.cookie(w, r, cookieName, s.seal.seal("session", who), int(s.life/time.Second))
}

// cookie has a browser keep something for us, for so many seconds.
func (s *sessions) cookie(w http.ResponseWriter, r *http.Request, called, value string, age int) {
	// Lax: a link in a chat leads in; commands from elsewhere are refused at the door.
	// Secure where the connection is; on loopback there is no TLS.
	c := &http.Cookie{Name: s.nameFor(r, called), Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r)} //nolint:gosec // see above
	http.SetCookie(w, c)
}

// secure reports whether the browser's connection is encrypted.
func (s *sessions) secure(r *http.Request) bool { return r.TLS != nil || s.front }

// nameFor is a cookie's name on this connection.
func (s *sessions) nameFor(r *http.Request, called string) string {
	if s.secure(r) {
		return "__Host-" + called
	}
	return called
}

// of returns the session that r comes with.
func (s *sessions) of(r *http.Request) (session, bool) {
	var who session
	c, err := r.Cookie(s.nameFor(r, cookieName))
	if err != nil || !s.seal.open("session", c.Value, &who) || s.now().Unix() >= who.Expires {
		return session{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, over := s.ended[who.ID]; over {
		return session{}, false
	}
	return who, true
}

// end signs a browser out: a copy of its cookie is worthless too.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	who, ok := s.of(r)
	s.cookie(w, r, cookieName, "", -1)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().Unix()
	for id, expires := range s.ended {
		if expires <= now {
			delete(s.ended, id)
		}
	}
	if len(s.ended) >= maxEnded {
		clear(s.ended)
		s.seal.renew()
		return
	}
	s.ended[who.ID] = who.Expires
}
