package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Change is a change or a window as it was told last.
type Change struct {
	Signal      schemas.Signal
	FirstHeard  schemas.Time // when it was heard of first
	IncidentIDs []string     // main incidents that it may explain
}

// ChangeQuery is what the calendar is filtered by. Empty fields do not filter.
type ChangeQuery struct {
	ID       string // at its source
	Kind     schemas.Kind
	Service  string // that it touches
	Team     string
	Scope    string
	From, To schemas.Time // it lasts, or took place, between these
	Limit    int
}

// Where a change or a window stands now.
const (
	changePlanned   = "planned"
	changeRunning   = "running"
	changeOver      = "over"
	changeCancelled = "cancelled"
)

var changeStates = []string{changePlanned, changeRunning, changeOver, changeCancelled}

// changeState says where s stands at a moment; as the engine sees it.
func changeState(s *schemas.Signal, now schemas.Time) string {
	ended := s.EndsAt != 0 && s.EndsAt <= now
	switch {
	case s.Status == schemas.StatusCancelled:
		return changeCancelled
	case s.Status == schemas.StatusFinished, ended && (s.Kind == schemas.KindMaintenance || s.Status == schemas.StatusStarted):
		return changeOver
	case s.Status == schemas.StatusPlanned && (s.Kind == schemas.KindChange || s.StartsAt > now), s.StartsAt > now:
		return changePlanned
	default:
		return changeRunning
	}
}

// calendarEntry is a change or a window in an answer.
type calendarEntry struct {
	ID          string         `json:"id"` // at its source
	Source      string         `json:"source"`
	Kind        schemas.Kind   `json:"kind"`
	Type        string         `json:"type,omitempty"`
	State       string         `json:"state"`
	Status      schemas.Status `json:"status"` // as its sender says
	Title       string         `json:"title"`
	Note        string         `json:"note,omitempty"`
	Services    []string       `json:"services"`
	Team        string         `json:"team,omitempty"`
	By          string         `json:"by,omitempty"`
	Contact     string         `json:"contact,omitempty"`
	Version     string         `json:"version,omitempty"`
	URL         string         `json:"url,omitempty"`
	Scope       string         `json:"scope"`
	StartsAt    schemas.Time   `json:"starts_at"`
	EndsAt      schemas.Time   `json:"ends_at"` // null: not known
	Suppress    bool           `json:"suppress"`
	Matchers    []string       `json:"matchers,omitempty"`
	Announced   bool           `json:"announced"` // heard of before it began
	FirstHeard  schemas.Time   `json:"first_heard_at"`
	SignalID    string         `json:"signal_id"` // of its latest text
	IncidentIDs []string       `json:"incident_ids"`
}

type calendarPage struct {
	Changes []calendarEntry `json:"changes"`
	More    bool            `json:"more"` // there are more than the limit
	History historyState    `json:"history"`
}

func entryOf(c *Change, now schemas.Time) calendarEntry {
	s := &c.Signal
	e := calendarEntry{
		ID: s.Fingerprint, Source: s.Source, Kind: s.Kind, State: changeState(s, now), Status: s.Status, Title: s.Name, Note: s.Description,
		Services: []string{}, Team: s.Team, URL: s.URL, Scope: s.Scope, StartsAt: s.StartsAt, EndsAt: s.EndsAt,
		Announced: c.FirstHeard <= s.StartsAt, FirstHeard: c.FirstHeard, SignalID: s.ID, IncidentIDs: c.IncidentIDs,
	}
	if s.Service != "" {
		e.Services = append(e.Services, s.Service)
	}
	if x := s.Change; x != nil {
		e.Type, e.By, e.Contact, e.Version, e.Suppress, e.Matchers = x.Type, x.By, x.Contact, x.Version, x.Suppress, x.Matchers
		for _, name := range x.Services {
			if !slices.Contains(e.Services, name) {
				e.Services = append(e.Services, name)
			}
		}
	}
	if e.IncidentIDs == nil {
		e.IncidentIDs = []string{}
	}
	return e
}

var changeParams = []string{"kind", "type", "state", "suppress", "service", "team", "scope", "from", "to", "limit"}

// listChanges is the calendar of what is planned, runs and took place.
func (a *API) listChanges(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q, keep, err := a.changeQuery(v)
	if err != nil {
		return err
	}
	page := calendarPage{Changes: []calendarEntry{}}
	list, state, err := a.changes(r.Context(), q)
	if err != nil {
		return err
	}
	page.History = state
	now := schemas.TimeOf(a.now())
	page.More = len(list) == q.Limit
	for i := range list {
		if e := entryOf(&list[i], now); keep(&e) {
			page.Changes = append(page.Changes, e)
		}
	}
	return a.answer(w, http.StatusOK, page)
}

// changeQuery reads what is asked for, and what is looked at afterwards.
func (a *API) changeQuery(v url.Values) (q ChangeQuery, keep func(*calendarEntry) bool, err error) {
	if err = known(v, changeParams); err != nil {
		return q, nil, err
	}
	q = ChangeQuery{Kind: schemas.Kind(v.Get("kind")), Service: v.Get("service"), Team: v.Get("team"), Scope: v.Get("scope"), From: schemas.TimeOf(a.now())}
	if q.Kind != "" && q.Kind != schemas.KindMaintenance && q.Kind != schemas.KindChange {
		return q, nil, apierror.BadField("kind", "%q is neither maintenance nor change", q.Kind)
	}
	if v.Get("from") != "" {
		if q.From, err = timeParam(v, "from"); err != nil {
			return q, nil, err
		}
	}
	if q.To, err = timeParam(v, "to"); err != nil {
		return q, nil, err
	}
	states, types := words(v["state"]), words(v["type"])
	for _, s := range states {
		if !slices.Contains(changeStates, s) {
			return q, nil, apierror.BadField("state", "%q is not one of %v", s, changeStates)
		}
	}
	suppress := v.Get("suppress")
	suppresses, err := strconv.ParseBool(suppress)
	if suppress != "" && err != nil {
		return q, nil, apierror.BadField("suppress", "%q is neither true nor false", suppress)
	}
	q.Limit, err = a.limitParam(v)
	return q, func(e *calendarEntry) bool {
		return (len(states) == 0 && e.State != changeCancelled || slices.Contains(states, e.State)) &&
			(len(types) == 0 || slices.Contains(types, e.Type)) && (suppress == "" || e.Suppress == suppresses)
	}, err
}

// changes asks history.
func (a *API) changes(ctx context.Context, q ChangeQuery) (list []Change, _ historyState, _ error) {
	state, err := a.calendarAsked(ctx, func(ctx context.Context) (err error) {
		list, err = a.history.Changes(ctx, q)
		return err
	})
	return list, state, err
}

// calendarAsked runs a question about changes under history's time limit. Without
// history nothing is known of windows here, which is said: an empty calendar would be
// taken for a quiet week.
func (a *API) calendarAsked(ctx context.Context, ask func(context.Context) error) (historyState, error) {
	if a.history == nil {
		return historyState{Reason: "no ClickHouse is configured, and the calendar is read from it"}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.HistoryTimeout)
	defer cancel()
	err := ask(ctx)
	if err == nil {
		return historyState{Asked: true, Answered: true}, nil
	}
	a.pastFailed(ctx, err)
	reason := "ClickHouse cannot be asked right now, and the calendar is read from it"
	if errors.Is(err, context.DeadlineExceeded) {
		reason = "ClickHouse did not answer in time, and the calendar is read from it"
	}
	return historyState{}, apierror.New(http.StatusServiceUnavailable, "%s", reason)
}
