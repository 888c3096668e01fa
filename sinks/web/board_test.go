package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

func page(t *testing.T, a *API, r *http.Request, want int) string {
	t.Helper()
	w := httptest.NewRecorder()
	a.Board().ServeHTTP(w, r)
	if w.Code != want {
		t.Fatalf("%s %s: %d %s; want %d", r.Method, r.URL, w.Code, w.Body, want)
	}
	if csp := w.Header().Get("Content-Security-Policy"); csp != boardCSP {
		t.Errorf("%s: the policy is %q", r.URL, csp)
	}
	return w.Body.String()
}

func getPage(t *testing.T, a *API, target string, want int) string {
	t.Helper()
	return page(t, a, httptest.NewRequest(http.MethodGet, target, nil), want)
}

const evil = `"><script>alert(1)</script><a href="javascript:alert(2)">`

// poison puts evil into every text below v, and one element into every list.
func poison(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		if depth < 6 && v.CanSet() {
			v.Set(reflect.New(v.Type().Elem()))
			poison(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for _, f := range v.Fields() {
			poison(f, depth+1)
		}
	case reflect.Slice:
		if depth < 6 && v.Type() != reflect.TypeFor[schemas.Labels]() {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			poison(v.Index(0), depth+1)
		}
	case reflect.String:
		v.SetString(evil)
	case reflect.Int64:
		v.SetInt(1_700_000_000_000)
	}
}

// Whatever stands in a record is text on a page, and no link leads to a script.
func TestNothingThatIsToldRuns(t *testing.T) {
	a := newAPI(t, &memoryHistory{}, nil)
	var inc schemas.Incident
	poison(reflect.ValueOf(&inc).Elem(), 0)
	inc.ID, inc.ParentID, inc.Status, inc.Severity, inc.ProblemID = "INC-1", "", schemas.IncidentOpen, schemas.SeverityCritical, "PRB-1"
	inc.Tickets[0].URL, inc.Procedure.Runbook, inc.Procedure.Steps[0].URL = "javascript:alert(3)", "javascript:alert(4)", "javascript:alert(5)"
	a.view.PutIncident(&inc)
	var p schemas.Problem
	poison(reflect.ValueOf(&p).Elem(), 0)
	p.ID = "PRB-1"
	a.view.PutProblem(&p)
	for _, target := range []string{"/", "/incidents/INC-1", "/problems", "/problems/PRB-1", "/?q=" + url.QueryEscape(evil), "/?service=" + url.QueryEscape(evil)} {
		text := getPage(t, a, target, http.StatusOK)
		for _, bad := range []string{"<script>alert", `href="javascript:`, `"><script`} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %s", target, bad)
			}
		}
	}
	for target, want := range map[string]int{"/?sort=" + url.QueryEscape(evil): 400, "/?" + url.QueryEscape(evil) + "=1": 400, "/incidents/" + url.PathEscape(evil): 404, "/?page=0": 400, "/?status=x": 400} {
		if text := getPage(t, a, target, want); strings.Contains(text, "<script>alert") {
			t.Errorf("%s has a script", target)
		}
	}
}

func TestTheListIsSortedAndFiltered(t *testing.T) {
	a := newAPI(t, nil, nil)
	for n, severity := range []schemas.Severity{schemas.SeverityWarning, schemas.SeverityCritical, schemas.SeverityMajor} {
		inc := incident(n, schemas.IncidentOpen)
		inc.Severity, inc.AlertCount = severity, int64(10-n)
		a.view.PutIncident(&inc)
	}
	child, closed := incident(7, schemas.IncidentOpen), incident(8, schemas.IncidentClosed)
	child.ParentID = "INC-001"
	a.view.PutIncident(&child)
	a.view.PutIncident(&closed)
	order := func(target string) string {
		var ids []string
		for _, part := range strings.Split(getPage(t, a, target, http.StatusOK), `<a href="/incidents/`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			ids = append(ids, strings.TrimPrefix(id, "INC-00"))
		}
		return strings.Join(ids, " ")
	}
	for target, want := range map[string]string{
		"/": "1 2 0", "/?sort=alerts": "0 1 2", "/?severity=major": "2", "/?all=1&sort=title": "0 1 2 7", "/?status=closed": "8", "/?q=incident+2": "2",
	} {
		if got := order(target); got != want {
			t.Errorf("%s shows %s, want %s", target, got, want)
		}
	}
	a.cfg.PageSize = 2
	if first, second := order("/"), order("/?page=2"); first+"|"+second != "1 2|0" {
		t.Errorf("pages %s and %s", first, second)
	}
}

func TestCommandsByForm(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	post := func(form string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/incidents/INC-001", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		a.Board().ServeHTTP(w, r)
		return w
	}
	w := post("action=acknowledge&by=Kim+%C3%98&to=")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/incidents/INC-001?done=acknowledge" {
		t.Errorf("%d %s", w.Code, w.Header())
	}
	if len(p.got) != 1 || p.got[0].Command.By != "Kim Ø" || p.got[0].Command.Action != schemas.ActionAcknowledge {
		t.Errorf("%+v", p.got)
	}
	r := httptest.NewRequest(http.MethodGet, "/incidents/INC-001?done=acknowledge", nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	if text := page(t, a, r, http.StatusOK); !strings.Contains(text, "Taken: acknowledge") || !strings.Contains(text, `value="Kim Ø"`) {
		t.Error("the page after it does not say so")
	}
	for form, want := range map[string]string{"action=acknowledge": "say who gives the command", "action=assign&by=kim": "whom the incident is assigned to", "action=fly&by=kim": "is not one of"} {
		if w := post(form); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", form, w.Code, w.Body)
		}
	}
	a.SetWho(func(*http.Request) (Person, bool) { return Person{Name: "reader", Role: Read}, true })
	if w := post("action=acknowledge"); w.Code != http.StatusForbidden {
		t.Errorf("a reader's command: %d", w.Code)
	}
	if text := getPage(t, a, "/incidents/INC-001", http.StatusOK); strings.Contains(text, "<button name=\"action\"") {
		t.Error("a reader is shown buttons")
	}
	a.SetWho(func(*http.Request) (Person, bool) { return Person{}, false })
	if w := post("action=acknowledge&by=ceo"); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody's command: %d", w.Code)
	}
	if len(p.got) != 1 {
		t.Errorf("%d commands were taken", len(p.got))
	}
}

// A page hears that something changed, and how often, and is not moved by it.
func TestAPageHearsOfChanges(t *testing.T) {
	a := newAPI(t, nil, nil)
	srv := httptest.NewServer(a.Board())
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/board/changes")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Scan() // the watch has begun
	for n := range 3 {
		inc := incident(n, schemas.IncidentOpen)
		a.view.PutIncident(&inc)
	}
	end := time.AfterFunc(30*time.Second, func() { resp.Body.Close() })
	defer end.Stop()
	for lines.Scan() {
		if lines.Text() == "data: 3" {
			return
		}
	}
	t.Errorf("it never heard: %v", lines.Err())
}
