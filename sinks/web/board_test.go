package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
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

// poisoned is a value with evil in every text.
func poisoned[T any]() (v T) {
	poison(reflect.ValueOf(&v).Elem(), 0)
	return v
}

// poisonedAction is one of an incident or a problem.
func poisonedAction(incident, problem string) schemas.ActionItem {
	a := poisoned[schemas.ActionItem]()
	a.IncidentID, a.ProblemID, a.Status = incident, problem, schemas.ActionOpen
	return a
}

// said is an explanation in words.
type said struct{}

func (said) WriteText(w io.Writer) error {
	_, err := io.WriteString(w, evil)
	return err
}

func (said) Explain(context.Context, *View, string, string) (any, error) { return said{}, nil }

// Whatever stands in a record is text on a page, and no link leads to a script.
func TestNothingThatIsToldRuns(t *testing.T) {
	member := poisoned[Member]()
	member.IncidentID, member.Kind, member.URL, member.Runbook = "INC-1", schemas.KindAlert, "javascript:alert(6)", "javascript:alert(7)"
	member.Labels = schemas.Labels{{Name: evil, Value: evil}}
	other := member
	other.Labels = schemas.Labels{{Name: "a", Value: evil}}
	a := newAPI(t, &memoryHistory{members: []Member{member, other}, changes: []Change{poisoned[Change]()}, uncovered: []Uncovered{poisoned[Uncovered]()},
		actions: []schemas.ActionItem{poisonedAction("INC-1", ""), poisonedAction("", "PRB-1"), poisonedAction("", "PRB-9")},
		before:  []Precedent{poisoned[Precedent]()}, budgets: []Budget{poisoned[Budget]()},
		apart: []Apart{poisoned[Apart]()}, said: []schemas.Delivery{poisoned[schemas.Delivery]()}}, nil)
	a.SetDuties(func(schemas.Time) []Duty {
		return []Duty{{Rota: evil, Zone: evil, Now: []schemas.Person{poisoned[schemas.Person]()}, Next: []schemas.Person{poisoned[schemas.Person]()}, NextAt: 1}, {Rota: "x", Calendar: evil}}
	})
	a.SetExplainer(said{})
	inc := poisoned[schemas.Incident]()
	inc.ID, inc.ParentID, inc.Status, inc.Severity, inc.ProblemID = "INC-1", "", schemas.IncidentOpen, schemas.SeverityCritical, "PRB-1"
	inc.Tickets[0].URL, inc.Procedure.Runbook, inc.Procedure.Steps[0].URL = "javascript:alert(3)", "javascript:alert(4)", "javascript:alert(5)"
	inc.Procedure.Steps[0].DoneBy, inc.Procedure.Escalation[0].CalledAt, inc.Notices[0].Answer = "", 0, ""
	a.view.PutIncident(&inc)
	child := poisoned[schemas.Incident]()
	child.ID, child.ParentID, child.Status = "INC-2", "INC-1", schemas.IncidentOpen
	a.view.PutIncident(&child)
	p := poisoned[schemas.Problem]()
	p.ID = "PRB-1"
	a.view.PutProblem(&p)
	for _, target := range []string{"/", "/incidents/INC-1", "/incidents/INC-2", "/problems", "/problems/PRB-1", "/actions", "/actions?owner=" + url.QueryEscape(evil), "/oncall", "/changes", "/messages", "/apart", "/uncovered",
		"/reports", "/why?id=x&with=" + url.QueryEscape(evil), "/?q=" + url.QueryEscape(evil), "/?service=" + url.QueryEscape(evil), "/?team=" + url.QueryEscape(evil), "/?parent=" + url.QueryEscape(evil)} {
		text := getPage(t, a, target, http.StatusOK)
		for _, bad := range []string{"<script>alert", `href="javascript:`, `"><script`} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %s", target, bad)
			}
		}
		if !strings.Contains(text, "&gt;&lt;script&gt;alert(1)") && target != "/reports" {
			t.Errorf("%s does not show what it was told", target)
		}
	}
	for target, want := range map[string]int{"/?sort=" + url.QueryEscape(evil): 400, "/?" + url.QueryEscape(evil) + "=1": 400, "/incidents/" + url.PathEscape(evil): 404,
		"/?page=0": 400, "/?status=x": 400, "/incidents/INC-1?members=" + url.QueryEscape(evil): 400, "/messages?state=" + url.QueryEscape(evil): 400,
		"/reports/" + url.PathEscape(evil): 404, "/actions?sort=" + url.QueryEscape(evil): 400, "/actions?status=" + url.QueryEscape(evil): 400, "/changes?" + url.QueryEscape(evil) + "=1": 400} {
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
		if n == 2 {
			inc.Teams = []string{"pumps"}
		}
		a.view.PutIncident(&inc)
	}
	child, closed := incident(7, schemas.IncidentOpen), incident(8, schemas.IncidentClosed)
	child.ParentID = "INC-001"
	a.view.PutIncident(&child)
	a.view.PutIncident(&closed)
	order := func(target string) string {
		var ids []string
		list, _, _ := strings.Cut(getPage(t, a, target, http.StatusOK), "Over lately")
		for _, part := range strings.Split(list, `<a href="/incidents/`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			ids = append(ids, strings.TrimPrefix(id, "INC-00"))
		}
		return strings.Join(ids, " ")
	}
	for target, want := range map[string]string{
		"/": "1 2 0", "/?sort=alerts": "0 1 2", "/?severity=major": "2", "/?parent=INC-001": "7", "/?team=pumps": "2", "/?team=none": "", "/?all=1&sort=title": "0 1 2 7", "/?status=closed": "8", "/?q=incident+2": "2",
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

// Every command that a page has a button for reaches the log with what it needs.
func TestEveryFormOfTheBoardIsACommand(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	inc := incident(1, schemas.IncidentOpen)
	inc.Procedure = &schemas.Procedure{Name: "p", Steps: []schemas.ProcedureStep{{Text: "look"}, {Text: "restart"}}}
	other := incident(2, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	a.view.PutIncident(&other)
	a.view.PutProblem(&schemas.Problem{ID: "PRB-1", Scope: inc.Scope, Status: schemas.ProblemOpen})
	for _, c := range []struct {
		path, form string
		want       schemas.Command
	}{
		{"/incidents/INC-001", "action=set_severity&to=critical", schemas.Command{Action: schemas.ActionSetSeverity, To: "critical"}},
		{"/incidents/INC-001", "action=step_done&step=2", schemas.Command{Action: schemas.ActionStepDone, Step: 2}},
		{"/incidents/INC-001", "action=answer_change&to=stopped&signal_id=abc", schemas.Command{Action: schemas.ActionAnswerChange, To: "stopped", SignalID: "abc"}},
		{"/incidents/INC-001", "action=link_parent&parent_id=INC-002", schemas.Command{Action: schemas.ActionLinkParent, ParentID: "INC-002"}},
		{"/incidents/INC-001", "action=note&note=hello", schemas.Command{Action: schemas.ActionNote, Note: "hello"}},
		{"/incidents/INC-001", "action=declare_problem", schemas.Command{Action: schemas.ActionDeclareProblem}},
		{"/problems/PRB-1", "action=solve_problem&note=new+pump", schemas.Command{Action: schemas.ActionSolveProblem, ProblemID: "PRB-1", Note: "new pump"}},
	} {
		p.got = nil
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.form+"&by=kim"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		a.Board().ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), c.path+"?done=") || len(p.got) != 1 {
			t.Errorf("%s: %d, %d commands: %s", c.form, w.Code, len(p.got), w.Body)
			continue
		}
		c.want.By = "kim"
		if c.want.ProblemID == "" {
			c.want.IncidentID = "INC-001"
		}
		if got := *p.got[0].Command; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.form, got, c.want)
		}
	}
}

// A main incident shows what all below it say, a page at a time, and common labels
// once.
func TestAMainIncidentTellsTheWholeTree(t *testing.T) {
	h := &memoryHistory{}
	a := newAPI(t, h, nil)
	main := incident(1, schemas.IncidentOpen)
	main.Tree = &schemas.IncidentTree{Incidents: 61, SignalCount: 250, Alerts: 250, ActiveAlerts: 249, Services: 40}
	a.view.PutIncident(&main)
	for n := range 60 {
		c := incident(100+n, schemas.IncidentOpen)
		c.ParentID = main.ID
		a.view.PutIncident(&c)
	}
	for n := range 250 {
		h.members = append(h.members, Member{IncidentID: fmt.Sprintf("INC-%03d", 100+n%60), Summary: fmt.Sprintf("says <%d>", n), Description: "more",
			Runbook: "https://runbooks.example/x", MemberRef: schemas.MemberRef{SignalID: fmt.Sprint(n), Kind: schemas.KindAlert, Name: "Down", Service: "svc"},
			Labels: schemas.Labels{{Name: "env", Value: "prod"}, {Name: "pod", Value: fmt.Sprint("p-", n)}}})
	}
	first, third := getPage(t, a, "/incidents/INC-001", http.StatusOK), getPage(t, a, "/incidents/INC-001?members=3", http.StatusOK)
	for text, wants := range map[string][]string{
		first: {"says &lt;0&gt;", "says &lt;99&gt;", "1 to 100 of 250", `href="?members=2#members"`, "<code>env=prod</code>", "<code>pod=p-7</code>", "https://runbooks.example/x",
			`href="/incidents/INC-130"`, `href="/?parent=INC-001&amp;`, "in 61 incidents"},
		third: {"says &lt;200&gt;", "says &lt;249&gt;", "201 to 250 of 250", `href="?members=2#members"`},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s is missing", want)
			}
		}
	}
	if n := strings.Count(first, "env=prod"); n != 1 {
		t.Errorf("a common label is there %d times", n)
	}
	if strings.Contains(first, "says &lt;100&gt;") || strings.Contains(third, "?members=4") {
		t.Error("a page has more than its part")
	}
	if n := strings.Count(first, `data-name="Began"`); n != pageChildren {
		t.Errorf("%d children are listed", n)
	}
	h.err = errors.New("away")
	if text := getPage(t, a, "/incidents/INC-001", http.StatusOK); !strings.Contains(text, "ClickHouse cannot be asked right now") {
		t.Error("it does not say that history is away")
	}
}

// The pages that need ClickHouse say so when it is away, and come.
func TestPagesWithoutHistory(t *testing.T) {
	for _, h := range []History{nil, &memoryHistory{err: errors.New("away")}} {
		a := newAPI(t, h, nil)
		for _, target := range []string{"/changes", "/messages", "/apart", "/uncovered", "/reports", "/oncall"} {
			text := getPage(t, a, target, http.StatusOK)
			if !strings.Contains(text, "ClickHouse") && target != "/oncall" {
				t.Errorf("%s does not say what is missing", target)
			}
		}
		getPage(t, a, "/reports/2026-10", http.StatusServiceUnavailable)
	}
}

func TestTheCalendarSortsByNow(t *testing.T) {
	h := &memoryHistory{}
	a := newAPI(t, h, nil)
	now := schemas.TimeOf(time.Now())
	for title, s := range map[string]schemas.Signal{
		"runs": {StartsAt: now.Add(-1000), EndsAt: now.Add(schemas.Hour), Status: schemas.StatusPlanned}, "endless": {StartsAt: now.Add(-schemas.Hour), Status: schemas.StatusStarted},
		"comes": {StartsAt: now.Add(schemas.Hour), EndsAt: now.Add(2 * schemas.Hour), Status: schemas.StatusPlanned}, "was": {StartsAt: now.Add(-schemas.Hour), EndsAt: now.Add(-1000), Status: schemas.StatusStarted},
		"cancelled": {StartsAt: now.Add(schemas.Hour), EndsAt: now.Add(2 * schemas.Hour), Status: schemas.StatusCancelled},
		"deployed":  {StartsAt: now.Add(-schemas.Hour), Status: schemas.StatusFinished},
	} {
		s.Name, s.Kind = "work-"+title, schemas.KindMaintenance
		c := Change{Signal: s, FirstHeard: s.StartsAt.Add(-1000), IncidentIDs: []string{"INC-" + title}}
		if title == "runs" {
			c.FirstHeard = now
		}
		h.changes = append(h.changes, c)
	}
	text := getPage(t, a, "/changes", http.StatusOK)
	_, rest, _ := strings.Cut(text, "Under way now")
	running, rest, _ := strings.Cut(rest, "Planned in the next")
	planned, past, _ := strings.Cut(rest, "Over, in the last")
	for part, titles := range map[string]string{running: "runs endless", planned: "comes", past: "was cancelled deployed"} {
		for title := range strings.FieldsSeq(titles) {
			if !strings.Contains(part, "work-"+title) || !strings.Contains(part, `"/incidents/INC-`+title) {
				t.Errorf("%s is not where it belongs", title)
			}
		}
	}
	if n := strings.Count(text, "not announced"); n != 1 || !strings.Contains(running, "not announced") {
		t.Errorf("%d windows were not announced", n)
	}
}

// A page hears of what changed between its making and its first question, and
// between two questions; another process tells it only whether there is news.
func TestNoChangeIsMissedBetweenQuestions(t *testing.T) {
	a, b := newAPI(t, nil, nil), newAPI(t, nil, nil)
	put := func(n int, revision int64) {
		inc := incident(n, schemas.IncidentOpen)
		inc.Revision = revision
		a.view.PutIncident(&inc)
		b.view.PutIncident(&inc)
	}
	put(1, 1)
	shown, one := a.seen(""), a.seen("INC-001")
	if n := b.since("", shown, b.view.stand("")); n != 0 {
		t.Errorf("another process that shows the same tells of %d changes", n)
	}
	put(2, 1)
	put(1, 3)
	for what, n := range map[string]int64{
		"of all":              a.since("", shown, a.view.stand("")) - 2,
		"of one":              a.since("INC-001", one, a.view.stand("INC-001")) - 2,
		"by another, of all":  b.since("", shown, b.view.stand("")) - 1,
		"by another, of one":  b.since("INC-001", one, b.view.stand("INC-001")) - 2,
		"of nonsense":         a.since("", "x.y.z", a.view.stand("")),
		"of what was reached": a.since("", a.seen(""), a.view.stand("")),
	} {
		if n != 0 {
			t.Errorf("%s: %d too many", what, n)
		}
	}
	srv := httptest.NewServer(a.Board())
	defer srv.Close()
	ask := func(target, last string) string {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+target, http.NoBody)
		req.Header.Set("Last-Event-ID", last)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
	if got := ask("/board/changes?since="+shown, ""); got != "2" {
		t.Errorf("the first question: %q", got)
	}
	if got := ask("/board/changes?incident=INC-001&since="+a.seen("INC-001"), one); got != "2" {
		t.Errorf("what the browser was told last counts: %q", got)
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
	heard := 0
	for n := range 3 {
		inc := incident(n, schemas.IncidentOpen)
		a.view.PutIncident(&inc)
	}
	end := time.AfterFunc(patience, func() { resp.Body.Close() })
	defer end.Stop()
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			n, _ := strconv.Atoi(data)
			if heard += n; heard == 3 {
				return
			}
		}
	}
	t.Errorf("it never heard: %v", lines.Err())
}

// papers writes reports of one month.
type papers struct{ err error }

func (papers) Months(context.Context) ([]string, error) { return []string{"2026-11", "2026-10"}, nil }

func (p papers) Month(_ context.Context, w io.Writer, month string) error {
	_, _ = io.WriteString(w, "half a page of "+month)
	return p.err
}

func (p papers) Postmortem(_ context.Context, w io.Writer, id string) error {
	_, _ = io.WriteString(w, "story of "+id)
	return p.err
}

// A report is a page of its own, under a policy of its own, whole or not at all.
func TestReportsOnTheBoard(t *testing.T) {
	a := newAPI(t, &memoryHistory{}, nil)
	a.SetReports(papers{})
	if text := getPage(t, a, "/reports", http.StatusOK); !strings.Contains(text, `<a href="/reports/2026-10">October 2026</a>`) {
		t.Error("a month is missing")
	}
	ask := func(target string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		a.Board().ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		return w
	}
	for target, want := range map[string]string{"/reports/2026-10": "half a page of 2026-10", "/incidents/INC-9/postmortem": "story of INC-9"} {
		if w := ask(target); w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Security-Policy") != paperCSP {
			t.Errorf("%s: %d %s %s", target, w.Code, w.Header(), w.Body)
		}
	}
	a.SetReports(papers{errors.New("away")})
	if w := ask("/reports/2026-10"); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "half a page") {
		t.Errorf("half a report: %d %s", w.Code, w.Body)
	}
	a.SetReports(papers{ErrUnknown})
	if w := ask("/incidents/INC-9/postmortem"); w.Code != http.StatusNotFound {
		t.Errorf("of no incident: %d", w.Code)
	}
}

func TestOnCallIsAnswered(t *testing.T) {
	a := newAPI(t, nil, nil)
	get(t, a, "/api/v1/oncall", http.StatusOK, nil)
	a.SetDuties(func(at schemas.Time) []Duty {
		return []Duty{{Rota: "shield", Zone: "Europe/Rome", Now: []schemas.Person{{Name: "ona"}}, Next: []schemas.Person{{Name: "raj"}}, NextAt: at.Add(schemas.Hour)}}
	})
	var ans dutyAnswer
	get(t, a, "/api/v1/oncall", http.StatusOK, &ans)
	if len(ans.Duties) != 1 || ans.Duties[0].Now[0].Name != "ona" || ans.Duties[0].NextAt == 0 {
		t.Errorf("%+v", ans)
	}
	if text := getPage(t, a, "/oncall", http.StatusOK); !strings.Contains(text, "<strong>ona</strong>") || !strings.Contains(text, "<strong>raj</strong>") {
		t.Error("the page does not say it")
	}
	get(t, a, "/api/v1/oncall?rota=x", http.StatusBadRequest, nil)
}
