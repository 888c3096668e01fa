package web

import (
	"context"
	"net/http"
	"slices"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// ActionQuery is what a list of actions is filtered by. Empty fields do not filter.
type ActionQuery struct {
	ID         string
	Statuses   []schemas.ActionItemStatus
	Owner      string
	IncidentID string
	ProblemID  string
	// IncidentIDs are those of the problem: what follows from one of them counts as
	// well as what follows from the problem.
	IncidentIDs []string
	Scope       string
	Limit       int
}

// actionPage is a list of actions.
type actionPage struct {
	Actions []schemas.ActionItem `json:"actions"`
	More    bool                 `json:"more"` // there may be more than the limit
}

// addAction is what somebody is to do.
type addAction struct {
	What       string       `json:"what"`
	Owner      string       `json:"owner"`
	DueAt      schemas.Time `json:"due_at"`
	IncidentID string       `json:"incident_id"`
	ProblemID  string       `json:"problem_id"`
	giver
}

// endAction says how an action ended.
type endAction struct {
	Status schemas.ActionItemStatus `json:"status"`
	Note   string                   `json:"note"`
	giver
}

type actionAnswer struct {
	ID       string `json:"id"` // the command's signal id
	By       string `json:"by"`
	ActionID string `json:"action_id"`
}

var (
	actionParams   = []string{"status", "owner", "incident_id", "problem_id", "scope", "limit"}
	actionStatuses = []schemas.ActionItemStatus{schemas.ActionOpen, schemas.ActionDone, schemas.ActionDropped}
)

// maxWhat bounds what an action says.
const maxWhat = 2000

func (a *API) listActions(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, actionParams); err != nil {
		return err
	}
	q := ActionQuery{Owner: v.Get("owner"), IncidentID: v.Get("incident_id"), ProblemID: v.Get("problem_id"), Scope: v.Get("scope")}
	for _, s := range words(v["status"]) {
		if !slices.Contains(actionStatuses, schemas.ActionItemStatus(s)) {
			return apierror.BadField("status", "%q is not one of %v", s, actionStatuses)
		}
		q.Statuses = append(q.Statuses, schemas.ActionItemStatus(s))
	}
	var err error
	if q.Limit, err = a.limitParam(v); err != nil {
		return err
	}
	list, err := a.actions(r.Context(), q)
	if err != nil {
		return err
	}
	return a.answer(w, http.StatusOK, actionPage{Actions: append([]schemas.ActionItem{}, list...), More: len(list) == q.Limit})
}

// actions asks ClickHouse: actions are few and old, and no instance keeps them.
func (a *API) actions(ctx context.Context, q ActionQuery) ([]schemas.ActionItem, error) {
	if a.history == nil {
		return nil, apierror.New(http.StatusServiceUnavailable, "no ClickHouse is configured, and actions are read from it")
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.HistoryTimeout)
	defer cancel()
	list, err := a.history.Actions(ctx, q)
	if err != nil {
		a.pastFailed(ctx, err)
		return nil, apierror.New(http.StatusServiceUnavailable, "ClickHouse cannot be asked right now, and actions are read from it")
	}
	return list, nil
}

func (a *API) addAction(w http.ResponseWriter, r *http.Request) error {
	var body addAction
	if err := a.readBody(w, r, &body); err != nil {
		return err
	}
	if err := body.who(personOf(r)); err != nil {
		return err
	}
	switch {
	case body.What == "" || len(body.What) > maxWhat:
		return apierror.BadField("what", "say in at most %d bytes what is to be done", maxWhat)
	case len(body.Owner) > schemas.MaxNameBytes:
		return apierror.BadField("owner", "longer than %d bytes", schemas.MaxNameBytes)
	case (body.IncidentID == "") == (body.ProblemID == ""):
		return apierror.BadField("incident_id", "an action follows from an incident or from a problem: name one of them")
	}
	scope, err := a.scopeOf(r.Context(), body.IncidentID, body.ProblemID)
	if err != nil {
		return err
	}
	return a.issueAction(w, r, schemas.Command{Action: schemas.ActionAddItem, By: body.By, IncidentID: body.IncidentID, ProblemID: body.ProblemID,
		To: body.Owner, Note: body.What, DueAt: body.DueAt}, scope)
}

func (a *API) scopeOf(ctx context.Context, incident, problem string) (string, error) {
	if incident != "" {
		inc, _, err := a.find(ctx, incident)
		if err != nil {
			return "", err
		}
		return inc.Scope, nil
	}
	p, ok := a.view.Problem(problem)
	if !ok {
		return "", apierror.New(http.StatusNotFound, "there is no problem %q", problem)
	}
	return p.Scope, nil
}

// endAction says that an action was done, or will not be.
func (a *API) endAction(w http.ResponseWriter, r *http.Request) error {
	var body endAction
	if err := a.readBody(w, r, &body); err != nil {
		return err
	}
	if err := body.who(personOf(r)); err != nil {
		return err
	}
	cmd := schemas.Command{Action: schemas.ActionFinishItem, By: body.By, ActionID: r.PathValue("id"), Note: body.Note}
	switch {
	case body.Status == schemas.ActionDropped:
		cmd.Action = schemas.ActionDropItem
	case body.Status != schemas.ActionDone:
		return apierror.BadField("status", "%q is not one of %v", body.Status, actionStatuses[1:])
	case len(body.Note) > maxWhat:
		return apierror.BadField("note", "longer than %d bytes", maxWhat)
	}
	list, err := a.actions(r.Context(), ActionQuery{ID: cmd.ActionID, Limit: 1})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return apierror.New(http.StatusNotFound, "there is no action %q", cmd.ActionID)
	}
	if list[0].Status != schemas.ActionOpen && r.Header.Get("Idempotency-Key") == "" {
		return apierror.New(http.StatusConflict, "action %s is %s already", cmd.ActionID, list[0].Status)
	}
	cmd.IncidentID = list[0].IncidentID
	return a.issueAction(w, r, cmd, list[0].Scope)
}

func (a *API) issueAction(w http.ResponseWriter, r *http.Request, cmd schemas.Command, scope string) error {
	occurrence, err := occurrenceOf(r, cmd.By)
	if err != nil {
		return err
	}
	id, _, err := a.give(r.Context(), cmd, scope, source, occurrence)
	if err != nil {
		return err
	}
	ans := actionAnswer{ID: id, By: cmd.By, ActionID: cmd.ActionID}
	if signal, err := schemas.ParseID(id); err == nil && ans.ActionID == "" {
		ans.ActionID = schemas.ActionItemID(scope, signal)
	}
	return a.answer(w, http.StatusAccepted, ans)
}
