package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Month is a calendar month in UTC.
type Month struct{ from time.Time }

// ParseMonth reads 2026-10.
func ParseMonth(s string) (Month, error) {
	t, err := time.ParseInLocation("2006-01", s, time.UTC)
	if err != nil {
		return Month{}, fmt.Errorf("%q is not a month such as 2026-10", s)
	}
	return Month{t}, nil
}

// MonthOf returns the month that t is in.
func MonthOf(t time.Time) Month {
	t = t.UTC()
	return Month{time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)}
}

// From returns where the month begins, To where it is over.
func (m Month) From() time.Time { return m.from }

// To returns where the month is over.
func (m Month) To() time.Time { return m.from.AddDate(0, 1, 0) }

// First returns where the twelve months before it begin.
func (m Month) First() time.Time { return m.from.AddDate(0, -12, 0) }

// String is the month's name for people, such as October 2026.
func (m Month) String() string { return m.from.Format("January 2006") }

// MonthRow is a month of the thirteen.
type MonthRow struct {
	Month         time.Time `json:"month"`
	Incidents     float64   `json:"incidents"`
	Severe        uint64    `json:"severe"` // critical or major
	Unresolved    uint64    `json:"unresolved"`
	Imported      uint64    `json:"imported"`
	Known         uint64    `json:"known"` // occurrences of a known problem
	Minutes       float64   `json:"minutes"`
	Resolved      uint64    `json:"resolved"`
	MedianResolve float64   `json:"median_resolve_seconds"`
	Costs         []Cost    `json:"costs,omitempty"`
}

// Cost is a month's cost in one currency.
type Cost struct {
	Currency  string `json:"currency"`
	Incidents uint64 `json:"incidents"`
	Measured  uint64 `json:"measured"`
	Lost      Range  `json:"lost_revenue"`
	Work      Range  `json:"work"`

	ByFigures  uint64  `json:"by_figures"` // of Measured, by business figures
	CaughtUp   float64 `json:"caught_up"`  // what came back later, not deducted
	DirectCost float64 `json:"direct_cost"`
	Held       int64   `json:"trials_held"` // of Tried intervals at undisturbed times, those that held the truth
	Tried      int64   `json:"trials"`
	month      time.Time
}

// Then is what the month before was said to have cost when it was over, in a
// currency.
type Then struct {
	Currency  string  `json:"currency"`
	Incidents uint64  `json:"incidents"`
	Lost      float64 `json:"lost_revenue"`
	Work      float64 `json:"work"`
}

// Range is the sum of low, likely and high estimates.
type Range struct {
	Low    float64 `json:"low"`
	Likely float64 `json:"likely"`
	High   float64 `json:"high"`
}

// Total is lost revenue and work.
func (c Cost) Total() Range {
	return Range{c.Lost.Low + c.Work.Low, c.Lost.Likely + c.Work.Likely, c.Lost.High + c.Work.High}
}

// Duration is one of the times of the month's incidents, in seconds.
type Duration struct {
	Name     string    `json:"name"`
	Values   []float64 `json:"-"` // sorted
	N        int       `json:"n"`
	Without  int       `json:"without"` // incidents that have none (yet)
	Median   float64   `json:"median"`
	P90      float64   `json:"p90"`
	Interval *Interval `json:"median_interval,omitempty"`
	P90In    *Interval `json:"p90_interval,omitempty"`
}

// Service is a row of the services.
type Service struct {
	Name          string  `json:"service"`
	Incidents     uint64  `json:"incidents"`
	Before        uint64  `json:"before"` // in the twelve months before
	Minutes       float64 `json:"minutes"`
	Currency      string  `json:"currency,omitempty"`
	Cost          float64 `json:"cost"`
	Resolved      uint64  `json:"resolved"`
	MedianResolve float64 `json:"median_resolve_seconds"`
	P             float64 `json:"p"`       // of a count at least as unlike those before, by chance
	Unusual       bool    `json:"unusual"` // stands among all services
}

// Incident is a row of the costliest.
type Incident struct {
	ID, Title, Severity, Status string
	Began                       time.Time
	Minutes, Cost               float64
	Currency, Root, Owner       string
	ProblemID                   string
}

// Problem is a row of the recurring ones.
type Problem struct {
	ID, Title, Status, Owner string
	Incidents                uint64 // in the month
	InAll                    int64
	Cost                     float64
	Currency                 string
	Flagged, Solved, Back    *time.Time
	SolvedBy                 string
}

// Change is a row of the changes that may have caused incidents.
type Change struct {
	Title, Kind, Service, Team          string
	IncidentID, IncidentTitle, Severity string
	LagSeconds                          float64
	Rank                                uint32
	Reason                              string
}

// Work is a row of the undeclared maintenance.
type Work struct {
	Title, Service, Team, Source string
	Began                        *time.Time
	LateSeconds                  int64
	Incidents                    uint64
}

// Uncovered is an alert without a procedure.
type Uncovered struct {
	Service, Name          string
	Incidents, WithRunbook uint64
}

// Task is an action of a post-mortem: what somebody is to do.
type Task struct {
	ID, What, Owner, Status string
	Overdue                 bool
	Due                     *time.Time
	IncidentID, ProblemID   string
	DaysLate                float64
}

// Todos counts actions.
type Todos struct {
	Added     uint64 `json:"added"` // in the month, as Done and Dropped
	Done      uint64 `json:"done"`
	Dropped   uint64 `json:"dropped"`
	Open      uint64 `json:"open"` // at the snapshot, as Overdue
	Overdue   uint64 `json:"overdue"`
	Completed uint64 `json:"completed"` // of Of, those of twelve months that were not dropped
	Of        uint64 `json:"of"`
	List      []Task `json:"list"`
}

// Sentence says how far actions have come.
func (t *Todos) Sentence() string {
	if t.Open+t.Of+t.Added+t.Done == 0 {
		return "Nobody has written down what is to be done (pinkstar action add)."
	}
	s := fmt.Sprintf("%s added in the month, %d done, %d dropped; %d open, %d of them overdue", plural(int(t.Added), "action", "actions"), t.Done, t.Dropped, t.Open, t.Overdue)
	if t.Of > 0 {
		iv := shareInterval(float64(t.Completed), float64(t.Of))
		s += fmt.Sprintf(". Of %d in twelve months %d are done (%s; %s to %s, Wilson, 95 %%)", t.Of, t.Completed,
			percent(float64(t.Completed)/float64(t.Of)), percent(iv.Low), percent(iv.High))
	}
	return s + "."
}

// Intake is what became of signals.
type Intake struct {
	Decision string
	Signals  uint64
	Taken    int64
}

// Report is a month as it is told.
type Report struct {
	Month     Month     `json:"-"`
	Name      string    `json:"month"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Snapshot  time.Time `json:"snapshot"`
	Latest    time.Time `json:"latest_update"` // of an incident
	Since     time.Time `json:"since"`         // the first incident ever
	Engine    string    `json:"clickhouse"`
	Sentences []string  `json:"sentences"`
	Figures   []Figure  `json:"figures"`
	Excluded  []string  `json:"excluded"`

	Months    []MonthRow  `json:"months"` // thirteen, the last is the report's
	Runs      RunChart    `json:"run_chart"`
	Then      []Then      `json:"then"` // the month before, as it was told when it was over
	Durations []Duration  `json:"durations"`
	Services  []Service   `json:"services"`
	Top       []Incident  `json:"top"`
	Problems  []Problem   `json:"problems"`
	Changes   []Change    `json:"changes"`
	Work      []Work      `json:"undeclared_work"`
	Uncovered []Uncovered `json:"without_procedure"`
	Todos     Todos       `json:"actions"`
	Intake    []Intake    `json:"intake"`
	Queries   []Query     `json:"queries"`

	followed, byChange, byMaintenance uint64
	maintenance, undeclared           uint64
}

// Of reads a month and works out what it has to say.
func Of(ctx context.Context, conn driver.Conn, m Month) (*Report, error) {
	r := &Report{Month: m, Name: m.String(), From: m.From(), To: m.To()}
	s := newSource(conn, m)
	for _, read := range []func(context.Context, *source) error{
		r.readSnapshot, r.readMonths, r.readCosts, r.readThen, r.readDurations, r.readServices, r.readTop,
		r.readProblems, r.readChanges, r.readWork, r.readTodos, r.readRest,
	} {
		if err := read(ctx, s); err != nil {
			return nil, err
		}
	}
	r.Queries = s.queries
	r.judge()
	r.tell()
	return r, nil
}

func (r *Report) readSnapshot(ctx context.Context, s *source) error {
	return s.rows(ctx, querySnapshot, func(row driver.Rows) error {
		var latest, since *time.Time
		err := row.Scan(&r.Snapshot, &r.Engine, &latest, &since)
		if latest != nil && since != nil {
			r.Latest, r.Since = *latest, *since
		}
		return err
	})
}

// readMonths gives each of the thirteen months a row: one without incidents has
// none in SQL.
func (r *Report) readMonths(ctx context.Context, s *source) error {
	for at := r.Month.First(); at.Before(r.To); at = at.AddDate(0, 1, 0) {
		r.Months = append(r.Months, MonthRow{Month: at})
	}
	err := s.rows(ctx, queryMonths, func(row driver.Rows) error {
		var m MonthRow
		var n uint64
		var median *float64
		err := row.Scan(&m.Month, &n, &m.Severe, &m.Unresolved, &m.Imported, &m.Minutes, &m.Resolved, &median)
		m.Incidents = float64(n)
		if median != nil && m.Resolved > 0 {
			m.MedianResolve = *median
		}
		if to := r.row(m.Month); to != nil {
			*to = m
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.rows(ctx, queryKnown, func(row driver.Rows) error {
		var at time.Time
		var n uint64
		err := row.Scan(&at, &n)
		if to := r.row(at); to != nil {
			to.Known = n
		}
		return err
	})
}

// row is the one of a month, nil when it is none of the thirteen.
func (r *Report) row(month time.Time) *MonthRow {
	for i := range r.Months {
		if r.Months[i].Month.Equal(month) {
			return &r.Months[i]
		}
	}
	return nil
}

func (r *Report) readCosts(ctx context.Context, s *source) error {
	return s.rows(ctx, queryCosts, func(row driver.Rows) error {
		var c Cost
		err := row.Scan(&c.month, &c.Currency, &c.Incidents, &c.Measured, &c.Lost.Low, &c.Lost.Likely, &c.Lost.High, &c.Work.Low, &c.Work.Likely, &c.Work.High,
			&c.ByFigures, &c.CaughtUp, &c.DirectCost, &c.Held, &c.Tried)
		if to := r.row(c.month); to != nil {
			to.Costs = append(to.Costs, c)
		}
		return err
	})
}

func (r *Report) readThen(ctx context.Context, s *source) error {
	return s.rows(ctx, queryThen, func(row driver.Rows) error {
		var t Then
		err := row.Scan(&t.Currency, &t.Incidents, &t.Lost, &t.Work)
		r.Then = append(r.Then, t)
		return err
	})
}

// Revisions says of the month before what it was said to cost then, and now.
func (r *Report) Revisions() []string {
	var out []string
	for _, t := range r.Then {
		for _, c := range r.before().Costs {
			if c.Currency != t.Currency {
				continue
			}
			then, now := t.Lost+t.Work, c.Total().Likely
			s := fmt.Sprintf("When it was over, %s was said to have cost %s by %s; now %s by %s", r.before().Month.Format("January 2006"), money(then, t.Currency),
				plural(int(t.Incidents), "incident", "incidents"), money(now, c.Currency), plural(int(c.Incidents), "incident", "incidents"))
			if then > 0 {
				s += fmt.Sprintf(" (%+.0f %%)", 100*(now/then-1))
			}
			out = append(out, s+".")
		}
	}
	return out
}

func (r *Report) readDurations(ctx context.Context, s *source) error {
	r.Durations = []Duration{{Name: "to detect"}, {Name: "to acknowledge"}, {Name: "to resolve"}}
	err := s.rows(ctx, queryDurations, func(row driver.Rows) error {
		var v [3]float64
		err := row.Scan(&v[0], &v[1], &v[2])
		for i := range v {
			if v[i] >= 0 {
				r.Durations[i].Values = append(r.Durations[i].Values, v[i])
			} else {
				r.Durations[i].Without++
			}
		}
		return err
	})
	for i := range r.Durations {
		r.Durations[i].work()
	}
	return err
}

func (d *Duration) work() {
	slices.Sort(d.Values)
	d.N = len(d.Values)
	if d.N == 0 {
		return
	}
	d.Median, d.P90 = quantile(d.Values, 0.5), quantile(d.Values, 0.9)
	if iv, ok := quantileInterval(d.Values, 0.5); ok {
		d.Interval = &iv
	}
	if iv, ok := quantileInterval(d.Values, 0.9); ok {
		d.P90In = &iv
	}
}

func (r *Report) readServices(ctx context.Context, s *source) error {
	return s.rows(ctx, queryServices, func(row driver.Rows) error {
		var v Service
		var median *float64
		err := row.Scan(&v.Name, &v.Incidents, &v.Before, &v.Minutes, &v.Currency, &v.Cost, &v.Resolved, &median)
		if median != nil && v.Resolved > 0 {
			v.MedianResolve = *median
		}
		r.Services = append(r.Services, v)
		return err
	})
}

func (r *Report) readTop(ctx context.Context, s *source) error {
	return s.rows(ctx, queryTop, func(row driver.Rows) error {
		var v Incident
		var began *time.Time
		err := row.Scan(&v.ID, &v.Title, &v.Severity, &v.Status, &began, &v.Minutes, &v.Cost, &v.Currency, &v.Root, &v.Owner, &v.ProblemID)
		if began != nil {
			v.Began = *began
		}
		r.Top = append(r.Top, v)
		return err
	})
}

func (r *Report) readProblems(ctx context.Context, s *source) error {
	return s.rows(ctx, queryProblems, func(row driver.Rows) error {
		var v Problem
		err := row.Scan(&v.ID, &v.Title, &v.Status, &v.Owner, &v.Incidents, &v.InAll, &v.Cost, &v.Currency, &v.Flagged, &v.Solved, &v.Back, &v.SolvedBy)
		r.Problems = append(r.Problems, v)
		return err
	})
}

func (r *Report) readChanges(ctx context.Context, s *source) error {
	err := s.rows(ctx, queryFollowed, func(row driver.Rows) error { return row.Scan(&r.followed, &r.byChange, &r.byMaintenance) })
	if err != nil {
		return err
	}
	return s.rows(ctx, queryChanges, func(row driver.Rows) error {
		var v Change
		err := row.Scan(&v.Title, &v.Kind, &v.Service, &v.Team, &v.IncidentID, &v.IncidentTitle, &v.Severity, &v.LagSeconds, &v.Rank, &v.Reason)
		r.Changes = append(r.Changes, v)
		return err
	})
}

func (r *Report) readWork(ctx context.Context, s *source) error {
	err := s.rows(ctx, queryWorkCount, func(row driver.Rows) error { return row.Scan(&r.maintenance, &r.undeclared) })
	if err != nil {
		return err
	}
	return s.rows(ctx, queryWork, func(row driver.Rows) error {
		var v Work
		var late *int64
		err := row.Scan(&v.Title, &v.Service, &v.Team, &v.Source, &v.Began, &late, &v.Incidents)
		if late != nil {
			v.LateSeconds = *late
		}
		r.Work = append(r.Work, v)
		return err
	})
}

func (r *Report) readTodos(ctx context.Context, s *source) error {
	t := &r.Todos
	err := s.rows(ctx, queryActionCounts, func(row driver.Rows) error {
		return row.Scan(&t.Added, &t.Done, &t.Dropped, &t.Open, &t.Overdue, &t.Completed, &t.Of)
	})
	if err != nil {
		return err
	}
	return s.rows(ctx, queryActions, func(row driver.Rows) error {
		var v Task
		err := row.Scan(&v.ID, &v.What, &v.Owner, &v.Status, &v.Overdue, &v.Due, &v.IncidentID, &v.ProblemID, &v.DaysLate)
		t.List = append(t.List, v)
		return err
	})
}

func (r *Report) readRest(ctx context.Context, s *source) error {
	err := s.rows(ctx, queryUncovered, func(row driver.Rows) error {
		var v Uncovered
		err := row.Scan(&v.Service, &v.Name, &v.Incidents, &v.WithRunbook)
		r.Uncovered = append(r.Uncovered, v)
		return err
	})
	if err != nil {
		return err
	}
	return s.rows(ctx, queryIntake, func(row driver.Rows) error {
		var v Intake
		err := row.Scan(&v.Decision, &v.Signals, &v.Taken)
		r.Intake = append(r.Intake, v)
		return err
	})
}
