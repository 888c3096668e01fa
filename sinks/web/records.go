package web

import (
	"context"
	"errors"
	"io"
	"net/http"

	"pinkstar/schemas"
)

// Records is what the pages about the whole installation show. It is a part of
// History.
type Records interface {
	// Messages returns the deliveries in some states, or in any, newest first.
	Messages(ctx context.Context, states []schemas.DeliveryState, limit int) ([]schemas.Delivery, error)
	// MessageStates counts the deliveries decided since a moment.
	MessageStates(ctx context.Context, since schemas.Time) (map[schemas.DeliveryState]int64, error)
	// Uncovered returns the alerts without a procedure, those that opened most
	// incidents first.
	Uncovered(ctx context.Context, limit int) ([]Uncovered, error)
	// Apart returns the alerts that are in no incident, and what was refused,
	// newest first.
	Apart(ctx context.Context, since schemas.Time, limit int) ([]Apart, error)
}

// Uncovered is an alert for which no procedure is configured.
type Uncovered struct {
	Scope        string
	Service      string
	Name         string
	Incidents    int64 // that it opened
	WithRunbook  int64 // of these, those whose alert at least names a runbook
	Worst        schemas.Severity
	Alerts       int64
	Minutes      float64 // disruption in them
	LastAt       schemas.Time
	LastIncident string
}

// Apart is a signal that is in no incident, and why.
type Apart struct {
	schemas.MemberRef
	Verdict  schemas.Verdict
	At       schemas.Time // log time of the decision
	Repeats  int64
	WindowID string // suppressed: by which window
	Window   string // its title, where it is known
}

// Duty is who is on call by one rota.
type Duty struct {
	Rota   string           `json:"rota"`
	Zone   string           `json:"zone,omitempty"` // IANA, of its handovers
	Now    []schemas.Person `json:"now"`
	Next   []schemas.Person `json:"next"`
	NextAt schemas.Time     `json:"next_at,omitempty"` // when it changes; 0: not within four weeks
	// Calendar is the one whose shifts are in the log and are not read by this process.
	Calendar string `json:"calendar,omitempty"`
}

// Duties returns who is on call at a moment and next, by rota.
type Duties func(at schemas.Time) []Duty

// SetDuties gives the API somebody who knows who is on call. It is called before
// Handler.
func (a *API) SetDuties(d Duties) { a.duties = d }

// Reports are written for people. What is written is a page of its own.
type Reports interface {
	// Months returns the months of which there is something to report, written
	// 2026-10, newest first.
	Months(ctx context.Context) ([]string, error)
	// Month writes the report of a month.
	Month(ctx context.Context, w io.Writer, month string) error
	// Postmortem writes that of an incident. It returns ErrUnknown when there is
	// none.
	Postmortem(ctx context.Context, w io.Writer, incident string) error
}

// SetReports gives the API somebody who writes reports. It is called before
// Board.
func (a *API) SetReports(r Reports) { a.reports = r }

type dutyAnswer struct {
	Duties []Duty `json:"duties"`
}

func (a *API) onCall(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	ans := dutyAnswer{Duties: []Duty{}}
	if a.duties != nil {
		ans.Duties = a.duties(schemas.TimeOf(a.now()))
	}
	return a.answer(w, http.StatusOK, ans)
}

// asked runs a question to history under its time limit and says in one sentence
// why there is no answer.
func (a *API) asked(ctx context.Context, f func(context.Context, History) error) (why string) {
	if a.history == nil {
		return "No ClickHouse is configured, which keeps what this page shows."
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.HistoryTimeout)
	defer cancel()
	err := f(ctx, a.history)
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		why = "ClickHouse did not answer in time. Incidents and problems are shown without it."
	default:
		why = "ClickHouse can't be asked right now. Incidents and problems are shown without it."
	}
	a.pastFailed(ctx, err)
	return why
}
