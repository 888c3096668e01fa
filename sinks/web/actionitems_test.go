package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"pinkstar/schemas"
)

// An action follows from an incident that is here or in history, or from a problem;
// the command that adds it names it before it is carried out. One that has ended is
// not ended again.
func TestActionsAreCommandsOnTheLog(t *testing.T) {
	t.Parallel()
	h := &memoryHistory{list: []schemas.Incident{{ID: "INC-7K3M9QX2AB4T", Scope: "default/production", Status: schemas.IncidentClosed}},
		actions: []schemas.ActionItem{{ID: "ACT-1", Revision: 1, Scope: "default/production", What: "mend it", Status: schemas.ActionOpen, IncidentID: "INC-7K3M9QX2AB4T"},
			{ID: "ACT-2", Revision: 2, Scope: "default/production", What: "watch it", Status: schemas.ActionDone}}}
	a, p := announcing(t, h)
	var ans actionAnswer
	send(t, a, "/api/v1/actions", `{"by":"kim","what":"alert on the queue","owner":"ona","due_at":"2026-12-24T00:00:00Z","incident_id":"INC-7K3M9QX2AB4T"}`, 202, &ans)
	s := p.got[len(p.got)-1]
	id, err := schemas.ParseID(s.ID)
	if err != nil || ans.ActionID != schemas.ActionItemID(s.Scope, id) || ans.ID != s.ID {
		t.Errorf("%+v, signal %s: %v", ans, s.ID, err)
	}
	if c := s.Command; s.Scope != "default/production" || c.Action != schemas.ActionAddItem || c.Note != "alert on the queue" || c.To != "ona" || c.By != "kim" || c.DueAt == 0 {
		t.Errorf("%s %+v", s.Scope, s.Command)
	}
	for body, want := range map[string]int{
		`{"by":"kim","what":"x"}`: 400, `{"by":"kim","incident_id":"INC-7K3M9QX2AB4T"}`: 400, `{"what":"x","incident_id":"INC-7K3M9QX2AB4T"}`: 400,
		`{"by":"kim","what":"x","incident_id":"INC-7K3M9QX2AB4T","problem_id":"PRB-1"}`: 400,
		`{"by":"kim","what":"x","incident_id":"INC-000000000000"}`:                      404, `{"by":"kim","what":"x","problem_id":"PRB-1"}`: 404,
	} {
		send(t, a, "/api/v1/actions", body, want, nil)
	}
	send(t, a, "/api/v1/actions/ACT-1/end", `{"by":"kim","status":"dropped","note":"not worth it"}`, 202, &ans)
	if c := p.got[len(p.got)-1].Command; c.Action != schemas.ActionDropItem || c.ActionID != "ACT-1" || ans.ActionID != "ACT-1" || c.IncidentID != "INC-7K3M9QX2AB4T" {
		t.Errorf("%+v", c)
	}
	send(t, a, "/api/v1/actions/ACT-2/end", `{"by":"kim","status":"done"}`, 409, nil)
	send(t, a, "/api/v1/actions/ACT-3/end", `{"by":"kim","status":"done"}`, 404, nil)
	send(t, a, "/api/v1/actions/ACT-1/end", `{"by":"kim","status":"open"}`, 400, nil)
	var page actionPage
	call(t, a, httptest.NewRequest(http.MethodGet, "/api/v1/actions?status=open", nil), 200, &page)
	if len(page.Actions) != 1 || page.Actions[0].ID != "ACT-1" {
		t.Errorf("%+v", page)
	}
	call(t, a, httptest.NewRequest(http.MethodGet, "/api/v1/actions?status=late", nil), 400, nil)
	if n := len(p.got); n != 2 {
		t.Errorf("%d commands", n)
	}
}
