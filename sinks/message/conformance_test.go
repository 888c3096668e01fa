package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// everyTarget has a target of each kind before a stub of its system.
var everyTarget = map[string]func(t *testing.T) (outbound.Target, *stub){
	"slack": func(t *testing.T) (outbound.Target, *stub) {
		s, srv := newSlackStub(t)
		return made(t, &Config{Slack: &Slack{Token: secret.New("xoxb-1"), Channel: "C1", URL: srv.URL}}), &s.stub
	},
	"jira": func(t *testing.T) (outbound.Target, *stub) {
		s, srv := newJiraStub(t)
		return made(t, &Config{Jira: &Jira{URL: srv.URL, User: "u", Token: secret.New("jt"), Project: "OPS", Grace: jiraGrace}}), &s.stub
	},
	"mail": func(t *testing.T) (outbound.Target, *stub) {
		s, addr := newMailStub(t)
		return made(t, &Config{Mail: &Mail{Server: addr, From: "Pinkstar <p@example.com>", To: []string{"ops@example.com"}, Plain: true}}), &s.stub
	},
	"pagerduty": func(t *testing.T) (outbound.Target, *stub) {
		s := &stub{t: t}
		keys := map[string]bool{}
		srv := s.serve(func(_ *http.Request, body []byte) (int, string) {
			var e pagerDutyEvent
			if err := json.Unmarshal(body, &e); err != nil || e.RoutingKey != "R1" || e.DedupKey == "" || e.Action == "trigger" && e.Payload == nil {
				return http.StatusBadRequest, `{"status":"invalid event"}`
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if k := e.DedupKey + e.Action; !keys[k] {
				keys[k] = true
				s.took = append(s.took, effect{e.DedupKey + " " + e.Action, e.Action, string(body)})
			}
			return http.StatusAccepted, `{"status":"success"}`
		})
		return made(t, &Config{PagerDuty: &PagerDuty{RoutingKey: secret.New("R1"), URL: srv.URL}}), s
	},
	"webhook": func(t *testing.T) (outbound.Target, *stub) {
		s := &stub{t: t}
		seen := map[string]bool{}
		srv := s.serve(func(r *http.Request, body []byte) (int, string) {
			id := r.Header.Get("webhook-id")
			s.mu.Lock()
			defer s.mu.Unlock()
			if !seen[id] {
				seen[id] = true
				s.took = append(s.took, effect{id, "event", string(body)})
			}
			return http.StatusNoContent, ""
		})
		return made(t, &Config{Webhook: &Webhook{URL: secret.New(srv.URL), Secret: secret.New("whsec_c2VjcmV0")}}), s
	},
}

func made(t *testing.T, c *Config) outbound.Target {
	t.Helper()
	c.Name, c.AllowPrivate = "stub", true
	x, err := c.Target("https://pinkstar.example")
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// timeout is short: a stub that hangs does so for as long.
const timeout = 100 * time.Millisecond

// bring does what the role notify does with one message, without its pauses.
func bring(t *testing.T, x outbound.Target, m *outbound.Message, careless bool) (outbound.Receipt, error) {
	t.Helper()
	for m.Attempt = 1; m.Attempt < 200; m.Attempt++ {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		at := time.Now()
		r, err := x.Deliver(ctx, m)
		cancel()
		m.TriedAt = at
		_, retry := errors.AsType[*outbound.RetryError](err)
		_, refused := errors.AsType[*outbound.RefusedError](err)
		switch {
		case err == nil, refused:
			return r, err
		case retry, careless:
			continue
		}
		for looks := 0; ; looks++ {
			if looks == 1000 {
				t.Fatalf("what became of %s can't be told in 1000 looks", m.Key)
			}
			if looks > 0 {
				time.Sleep(20 * time.Millisecond)
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			r, found, err := x.Find(ctx, m)
			cancel()
			if err == nil && found == outbound.Found {
				return r, nil
			}
			if err == nil && found == outbound.NotFound {
				break
			}
		}
	}
	t.Fatalf("%s is not brought after 200 attempts", m.Key)
	return outbound.Receipt{}, nil
}

var story = []schemas.EffectKind{schemas.EffectOpened, schemas.EffectAlertType, schemas.EffectSeverity, schemas.EffectPage, schemas.EffectTicketLink,
	schemas.EffectOwner, schemas.EffectMitigated, schemas.EffectResolved, schemas.EffectReopened}

func sample(kind schemas.EffectKind, n int) *schemas.Effect {
	at, _ := schemas.ParseTime("2026-11-03T03:00:00Z")
	return &schemas.Effect{
		Ticket: &schemas.TicketRef{Key: "SHOP-9"},
		ID:     fmt.Sprint("EFF-", n), IncidentID: "INC-7K3M9QX2AB4T", Seq: int64(n), Scope: "default", Kind: kind, At: at.Add(int64(n) * schemas.Minute),
		Reason: "The suspected root is checkout-db now: 14 services depend on it.", Severity: schemas.SeverityCritical,
		Head: schemas.EffectHead{
			Title: "checkout-db: DatabaseDown and 41 alerts on 14 services <b>&", Status: schemas.IncidentOpen, Severity: schemas.SeverityCritical, Revision: 3,
			Services: []string{"checkout", "cart", "payment", "checkout-db"}, ServiceCount: 14, Teams: []string{"shop"},
			Roots:  []schemas.SuspectedRoot{{Service: "checkout-db", Score: 810, Reason: "it was first, and 14 services depend on it"}},
			Alerts: 42, ActiveAlerts: 30, TypeCount: 5, Signals: 60, Incidents: 3, StartedAt: at, DetectedAt: at, NextAt: at.Add(5 * schemas.Minute),
			Tickets:   []schemas.TicketRef{{Key: "OPS-7", Title: "Shop is slow", State: "open", URL: "https://jira.example/browse/OPS-7"}},
			Candidate: &schemas.Candidate{Title: "Deploy checkout-db 4.2", Service: "checkout-db", Reason: "it began 4 minutes before"},
			Procedure: &schemas.Procedure{Name: "Database down", Owner: "dba", Runbook: "https://wiki.example/db",
				Steps: []schemas.ProcedureStep{{Text: "Look at replication lag", URL: "https://grafana.example/d/1"}, {Text: "Fail over", DoneBy: "ada", DoneAt: at}, {Text: "Click javascript", URL: "javascript:alert(1)"}}},
			Impact: schemas.ImpactRange{Currency: "EUR", LostRevenue: schemas.Range{Low: 900, Likely: 1200, High: 2000}, Minutes: 12},
		},
	}
}

// Each target gets a story of messages while its system refuses, stalls, loses
// answers and says what can't be read: each takes effect once, in order.
func TestEachTakesEffectOnce(t *testing.T) {
	seeds := uint64(25)
	if testing.Short() {
		seeds = 8
	}
	for name, open := range everyTarget {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, s := open(t)
			for seed := range seeds {
				s.misbehave(seed)
				runStory(t, x, s, seed, false)
			}
		})
	}
}

// runStory returns how many messages took effect more than once; none may be
// lost.
func runStory(t *testing.T, x outbound.Target, s *stub, seed uint64, careless bool) (doubled int) {
	t.Helper()
	var thread schemas.Labels
	for i, kind := range story {
		e := sample(kind, i+1)
		e.IncidentID = fmt.Sprintf("INC-%d", seed)
		if !x.Takes(e) {
			continue
		}
		m := &outbound.Message{Key: fmt.Sprintf("DLV-%d-%d", seed, i), Effect: e, Thread: thread}
		if _, ok := x.(*slackTarget); ok && seed%2 == 0 {
			m.Address = "#ops"
		}
		r, err := bring(t, x, m, careless)
		if err != nil {
			t.Fatalf("seed %d: %s was refused: %v", seed, kind, err)
		}
		if len(r.Thread) > 0 {
			thread = r.Thread
		}
		key := m.Key
		if p, ok := x.(*pagerDuty); ok {
			key = e.IncidentID + " " + p.event(m).Action
		}
		switch n := s.effects(key); {
		case kind == schemas.EffectTicketLink && n == 0: // Slack only edits, Jira links
		case n == 0:
			t.Errorf("seed %d: %s had no effect", seed, kind)
		case n > 1:
			doubled++
			if !careless {
				t.Errorf("seed %d: %s took effect %d times", seed, kind, n)
			}
		}
	}
	return doubled
}

// Whoever simply tries again after a lost answer doubles messages at Slack: the
// suite can see that.
func TestTheSuiteSeesDoubles(t *testing.T) {
	x, s := everyTarget["slack"](t)
	doubled := 0
	for seed := range uint64(5) {
		s.misbehave(seed)
		doubled += runStory(t, x, s, seed, true)
	}
	if doubled == 0 {
		t.Error("a careless sender doubled nothing")
	}
}

// A wrong address is refused for good, and says so without the secret.
func TestWrongAddressesAreRefused(t *testing.T) {
	for name, address := range map[string]string{"slack": "C404", "mail": "nobody@example.com", "jira": "NONE"} {
		x, _ := everyTarget[name](t)
		_, err := x.Deliver(t.Context(), &outbound.Message{Key: "DLV-1", Effect: sample(schemas.EffectOpened, 1), Address: address})
		if _, ok := errors.AsType[*outbound.RefusedError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsAndPrivateAddresses(t *testing.T) {
	for _, c := range []Config{
		{Webhook: &Webhook{URL: secret.New("http://127.0.0.1:1/hush-hush")}},
		{PagerDuty: &PagerDuty{RoutingKey: secret.New("hush-hush"), URL: "http://localhost:1"}},
		{Slack: &Slack{Token: secret.New("hush-hush"), Channel: "C1", URL: "http://[::1]:1"}},
		{Mail: &Mail{Server: "127.0.0.1:465", From: "a@b.example", To: []string{"c@d.example"}}},
		{Mail: &Mail{Server: "127.0.0.1:1", From: "a@b.example", To: []string{"c@d.example"}, Plain: true}},
	} {
		for _, private := range []bool{false, true} {
			c.Name, c.AllowPrivate = "x", private
			x, err := c.Target("")
			if err != nil {
				t.Fatal(err)
			}
			_, err = x.Deliver(t.Context(), &outbound.Message{Key: "DLV-1", Effect: sample(schemas.EffectPage, 1)})
			_, retry := errors.AsType[*outbound.RetryError](err)
			_, refused := errors.AsType[*outbound.RefusedError](err)
			if private && !retry || !private && !refused {
				t.Errorf("%+v: %T %v", c, err, err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("a secret is told: %v", err)
			}
		}
	}
}
