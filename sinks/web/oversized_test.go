package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// Whatever is too large is refused with a reason, before anything is done with it.
func TestOversizedInputIsRefused(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, &memoryHistory{}, p)
	a.SetSignIn(&desk{})
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	a.view.PutProblem(&schemas.Problem{ID: "PRB-1", Status: schemas.ProblemOpen})
	huge := strings.Repeat("x", 200_000)
	for _, path := range []string{"/incidents/INC-001", "/problems/PRB-1", "/actions", "/actions/ACT-1", "/sign-in"} {
		for name, form := range map[string]string{"a field": "by=kim&action=note&note=" + huge, "many fields": strings.Repeat("a=b&", 50_000)} {
			if w := postForm(a, path, form); w.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("%s, %s: %d %.200s", path, name, w.Code, w.Body)
			}
		}
	}
	for _, path := range []string{"/", "/incidents/INC-001", "/problems/PRB-1", "/actions", "/messages", "/why", "/sign-in", "/changes", "/reports"} {
		for _, query := range []string{"q=" + huge, "id=" + huge, "next=/" + huge, "owner=" + huge, huge + "=1", strings.Repeat("status=open&", 1000), strings.Repeat("state=sent&", 1000)} {
			w := httptest.NewRecorder()
			a.Board().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?"+query, http.NoBody))
			if w.Code != http.StatusBadRequest || w.Body.Len() > 8<<10 {
				t.Errorf("%s?%.20s: %d, %d bytes", path, query, w.Code, w.Body.Len())
			}
		}
	}
	for _, path := range []string{"/incidents/" + huge, "/problems/" + huge, "/reports/" + huge} {
		w := httptest.NewRecorder()
		a.Board().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if w.Code != http.StatusNotFound || w.Body.Len() > 8<<10 {
			t.Errorf("%.20s: %d, %d bytes", path, w.Code, w.Body.Len())
		}
	}
	get(t, a, "/api/v1/incidents?q="+url.QueryEscape(huge), http.StatusBadRequest, nil)
	if len(p.got) > 0 {
		t.Errorf("%d commands", len(p.got))
	}
}

// What somebody told may have any size; a page stays one that a browser shows.
func TestOversizedTextsAreCutOnPages(t *testing.T) {
	huge := strings.Repeat("<b>é", 300_000)
	text := func(prefix string) string { return prefix + huge }
	h := &memoryHistory{
		actions:   []schemas.ActionItem{{ID: "ACT-1", What: text("what"), Note: text("note"), Status: schemas.ActionOpen}},
		uncovered: []Uncovered{{Name: text("name"), Service: "s"}}, said: []schemas.Delivery{{Error: text("error"), State: schemas.DeliveryFailed}},
		apart:   []Apart{{MemberRef: schemas.MemberRef{Name: text("name"), Reason: text("why")}}},
		changes: []Change{{Signal: schemas.Signal{Name: text("change"), Kind: schemas.KindChange, StartsAt: 1}}},
		before:  []Precedent{{ID: "INC-0", Title: text("title"), Resolution: text("end"), LikelyCause: text("cause"), ActionsDone: []string{text("done")}}},
	}
	m := Member{IncidentID: "INC-001", Summary: text("says"), Description: text("more"), MemberRef: schemas.MemberRef{Kind: schemas.KindAlert, Name: text("name"), Service: text("s"), Reason: text("why")},
		Evidence: []schemas.Evidence{{Detail: text("detail")}}}
	for range 500 {
		m.Labels = append(m.Labels, schemas.Label{Name: "l", Value: huge[:20_000]})
	}
	h.members = []Member{m}
	a := newAPI(t, h, nil)
	inc := incident(1, schemas.IncidentOpen)
	inc.Title, inc.Timeline, inc.Impact.Formula = text("title"), []string{text("line")}, text("formula")
	inc.Candidates = []schemas.Candidate{{Title: text("work"), Service: "s"}}
	inc.Tickets = []schemas.TicketRef{{Key: "T-1", Title: text("ticket")}}
	a.view.PutIncident(&inc)
	a.view.PutProblem(&schemas.Problem{ID: "PRB-1", Title: text("problem"), Signature: text("what recurs"), Evidence: []schemas.Evidence{{Detail: text("detail")}}, IncidentIDs: []string{"INC-001"}})
	for _, target := range []string{"/", "/incidents/INC-001", "/problems", "/problems/PRB-1", "/actions", "/messages", "/apart", "/uncovered", "/changes"} {
		page := getPage(t, a, target, http.StatusOK)
		t.Logf("%s: %d bytes", target, len(page))
		if len(page) > 256<<10 || strings.Contains(page, "<b>é") || !strings.Contains(page, "…") {
			t.Errorf("%s: %d bytes", target, len(page))
		}
	}
}
