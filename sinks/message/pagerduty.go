package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// PagerDuty opens, acknowledges and resolves an alert there by Events API v2.
// Its dedup_key is the incident's id, so a second attempt changes nothing.
type PagerDuty struct {
	RoutingKey secret.Text `yaml:"routing_key"` // of the service's integration
	URL        string      `yaml:"url"`         // https://events.pagerduty.com unless it is the EU's
	// WebhookSecret signs what a webhook (V3) on the service tells us, to /reply/NAME.
	WebhookSecret *secret.Text `yaml:"webhook_secret,omitempty"`
}

const pagerDutyURL = "https://events.pagerduty.com"

func (p *PagerDuty) validate() error {
	var errs []error
	if p.RoutingKey.IsZero() {
		errs = append(errs, errors.New("routing_key: it is missing"))
	}
	if p.URL != "" {
		if err := CheckURL(p.URL); err != nil {
			errs = append(errs, fmt.Errorf("url: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (p *PagerDuty) secrets() map[string]*secret.Text {
	return withOptional(map[string]*secret.Text{"routing_key": &p.RoutingKey}, "webhook_secret", p.WebhookSecret)
}

func (p *PagerDuty) target(c *Config, board string) (outbound.Target, error) {
	t := &pagerDuty{cfg: *p, client: newClient(c.AllowPrivate), board: board}
	if t.cfg.URL == "" {
		t.cfg.URL = pagerDutyURL
	}
	return t, nil
}

type pagerDuty struct {
	keyed
	cfg    PagerDuty
	client *http.Client
	board  string
}

// pagerDutyActions are what an effect does there. What is not in it is none of a
// pager's business.
var pagerDutyActions = map[schemas.EffectKind]string{
	schemas.EffectPage: "trigger", schemas.EffectEscalated: "trigger", schemas.EffectReopened: "trigger",
	schemas.EffectOwner: "acknowledge", schemas.EffectResolved: "resolve", schemas.EffectExpired: "resolve", schemas.EffectLinked: "resolve",
}

// Takes implements outbound.Target. Who is only assigned has not answered: the
// pager goes on until somebody acknowledges, as the escalation does.
func (*pagerDuty) Takes(e *schemas.Effect) bool {
	return pagerDutyActions[e.Kind] != "" && (e.Kind != schemas.EffectOwner || e.Head.AcknowledgedAt != 0)
}

// Limit implements outbound.Target. PagerDuty takes 120 events a minute for one
// integration (https://developer.pagerduty.com/docs/events-api-v2-overview).
func (*pagerDuty) Limit() (time.Duration, int) { return 500 * time.Millisecond, 10 }

type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Client     string            `json:"client,omitempty"`
	ClientURL  string            `json:"client_url,omitempty"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"`
	Links      []pagerDutyLink   `json:"links,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp string            `json:"timestamp"`
	Component string            `json:"component,omitempty"`
	Details   map[string]string `json:"custom_details"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// Deliver implements outbound.Target.
func (p *pagerDuty) Deliver(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	body, err := json.Marshal(p.event(m))
	if err != nil {
		return outbound.Receipt{}, &outbound.RefusedError{Err: err}
	}
	r, err := request(ctx, http.MethodPost, p.cfg.URL+"/v2/enqueue", body)
	if err != nil {
		return outbound.Receipt{}, err
	}
	err = send(p.client, r)
	return outbound.Receipt{Ref: m.Effect.IncidentID}, err
}

func (p *pagerDuty) event(m *outbound.Message) *pagerDutyEvent {
	w := wordsOf(m.Effect, p.board)
	e := &pagerDutyEvent{RoutingKey: p.cfg.RoutingKey.Reveal(), Action: pagerDutyActions[m.Effect.Kind], DedupKey: m.Effect.IncidentID}
	if e.Action != "trigger" {
		return e
	}
	h := &m.Effect.Head
	e.Client, e.ClientURL = "Pinkstar", w.URL
	e.Payload = &pagerDutyPayload{
		Summary: clip(w.Headline, 1024), Source: m.Effect.Scope, Severity: pagerDutySeverity(h.Severity),
		Timestamp: h.StartedAt.String(), Details: map[string]string{"what changed": clip(w.Changed, 1000)},
	}
	if h.StartedAt == 0 {
		e.Payload.Timestamp = m.Effect.At.String()
	}
	if len(h.Roots) > 0 {
		e.Payload.Component = h.Roots[0].Service
	}
	for _, f := range w.Fields {
		e.Payload.Details[f.Name] = clip(f.Value, 1000)
		if f.URL != "" {
			e.Links = append(e.Links, pagerDutyLink{f.URL, f.Name})
		}
	}
	for i, s := range w.Steps {
		e.Payload.Details[fmt.Sprintf("Step %d", i+1)] = clip(s.Text, 1000)
	}
	return e
}

// pagerDutySeverity is one of the four that PagerDuty has.
func pagerDutySeverity(s schemas.Severity) string {
	switch s {
	case schemas.SeverityCritical:
		return "critical"
	case schemas.SeverityMajor:
		return "error"
	case schemas.SeverityInfo:
		return "info"
	}
	return "warning"
}
