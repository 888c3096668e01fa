package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// PagerDuty has one service with an integration of Events v2 and a webhook (V3).
type PagerDuty struct {
	Hooks
	RoutingKey, Secret string

	mu    sync.Mutex
	pages []*Page
}

// Page is an incident there.
type Page struct {
	Key     string // dedup_key
	Summary string
	Status  string   // triggered, acknowledged, resolved
	Events  []string // the actions that were sent, in order
	Opened  int      // how often it was triggered anew
}

// ServeHTTP implements http.Handler: /v2/enqueue.
func (p *PagerDuty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct {
		Key     string `json:"routing_key"`
		Action  string `json:"event_action"`
		Dedup   string `json:"dedup_key"`
		Payload struct {
			Summary string `json:"summary"`
		} `json:"payload"`
	}
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil || r.URL.Path != "/v2/enqueue" || e.Key != p.RoutingKey || e.Dedup == "" {
		answer(w, http.StatusBadRequest, `{"status":"invalid event"}`)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.page(e.Dedup)
	switch {
	case x == nil && e.Action != "trigger": // of what is not open, nothing
	case e.Action == "trigger" && (x == nil || x.Status == "resolved"):
		if x == nil {
			x = &Page{Key: e.Dedup}
			p.pages = append(p.pages, x)
		}
		x.Opened++
		p.become(x, "triggered", "incident.triggered", nil)
	case e.Action == "acknowledge" && x.Status == "triggered":
		p.become(x, "acknowledged", "incident.acknowledged", nil)
	case e.Action == "resolve" && x.Status != "resolved":
		p.become(x, "resolved", "incident.resolved", nil)
	}
	if x != nil {
		x.Events = append(x.Events, e.Action)
		if e.Payload.Summary != "" {
			x.Summary = e.Payload.Summary
		}
	}
	answer(w, http.StatusAccepted, `{"status":"success","dedup_key":%q}`, e.Dedup)
}

func (p *PagerDuty) page(key string) *Page {
	if i := slices.IndexFunc(p.pages, func(x *Page) bool { return x.Key == key }); i >= 0 {
		return p.pages[i]
	}
	return nil
}

// become changes the state and tells of it: agent is the user, nil for the
// integration.
func (p *PagerDuty) become(x *Page, status, event string, agent map[string]any) {
	x.Status = status
	p.tell(x, event, agent, nil)
}

func (p *PagerDuty) tell(x *Page, event string, agent map[string]any, assignees []any) {
	if agent == nil {
		agent = map[string]any{"id": "PINTEGR", "type": "events_api_v2_inbound_integration_reference", "summary": "Pinkstar"}
	}
	data := map[string]any{"id": "Q" + x.Key, "type": "incident", "incident_key": x.Key, "status": x.Status, "title": x.Summary, "assignees": assignees}
	at := time.Now().UTC().Format(time.RFC3339Nano)
	p.add(func(id string) map[string]any {
		return map[string]any{"event": map[string]any{"id": id, "event_type": event, "resource_type": "incident", "occurred_at": at, "agent": agent, "data": data}}
	})
}

// Act has a user do something: acknowledge, resolve, reopen, or reassign to another.
func (p *PagerDuty) Act(key, user, name, action, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.page(key)
	if x == nil {
		return fmt.Errorf("no incident %s", key)
	}
	agent := map[string]any{"id": user, "type": "user_reference", "summary": name}
	switch {
	case action == "acknowledge" && x.Status == "triggered":
		p.become(x, "acknowledged", "incident.acknowledged", agent)
	case action == "resolve" && x.Status != "resolved":
		p.become(x, "resolved", "incident.resolved", agent)
	case action == "reopen" && x.Status == "resolved":
		p.become(x, "triggered", "incident.reopened", agent)
	case action == "reassign" && x.Status != "resolved":
		p.tell(x, "incident.reassigned", agent, []any{map[string]any{"id": to, "type": "user_reference", "summary": to}})
	default:
		return fmt.Errorf("%s is %s", key, x.Status)
	}
	return nil
}

// Pages returns what it has.
func (p *PagerDuty) Pages() []Page {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Page, len(p.pages))
	for i, x := range p.pages {
		out[i] = *x
		out[i].Events = slices.Clone(x.Events)
	}
	return out
}

// Post sends the webhook at place i to url; with forget it is not sent again once it
// was taken.
func (p *PagerDuty) Post(ctx context.Context, c *http.Client, url string, i int, forget bool) (string, error) {
	return p.post(ctx, c, url, i, forget, func(h hook) http.Header {
		return header(map[string]string{"X-PagerDuty-Signature": "v1=" + hexHMAC("another", string(h.body)) + ",v1=" + hexHMAC(p.Secret, string(h.body))})
	})
}
