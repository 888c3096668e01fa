package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// What is to be done after incidents and about problems, on the pages.

// actionsPart are the actions on a page, with the forms to add and to end them.
type actionsPart struct {
	Rows       []actionRow
	Why        string // there are none to show
	Acts       bool   // whoever looks may change them
	IncidentID string // where one is added
	ProblemID  string
	Back       string // the page to come back to
}

// actionRow is an action as a page shows it.
type actionRow struct {
	schemas.ActionItem
	Overdue bool
	Of      string // title of what it follows from
}

// Closed reports whether the action has ended.
func (r actionRow) Closed() bool { return r.Status != schemas.ActionOpen }

// Adds reports whether one is added here.
func (p actionsPart) Adds() bool { return p.Acts && p.Why == "" && p.IncidentID+p.ProblemID != "" }

// actionsOf are those that q finds.
func (a *API) actionsOf(r *http.Request, q ActionQuery) actionsPart {
	p := actionsPart{Acts: personOf(r).Role >= Act, IncidentID: q.IncidentID, ProblemID: q.ProblemID, Back: r.URL.Path}
	q.Limit = maxRows
	now := schemas.TimeOf(a.now())
	p.Why = a.asked(r.Context(), func(ctx context.Context, h History) error {
		list, err := h.Actions(ctx, q)
		for i := range list {
			p.Rows = append(p.Rows, actionRow{ActionItem: list[i], Overdue: list[i].Status == schemas.ActionOpen && list[i].DueAt != 0 && list[i].DueAt < now})
		}
		return err
	})
	return p
}

// actionsBody is the page of all actions.
type actionsBody struct {
	Actions  actionsPart
	Statuses []choice
	Owner    string
	Columns  []column
	Done     string
	Overdue  int
	More     bool
}

var actionColumns = []column{{Key: "due", Name: "Due"}, {Key: "owner", Name: "Owner"}}

func (a *API) boardActions(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, []string{"status", "owner", "sort", "done"}); err != nil {
		return err
	}
	q := ActionQuery{Owner: v.Get("owner")}
	for _, s := range words(v["status"]) {
		if !slices.Contains(actionStatuses, schemas.ActionItemStatus(s)) {
			return apierror.BadField("status", "%q is not one of %v", s, actionStatuses)
		}
		q.Statuses = append(q.Statuses, schemas.ActionItemStatus(s))
	}
	if len(q.Statuses) == 0 {
		q.Statuses = []schemas.ActionItemStatus{schemas.ActionOpen}
	}
	sort := cmp.Or(v.Get("sort"), "due")
	if !slices.ContainsFunc(actionColumns, func(c column) bool { return c.Key == sort }) {
		return apierror.BadField("sort", "%q is none of the columns", sort)
	}
	b := actionsBody{Actions: a.actionsOf(r, q), Owner: q.Owner, Done: doneText(v)}
	b.Actions.Back, b.More = r.URL.RequestURI(), len(b.Actions.Rows) == maxRows
	if sort == "owner" {
		slices.SortStableFunc(b.Actions.Rows, func(x, y actionRow) int { return strings.Compare(x.Owner, y.Owner) })
	}
	for _, c := range actionColumns {
		u := url.Values{"sort": {c.Key}, "status": v["status"]}
		if q.Owner != "" {
			u.Set("owner", q.Owner)
		}
		c.Link = "/actions?" + u.Encode()
		if c.Key == sort {
			c.Arrow = " ▾"
		}
		b.Columns = append(b.Columns, c)
	}
	for _, s := range actionStatuses {
		b.Statuses = append(b.Statuses, choice{Name: string(s), On: slices.Contains(q.Statuses, s)})
	}
	a.nameOrigins(r.Context(), b.Actions.Rows)
	for _, row := range b.Actions.Rows {
		if row.Overdue {
			b.Overdue++
		}
	}
	return a.show(w, r, http.StatusOK, "actions", "Actions", &b)
}

// nameOrigins says what actions follow from, as well as that is known.
func (a *API) nameOrigins(ctx context.Context, rows []actionRow) {
	var ids []string
	for _, row := range rows {
		if row.IncidentID != "" {
			ids = append(ids, row.IncidentID)
		}
	}
	incidents, _ := a.named(ctx, ids) // without, the ids stand there
	for i := range rows {
		row := &rows[i]
		row.Of = row.IncidentID + row.ProblemID
		if inc := incidents[row.IncidentID]; inc != nil {
			row.Of = inc.Title
		} else if p, ok := a.view.Problem(row.ProblemID); ok {
			row.Of = p.Title
		}
	}
}

// named returns incidents by id, from the view and else from history; why says in
// one sentence what could not be had.
func (a *API) named(ctx context.Context, ids []string) (found map[string]*schemas.Incident, why string) {
	found = map[string]*schemas.Incident{}
	var past []string
	for _, id := range ids {
		if inc, ok := a.view.Incident(id); ok {
			found[id] = inc
		} else if !slices.Contains(past, id) {
			past = append(past, id)
		}
	}
	if len(past) == 0 {
		return found, ""
	}
	why = a.asked(ctx, func(ctx context.Context, h History) error {
		list, err := h.Incidents(ctx, Query{IDs: past, Limit: len(past)})
		for i := range list {
			found[list[i].ID] = &list[i]
		}
		return err
	})
	return found, why
}

// boardAddAction takes what is to be done from a form.
func (a *API) boardAddAction(w http.ResponseWriter, r *http.Request) error {
	return a.fromForm(w, r, form{fields: []string{"by", "what", "owner", "incident_id", "problem_id"}, dates: map[string]string{"due": "due_at"},
		action: string(schemas.ActionAddItem), to: (*API).addAction})
}

// boardEndAction takes how an action ended.
func (a *API) boardEndAction(w http.ResponseWriter, r *http.Request) error {
	return a.fromForm(w, r, form{fields: []string{"by", "status", "note"}, to: (*API).endAction,
		named: map[string]string{string(schemas.ActionDone): string(schemas.ActionFinishItem), string(schemas.ActionDropped): string(schemas.ActionDropItem)}})
}
