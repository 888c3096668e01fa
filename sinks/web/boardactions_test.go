package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// postForm sends a form as a browser does.
func postForm(a *API, path, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	a.Board().ServeHTTP(w, r)
	return w
}

// An action is added on the page of what it follows from and ended on every page
// that shows it; afterwards the person is where they were.
func TestActionsByForm(t *testing.T) {
	h := &memoryHistory{actions: []schemas.ActionItem{{ID: "ACT-1", Revision: 1, Scope: "default/production", What: "mend it", Owner: "ona", Status: schemas.ActionOpen, IncidentID: "INC-001"}}}
	a, p := announcing(t, h)
	inc := incident(1, schemas.IncidentClosed)
	a.view.PutIncident(&inc)
	a.view.PutProblem(&schemas.Problem{ID: "PRB-1", Scope: inc.Scope, Status: schemas.ProblemOpen, IncidentIDs: []string{"INC-001"}})
	w := postForm(a, "/actions", "by=kim&what=+alert+on+the+queue&owner=ona&due=2026-12-24&incident_id=INC-001&problem_id=&back=/incidents/INC-001%3Fmembers%3D2")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/incidents/INC-001?done=add_action&members=2#actions" || len(p.got) != 1 {
		t.Fatalf("%d %s, %d commands: %s", w.Code, w.Header(), len(p.got), w.Body)
	}
	if c := p.got[0].Command; c.Action != schemas.ActionAddItem || c.Note != "alert on the queue" || c.To != "ona" || c.IncidentID != "INC-001" || c.DueAt.String() != "2026-12-24T23:59:59.999Z" {
		t.Errorf("%+v", c)
	}
	postForm(a, "/actions", "by=kim&what=x&problem_id=PRB-1")
	if c := p.got[1].Command; c.ProblemID != "PRB-1" || c.DueAt != 0 {
		t.Errorf("%+v", c)
	}
	for status, want := range map[string]schemas.Action{"done": schemas.ActionFinishItem, "dropped": schemas.ActionDropItem} {
		w := postForm(a, "/actions/ACT-1", "by=kim&note=why&back=//evil.example/&status="+status)
		if c := p.got[len(p.got)-1].Command; w.Header().Get("Location") != "/?done="+string(want)+"#actions" || c.Action != want || c.Note != "why" || c.ActionID != "ACT-1" {
			t.Errorf("%s leads to %s: %+v", status, w.Header(), c)
		}
	}
	n := len(p.got)
	for form, want := range map[string]int{"by=kim&what=x": 400, "by=kim&incident_id=INC-001": 400, "what=x&incident_id=INC-001": 400, "by=kim&what=x&incident_id=INC-001&due=tomorrow": 400,
		"by=kim&what=x&incident_id=INC-009": 404, "by=kim&incident_id=INC-001&what=" + strings.Repeat("x", maxWhat+1): 400, "by=kim&incident_id=INC-001&what=" + strings.Repeat("x", 100_000): 413} {
		if w := postForm(a, "/actions", form); w.Code != want {
			t.Errorf("%.60s: %d, want %d: %s", form, w.Code, want, w.Body)
		}
	}
	a.SetWho(func(*http.Request) (Person, bool) { return Person{Name: "reader", Role: Read}, true })
	if w := postForm(a, "/actions/ACT-1", "status=done"); w.Code != http.StatusForbidden {
		t.Errorf("a reader ends an action: %d", w.Code)
	}
	if len(p.got) != n {
		t.Error("a refused form is a command")
	}
	for _, target := range []string{"/incidents/INC-001", "/problems/PRB-1", "/actions"} {
		if text := getPage(t, a, target, http.StatusOK); !strings.Contains(text, "mend it") || strings.Contains(text, `method="post" action="/actions`) {
			t.Errorf("%s: the action is missing, or a reader has a form", target)
		}
	}
}

func TestThePageOfActions(t *testing.T) {
	day := func(text string) schemas.Time {
		at, err := schemas.ParseTime(text + "T23:59:59Z")
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	h := &memoryHistory{list: []schemas.Incident{incident(7, schemas.IncidentClosed)}, actions: []schemas.ActionItem{
		{ID: "ACT-1", What: "act-late", Owner: "zoe", Status: schemas.ActionOpen, DueAt: day("2026-11-29"), IncidentID: "INC-007"},
		{ID: "ACT-2", What: "act-today", Owner: "ona", Status: schemas.ActionOpen, DueAt: day("2026-11-30"), ProblemID: "PRB-1"},
		{ID: "ACT-3", What: "act-done", Owner: "ona", Status: schemas.ActionDone, DueAt: day("2026-11-01"), ProblemID: "PRB-1"},
	}}
	a, _ := announcing(t, h) // it is the 30th of November, noon
	a.view.PutProblem(&schemas.Problem{ID: "PRB-1", Title: "it comes back"})
	shown := func(target string) string {
		text := getPage(t, a, target, http.StatusOK)
		var order []string
		for _, part := range strings.Split(text, "act-")[1:] {
			order = append(order, strings.FieldsFunc(part, func(r rune) bool { return r == '<' })[0])
		}
		return strings.Join(order, " ")
	}
	for target, want := range map[string]string{"/actions": "late today", "/actions?sort=owner": "today late", "/actions?owner=ona&status=open,done": "today done"} {
		if got := shown(target); got != want {
			t.Errorf("%s shows %s, want %s", target, got, want)
		}
	}
	text := getPage(t, a, "/actions", http.StatusOK)
	for _, want := range []string{"1 overdue", `<a href="/incidents/INC-007">incident 7</a>`, `<a href="/problems/PRB-1">it comes back</a>`, `name="note"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if n := strings.Count(text, ">overdue<"); n != 1 {
		t.Errorf("%d are overdue", n)
	}
	h.err = errors.New("away")
	if text := getPage(t, a, "/actions", http.StatusOK); !strings.Contains(text, "ClickHouse") {
		t.Error("it does not say that they can't be read")
	}
}

// Whoever opens the board when nothing burns sees what did, and what is left out.
func TestAnEmptyListSaysWhatWas(t *testing.T) {
	a := newAPI(t, nil, nil)
	for n := range 8 {
		inc := incident(n, schemas.IncidentClosed)
		inc.StartedAt, inc.ResolvedAt = schemas.Time(n+1)*schemas.Time(schemas.Hour), schemas.Time(n+1)*schemas.Time(schemas.Hour)+schemas.Time(36*schemas.Minute+30*schemas.Second)
		a.view.PutIncident(&inc)
	}
	text := getPage(t, a, "/", http.StatusOK)
	for _, want := range []string{"Nothing is open.", "Left out: 8 closed", `href="/?status=open&amp;status=acknowledged&amp;status=mitigated&amp;status=resolved&amp;status=closed"`, "incident 7", "incident 3", "36 min"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(text, "incident 2<") || strings.Index(text, "incident 7<") > strings.Index(text, "incident 6<") {
		t.Error("those that ended last come first, and five are enough")
	}
	text = getPage(t, a, "/?q=none", http.StatusOK)
	if strings.Contains(text, "Over lately") || !strings.Contains(text, "No incident matches") || strings.Contains(text, "Left out") {
		t.Error("who asks for something is shown something else")
	}
	if text := getPage(t, a, "/?q=incident+7", http.StatusOK); !strings.Contains(text, "Left out: 1 closed") || !strings.Contains(text, "/?q=incident&#43;7&amp;status=open") {
		t.Error("the other filters are lost")
	}
}

// What was to be told during an incident is no order any more once it is over, or
// once the change has stopped.
func TestWhoMustBeToldStillNeedsTelling(t *testing.T) {
	a := newAPI(t, nil, nil)
	for _, c := range []struct {
		status     schemas.IncidentStatus
		inProgress bool
		answer     string
		due        bool
	}{
		{schemas.IncidentOpen, true, "", true}, {schemas.IncidentOpen, false, "", false}, {schemas.IncidentOpen, true, "stopped", false},
		{schemas.IncidentResolved, true, "", false}, {schemas.IncidentClosed, false, "", false},
	} {
		inc := incident(1, c.status)
		a.view.DropIncident(inc.ID)
		inc.Candidates = []schemas.Candidate{{SignalID: "s1", Title: "work", InProgress: c.inProgress}}
		inc.Notices = []schemas.Notice{{Team: "shield", Text: "tell them to stop", SignalID: "s1", Answer: c.answer}}
		inc.Roots = []schemas.SuspectedRoot{{Service: "db", Score: 987}, {Service: "gift-shop", Score: 4}}
		a.view.PutIncident(&inc)
		text := getPage(t, a, "/incidents/INC-001", http.StatusOK)
		if due := strings.Contains(text, "Must be told"); due != c.due || due == strings.Contains(text, "Was to be told") || due != strings.Contains(text, "They stopped it") || !strings.Contains(text, "tell them to stop") {
			t.Errorf("%+v: must be told: %t", c, due)
		}
		if strings.Contains(text, "gift-shop") || !strings.Contains(text, "99 %") {
			t.Error("a root that nobody suspects is shown, or the one that is suspected is not")
		}
	}
}

// A problem's page tells of its incidents, from wherever they are.
func TestAProblemTellsOfItsIncidents(t *testing.T) {
	old := incident(2, schemas.IncidentClosed)
	old.StartedAt, old.ResolvedAt, old.Impact = 1_700_000_000_000, 1_700_000_000_000+schemas.Time(65*schemas.Minute), schemas.ImpactRange{Currency: "EUR", Cost: schemas.Range{Likely: 1234}}
	h := &memoryHistory{list: []schemas.Incident{old}}
	a := newAPI(t, h, nil)
	live := incident(3, schemas.IncidentOpen)
	a.view.PutIncident(&live)
	a.view.PutProblem(&schemas.Problem{ID: "PRB-1", IncidentIDs: []string{"INC-001", "INC-002", "INC-003"}, Count: 5})
	text := getPage(t, a, "/problems/PRB-1", http.StatusOK)
	for _, want := range []string{`<a href="/incidents/INC-003">incident 3</a>`, `<a href="/incidents/INC-002">incident 2</a>`, `<a href="/incidents/INC-001">INC-001</a>`, "65 min", "1,234 EUR", "And 2 before them"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	h.err = errors.New("away")
	if text := getPage(t, a, "/problems/PRB-1", http.StatusOK); !strings.Contains(text, `<a href="/incidents/INC-003">incident 3</a>`) || !strings.Contains(text, "Not all of them") {
		t.Error("without history the live ones are missing, or it does not say why")
	}
}
