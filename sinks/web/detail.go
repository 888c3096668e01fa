package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

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

	Precedents *precedents `json:"precedents,omitempty"` // nil: history was not asked, or could not answer
	Budgets    []Budget    `json:"budgets,omitempty"`    // of services with an objective

	all int64 // things there are, where a page of them was asked for
}

// completeness says which lists hold everything. Without history, or over the
// limit of one answer, they hold what travels with the incident itself.
type completeness struct {
	Members  bool `json:"members"`
	Timeline bool `json:"timeline"`
	Children bool `json:"children"`
}

// look is which part of an incident is asked for.
type look struct {
	things   bool     // each alert, ticket and change once, of all below it too
	from     int      // of things: left out before the first
	members  int      // at most
	timeline int      // at most
	children int      // at most
	without  []string // types of the timeline's entries that are left out
}

func (a *API) getIncident(w http.ResponseWriter, r *http.Request) error {
	n := a.cfg.MaxMembers
	ans, err := a.incident(r.Context(), r.PathValue("id"), look{members: n, timeline: n, children: n})
	if err != nil {
		return err
	}
	return a.answer(w, http.StatusOK, ans)
}

// incident puts together what is known of one.
func (a *API) incident(ctx context.Context, id string, l look) (*incidentAnswer, error) {
	inc, state, err := a.find(ctx, id)
	if err != nil {
		return nil, err
	}
	below := a.view.Children(inc.ID)
	ans := incidentAnswer{Incident: inc, Links: inc.Links, History: state, Messages: []schemas.Delivery{}}
	ans.Children = withoutLists(below[:min(len(below), l.children)])
	ans.Complete.Children = len(ans.Children) == len(below) && len(below) >= len(inc.Children) && inc.ChildrenOmitted == 0
	if ans.Links == nil {
		ans.Links = []schemas.Link{}
	}
	if p, ok := a.view.Problem(inc.ProblemID); ok {
		ans.Problem = p
	}
	ans.fromLive(inc)
	if l.things {
		ans.liveThings(a.view.withLists(below), l)
	}
	if a.history != nil {
		ans.History = a.fromHistory(ctx, &ans, idsOf(inc, below), l)
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
		a.pastFailed(ctx, err)
		return nil, historyState{}, apierror.New(http.StatusServiceUnavailable,
			"no live incident is called %q, and ClickHouse cannot be asked for a past one right now", id)
	}
	if !found {
		return nil, historyState{}, missing
	}
	return &inc, historyState{Asked: true, Answered: true}, nil
}

// fromLive fills the lists with what travels with the incident. Of the story only
// the texts do.
func (ans *incidentAnswer) fromLive(inc *schemas.Incident) {
	ans.Members = membersOf(inc)
	ans.Complete.Members = int64(len(inc.Members)) >= inc.SignalCount
	ans.Timeline = make([]schemas.TimelineEntry, 0, len(inc.Timeline))
	for _, text := range inc.Timeline {
		e := schemas.TimelineEntry{IncidentID: inc.ID, Scope: inc.Scope, Text: text}
		if at, rest, ok := strings.Cut(text, " "); ok { // each line begins with its time
			if t, err := schemas.ParseTime(at); err == nil {
				e.At, e.Text = t, rest
			}
		}
		ans.Timeline = append(ans.Timeline, e)
	}
}

// liveThings makes things of the members that travel, with the incident and with
// those below it, as well as they tell which is which.
func (ans *incidentAnswer) liveThings(below []*schemas.Incident, l look) {
	all := ans.Members
	for _, c := range below {
		all = append(all, membersOf(c)...)
	}
	slices.SortStableFunc(all, func(a, b Member) int { return cmp.Compare(a.StartsAt, b.StartsAt) })
	type key struct {
		kind                    schemas.Kind
		name, service, instance string
	}
	seen := map[key]int{}
	var out []Member
	for _, m := range all {
		k := key{m.Kind, m.Name, m.Service, m.Instance}
		if i, ok := seen[k]; ok {
			out[i].Status = m.Status
		} else if m.Kind != schemas.KindCommand {
			seen[k] = len(out)
			out = append(out, m)
		}
	}
	ans.all = int64(len(out))
	first := min(l.from, len(out))
	ans.Members = out[first:min(first+l.members, len(out))]
	ans.Complete.Members = int64(len(all)) >= treeOf(ans.Incident).SignalCount
}

func membersOf(inc *schemas.Incident) []Member {
	out := make([]Member, 0, len(inc.Members))
	for _, m := range inc.Members {
		out = append(out, Member{MemberRef: m, IncidentID: inc.ID})
	}
	return out
}

// fromHistory replaces the lists with history's when it has more: it lags
// behind by a batch, so right after an incident opened the live lists are the
// better ones.
func (a *API) fromHistory(ctx context.Context, ans *incidentAnswer, tree []string, l look) historyState {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.HistoryTimeout)
	defer cancel()
	errM := a.pastMembers(ctx, ans, tree, l)
	story, errT := a.history.Timeline(ctx, tree, l.without, l.timeline)
	said, errD := a.history.Deliveries(ctx, ans.Incident.ID, a.cfg.MaxMembers)
	if err := errors.Join(errM, errT, errD); err != nil {
		a.pastFailed(ctx, err)
		return historyState{Asked: true, Reason: "ClickHouse cannot be asked right now: the lists hold what travels with the incident"}
	}
	a.fromPast(ctx, ans)
	ans.Messages = append(ans.Messages, said...)
	if len(story) >= len(ans.Timeline) || len(l.without) > 0 && len(story) > 0 {
		ans.Timeline = story
		ans.Complete.Timeline = len(story) < l.timeline && len(l.without) == 0
	}
	return historyState{Asked: true, Answered: true}
}

// pastMembers takes the members that history has, unless it has fewer.
func (a *API) pastMembers(ctx context.Context, ans *incidentAnswer, tree []string, l look) error {
	if l.things {
		list, all, err := a.history.Things(ctx, tree, l.from, l.members)
		if err == nil && (all >= ans.all || l.from > 0) {
			ans.Members, ans.all, ans.Complete.Members = list, all, true
		}
		return err
	}
	list, err := a.history.Members(ctx, ans.Incident.ID, l.members)
	if err == nil && len(list) >= len(ans.Members) {
		ans.Members = list
		ans.Complete.Members = len(list) < l.members && int64(len(list)) >= ans.Incident.SignalCount
	}
	return err
}

// idsOf are the ids of an incident and of what is below it: a main incident's
// story is that of all of it.
func idsOf(inc *schemas.Incident, below []*schemas.Incident) []string {
	ids := append([]string{inc.ID}, inc.Children...)
	for _, c := range below {
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
