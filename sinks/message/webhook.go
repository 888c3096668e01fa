package message

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// Webhook posts the effect itself as a CloudEvent (structured JSON), signed as
// Standard Webhooks has it (https://www.standardwebhooks.com), for systems of
// one's own. Its webhook-id is the delivery's id: a receiver that has seen it
// need not act again.
type Webhook struct {
	URL    secret.Text `yaml:"url"`              // often a secret itself
	Secret secret.Text `yaml:"secret,omitempty"` // key of the signature, as whsec_BASE64 or any text
	Bearer secret.Text `yaml:"bearer,omitempty"` // sent as Authorization
}

func (w *Webhook) validate() error {
	if w.URL.IsZero() {
		return errors.New("url: it is missing")
	}
	return nil
}

func (w *Webhook) secrets() map[string]*secret.Text {
	return map[string]*secret.Text{"url": &w.URL, "secret": &w.Secret, "bearer": &w.Bearer}
}

func (w *Webhook) target(c *Config, _ string) (outbound.Target, error) {
	if err := CheckURL(w.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("webhook.url: %w", err)
	}
	return &webhook{cfg: *w, client: newClient(c.AllowPrivate), key: webhookKey(w.Secret.Reveal())}, nil
}

// webhookKey is the signing key: what follows whsec_ is base64.
func webhookKey(s string) []byte {
	if coded, ok := strings.CutPrefix(s, "whsec_"); ok {
		if key, err := base64.StdEncoding.DecodeString(coded); err == nil {
			return key
		}
	}
	return []byte(s)
}

type webhook struct {
	keyed
	cfg    Webhook
	client *http.Client
	key    []byte
}

// keyed is a target whose other system recognises a second attempt by its key: a
// lost answer is no matter, the message is sent again.
type keyed struct{}

// Find implements outbound.Target.
func (keyed) Find(context.Context, *outbound.Message) (outbound.Receipt, outbound.Finding, error) {
	return outbound.Receipt{}, outbound.NotFound, nil
}

// Takes implements outbound.Target.
func (*webhook) Takes(*schemas.Effect) bool { return true }

// Limit implements outbound.Target.
func (*webhook) Limit() (time.Duration, int) { return 20 * time.Millisecond, 50 }

// Deliver implements outbound.Target.
func (w *webhook) Deliver(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	body := fmt.Appendf(nil, `{"specversion":"1.0","id":%q,"source":"pinkstar","type":%q,"subject":%q,"time":%q,"datacontenttype":"application/json","data":`,
		m.Key, schemas.TypeEffect, m.Effect.IncidentID, m.Effect.At)
	body = append(schemas.AppendEffect(body, m.Effect), '}')
	r, err := request(ctx, http.MethodPost, w.cfg.URL.Reveal(), body)
	if err != nil {
		return outbound.Receipt{}, err
	}
	r.Header.Set("Content-Type", "application/cloudevents+json")
	if len(w.key) > 0 {
		sign(r, w.key, m.Key, time.Now(), body)
	}
	if !w.cfg.Bearer.IsZero() {
		r.Header.Set("Authorization", "Bearer "+w.cfg.Bearer.Reveal())
	}
	err = send(w.client, r)
	return outbound.Receipt{Ref: m.Key}, err
}

// sign adds the three headers of Standard Webhooks.
func sign(r *http.Request, key []byte, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", stamp)
	r.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
