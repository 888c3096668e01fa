package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pinkstar/schemas"
)

// year is a simulated year up to the end of October 2026: what was put into SQL,
// to be counted again without SQL.
type year struct {
	incidents []schemas.Incident
	problems  []schemas.Problem
	windows   []schemas.Signal
	decisions []schemas.Decision
}

var services = []string{"web", "checkout", "search", "mail", "auth", "db"}

func simulate(seed uint64) *year {
	rng := rand.New(rand.NewPCG(seed, 1))
	y := &year{}
	at := schemas.TimeOf
	long := func(minutes float64) int64 { return int64(minutes * 60_000 * math.Exp(1.2*rng.NormFloat64())) }
	october := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for back := 13; back >= 0; back-- {
		month := october.AddDate(0, -back, 0)
		n := 12 + rng.IntN(8)
		if back == 0 {
			n += 20
		}
		for k := range n {
			i := schemas.Incident{ID: fmt.Sprintf("INC-%02d-%03d", back, k), Revision: 2, Scope: "s", Status: schemas.IncidentClosed,
				Severity: []schemas.Severity{schemas.SeverityCritical, schemas.SeverityMajor, schemas.SeverityWarning}[rng.IntN(3)],
				Title:    fmt.Sprintf("Trouble %d", k), Services: []string{services[rng.IntN(6)]}, AlertCount: 1 + int64(rng.IntN(9))}
			i.StartedAt = at(month.Add(time.Duration(rng.Int64N(int64(28 * 24 * time.Hour)))))
			i.DetectedAt = i.StartedAt.Add(long(1))
			i.ResolvedAt = i.StartedAt.Add(long(40))
			i.UpdatedAt = i.ResolvedAt
			i.Impact = schemas.ImpactRange{Currency: "EUR", Minutes: float64(i.ResolvedAt.Sub(i.StartedAt)) / 60_000,
				LostRevenue: schemas.Range{Low: 10, Likely: float64(rng.IntN(5000)), High: 9000}, Cost: schemas.Range{Low: 1, Likely: 20, High: 40}}
			if rng.IntN(3) > 0 {
				i.Roots = []schemas.SuspectedRoot{{Service: services[rng.IntN(6)], Score: 900}}
			}
			if rng.IntN(3) > 0 {
				i.AcknowledgedAt = i.DetectedAt.Add(long(5))
			}
			i.Opening = "sig-" + i.ID
			i.Members = []schemas.MemberRef{{SignalID: i.Opening, Name: fmt.Sprintf("Alert%d", k%4), Service: i.Services[0]}}
			switch rng.IntN(10) {
			case 0: // before we were there
				i.Imported, i.DetectedAt, i.AcknowledgedAt = true, 0, 0
				i.Impact.LostRevenue, i.Impact.Cost = schemas.Range{}, schemas.Range{}
			case 1:
				i.Status, i.ResolvedAt = schemas.IncidentOpen, 0
			case 2:
				i.Impact.Currency = "USD"
			case 3, 4:
				i.ProblemID = fmt.Sprintf("PRB-%d", 1+rng.IntN(3))
			case 5:
				i.Candidates = []schemas.Candidate{{SignalID: "chg-" + i.ID, Kind: schemas.KindChange, Title: "Release", Service: "web", StartedAt: i.StartedAt.Add(-60_000), Score: 2000}}
			case 6:
				i.Procedure = &schemas.Procedure{Name: "known trouble", Owner: "team"}
			}
			y.incidents = append(y.incidents, i)
			if rng.IntN(4) == 0 { // a child must not count again
				c := i
				c.ID, c.ParentID, c.ProblemID = i.ID+"-C", i.ID, ""
				y.incidents = append(y.incidents, c)
			}
		}
		for k := range 6 {
			start := at(month.AddDate(0, 0, 2+k))
			w := schemas.Signal{ID: fmt.Sprintf("win-%d-%d", back, k), Kind: schemas.KindMaintenance, Source: "cal", Scope: "s", Fingerprint: fmt.Sprintf("w-%d-%d", back, k),
				Status: schemas.StatusFinished, Name: "Cables", Service: "db", StartsAt: start, EndsAt: start.Add(3_600_000), ReceivedAt: start.Add(-3_600_000), Change: &schemas.Change{Type: "calendar"}}
			if k%3 == 1 {
				w.ReceivedAt = start.Add(600_000)
			}
			if k == 5 {
				w.Status = schemas.StatusCancelled
			}
			y.windows = append(y.windows, w)
			y.decisions = append(y.decisions, schemas.Decision{SignalID: w.ID, Revision: 1, Scope: "s", Kind: w.Kind, Verdict: schemas.VerdictPlaced, At: w.ReceivedAt, LastAt: w.ReceivedAt, Signal: &w})
		}
		for k := range 50 {
			t := at(month.Add(time.Duration(k) * 9 * time.Hour))
			v := []schemas.Verdict{schemas.VerdictPlaced, schemas.VerdictSuppressed, schemas.VerdictDuplicate}[k%3]
			y.decisions = append(y.decisions, schemas.Decision{SignalID: fmt.Sprintf("d-%d-%d", back, k), Revision: 1, Scope: "s", Kind: schemas.KindAlert, Verdict: v, At: t, LastAt: t, Repeats: int64(k % 5)})
		}
	}
	for n := 1; n <= 3; n++ {
		y.problems = append(y.problems, schemas.Problem{ID: fmt.Sprintf("PRB-%d", n), Revision: 1, Scope: "s", Title: fmt.Sprintf("Weakness %d", n), Status: schemas.ProblemOpen,
			Owner: "core", Count: int64(10 * n), FlaggedAt: at(october.AddDate(0, -6, 0)), LastSeenAt: at(october), Cost: schemas.ImpactRange{Currency: "EUR", LostRevenue: schemas.Range{Likely: 100}}})
	}
	return y
}

func (y *year) batch() *batch {
	b := &batch{}
	for i := range y.incidents {
		old := y.incidents[i] // what is replaced must not count
		old.Revision, old.Impact.LostRevenue.Likely, old.StartedAt = 1, 1e9, old.StartedAt.Add(-40*24*3_600_000)
		add(b, schemas.Incidents, &old)
	}
	for i := range y.incidents {
		add(b, schemas.Incidents, &y.incidents[i])
	}
	for i := range y.problems {
		add(b, schemas.Problems, &y.problems[i])
	}
	for i := range y.decisions {
		add(b, schemas.Decisions, &y.decisions[i])
	}
	return b
}

// mains are the main incidents of a month.
func (y *year) mains(m Month) []schemas.Incident {
	var out []schemas.Incident
	for _, i := range y.incidents {
		if t := i.StartedAt.Std(); i.ParentID == "" && !t.Before(m.From()) && t.Before(m.To()) {
			out = append(out, i)
		}
	}
	return out
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// TestTheReportSaysWhatHappened counts the year again from what was put in,
// without SQL, and compares every figure of the report.
func TestTheReportSaysWhatHappened(t *testing.T) {
	owner, reader := installation(t)
	y := simulate(7)
	y.batch().write(t, owner)
	m, err := ParseMonth("2026-10")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Of(t.Context(), reader, m)
	if err != nil {
		t.Fatal(err)
	}
	y.checkMonths(t, r)
	y.checkTimes(t, r)
	y.checkServices(t, r)
	y.checkRest(t, r)
	if s := r.Runs; s.Signal {
		t.Errorf("the run chart has a signal: %+v", s)
	}
	for _, f := range r.Figures {
		if !slices.ContainsFunc(r.Queries, func(q Query) bool { return q.ID == f.Query }) || f.Formula == "" {
			t.Errorf("figure %s has no query %q or no formula", f.Name, f.Query)
		}
	}
	// Whoever doubts a figure runs its query again: all of them run as printed.
	for _, q := range r.Queries {
		if err := reader.Exec(t.Context(), q.SQL); err != nil {
			t.Errorf("%s does not run as printed: %v", q.ID, err)
		}
	}
}

func (y *year) checkMonths(t *testing.T, r *Report) {
	t.Helper()
	if len(r.Months) != 13 {
		t.Fatalf("%d months", len(r.Months))
	}
	for _, row := range r.Months {
		var severe, unresolved, imported, known, resolved uint64
		costs := map[string]float64{}
		minutes := 0.0
		list := y.mains(Month{row.Month})
		for _, i := range list {
			minutes += i.Impact.Minutes
			if i.Severity.Rank() >= 3 {
				severe++
			}
			if i.ProblemID != "" {
				known++
			}
			if i.ResolvedAt == 0 {
				unresolved++
			} else {
				resolved++
			}
			if i.Imported {
				imported++
			} else {
				costs[i.Impact.Currency] += i.Impact.LostRevenue.Likely + i.Impact.Cost.Likely
			}
		}
		near(t, row.Name()+" incidents", row.Incidents, float64(len(list)), 0)
		near(t, row.Name()+" minutes", row.Minutes, minutes, 1e-6)
		if row.Severe != severe || row.Unresolved != unresolved || row.Imported != imported || row.Known != known || row.Resolved != resolved {
			t.Errorf("%s: %+v, want %d severe, %d unresolved, %d imported, %d known", row.Name(), row, severe, unresolved, imported, known)
		}
		if len(row.Costs) != len(costs) {
			t.Errorf("%s: %d currencies, want %d", row.Name(), len(row.Costs), len(costs))
		}
		for _, c := range row.Costs {
			near(t, row.Name()+" cost in "+c.Currency, c.Total().Likely, costs[c.Currency], 1e-6)
		}
	}
}

func (m *MonthRow) Name() string { return m.Month.Format("2006-01") }

func (y *year) checkTimes(t *testing.T, r *Report) {
	t.Helper()
	var want [3][]float64
	list := y.mains(r.Month)
	for _, i := range list {
		if i.DetectedAt != 0 {
			want[0] = append(want[0], seconds(i.DetectedAt.Sub(i.StartedAt)))
		}
		if i.AcknowledgedAt != 0 {
			want[1] = append(want[1], seconds(i.AcknowledgedAt.Sub(i.DetectedAt)))
		}
		if i.ResolvedAt != 0 {
			want[2] = append(want[2], seconds(i.ResolvedAt.Sub(i.StartedAt)))
		}
	}
	for k, d := range r.Durations {
		slices.Sort(want[k])
		if !slices.EqualFunc(d.Values, want[k], func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }) || d.Without != len(list)-len(want[k]) {
			t.Errorf("%s: %d values, %d without; want %d of %d", d.Name, d.N, d.Without, len(want[k]), len(list))
		}
		if n := len(want[k]); n > 0 {
			near(t, d.Name, d.Median, want[k][(n-1)/2], 1e-6)
			if d.Interval == nil || d.Interval.Low > d.Median || d.Interval.High < d.Median || d.P90 < d.Median {
				t.Errorf("%s: %+v", d.Name, d)
			}
		}
	}
	near(t, "the months' median", r.now().MedianResolve, r.Durations[2].Median, 1e-6)
}

func (y *year) checkServices(t *testing.T, r *Report) {
	t.Helper()
	counts, before, cost := map[string]uint64{}, map[string]uint64{}, map[string]float64{}
	for _, i := range y.incidents {
		name, start := i.Services[0], i.StartedAt.Std()
		if len(i.Roots) > 0 {
			name = i.Roots[0].Service
		}
		switch {
		case i.ParentID != "" || start.Before(r.Month.First()) || !start.Before(r.To):
		case start.Before(r.From):
			before[name]++
		default:
			counts[name]++
			cost[name] += i.Impact.LostRevenue.Likely + i.Impact.Cost.Likely
		}
	}
	if len(r.Services) != len(services) {
		t.Errorf("%d services, want %d", len(r.Services), len(services))
	}
	for _, s := range r.Services {
		if s.Incidents != counts[s.Name] || s.Before != before[s.Name] || math.Abs(s.Cost-cost[s.Name]) > 1e-6 {
			t.Errorf("%+v; want %d and %d before, %g", s, counts[s.Name], before[s.Name], cost[s.Name])
		}
	}
}

func (y *year) checkRest(t *testing.T, r *Report) {
	t.Helper()
	problems, uncovered := map[string]uint64{}, map[string]uint64{}
	followed := uint64(0)
	for _, i := range y.incidents {
		if s := i.StartedAt.Std(); s.Before(r.From) || !s.Before(r.To) {
			continue
		}
		if i.ProblemID != "" {
			problems[i.ProblemID]++
		}
		if i.Procedure == nil {
			uncovered[i.Services[0]+" "+i.Members[0].Name]++
		}
		if len(i.Candidates) > 0 && i.ParentID == "" {
			followed++
		}
	}
	if r.followed != followed || followed == 0 || r.Figures[5].Value != float64(followed) {
		t.Errorf("%d incidents after changes, want %d", r.followed, followed)
	}
	for _, p := range r.Problems {
		if p.Incidents != problems[p.ID] {
			t.Errorf("%s: %d, want %d", p.ID, p.Incidents, problems[p.ID])
		}
	}
	if len(r.Problems) != len(problems) {
		t.Errorf("%d problems, want %d", len(r.Problems), len(problems))
	}
	for _, u := range r.Uncovered {
		if u.Incidents != uncovered[u.Service+" "+u.Name] {
			t.Errorf("%+v, want %d", u, uncovered[u.Service+" "+u.Name])
		}
	}
	if r.maintenance != 5 || r.undeclared != 2 || len(r.Work) != 2 {
		t.Errorf("%d of %d windows were undeclared, want 2 of 5", r.undeclared, r.maintenance)
	}
	taken := map[string]int64{}
	for _, d := range y.decisions {
		if s := d.At.Std(); !s.Before(r.From) && s.Before(r.To) {
			taken[string(d.Verdict)] += 1 + d.Repeats
		}
	}
	for _, i := range r.Intake {
		if i.Taken != taken[i.Decision] {
			t.Errorf("%+v, want %d", i, taken[i.Decision])
		}
	}
	if len(r.Top) != 10 || !slices.IsSortedFunc(r.Top, func(a, b Incident) int { return int(math.Round(1000 * (b.Cost - a.Cost))) }) {
		t.Errorf("the costliest: %+v", r.Top)
	}
}
