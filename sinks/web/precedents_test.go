package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"pinkstar/schemas"
)

// An incident is told with how often the like came before and how that ended, and
// with what it used of error budgets.
func TestWhatCameBeforeIsTold(t *testing.T) {
	seconds := 600.0
	h := &memoryHistory{budgets: []Budget{{Service: "core", Objective: 0.999, WindowDays: 30, BudgetMinutes: 43.2, Minutes: 10, Share: 0.23, BurnedMinutes: 20, Burned: 0.46}}}
	a := newAPI(t, h, nil)
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	ask := func() (ans incidentAnswer) {
		get(t, a, "/api/v1/incidents/"+inc.ID, http.StatusOK, &ans)
		return ans
	}
	if p := ask().Precedents; p == nil || p.Rarity != "new" || p.Similar == nil || p.Ever != 0 {
		t.Errorf("none before it: %+v", p)
	}
	for n := range 7 {
		h.before = append(h.before, Precedent{ID: fmt.Sprintf("INC-9%d", n), Title: "t", Severity: schemas.SeverityMajor, Status: schemas.IncidentClosed, BeganAt: 1, ResolveSeconds: &seconds, Resolution: "resolved by kim"})
	}
	h.recent = 2
	if p := ask().Precedents; p.Rarity != "rare" || p.In30Days != 2 || p.Ever != 7 || len(p.Similar) != maxPrecedents || *p.Similar[0].ResolveSeconds != 600 {
		t.Errorf("some before it: %+v", p)
	}
	h.recent = 3
	if p := ask().Precedents; p.Rarity != "frequent" {
		t.Errorf("three in 30 days: %+v", p)
	}
	text := getPage(t, a, "/incidents/"+inc.ID, http.StatusOK)
	for _, want := range []string{"frequent: 3 like it in the 30 days before", `<a href="/incidents/INC-90">t</a>`, "10 min", "resolved by kim", "The newest of 7", "Error budget of core, 99.9 % over 30 days: this took 23 % (10 min of 43 min)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page: %s is missing", want)
		}
	}
	if b := ask().Budgets; len(b) != 1 || b[0].Share != 0.23 {
		t.Errorf("budgets: %+v", b)
	}
	h.pastErr = errors.New("broken")
	if ans := ask(); ans.Precedents != nil || !ans.History.Answered || len(ans.Members) == 0 {
		t.Errorf("what is worth less took the lists with it: %+v", ans)
	}
}

// Who goes away before the answer leaves no warning; a ClickHouse that is away does.
func TestOneWhoLeftIsNoWarning(t *testing.T) {
	var log bytes.Buffer
	a := newAPI(t, &memoryHistory{err: errors.New("read: context canceled")}, nil)
	a.log = zerolog.New(&log).Level(zerolog.InfoLevel)
	inc := incident(1, schemas.IncidentOpen)
	a.view.PutIncident(&inc)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{"/api/v1/incidents/" + inc.ID, "/api/v1/incidents", "/api/v1/actions", "/api/v1/changes"} {
		log.Reset()
		a.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, http.MethodGet, path, nil))
		if log.Len() > 0 {
			t.Errorf("%s: %s", path, log.String())
		}
		a.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if !strings.Contains(log.String(), "history is not available") {
			t.Errorf("%s: nothing says that history cannot be asked", path)
		}
	}
}

// A mailed report is about no incident: its message leads to none.
func TestAReportsMessageLeadsToNoIncident(t *testing.T) {
	a := newAPI(t, &memoryHistory{said: []schemas.Delivery{
		{ID: "DLV-1", Kind: schemas.EffectReport, IncidentID: "REPORT-monthly", Target: "mail:ada@example.com", State: schemas.DeliverySent},
		{ID: "DLV-2", Kind: schemas.EffectOpened, IncidentID: "INC-1", Target: "slack:#ops", State: schemas.DeliverySent},
	}}, nil)
	page := getPage(t, a, "/messages", http.StatusOK)
	if !strings.Contains(page, "REPORT-monthly") || strings.Contains(page, "/incidents/REPORT-monthly") || !strings.Contains(page, "/incidents/INC-1") {
		t.Error(page)
	}
}
