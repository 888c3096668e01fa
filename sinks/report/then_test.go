package report

import (
	"context"
	"html"
	"math"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// What September was said to cost when it was over is told beside what it is said
// to cost now, whatever was revised since; what was measured has an interval by
// squares; what came back later stands beside it.
func TestAMonthIsToldAsThenAndNow(t *testing.T) {
	owner, reader := installation(t)
	day := func(month time.Month, d int) schemas.Time {
		return schemas.TimeOf(time.Date(2026, month, d, 12, 0, 0, 0, time.UTC))
	}
	b := &batch{}
	put := func(id string, revision int64, began, told schemas.Time, lost schemas.Range, basis string) {
		i := schemas.Incident{ID: id, Revision: revision, Scope: "s", Status: schemas.IncidentClosed, Severity: schemas.SeverityMajor, Title: id,
			StartedAt: began, DetectedAt: began, ResolvedAt: began.Add(60_000), UpdatedAt: told}
		i.Impact = schemas.ImpactRange{Currency: "EUR", LostRevenue: lost, Cost: schemas.Range{Low: 5, Likely: 10, High: 20}, Basis: basis, Minutes: 1}
		if basis == schemas.BasisFigures {
			i.Impact.CaughtUp = &schemas.Range{Low: 1, Likely: 30, High: 50}
			i.Impact.Figures = &schemas.FigureBasis{Expected: 900, Actual: 600, Known: 1000, Placebos: 170, Held: 180, Tried: 200, Final: true}
		}
		add(b, schemas.Incidents, &i)
	}
	put("INC-A", 1, day(9, 3), day(9, 3), schemas.Range{Low: 0, Likely: 100, High: 400}, schemas.BasisModel)
	put("INC-B", 1, day(9, 9), day(9, 9), schemas.Range{Low: 0, Likely: 50, High: 90}, schemas.BasisModel)
	b.write(t, owner)
	b = &batch{} // later: another batch, or the writer would keep the newest only
	put("INC-A", 2, day(9, 3), day(10, 4), schemas.Range{Low: 270, Likely: 300, High: 340}, schemas.BasisFigures)
	put("INC-B", 2, day(9, 9), day(10, 5), schemas.Range{Low: -30, Likely: 10, High: 50}, schemas.BasisFigures)
	put("INC-C", 1, day(9, 20), day(10, 6), schemas.Range{Low: 1, Likely: 2, High: 3}, schemas.BasisModel) // told late
	put("INC-D", 1, day(10, 2), day(10, 2), schemas.Range{Low: 1, Likely: 2, High: 3}, schemas.BasisModel)
	b.write(t, owner)
	m, err := ParseMonth("2026-10")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Of(context.Background(), reader, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Then) != 1 || r.Then[0].Incidents != 2 || r.Then[0].Lost != 150 || r.Then[0].Work != 20 {
		t.Errorf("then: %+v", r.Then)
	}
	september := r.before().Costs
	if len(september) != 1 {
		t.Fatalf("now: %+v", september)
	}
	c := september[0]
	near(t, "lost", c.Lost.Likely, 312, 1e-9)
	near(t, "lost, low", c.Lost.Low, 1+310-math.Hypot(30, 40), 1e-9)
	near(t, "lost, high", c.Lost.High, 3+310+math.Hypot(40, 40), 1e-9)
	if c.ByFigures != 2 || c.CaughtUp != 60 || c.Tried != 200 || c.Held != 180 || c.Measured != 2 {
		t.Errorf("%+v", c)
	}
	var page strings.Builder
	if err := r.WriteHTML(&page); err != nil || !strings.Contains(html.UnescapeString(page.String()), "was said to have cost 170 EUR by 2 incidents; now 342 EUR by 3 incidents (+101 %)") {
		t.Errorf("the page does not tell it: %v", err)
	}
}
