package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// memoryHistory answers from a list, by the rules of the interface.
type memoryHistory struct {
	list        []schemas.Incident
	changes     []Change
	unannounced []Unannounced
	members     []Member
	uncovered   []Uncovered
	actions     []schemas.ActionItem
	apart       []Apart
	said        []schemas.Delivery // nil: one
	before      []Precedent
	recent      int64
	budgets     []Budget
	pastErr     error // of precedents and budgets alone
	err         error
}

func (h *memoryHistory) Actions(_ context.Context, q ActionQuery) ([]schemas.ActionItem, error) {
	var out []schemas.ActionItem
	for _, a := range h.actions {
		of := q.ProblemID == "" || a.ProblemID == q.ProblemID || slices.Contains(q.IncidentIDs, a.IncidentID)
		if (q.ID == "" || a.ID == q.ID) && (q.IncidentID == "" || a.IncidentID == q.IncidentID) && of && (q.Owner == "" || a.Owner == q.Owner) && (len(q.Statuses) == 0 || slices.Contains(q.Statuses, a.Status)) {
			out = append(out, a)
		}
	}
	return out, h.err
}

func (h *memoryHistory) Precedents(_ context.Context, _ *schemas.Incident, limit int) ([]Precedent, int64, int64, error) {
	return h.before[:min(limit, len(h.before))], h.recent, int64(len(h.before)), errors.Join(h.err, h.pastErr)
}

func (h *memoryHistory) Budgets(context.Context, string) ([]Budget, error) {
	return h.budgets, errors.Join(h.err, h.pastErr)
}

func (h *memoryHistory) Changes(_ context.Context, q ChangeQuery) ([]Change, error) {
	var out []Change
	for _, c := range h.changes {
		if q.ID == "" || q.ID == c.Signal.Fingerprint {
			out = append(out, c)
		}
	}
	return out, h.err
}

func (h *memoryHistory) Unannounced(_ context.Context, from, to schemas.Time, scope, team string, limit int) ([]Unannounced, error) {
	var out []Unannounced
	for _, u := range h.unannounced {
		if u.Month >= from && u.Month < to && (scope == "" || u.Scope == scope) && (team == "" || u.Team == team) && len(out) < limit {
			out = append(out, u)
		}
	}
	return out, h.err
}

func (h *memoryHistory) Incidents(_ context.Context, q Query) ([]schemas.Incident, error) {
	if h.err != nil {
		return nil, h.err
	}
	var out []*schemas.Incident
	for i := range h.list {
		if inc := &h.list[i]; q.Match(inc) && (q.After.IsZero() || q.After.compare(positionOf(inc)) < 0) {
			out = append(out, inc)
		}
	}
	sortIncidents(out)
	var page []schemas.Incident
	for _, inc := range out[:min(len(out), q.Limit)] {
		page = append(page, *inc)
	}
	return page, nil
}

func (h *memoryHistory) Incident(_ context.Context, id string) (schemas.Incident, bool, error) {
	for _, inc := range h.list {
		if inc.ID == id {
			return inc, true, h.err
		}
	}
	return schemas.Incident{}, false, h.err
}

func (h *memoryHistory) Members(_ context.Context, id string, _ int) ([]Member, error) {
	return []Member{{MemberRef: schemas.MemberRef{SignalID: "m1", Reason: "opened it"}, IncidentID: id}}, h.err
}

func (h *memoryHistory) Things(_ context.Context, ids []string, offset, limit int) ([]Member, int64, error) {
	var out []Member
	for _, m := range h.members {
		if slices.Contains(ids, m.IncidentID) {
			out = append(out, m)
		}
	}
	first := min(offset, len(out))
	return out[first:min(first+limit, len(out))], int64(len(out)), h.err
}

func (h *memoryHistory) Messages(ctx context.Context, states []schemas.DeliveryState, _ int) ([]schemas.Delivery, error) {
	all, err := h.Deliveries(ctx, "", 0)
	return slices.DeleteFunc(all, func(d schemas.Delivery) bool { return len(states) > 0 && !slices.Contains(states, d.State) }), err
}

func (h *memoryHistory) MessageStates(context.Context, schemas.Time) (map[schemas.DeliveryState]int64, error) {
	return map[schemas.DeliveryState]int64{schemas.DeliverySent: 1}, h.err
}

func (h *memoryHistory) Uncovered(context.Context, int) ([]Uncovered, error) {
	return h.uncovered, h.err
}

func (h *memoryHistory) Apart(context.Context, schemas.Time, int) ([]Apart, error) {
	return h.apart, h.err
}

func (h *memoryHistory) Deliveries(context.Context, string, int) ([]schemas.Delivery, error) {
	if h.said != nil {
		return h.said, h.err
	}
	return []schemas.Delivery{{ID: "DLV-1", Kind: schemas.EffectOpened, Target: "slack:#ops", State: schemas.DeliverySent, Ref: "1.2"}}, h.err
}

func (h *memoryHistory) Timeline(_ context.Context, ids, _ []string, _ int) ([]schemas.TimelineEntry, error) {
	var story []schemas.TimelineEntry
	for _, id := range ids {
		story = append(story, schemas.TimelineEntry{IncidentID: id, Seq: 1, Text: "opened"})
	}
	return story, h.err
}

type memoryProducer struct {
	got []schemas.Signal
	err error
}

func (p *memoryProducer) Produce(_ context.Context, s []schemas.Signal) error {
	if p.err == nil {
		p.got = append(p.got, s...)
	}
	return p.err
}

func newAPI(t testing.TB, h History, p Producer) *API {
	t.Helper()
	cfg := DefaultConfig()
	v := NewView(cfg)
	v.setReady(nil)
	a, err := New(cfg, v, h, p, zerolog.Nop(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	a.SetWho(anybody)
	return a
}

// anybody lets everybody in, as on loopback without tokens.
func anybody(*http.Request) (Person, bool) { return Person{Name: Local, Role: Admin}, true }

func incident(n int, status schemas.IncidentStatus) schemas.Incident {
	return schemas.Incident{
		ID: fmt.Sprintf("INC-%03d", n), Revision: 1, Scope: "default/production", Status: status, Severity: schemas.SeverityMajor,
		Title: fmt.Sprintf("incident %d", n), Services: []string{"core"}, DetectedAt: schemas.Time(n/2*1000 + 1000), // two share an instant
	}
}

func get(t *testing.T, a *API, target string, want int, into any) *httptest.ResponseRecorder {
	t.Helper()
	return call(t, a, httptest.NewRequest(http.MethodGet, target, nil), want, into)
}

func call(t *testing.T, a *API, r *http.Request, want int, into any) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	if w.Code != want {
		t.Fatalf("%s %s: %d %s; want %d", r.Method, r.URL, w.Code, w.Body, want)
	}
	if err := fits(r, w); err != nil {
		t.Errorf("%s %s: the answer is not as the API's description says: %v\n%d %s", r.Method, r.URL, err, w.Code, w.Body)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
	}
	return w
}

// Every incident is shown exactly once whatever the page size, although
// history is stale about some that are live and repeats others.
func TestPagesShowEveryIncidentOnce(t *testing.T) {
	h := &memoryHistory{}
	a := newAPI(t, h, nil)
	var want []string
	for n := range 60 {
		inc := incident(n, schemas.IncidentClosed)
		switch n % 3 {
		case 0: // live only
			inc.Status = schemas.IncidentOpen
			a.view.PutIncident(&inc)
		case 1: // live now, history has an older state
			old := inc
			old.Status = schemas.IncidentOpen
			h.list = append(h.list, old)
			inc.Status, inc.Revision = schemas.IncidentResolved, 2
			a.view.PutIncident(&inc)
		default:
			h.list = append(h.list, inc)
		}
		want = append(want, inc.ID)
	}
	slices.Sort(want)
	for _, size := range []int{1, 2, 3, 7, 59, 60, 100} {
		var got []string
		cursor := ""
		for range 200 {
			var page incidentPage
			get(t, a, fmt.Sprintf("/api/v1/incidents?limit=%d&cursor=%s", size, cursor), http.StatusOK, &page)
			if len(page.Incidents) > size {
				t.Fatalf("size %d: %d incidents on a page", size, len(page.Incidents))
			}
			for _, inc := range page.Incidents {
				got = append(got, inc.ID)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if cursor != "" {
			t.Fatalf("size %d: the pages do not end", size)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("size %d: got %d incidents %v; want %d", size, len(got), got, len(want))
		}
	}
}

func TestStaleHistoryDoesNotPassTheFilterAgain(t *testing.T) {
	old := incident(1, schemas.IncidentClosed) // history: closed
	a := newAPI(t, &memoryHistory{list: []schemas.Incident{old}}, nil)
	live := old
	live.Status, live.Revision = schemas.IncidentOpen, 2 // reopened since
	a.view.PutIncident(&live)
	var page incidentPage
	get(t, a, "/api/v1/incidents?status=closed", http.StatusOK, &page)
	if len(page.Incidents) != 0 || !page.History.Answered {
		t.Errorf("got %d incidents, history %+v; want none, answered", len(page.Incidents), page.History)
	}
}

// The story of a main incident is that of everything below it.
func TestAMainIncidentTellsTheStoryOfItsChildren(t *testing.T) {
	a := newAPI(t, &memoryHistory{}, nil)
	main, child, closed := incident(1, schemas.IncidentOpen), incident(2, schemas.IncidentOpen), "INC-077"
	child.ParentID, main.Children = main.ID, []string{child.ID, closed}
	a.view.PutIncident(&main)
	a.view.PutIncident(&child)
	for id, want := range map[string]int{main.ID: 3, child.ID: 1} {
		var one incidentAnswer
		get(t, a, "/api/v1/incidents/"+id, http.StatusOK, &one)
		if len(one.Timeline) != want || one.Timeline[0].IncidentID != id {
			t.Errorf("%s tells %+v", id, one.Timeline)
		}
	}
}

func TestWithoutClickHouseTheLiveOnesAreShownAndTheAnswerSaysSo(t *testing.T) {
	a := newAPI(t, &memoryHistory{err: errors.New("dial tcp 10.0.0.7: refused, password hunter2")}, nil)
	inc := incident(1, schemas.IncidentOpen)
	inc.Members = []schemas.MemberRef{{SignalID: "s1"}}
	inc.SignalCount = 1
	a.view.PutIncident(&inc)
	var page incidentPage
	w := get(t, a, "/api/v1/incidents", http.StatusOK, &page)
	if len(page.Incidents) != 1 || !page.History.Asked || page.History.Answered || page.History.Reason == "" {
		t.Errorf("got %s", w.Body)
	}
	if strings.Contains(w.Body.String(), "hunter2") {
		t.Error("the driver's message reached the caller")
	}
	var one incidentAnswer
	get(t, a, "/api/v1/incidents/INC-001", http.StatusOK, &one)
	if len(one.Members) != 1 || !one.Complete.Members || one.History.Answered {
		t.Errorf("got %+v", one)
	}
	get(t, a, "/api/v1/incidents/INC-404", http.StatusServiceUnavailable, nil)
}

func TestFilters(t *testing.T) {
	a := newAPI(t, nil, nil)
	put := func(n int, change func(*schemas.Incident)) {
		inc := incident(n, schemas.IncidentOpen)
		change(&inc)
		a.view.PutIncident(&inc)
	}
	put(0, func(i *schemas.Incident) { i.Severity = schemas.SeverityCritical })
	put(1, func(i *schemas.Incident) { i.ParentID = "INC-000"; i.Services = []string{"turrets"} })
	put(2, func(i *schemas.Incident) { i.Scope = "default/staging"; i.Title = "Shield DOWN" })
	put(3, func(i *schemas.Incident) {
		i.Status = schemas.IncidentResolved
		i.Tickets = []schemas.TicketRef{{Key: "OPS-7"}}
	})
	for query, want := range map[string]string{
		"":                               "INC-003 INC-002 INC-001 INC-000",
		"status=resolved":                "INC-003",
		"status=open,resolved":           "INC-003 INC-002 INC-001 INC-000",
		"severity=critical":              "INC-000",
		"service=turrets":                "INC-001",
		"service=turrets,core&main=true": "INC-003 INC-002 INC-000",
		"main=true":                      "INC-003 INC-002 INC-000",
		"parent=INC-000":                 "INC-001",
		"scope=default/staging":          "INC-002",
		"q=shield":                       "INC-002",
		"q=ops-7":                        "INC-003",
		"since=1970-01-01T00:00:02Z":     "INC-003 INC-002",
		"until=1970-01-01T00:00:02Z":     "INC-001 INC-000",
	} {
		var page incidentPage
		get(t, a, "/api/v1/incidents?"+query, http.StatusOK, &page)
		var got []string
		for _, inc := range page.Incidents {
			got = append(got, inc.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v; want %s", query, got, want)
		}
	}
	for _, bad := range []string{"stauts=open", "status=opened", "severity=loud", "since=yesterday", "limit=0", "limit=x", "cursor=!!", "main=perhaps"} {
		var f apierror.Error
		w := get(t, a, "/api/v1/incidents?"+bad, http.StatusBadRequest, &f)
		if w.Header().Get("Content-Type") != "application/problem+json" || f.Field != bad[:strings.IndexByte(bad, '=')] {
			t.Errorf("%s: %s %+v", bad, w.Header(), f)
		}
	}
}

func TestViewKeepsWhatIsOpenAndTheNewestClosed(t *testing.T) {
	cfg := DefaultConfig()
	cfg.KeepClosed, cfg.MaxOpen = 2, 5
	v := NewView(cfg)
	for n := range 4 {
		inc := incident(n, schemas.IncidentOpen)
		v.PutIncident(&inc)
		closed := inc
		closed.Revision, closed.Status = 2, schemas.IncidentClosed
		v.PutIncident(&closed)
		v.PutIncident(&inc) // an older revision changes nothing
	}
	open, closed, _, _ := v.Size()
	if _, ok := v.Incident("INC-001"); ok || open != 0 || closed != 2 {
		t.Errorf("open %d, closed %d, INC-001 there: %v; want 0, 2, false", open, closed, ok)
	}
	for n := range 7 {
		inc := incident(10+n, schemas.IncidentOpen)
		v.PutIncident(&inc)
	}
	if open, _, _, dropped := v.Size(); open != 5 || dropped != 2 {
		t.Errorf("open %d, dropped %d; want 5, 2", open, dropped)
	}
	v.DropIncident("INC-003")
	v.DropIncident("INC-010")
	if open, closed, _, _ := v.Size(); open != 4 || closed != 1 {
		t.Errorf("after tombstones: open %d, closed %d; want 4, 1", open, closed)
	}
}

func TestChildrenFollowTheirParent(t *testing.T) {
	v := NewView(DefaultConfig())
	a, b, c := incident(1, schemas.IncidentOpen), incident(2, schemas.IncidentOpen), incident(3, schemas.IncidentOpen)
	c.ParentID = a.ID
	for _, inc := range []schemas.Incident{a, b, c} {
		v.PutIncident(&inc)
	}
	c2 := c
	c2.Revision, c2.ParentID = 2, b.ID
	v.PutIncident(&c2)
	if len(v.Children(a.ID)) != 0 || len(v.Children(b.ID)) != 1 {
		t.Errorf("children of a: %d, of b: %d; want 0, 1", len(v.Children(a.ID)), len(v.Children(b.ID)))
	}
}

func newCommand(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestCommands(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	for n, st := range []schemas.IncidentStatus{schemas.IncidentOpen, schemas.IncidentClosed, schemas.IncidentOpen, schemas.IncidentOpen} {
		inc := incident(n, st)
		if n == 3 {
			inc.Scope = "default/staging"
		}
		a.view.PutIncident(&inc)
	}
	a.view.PutProblem(&schemas.Problem{ID: "PRB-1", Revision: 1, Scope: "default/production"})
	sig := strings.Repeat("ab", 16)
	post := func(path, body string, want int) *httptest.ResponseRecorder {
		t.Helper()
		r := newCommand(path, body)
		r.Header.Set("Idempotency-Key", body)
		return call(t, a, r, want, nil)
	}
	in := "/api/v1/incidents/INC-000/commands"
	post(in, `{"action":"acknowledge","by":"sam"}`, 202)
	post(in, `{"action":"acknowledge","by":"sam"}`, 202)
	if len(p.got) != 2 || p.got[0].ID != p.got[1].ID || p.got[0].Scope != "default/production" || p.got[0].Command.IncidentID != "INC-000" {
		t.Fatalf("got %+v; want the same id twice, in the incident's scope", p.got)
	}
	post(in, `{"action":"move","by":"sam","signal_id":"`+sig+`"}`, 202)
	post(in, `{"action":"move","by":"sam","signal_id":"`+sig+`","incident_id":"INC-002"}`, 202)
	post(in, `{"action":"move","by":"sam","signal_id":"`+sig+`","incident_id":null}`, 202)
	var targets []string
	for _, s := range p.got[2:] {
		targets = append(targets, s.Command.IncidentID)
	}
	if !slices.Equal(targets, []string{"INC-000", "INC-002", ""}) {
		t.Errorf("moved to %q", targets)
	}
	post("/api/v1/problems/PRB-1/commands", `{"action":"solve_problem","by":"sam","note":"exhaust port closed"}`, 202)
	taken := len(p.got)
	for body, want := range map[string]int{
		`{"action":"explode","by":"sam"}`:                                           400,
		`{"action":"assign","by":"sam"}`:                                            400,
		`{"action":"note","by":"sam"}`:                                              400,
		`{"action":"acknowledge","by":"sam","colour":"pink"}`:                       400,
		`{"action":"acknowledge","by":"sam"} {}`:                                    400,
		`{"action":"link_parent","by":"sam","parent_id":"INC-000"}`:                 400, // itself
		`{"action":"link_parent","by":"sam","parent_id":"INC-003"}`:                 400, // another scope
		`{"action":"link_parent","by":"sam","parent_id":"INC-001"}`:                 409, // closed
		`{"action":"move","by":"sam","signal_id":"7"}`:                              400,
		`{"action":"solve_problem","by":"sam","problem_id":"PRB-2"}`:                400,
		`{"action":"acknowledge","by":"sam","incident_id":"INC-002"}`:               400,
		`{"action":"note","by":"sam","note":"` + strings.Repeat("x", 70<<10) + `"}`: 413,
	} {
		call(t, a, newCommand(in, body), want, nil)
	}
	post("/api/v1/incidents/INC-001/commands", `{"action":"acknowledge","by":"sam"}`, 409)
	post("/api/v1/incidents/INC-009/commands", `{"action":"acknowledge","by":"sam"}`, 404)
	p.err = errors.New("no brokers")
	if w := post(in, `{"action":"acknowledge","by":"sam"}`, 503); w.Header().Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	if len(p.got) != taken {
		t.Errorf("%d refused commands were produced", len(p.got)-taken)
	}
}

func TestNothingIsServedBeforeTheViewHasCaughtUp(t *testing.T) {
	a := newAPI(t, nil, nil)
	a.view.setReady(errLoading)
	get(t, a, "/api/v1/incidents", http.StatusServiceUnavailable, nil)
	get(t, a, "/api/v1/openapi.yaml", http.StatusOK, nil)
}

// The description names every route and every parameter, and nothing else.
func TestTheDescriptionIsTheRoutes(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	var described, served []string
	for path, item := range doc.Paths {
		for method := range item {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, rt := range routes {
		served = append(served, rt.method+" "+rt.pattern)
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described: %v\nserved:    %v", described, served)
	}
	for path, params := range map[string][]string{"/api/v1/incidents": listParams, "/api/v1/problems": problemParams} {
		var names []string
		for _, p := range doc.Paths[path]["get"].(map[string]any)["parameters"].([]any) {
			names = append(names, p.(map[string]any)["name"].(string))
		}
		if !slices.Equal(names, params) {
			t.Errorf("%s: described parameters %v, taken %v", path, names, params)
		}
	}
}

func TestWrongMethodAndPath(t *testing.T) {
	a := newAPI(t, nil, nil)
	w := call(t, a, httptest.NewRequest(http.MethodDelete, "/api/v1/incidents", nil), http.StatusMethodNotAllowed, nil)
	if w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow: %q", w.Header().Get("Allow"))
	}
	get(t, a, "/api/v2/"+url.PathEscape("x y"), http.StatusNotFound, nil)
}

// What the engine would refuse as things stand is refused at once, with the
// reason, and reaches no log.
func TestRefusedCommandsAreAnsweredAsRefused(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, nil, p)
	for n, st := range []schemas.IncidentStatus{schemas.IncidentOpen, schemas.IncidentAcknowledged, schemas.IncidentResolved} {
		inc := incident(n, st)
		inc.ParentID, inc.Children = "", nil
		inc.Procedure = &schemas.Procedure{Name: "p", Steps: []schemas.ProcedureStep{{Text: "a"}, {Text: "b", DoneBy: "raj"}}}
		if n == 1 {
			inc.Procedure = nil
		}
		a.view.PutIncident(&inc)
	}
	for _, c := range []struct {
		id, body string
		want     int
		says     string
	}{
		{"INC-000", `{"action":"acknowledge"`, 202, ""},
		{"INC-001", `{"action":"acknowledge"`, 409, "is acknowledged, not open"},
		{"INC-002", `{"action":"resolve"`, 409, "is resolved already"},
		{"INC-002", `{"action":"mitigate"`, 409, "is resolved already"},
		{"INC-002", `{"action":"reopen"`, 202, ""},
		{"INC-000", `{"action":"reopen"`, 409, "is open, not resolved"},
		{"INC-000", `{"action":"unlink_parent"`, 409, "has no parent"},
		{"INC-000", `{"action":"set_severity","to":"auto"`, 409, "nobody's word"},
		{"INC-000", `{"action":"set_severity","to":"major"`, 202, ""},
		{"INC-000", `{"action":"set_severity","to":"awful"`, 400, "awful"},
		{"INC-000", `{"action":"step_done","step":1`, 202, ""},
		{"INC-000", `{"action":"step_done","step":2`, 409, "done by raj"},
		{"INC-000", `{"action":"step_done","step":3`, 409, "steps 1 to 2"},
		{"INC-000", `{"action":"step_done"`, 400, "from 1"},
		{"INC-001", `{"action":"step_done","step":1`, 409, "no procedure with steps"},
		{"INC-000", `{"action":"answer_change","to":"maybe"`, 400, "maybe"},
		{"INC-000", `{"action":"answer_change","to":"stopped","signal_id":"x"`, 202, ""},
	} {
		before := len(p.got)
		w := call(t, a, newCommand("/api/v1/incidents/"+c.id+"/commands", c.body+`,"by":"sam"}`), c.want, nil)
		if !strings.Contains(w.Body.String(), c.says) || (c.want == 202) != (len(p.got) > before) {
			t.Errorf("%s %s: %d, %d produced: %s", c.id, c.body, w.Code, len(p.got)-before, w.Body)
		}
	}
	again := newCommand("/api/v1/incidents/INC-001/commands", `{"action":"acknowledge","by":"sam"}`)
	again.Header.Set("Idempotency-Key", "k") // it may be the one that was carried out
	call(t, a, again, 202, nil)
}
