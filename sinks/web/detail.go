package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// incidentAnswer is one incident with all that explains it.
type incidentAnswer struct {
	Incident *schemas.Incident       `json:"incident"`
	Children []*schemas.Incident     `json:"children"` // without their lists
	Members  []Member                `json:"members"`
	Timeline []schemas.TimelineEntry `json:"timeline"`
	Links    []schemas.Link          `json:"links"`
	Complete completeness            `json:"complete"`
	History  historyState            `json:"history"`
	Problem  *schemas.Problem        `json:"problem,omitempty"`
	Messages []schemas.Delivery      `json:"messages"` // how what was to be said of it went, in order
}

// completeness says which lists hold everything. Without history, or over the
// limit of one answer, they hold what travels with the incident itself.
type completeness struct {
	Members  bool `json:"members"`
	Timeline bool `json:"timeline"`
}

func (a *API) getIncident(w http.ResponseWriter, r *http.Request) error {
	ans, err := a.incident(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.answer(w, http.StatusOK, ans)
}

// incident puts together all that is known of one.
func (a *API) incident(r *http.Request, id string) (*incidentAnswer, error) {
	inc, state, err := a.find(r.Context(), id)
	if err != nil {
		return nil, err
	}
	ans := incidentAnswer{Incident: inc, Children: withoutLists(a.view.Children(inc.ID)), Links: inc.Links, History: state, Messages: []schemas.Delivery{}}
	if ans.Links == nil {
		ans.Links = []schemas.Link{}
	}
	if p, ok := a.view.Problem(inc.ProblemID); ok {
		ans.Problem = p
	}
	ans.fromLive(inc)
	if a.history != nil {
		ans.History = a.fromHistory(r.Context(), &ans)
	} else {
		ans.History = historyState{Reason: "no ClickHouse is configured: the lists hold what travels with the incident"}
	}
	return &ans, nil
}

// find looks for an incident in the view and then in history.
func (a *API) find(ctx context.Context, id string) (*schemas.Incident, historyState, error) {
	if inc, ok := a.view.Incident(id); ok {
		return inc, historyState{}, nil
	}
	missing := apierror.New(http.StatusNotFound, "there is no incident %q", id)
	if a.history == nil {
		return nil, historyState{}, missing
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.HistoryTimeout)
	defer cancel()
	inc, found, err := a.history.Incident(ctx, id)
	if err != nil {
		a.log.Warn().Err(err).Msg("history is not available")
		return nil, historyState{}, apierror.New(http.StatusServiceUnavailable,
			"no live incident is called %q, and ClickHouse cannot be asked for a past one right now", id)
	}
	if !found {
		return nil, historyState{}, missing
	}
	return &inc, historyState{Asked: true, Answered: true}, nil
}

// fromLive fills the lists with what travels with the incident. Of the story
// only the texts do.
func (ans *incidentAnswer) fromLive(inc *schemas.Incident) {
	ans.Members = make([]Member, 0, len(inc.Members))
	for _, m := range inc.Members {
		ans.Members = append(ans.Members, Member{MemberRef: m})
	}
	ans.Timeline = make([]schemas.TimelineEntry, 0, len(inc.Timeline))
	for _, text := range inc.Timeline {
		ans.Timeline = append(ans.Timeline, schemas.TimelineEntry{IncidentID: inc.ID, Scope: inc.Scope, Text: text})
	}
	ans.Complete.Members = int64(len(inc.Members)) >= inc.SignalCount
}

// fromHistory replaces the lists with history's when it has more: it lags
// behind by a batch, so right after an incident opened the live lists are the
// better ones.
func (a *API) fromHistory(ctx context.Context, ans *incidentAnswer) historyState {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.HistoryTimeout)
	defer cancel()
	inc, limit := ans.Incident, a.cfg.MaxMembers
	members, errM := a.history.Members(ctx, inc.ID, limit)
	story, errT := a.history.Timeline(ctx, idsOf(ans), limit)
	said, errD := a.history.Deliveries(ctx, inc.ID, limit)
	if err := errors.Join(errM, errT, errD); err != nil {
		a.log.Warn().Err(err).Msg("history is not available")
		return historyState{Asked: true, Reason: "ClickHouse cannot be asked right now: the lists hold what travels with the incident"}
	}
	if len(members) >= len(ans.Members) {
		ans.Members = members
		ans.Complete.Members = len(members) < limit && int64(len(members)) >= inc.SignalCount
	}
	ans.Messages = append(ans.Messages, said...)
	if len(story) >= len(ans.Timeline) {
		ans.Timeline = story
		ans.Complete.Timeline = len(story) < limit
	}
	return historyState{Asked: true, Answered: true}
}

// idsOf are the ids of an incident and of what is below it: a main incident's
// story is that of all of it.
func idsOf(ans *incidentAnswer) []string {
	ids := append([]string{ans.Incident.ID}, ans.Incident.Children...)
	for _, c := range ans.Children {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

type problemPage struct {
	Problems []*schemas.Problem `json:"problems"`
	Next     string             `json:"next,omitempty"`
}

var problemParams = []string{"status", "service", "scope", "limit", "cursor"}

var problemStatuses = []schemas.ProblemStatus{schemas.ProblemOpen, schemas.ProblemSolved, schemas.ProblemReturned}

func (a *API) listProblems(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, problemParams); err != nil {
		return err
	}
	limit, err := a.limitParam(v)
	if err != nil {
		return err
	}
	after, err := decodeCursor(v.Get("cursor"))
	if err != nil {
		return err
	}
	statuses := words(v["status"])
	for _, s := range statuses {
		if !slices.Contains(problemStatuses, schemas.ProblemStatus(s)) {
			return apierror.BadField("status", "%q is not one of %v", s, problemStatuses)
		}
	}
	services := words(v["service"])
	page := problemPage{Problems: []*schemas.Problem{}}
	for _, p := range a.view.Problems() {
		at := Position{p.LastSeenAt, p.ID}
		if !after.IsZero() && after.compare(at) >= 0 ||
			len(statuses) > 0 && !slices.Contains(statuses, string(p.Status)) ||
			len(services) > 0 && !slices.Contains(services, p.Service) ||
			v.Get("scope") != "" && v.Get("scope") != p.Scope {
			continue
		}
		if len(page.Problems) == limit {
			last := page.Problems[limit-1]
			page.Next = encodeCursor(Position{last.LastSeenAt, last.ID})
			break
		}
		page.Problems = append(page.Problems, p)
	}
	return a.answer(w, http.StatusOK, page)
}

func (a *API) getProblem(w http.ResponseWriter, r *http.Request) error {
	p, ok := a.view.Problem(r.PathValue("id"))
	if !ok {
		return apierror.New(http.StatusNotFound, "there is no problem %q", r.PathValue("id"))
	}
	return a.answer(w, http.StatusOK, p)
}
