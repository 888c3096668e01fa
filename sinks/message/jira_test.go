package message

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// A ticket follows its incident: linked, closed, opened again; what is there
// already is left.
func TestTheTicketFollowsItsIncident(t *testing.T) {
	s, srv := newJiraStub(t)
	x := made(t, &Config{Jira: &Jira{URL: srv.URL, User: "u", Token: secret.New("jt"), Project: "OPS"}})
	var thread schemas.Labels
	for i, c := range []struct {
		kind  schemas.EffectKind
		done  bool
		links int
	}{
		{schemas.EffectOpened, false, 0}, {schemas.EffectTicketLink, false, 1}, {schemas.EffectTicketLink, false, 1}, {schemas.EffectTicketUnlink, false, 0},
		{schemas.EffectResolved, true, 0}, {schemas.EffectResolved, true, 0}, {schemas.EffectReopened, false, 0},
		{schemas.EffectLinked, true, 0}, {schemas.EffectUnlinked, false, 0},
	} {
		r, err := x.Deliver(t.Context(), &outbound.Message{Key: schemas.DeliveryID("e", string(rune('a'+i))), Effect: sample(c.kind, i), Thread: thread})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Thread) > 0 {
			thread = r.Thread
		}
		if k := s.issues[thread.Get(JiraTicket)]; k.done != c.done || len(k.links) != c.links || !strings.HasSuffix(r.URL, "/browse/"+k.key) {
			t.Errorf("%d, after %s: %+v, %s", i, c.kind, k, r.URL)
		}
	}
}

// An incident that is told of late is as it is by then: closed when it is over, also
// where Jira breaks off between making and closing; part of another one, it has none.
func TestATicketThatComesLate(t *testing.T) {
	for seed := range uint64(30) {
		s, srv := newJiraStub(t)
		x := made(t, &Config{Jira: &Jira{URL: srv.URL, User: "u", Token: secret.New("jt"), Project: "OPS", Grace: jiraGrace}})
		if _, err := x.Deliver(t.Context(), &outbound.Message{Key: "DLV-1", Effect: sample(schemas.EffectLinked, 1)}); err != nil || len(s.order) != 0 {
			t.Fatalf("%v, %v", err, s.order)
		}
		s.misbehave(seed)
		r, err := bring(t, x, &outbound.Message{Key: "DLV-2", Effect: sample(schemas.EffectResolved, 2)}, false)
		if err != nil {
			t.Fatal(err)
		}
		if s.mu.Lock(); len(s.order) != 1 || !s.issues[r.Thread.Get(JiraTicket)].done {
			t.Errorf("seed %d: %v is open, or not the only one", seed, s.order)
		}
		s.mu.Unlock()
		if testing.Short() && seed == 5 {
			break
		}
	}
}

// A project without labels is told from other refusals, and the mark in the text
// serves instead.
func TestAProjectWithoutLabels(t *testing.T) {
	s, srv := newJiraStub(t)
	s.noMark = true
	cfg := Jira{URL: srv.URL, User: "u", Token: secret.New("jt"), Project: "OPS"}
	m := &outbound.Message{Key: "DLV-7K3M9QX2AB4T", Effect: sample(schemas.EffectOpened, 1)}
	_, err := made(t, &Config{Jira: &cfg}).Deliver(t.Context(), m)
	if _, ok := errors.AsType[*outbound.RefusedError](err); !ok || !strings.Contains(err.Error(), `mark: "-"`) {
		t.Errorf("%v", err)
	}
	cfg.Mark = "-"
	x := made(t, &Config{Jira: &cfg})
	r, err := x.Deliver(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.issues[r.Ref].made = s.issues[r.Ref].made.Add(-jiraLag)
	s.mu.Unlock()
	if found, how, err := x.Find(t.Context(), m); err != nil || how != outbound.Found || found.Ref != r.Ref {
		t.Errorf("%v %v %v", found, how, err)
	}
}

// Jira Cloud wants its document format.
func TestCloudGetsDocuments(t *testing.T) {
	x := made(t, &Config{Jira: &Jira{URL: "https://x.atlassian.net", User: "u", Token: secret.New("jt"), Project: "OPS"}})
	j, ok := x.(*jira)
	if !ok || !j.cloud || !strings.HasSuffix(j.base, "/rest/api/3") {
		t.Fatalf("%+v", x)
	}
	doc, ok := j.document("a\n\nb").(map[string]any)
	if content, isList := doc["content"].([]any); !ok || !isList || doc["type"] != "doc" || len(content) != 3 {
		t.Errorf("%v", doc)
	}
}

// Whoever believes the search at once makes a ticket twice: the suite can see
// that.
func TestASearchThatLagsIsNotBelieved(t *testing.T) {
	s, srv := newJiraStub(t)
	s.lag = time.Hour // however slow the machine is
	x := made(t, &Config{Jira: &Jira{URL: srv.URL, User: "u", Token: secret.New("jt"), Project: "OPS", Grace: 1}})
	doubled := 0
	for seed := range uint64(12) {
		s.misbehave(seed)
		m := &outbound.Message{Key: schemas.DeliveryID("e", string(rune('a'+seed))), Effect: sample(schemas.EffectOpened, 1)}
		if _, err := bring(t, x, m, false); err != nil {
			t.Fatal(err)
		}
		if s.effects(m.Key) > 1 {
			doubled++
		}
	}
	if doubled == 0 {
		t.Error("none of 12 was made twice")
	}
}
