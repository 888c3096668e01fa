package report

import (
	"context"
	"html"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// What is to be done is counted and listed in the report, and stands in the
// post-mortem of its incident.
func TestActionsAreInReportAndPostMortem(t *testing.T) {
	owner, reader := installation(t)
	day := func(month time.Month, d int) schemas.Time {
		return schemas.TimeOf(time.Date(2026, month, d, 12, 0, 0, 0, time.UTC))
	}
	b := &batch{}
	inc := schemas.Incident{ID: "INC-A", Revision: 1, Scope: "s", Status: schemas.IncidentClosed, Severity: schemas.SeverityMajor, Title: "Queue full", ProblemID: "PRB-1",
		StartedAt: day(10, 3), DetectedAt: day(10, 3), ResolvedAt: day(10, 4), UpdatedAt: day(10, 4)}
	add(b, schemas.Incidents, &inc)
	put := func(id string, created, due, ended schemas.Time, status schemas.ActionItemStatus, incident, problem string) {
		a := schemas.ActionItem{ID: id, Revision: 1, Scope: "s", What: "do =" + id, Owner: "kim", Status: schemas.ActionOpen, DueAt: due, CreatedAt: created, UpdatedAt: created,
			IncidentID: incident, ProblemID: problem}
		add(b, schemas.ActionItems, &a)
		if status != schemas.ActionOpen {
			a.Revision, a.Status, a.EndedAt, a.UpdatedAt = 2, status, ended, ended
			add(b, schemas.ActionItems, &a)
		}
	}
	put("ACT-1", day(10, 5), day(10, 20), 0, schemas.ActionOpen, "INC-A", "")
	put("ACT-2", day(10, 6), 0, 0, schemas.ActionOpen, "", "PRB-1")
	put("ACT-3", day(9, 6), day(10, 20), day(10, 9), schemas.ActionDone, "INC-A", "")
	put("ACT-4", day(10, 7), 0, day(10, 8), schemas.ActionDropped, "INC-OTHER", "")
	put("ACT-5", day(8, 7), 0, day(8, 9), schemas.ActionDone, "INC-OTHER", "")
	b.write(t, owner)
	m, err := ParseMonth("2026-10")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Of(context.Background(), reader, m)
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Todos; d.Added != 3 || d.Done != 1 || d.Dropped != 1 || d.Open != 2 || d.Overdue != 1 || d.Completed != 2 || d.Of != 4 || len(d.List) != 3 {
		t.Errorf("%+v", d)
	}
	if first := r.Todos.List[0]; first.ID != "ACT-1" || !first.Overdue || first.DaysLate < 1 {
		t.Errorf("the first is %+v", first)
	}
	var page strings.Builder
	if err := r.WriteHTML(&page); err != nil || !strings.Contains(html.UnescapeString(page.String()), "3 actions added in the month, 1 done, 1 dropped; 2 open, 1 of them overdue") {
		t.Errorf("the page does not tell it: %v", err)
	}
	st, err := Postmortem(context.Background(), reader, "INC-A")
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Todos) != 3 || st.Todos[0].ID != "ACT-3" { // its own, and that of its problem
		t.Errorf("%+v", st.Todos)
	}
	for _, format := range []string{"md", "html"} {
		var text strings.Builder
		if err := st.Write(&text, format); err != nil || !strings.Contains(text.String(), "ACT-2") {
			t.Errorf("%s: %v", format, err)
		}
	}
}
