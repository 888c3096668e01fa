package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// tokenWho knows callers by their bearer token.
func tokenWho(r *http.Request) (Person, bool) {
	p, ok := map[string]Person{"r": {Name: "reader", Role: Read}, "s": {Name: "sam", Role: Act}, "a": {Name: "root", Role: Admin}}[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	return p, ok
}

func TestWhoMayAskAndWhoMayAct(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	const at = "/api/v1/incidents/INC-001"
	for _, c := range []struct {
		who          Who
		token        string
		read, create int
	}{
		{tokenWho, "", 401, 401},
		{tokenWho, "x", 401, 401},
		{tokenWho, "r", 200, 403},
		{tokenWho, "s", 200, 202},
		{tokenWho, "a", 200, 202},
		{nil, "s", 401, 401}, // wired without anybody who knows the callers: closed
		{anybody, "", 200, 202},
	} {
		a.SetWho(c.who)
		for _, path := range []string{at, "/api/v1/incidents", "/api/v1/problems", "/api/v1/openapi.yaml"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", "Bearer "+c.token)
			w := call(t, a, r, c.read, nil)
			if c.read == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		}
		body := `{"action":"acknowledge"}`
		if c.token == "" {
			body = `{"action":"acknowledge","by":"kim"}`
		}
		r := newCommand(at+"/commands", body)
		r.Header.Set("Authorization", "Bearer "+c.token)
		call(t, a, r, c.create, nil)
	}
	var by []string
	for _, s := range p.got {
		by = append(by, s.Command.By)
	}
	if got := strings.Join(by, " "); got != "sam root kim" {
		t.Errorf("by %q; want who was let in", got)
	}
}

// Nobody gives commands in another's name, whatever stands in the body or in a
// password that was never checked.
func TestByIsWhoWasLetIn(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	post := func(who Who, body string, want int) {
		t.Helper()
		a.SetWho(who)
		r := newCommand("/api/v1/incidents/INC-001/commands", body)
		if r.SetBasicAuth("ceo", "made up"); who != nil {
			r.Header.Set("Authorization", "Bearer s")
		}
		call(t, a, r, want, nil)
	}
	post(tokenWho, `{"action":"resolve","by":"ceo"}`, 400)
	post(tokenWho, `{"action":"resolve","by":"local"}`, 400)
	post(tokenWho, `{"action":"resolve","by":"sam"}`, 202)
	// Where nobody is asked who they are, they must at least say so.
	post(anybody, `{"action":"resolve"}`, 400)
	post(anybody, `{"action":"resolve","by":"kim"}`, 202)
	if len(p.got) != 2 || p.got[0].Command.By != "sam" || p.got[1].Command.By != "kim" {
		t.Errorf("got %+v", p.got)
	}
}

// What a page of another site can send without being asked first is no command.
func TestCommandsNeedTheirContentType(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	for _, ct := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "text/plain; application/json"} {
		r := newCommand("/api/v1/incidents/INC-001/commands", `{"action":"resolve"}`)
		if r.Header.Set("Content-Type", ct); ct == "" {
			r.Header.Del("Content-Type")
		}
		call(t, a, r, http.StatusUnsupportedMediaType, nil)
	}
	r := newCommand("/api/v1/incidents/INC-001/commands", `{"action":"resolve","by":"kim"}`)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	call(t, a, r, http.StatusAccepted, nil)
	if len(p.got) != 1 {
		t.Errorf("%d commands were given", len(p.got))
	}
}

// Nobody's command is taken for a repeat of another person's with the same
// Idempotency-Key.
func TestAnIdempotencyKeyIsItsCallersOwn(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	a.SetWho(tokenWho)
	for _, token := range []string{"s", "a", "s"} {
		r := newCommand("/api/v1/incidents/INC-001/commands", `{"action":"resolve"}`)
		r.Header.Set("Idempotency-Key", "1")
		r.Header.Set("Authorization", "Bearer "+token)
		call(t, a, r, http.StatusAccepted, nil)
	}
	if p.got[0].ID == p.got[1].ID || p.got[0].ID != p.got[2].ID {
		t.Errorf("ids %s %s %s; want the first and the last the same", p.got[0].ID, p.got[1].ID, p.got[2].ID)
	}
}
