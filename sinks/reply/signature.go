package reply

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
	"pinkstar/schemas/secret"
)

// signedWithin is how far from now a request of Slack may have been signed.
const signedWithin = 5 * time.Minute

func unsigned(format string, args ...any) *apierror.Error {
	return apierror.New(http.StatusUnauthorized, format, args...)
}

func signature(key *secret.Text, parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	for _, p := range parts {
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}

// anyOf reports whether one of the signatures "PREFIX…HEX" of a header is want.
func anyOf(header, prefix string, want []byte) bool {
	const most = 8 // a sender that rotates its key sends two
	fits := false
	for i, one := range strings.SplitN(header, ",", most+1) {
		given, found := strings.CutPrefix(strings.TrimSpace(one), prefix)
		b, err := hex.DecodeString(given)
		fits = fits || i < most && found && err == nil && hmac.Equal(b, want)
	}
	return fits
}

// slackSigned checks a request as https://docs.slack.dev/authentication/verifying-requests-from-slack
// says: v0, an HMAC of version, time and body as it was sent.
func slackSigned(h http.Header, body []byte, key *secret.Text, now time.Time) *apierror.Error {
	stamp := h.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return unsigned("no Unix time in the header X-Slack-Request-Timestamp")
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > signedWithin {
		return unsigned("signed more than %s from now", signedWithin)
	}
	if !anyOf(h.Get("X-Slack-Signature"), "v0=", slackSignature(h, body, key)) {
		return unsigned("the signature in the header X-Slack-Signature does not fit the body")
	}
	return nil
}

// slackSignature is what Slack signs a request with. It also tells a request from
// others: the header can be written in many ways (capitals, spaces, a second
// signature beside it) that all fit.
func slackSignature(h http.Header, body []byte, key *secret.Text) []byte {
	return signature(key, "v0:", h.Get("X-Slack-Request-Timestamp"), ":", string(body))
}

// jiraSigned checks a webhook of Jira: signed with its secret, or, from a Jira that
// does not sign (Data Center before 10, an automation rule), with the secret as a
// bearer token.
func jiraSigned(h http.Header, body []byte, key *secret.Text, _ time.Time) *apierror.Error {
	if token, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer "); ok {
		if hmac.Equal(signature(key, token), signature(key, key.Reveal())) {
			return nil
		}
		return unsigned("the token in the header Authorization is not the webhook's secret")
	}
	if !anyOf(h.Get("X-Hub-Signature"), "sha256=", signature(key, string(body))) {
		return unsigned("the signature in the header X-Hub-Signature does not fit the body")
	}
	return nil
}

// pagerDutySigned checks a webhook (V3) of PagerDuty, which signs with each of its
// secrets.
func pagerDutySigned(h http.Header, body []byte, key *secret.Text, _ time.Time) *apierror.Error {
	if !anyOf(h.Get("X-PagerDuty-Signature"), "v1=", signature(key, string(body))) {
		return unsigned("no signature in the header X-PagerDuty-Signature fits the body")
	}
	return nil
}

// newest remembers when what was taken last of each thing of an incident happened, so
// that what happened to the same before it and comes late changes nothing.
type newest struct {
	mu sync.Mutex
	at map[string]schemas.Time
}

// take notes that something of key happened, unless something later is known.
func (n *newest) take(key string, at schemas.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at < n.at[key] {
		return false
	}
	if len(n.at) >= onceLimit {
		clear(n.at) // they are for minutes, and this is more than happens in some
	}
	n.at[key] = at
	return true
}

// once remembers what was taken, for as long as a signature holds.
type once struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// onceLimit is how many are remembered. Beyond it nothing is taken: more than that
// within minutes is no person.
const onceLimit = 20_000

// first reports whether key is new, and notes it.
func (o *once) first(key string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.seen[key]; known {
		return false
	}
	if len(o.seen) >= onceLimit {
		for k, at := range o.seen {
			if now.Sub(at) > 2*signedWithin {
				delete(o.seen, k)
			}
		}
	}
	if len(o.seen) >= onceLimit {
		return false
	}
	o.seen[key] = now
	return true
}
