package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas/apierror"
)

// authenticate checks what can be checked before the body is read.
func (s *SourceConfig) authenticate(r *http.Request) *apierror.Error {
	if !s.asksWho() {
		return nil
	}
	if s.Token != nil {
		token := []byte(strings.TrimSpace(r.Header.Get(s.Token.Header)))
		for _, want := range s.Token.Secrets {
			if sameSecret(token, []byte(want.Reveal())) {
				return nil
			}
		}
	}
	header := r.Header.Get("Authorization")
	if token, ok := cutFold(header, "Bearer "); ok {
		for _, want := range s.Bearer {
			if sameSecret([]byte(strings.TrimSpace(token)), []byte(want.Reveal())) {
				return nil
			}
		}
	}
	if user, password, ok := r.BasicAuth(); ok {
		for _, want := range s.Basic {
			// Both are compared in any case: a wrong user must take as long as a
			// wrong password.
			userOK := sameSecret([]byte(user), []byte(want.User))
			if sameSecret([]byte(password), []byte(want.Password.Reveal())) && userOK {
				return nil
			}
		}
	}
	p := &apierror.Error{Status: http.StatusUnauthorized, Detail: "the credentials are wrong"}
	switch {
	case header == "" && s.Token != nil && r.Header.Get(s.Token.Header) == "":
		p.Detail = "this path wants a token in the header " + s.Token.Header
	case header == "" && s.Token == nil:
		p.Detail = "this path wants credentials in the Authorization header"
	}
	if len(s.Bearer) > 0 {
		p.Challenges = append(p.Challenges, `Bearer realm="pinkstar"`)
	}
	if len(s.Basic) > 0 {
		p.Challenges = append(p.Challenges, `Basic realm="pinkstar", charset="UTF-8"`)
	}
	return p
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// sameSecret compares without telling by its time how much is right, the
// length included.
func sameSecret(a, b []byte) bool {
	x, y := sha256.Sum256(a), sha256.Sum256(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// verify checks the signature over the body as it was sent.
func (h *HMACConfig) verify(r *http.Request, body []byte, now time.Time) *apierror.Error {
	given := signatures(r.Header.Values(h.Header))
	if len(given) == 0 {
		return &apierror.Error{Status: http.StatusUnauthorized, Detail: "no signature in the header " + h.Header}
	}
	prefix := ""
	if h.TimestampHeader != "" {
		stamp := r.Header.Get(h.TimestampHeader)
		seconds, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return &apierror.Error{Status: http.StatusForbidden, Detail: "no Unix time in the header " + h.TimestampHeader}
		}
		if age := now.Sub(time.Unix(seconds, 0)); age > h.Window || age < -h.Window {
			return &apierror.Error{
				Status: http.StatusForbidden,
				Detail: "signed at " + time.Unix(seconds, 0).UTC().Format(time.RFC3339) + ", more than " + h.Window.String() + " from now",
			}
		}
		prefix = stamp + ":"
	}
	ok := false
	for _, key := range h.Secrets {
		mac := hmac.New(sha256.New, []byte(key.Reveal()))
		mac.Write([]byte(prefix))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, g := range given {
			ok = hmac.Equal(g, want) || ok
		}
	}
	if !ok {
		return &apierror.Error{Status: http.StatusForbidden, Detail: "the signature in the header " + h.Header + " does not fit the body"}
	}
	return nil
}

// maxSignatures bounds how many a header may hold; a sender that rotates its
// key sends two.
const maxSignatures = 8

// signatures reads "sha256=HEX", "v1=HEX,v1=HEX" or bare "HEX". Other
// algorithms and versions are left out.
func signatures(values []string) [][]byte {
	var out [][]byte
	for _, v := range values {
		for one := range strings.SplitSeq(v, ",") {
			one = strings.TrimSpace(one)
			if i := strings.IndexByte(one, '='); i >= 0 {
				if algorithm := strings.ToLower(one[:i]); algorithm != "sha256" && algorithm != "v1" {
					continue
				}
				one = one[i+1:]
			}
			if b, err := hex.DecodeString(one); err == nil && len(b) == sha256.Size && len(out) < maxSignatures {
				out = append(out, b)
			}
		}
	}
	return out
}
