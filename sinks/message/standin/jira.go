package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Jira is a Data Center (REST v2) with one project, a workflow of three states, and
// a webhook on issue and comment events.
type Jira struct {
	Hooks
	Project, Token, Secret string
	Account                string // ours: who does what comes over the API

	mu     sync.Mutex
	issues []*Issue
	links  int
}

// Issue is a ticket.
type Issue struct {
	Key, Summary, Description string
	Labels                    []string
	Status                    string // To Do, In Progress, Done
	Assignee, Priority        string
	Comments                  []string
	Links                     []Link
	Moves                     []string // the states it came to, and by whom
}

// Link is an issue link to another ticket.
type Link struct{ ID, Type, To string }

var jiraStates = []struct{ id, name, category string }{{"11", "To Do", "new"}, {"21", "In Progress", "indeterminate"}, {"31", "Done", "done"}}

func jiraCategory(name string) string {
	for _, s := range jiraStates {
		if s.name == name {
			return s.category
		}
	}
	return ""
}

// ServeHTTP implements http.Handler.
func (j *Jira) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+j.Token {
		answer(w, http.StatusUnauthorized, `{}`)
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/rest/api/2"), "/"), "/")
	switch {
	case parts[0] == "myself":
		answer(w, http.StatusOK, `{"key":%q,"name":%q}`, j.Account, j.Account)
	case parts[0] == "issue" && len(parts) == 1:
		j.create(w, r)
	case parts[0] == "search":
		j.search(w, r)
	case parts[0] == "issueLink" && r.Method == http.MethodPost:
		j.link(w, r)
	case parts[0] == "issueLink":
		for _, x := range j.issues {
			x.Links = slices.DeleteFunc(x.Links, func(l Link) bool { return l.ID == parts[1] })
		}
		answer(w, http.StatusNoContent, "")
	case parts[0] == "issue" && j.issue(parts[1]) != nil:
		j.one(w, r, j.issue(parts[1]), parts[2:])
	default:
		answer(w, http.StatusNotFound, `{"errorMessages":["Issue does not exist"]}`)
	}
}

func (j *Jira) issue(key string) *Issue {
	if i := slices.IndexFunc(j.issues, func(x *Issue) bool { return x.Key == key }); i >= 0 {
		return j.issues[i]
	}
	return nil
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		answer(w, http.StatusBadRequest, `{"errorMessages":[%q]}`, err.Error())
		return false
	}
	return true
}

func (j *Jira) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Fields struct {
			Summary, Description string
			Labels               []string
			Project              struct{ Key string }
		}
	}
	if !read(w, r, &in) {
		return
	}
	if in.Fields.Project.Key != j.Project || in.Fields.Summary == "" || strings.ContainsAny(in.Fields.Summary, "\r\n") {
		answer(w, http.StatusBadRequest, `{"errors":{"project":"a project that exists and a summary of one line are required"}}`)
		return
	}
	x := &Issue{Key: fmt.Sprint(j.Project, "-", len(j.issues)+1), Summary: in.Fields.Summary, Description: in.Fields.Description, Labels: in.Fields.Labels, Status: jiraStates[0].name}
	j.issues = append(j.issues, x)
	j.tell(x, "jira:issue_created", j.Account, nil, nil)
	answer(w, http.StatusCreated, `{"id":"1","key":%q}`, x.Key)
}

func (j *Jira) search(w http.ResponseWriter, r *http.Request) {
	var in struct{ JQL string }
	if !read(w, r, &in) {
		return
	}
	var found []string
	for _, x := range j.issues {
		for _, l := range x.Labels {
			if strings.HasSuffix(in.JQL, fmt.Sprintf("labels = %q", l)) {
				found = append(found, fmt.Sprintf(`{"key":%q}`, x.Key))
			}
		}
	}
	answer(w, http.StatusOK, `{"issues":[%s]}`, strings.Join(found, ","))
}

func (j *Jira) link(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Type                      struct{ Name string }
		InwardIssue, OutwardIssue struct{ Key string }
	}
	if !read(w, r, &in) {
		return
	}
	x := j.issue(in.InwardIssue.Key)
	if x == nil {
		answer(w, http.StatusNotFound, `{}`)
		return
	}
	if !slices.ContainsFunc(x.Links, func(l Link) bool { return l.To == in.OutwardIssue.Key && l.Type == in.Type.Name }) {
		j.links++
		x.Links = append(x.Links, Link{fmt.Sprint(j.links), in.Type.Name, in.OutwardIssue.Key})
	}
	answer(w, http.StatusCreated, "")
}

func (j *Jira) one(w http.ResponseWriter, r *http.Request, x *Issue, rest []string) {
	switch {
	case len(rest) == 0:
		links := []map[string]any{}
		for _, l := range x.Links {
			links = append(links, map[string]any{"id": l.ID, "outwardIssue": map[string]string{"key": l.To}})
		}
		answer(w, http.StatusOK, "%s", object(map[string]any{"key": x.Key, "fields": map[string]any{"status": status(x.Status), "issuelinks": links}}))
	case rest[0] == "comment" && r.Method == http.MethodPost:
		var in struct{ Body string }
		if read(w, r, &in) {
			j.comment(x, j.Account, in.Body)
			answer(w, http.StatusCreated, `{"id":"1"}`)
		}
	case rest[0] == "comment":
		list := []map[string]string{}
		for _, c := range x.Comments {
			list = append(list, map[string]string{"body": c})
		}
		answer(w, http.StatusOK, "%s", object(map[string]any{"comments": list}))
	case rest[0] == "transitions" && r.Method == http.MethodPost:
		var in struct{ Transition struct{ ID string } }
		if !read(w, r, &in) {
			return
		}
		for _, s := range jiraStates {
			if s.id == in.Transition.ID && s.name != x.Status {
				j.move(x, j.Account, s.name)
			}
		}
		answer(w, http.StatusNoContent, "")
	default:
		list := []map[string]any{}
		for _, s := range jiraStates {
			if s.name != x.Status {
				list = append(list, map[string]any{"id": s.id, "name": s.name, "to": status(s.name)})
			}
		}
		answer(w, http.StatusOK, "%s", object(map[string]any{"transitions": list}))
	}
}

func status(name string) map[string]any {
	return map[string]any{"name": name, "statusCategory": map[string]string{"key": jiraCategory(name)}}
}

func (j *Jira) move(x *Issue, who, to string) {
	from := x.Status
	x.Status = to
	x.Moves = append(x.Moves, to+" by "+who)
	j.tell(x, "jira:issue_updated", who, map[string]any{"field": "status", "fromString": from, "toString": to}, nil)
}

func (j *Jira) comment(x *Issue, who, text string) {
	x.Comments = append(x.Comments, text)
	j.tell(x, "comment_created", who, nil, map[string]any{"id": fmt.Sprint(x.Key, "-", len(x.Comments)), "author": person(who), "body": text})
}

func person(who string) map[string]any {
	return map[string]any{"key": who, "name": who, "displayName": who}
}

func (j *Jira) tell(x *Issue, event, who string, change, comment map[string]any) {
	fields := map[string]any{"summary": x.Summary, "description": x.Description, "labels": slices.Clone(x.Labels), "status": status(x.Status),
		"project": map[string]string{"key": j.Project}, "priority": map[string]string{"name": x.Priority}}
	at := time.Now().UnixMilli()
	j.add(func(string) map[string]any {
		m := map[string]any{"timestamp": at, "webhookEvent": event, "user": person(who), "issue": map[string]any{"key": x.Key, "fields": fields}}
		if change != nil {
			m["changelog"] = map[string]any{"items": []any{change}}
		}
		if comment != nil {
			m["comment"] = comment
		}
		return m
	})
}

// Do has somebody do something to a ticket: move it to a status, assign it, give it
// a priority, comment on it.
func (j *Jira) Do(key, who, what, value string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	x := j.issue(key)
	if x == nil {
		return fmt.Errorf("there is no %s", key)
	}
	switch what {
	case "status":
		if jiraCategory(value) == "" || x.Status == value {
			return fmt.Errorf("%s is %s and can't become %s", key, x.Status, value)
		}
		j.move(x, who, value)
	case "assignee":
		x.Assignee = value
		j.tell(x, "jira:issue_updated", who, map[string]any{"field": "assignee", "to": value, "toString": value}, nil)
	case "priority":
		x.Priority = value
		j.tell(x, "jira:issue_updated", who, map[string]any{"field": "priority", "to": "1", "toString": value}, nil)
	case "comment":
		j.comment(x, who, value)
	default:
		return fmt.Errorf("nobody can do %s", what)
	}
	return nil
}

// Issues returns what it has.
func (j *Jira) Issues() []Issue {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]Issue, len(j.issues))
	for i, x := range j.issues {
		out[i] = *x
		out[i].Comments, out[i].Links, out[i].Moves = slices.Clone(x.Comments), slices.Clone(x.Links), slices.Clone(x.Moves)
	}
	return out
}

// Post sends the webhook at place i to url; with forget it is not sent again once it
// was taken.
func (j *Jira) Post(ctx context.Context, c *http.Client, url string, i int, forget bool) (string, error) {
	return j.post(ctx, c, url, i, forget, func(h hook) http.Header {
		return header(map[string]string{"X-Hub-Signature": "sha256=" + hexHMAC(j.Secret, string(h.body)), "X-Atlassian-Webhook-Identifier": h.id})
	})
}
