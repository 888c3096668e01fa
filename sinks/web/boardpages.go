package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// The pages about the whole installation.

// maxRows bounds what one of these pages lists.
const maxRows = 200

func (a *API) boardProblems(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	list := a.view.Problems()
	b := struct {
		Rows  []*schemas.Problem
		Total int
	}{list[:min(len(list), maxRows)], len(list)}
	return a.show(w, r, http.StatusOK, "problems", "Problems", &b)
}

// problemBody is the page of one problem.
type problemBody struct {
	*schemas.Problem
	Active  bool
	Done    string
	Newest  []occurrence
	Why     string // some of them can't be told of
	Older   int64  // that are not listed
	Actions actionsPart
}

// occurrence is an incident of a problem.
type occurrence struct {
	ID       string
	Incident *schemas.Incident // nil: nothing is known of it
}

func (a *API) boardProblem(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, []string{"done"}); err != nil {
		return err
	}
	p, ok := a.view.Problem(r.PathValue("id"))
	if !ok {
		return apierror.New(http.StatusNotFound, "there is no problem %q", r.PathValue("id"))
	}
	b := problemBody{Problem: p, Active: personOf(r).Role >= Act && p.Status != schemas.ProblemSolved, Done: doneText(v),
		Actions: a.actionsOf(r, ActionQuery{ProblemID: p.ID, IncidentIDs: p.IncidentIDs})}
	incidents, why := a.named(r.Context(), p.IncidentIDs)
	for _, id := range slices.Backward(p.IncidentIDs) {
		b.Newest = append(b.Newest, occurrence{id, incidents[id]})
	}
	if b.Why = why; why == "" {
		b.Older = max(0, p.Count-int64(len(p.IncidentIDs)))
	}
	return a.show(w, r, http.StatusOK, "problem", briefText(p.Title), &b)
}

func (a *API) boardOnCall(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	var b []Duty
	if a.duties != nil {
		b = a.duties(schemas.TimeOf(a.now()))
	}
	return a.show(w, r, http.StatusOK, "oncall", "On call", b)
}

// How far the calendar looks.
const (
	calendarBack  = 24 * schemas.Hour
	calendarAhead = 14 * 24 * schemas.Hour
)

// calendarBody is the page of changes and maintenance.
type calendarBody struct {
	Running, Planned, Past []calendarEntry
	Why                    string
	More                   bool
}

func (a *API) boardCalendar(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	now := schemas.TimeOf(a.now())
	var b calendarBody
	b.Why = a.asked(r.Context(), func(ctx context.Context, h History) error {
		list, err := h.Changes(ctx, ChangeQuery{From: now.Add(-calendarBack), To: now.Add(calendarAhead), Limit: maxRows})
		b.More = len(list) == maxRows
		for i := range list {
			switch e := entryOf(&list[i], now); e.State {
			case changePlanned:
				b.Planned = append(b.Planned, e)
			case changeRunning:
				b.Running = append(b.Running, e)
			default:
				b.Past = append(b.Past, e)
			}
		}
		return err
	})
	slices.Reverse(b.Past)
	return a.show(w, r, http.StatusOK, "calendar", "Changes and maintenance", &b)
}

// deliveryStates are in the order in which somebody has to look at them.
var deliveryStates = []schemas.DeliveryState{
	schemas.DeliveryFailed, schemas.DeliveryUnknown, schemas.DeliveryWaiting, schemas.DeliverySending, schemas.DeliverySent,
	schemas.DeliveryConfirmed, schemas.DeliverySuperseded,
}

// messageDays is how many days of messages are counted.
const messageDays = 7

func (a *API) boardMessages(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, []string{"state"}); err != nil {
		return err
	}
	b := struct {
		States []choice
		Rows   []schemas.Delivery
		Why    string
		More   bool
	}{}
	var states []schemas.DeliveryState
	for _, s := range words(v["state"]) {
		if !slices.Contains(deliveryStates, schemas.DeliveryState(s)) {
			return apierror.BadField("state", "%q is not one of %v", s, deliveryStates)
		}
		states = append(states, schemas.DeliveryState(s))
	}
	var counts map[schemas.DeliveryState]int64
	b.Why = a.asked(r.Context(), func(ctx context.Context, h History) error {
		var errM, errC error
		b.Rows, errM = h.Messages(ctx, states, maxRows)
		counts, errC = h.MessageStates(ctx, schemas.TimeOf(a.now()).Add(-messageDays*24*schemas.Hour))
		return errors.Join(errM, errC)
	})
	b.More = len(b.Rows) == maxRows
	for _, s := range deliveryStates {
		b.States = append(b.States, choice{string(s), slices.Contains(states, s), int(counts[s])})
	}
	return a.show(w, r, http.StatusOK, "messages", "Messages", &b)
}

// apartFor is how far back the page of alerts in no incident looks.
const apartFor = 24 * schemas.Hour

func (a *API) boardApart(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	b := struct {
		Rows []Apart
		Why  string
		More bool
	}{}
	b.Why = a.asked(r.Context(), func(ctx context.Context, h History) (err error) {
		b.Rows, err = h.Apart(ctx, schemas.TimeOf(a.now()).Add(-apartFor), maxRows)
		return err
	})
	b.More = len(b.Rows) == maxRows
	return a.show(w, r, http.StatusOK, "apart", "In no incident", &b)
}

func (a *API) boardUncovered(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	b := struct {
		Rows []Uncovered
		Why  string
		More bool
	}{}
	b.Why = a.asked(r.Context(), func(ctx context.Context, h History) (err error) {
		b.Rows, err = h.Uncovered(ctx, maxRows)
		return err
	})
	b.More = len(b.Rows) == maxRows
	return a.show(w, r, http.StatusOK, "uncovered", "Alerts without a procedure", &b)
}

// boardWhy answers why something is where it is, and why two are not together.
func (a *API) boardWhy(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, []string{"id", "with"}); err != nil {
		return err
	}
	b := struct{ ID, With, Text string }{ID: strings.TrimSpace(v.Get("id")), With: strings.TrimSpace(v.Get("with"))}
	if b.ID != "" {
		x, err := a.explanation(r.Context(), b.ID, b.With)
		if err != nil {
			return err
		}
		t, ok := x.(interface{ WriteText(io.Writer) error })
		if !ok {
			return errors.New("an explanation that can't be put into words")
		}
		var text strings.Builder
		if err := t.WriteText(&text); err != nil {
			return err
		}
		b.Text = text.String()
	}
	return a.show(w, r, http.StatusOK, "why", "Why", &b)
}

func (a *API) boardReports(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	b := struct {
		Months []reportMonth
		Why    string
	}{}
	if a.reports == nil {
		b.Why = "No ClickHouse is configured, which reports are written from."
		return a.show(w, r, http.StatusOK, "reports", "Reports", &b)
	}
	b.Why = a.asked(r.Context(), func(ctx context.Context, _ History) error {
		months, err := a.reports.Months(ctx)
		for _, m := range months {
			t, err := time.Parse(monthForm, m)
			if err != nil {
				return err
			}
			b.Months = append(b.Months, reportMonth{m, t.Format("January 2006"), t.AddDate(0, 1, 0).After(a.now())})
		}
		return err
	})
	return a.show(w, r, http.StatusOK, "reports", "Reports", &b)
}

// reportMonth is a month that can be reported on.
type reportMonth struct {
	Month, Name string
	Running     bool // it is not over
}

// paperCSP is for reports, which bring their style with them and have no script.
const paperCSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-same-origin allow-top-navigation"

func (a *API) boardReport(w http.ResponseWriter, r *http.Request) error {
	month := r.PathValue("month")
	if _, err := time.Parse(monthForm, month); err != nil {
		return apierror.New(http.StatusNotFound, "%q is not a month, written 2026-10", month)
	}
	return a.paper(w, r, func(ctx context.Context, out io.Writer) error { return a.reports.Month(ctx, out, month) })
}

func (a *API) boardPostmortem(w http.ResponseWriter, r *http.Request) error {
	return a.paper(w, r, func(ctx context.Context, out io.Writer) error {
		return a.reports.Postmortem(ctx, out, r.PathValue("id"))
	})
}

// paper writes a report when its turn comes: whole, or not at all.
func (a *API) paper(w http.ResponseWriter, r *http.Request, write func(context.Context, io.Writer) error) error {
	if err := known(r.URL.Query(), nil); err != nil {
		return err
	}
	if a.reports == nil {
		return apierror.New(http.StatusServiceUnavailable, "no ClickHouse is configured, which reports are written from")
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.cfg.ReportTimeout)
	defer cancel()
	leave, err := a.papers.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	var out bytes.Buffer
	err = write(ctx, &out)
	switch {
	case errors.Is(err, ErrUnknown):
		return apierror.New(http.StatusNotFound, "%v", err)
	case err != nil && r.Context().Err() != nil:
		return err // the browser has gone
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return apierror.New(http.StatusServiceUnavailable, "the report takes longer than %s (web.report_timeout); `pinkstar report` takes its time", a.cfg.ReportTimeout)
	case err != nil:
		a.log.Warn().Err(err).Msg("no report")
		return apierror.New(http.StatusServiceUnavailable, "ClickHouse, which reports are written from, can't be asked right now")
	}
	h := w.Header()
	h.Set("Content-Security-Policy", paperCSP)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if _, err := out.WriteTo(w); err != nil {
		a.log.Debug().Err(err).Msg("report not delivered")
	}
	return nil
}
