package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceJira is Jira's webhook about an issue or a comment.
const SourceJira Source = "jira"

var jira = sender{
	name: SourceJira, path: "/webhook/jira", topic: schemas.TopicTickets,
	signature: signature{header: "X-Hub-Signature"},
	looks:     func(m members) bool { return m.have("webhookEvent") },
	hint:      "webhookEvent",
	read:      (*batch).jira,
}

// jiraEvent is what is used of a Jira webhook.
type jiraEvent struct {
	timestamp   schemas.Time
	webhook     string // jira:issue_created, comment_created, ...
	key, self   string
	summary     string
	description string
	comment     string
	reopened    bool // its resolution was taken away
	status      string
	category    string // new, indeterminate, done
	project     string
	issueType   string
	priority    string
	assignee    string
	reporter    string
	created     schemas.Time
	resolved    schemas.Time
	labels      []string
	components  []string
	links       []string
}

// jira reads an issue or comment webhook of Jira, Cloud or Data Center.
func (b *batch) jira(r *jsonscan.Reader) error {
	return b.element(r, "", -1, func(s *schemas.Signal) error {
		var e jiraEvent
		if err := r.Object(func(name string) error { return e.field(r, name) }); err != nil {
			return err
		}
		return e.signal(s)
	})
}

func (e *jiraEvent) field(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "timestamp":
		e.timestamp, err = schemas.ReadTime(r)
	case "webhookEvent":
		e.webhook, err = r.String()
	case "issue":
		err = r.Object(func(name string) (err error) {
			switch name {
			case "key":
				e.key, err = r.String()
			case "self":
				e.self, err = r.String()
			case "fields":
				err = r.Object(func(name string) error { return e.issueField(r, name) })
			}
			return err
		})
	case "changelog":
		err = r.Object(func(name string) error {
			if name != "items" {
				return nil
			}
			return r.Array(func(int) error { return e.change(r) })
		})
	case "comment":
		err = r.Object(func(name string) (err error) {
			if name == "body" {
				e.comment, err = readDocument(r)
			}
			return err
		})
	}
	return err
}

// change reads one item of the changelog.
func (e *jiraEvent) change(r *jsonscan.Reader) error {
	var field, from, to string
	err := r.Object(func(name string) (err error) {
		switch name {
		case "field":
			field, err = r.Text()
		case "from":
			from, err = r.Text()
		case "to":
			to, err = r.Text()
		}
		return err
	})
	e.reopened = e.reopened || field == "resolution" && from != "" && to == ""
	return err
}

func (e *jiraEvent) issueField(r *jsonscan.Reader, name string) (err error) {
	switch name {
	case "summary":
		e.summary, err = r.Text()
	case "description":
		e.description, err = readDocument(r)
	case "status":
		err = r.Object(func(name string) (err error) {
			switch name {
			case "name":
				e.status, err = r.Text()
			case "statusCategory":
				e.category, err = readMember(r, "key")
			}
			return err
		})
	case "project":
		e.project, err = readMember(r, "key")
	case "issuetype":
		e.issueType, err = readMember(r, "name")
	case "priority":
		e.priority, err = readMember(r, "name")
	case "assignee":
		e.assignee, err = readMember(r, "displayName")
	case "reporter":
		e.reporter, err = readMember(r, "displayName")
	case "created":
		e.created, err = readJiraTime(r)
	case "resolutiondate":
		e.resolved, err = readJiraTime(r)
	default:
		err = e.issueList(r, name)
	}
	return err
}

func (e *jiraEvent) issueList(r *jsonscan.Reader, name string) error {
	keep := func(list *[]string, v string, err error) error {
		if v != "" {
			*list = append(*list, v)
		}
		return err
	}
	switch name {
	case "labels":
		return r.Array(func(int) error { v, err := r.Text(); return keep(&e.labels, v, err) })
	case "components":
		return r.Array(func(int) error { v, err := readMember(r, "name"); return keep(&e.components, v, err) })
	case "parent":
		v, err := readMember(r, "key")
		return keep(&e.links, v, err)
	case "subtasks":
		return r.Array(func(int) error { v, err := readMember(r, "key"); return keep(&e.links, v, err) })
	case "issuelinks":
		return r.Array(func(int) error {
			return r.Object(func(name string) error {
				if name != "inwardIssue" && name != "outwardIssue" {
					return nil
				}
				v, err := readMember(r, "key")
				return keep(&e.links, v, err)
			})
		})
	}
	return nil
}

// signal writes the event as a ticket signal. Its identity is (key, created,
// status, time of the event): what Jira sends again has the same one.
func (e *jiraEvent) signal(s *schemas.Signal) error {
	if e.webhook == "" {
		return errors.New("webhookEvent: missing")
	}
	if !strings.HasPrefix(e.webhook, "jira:issue_") && !strings.HasPrefix(e.webhook, "comment_") {
		return fmt.Errorf("webhookEvent: %q is about neither an issue nor a comment; leave it out of the webhook", e.webhook)
	}
	if e.key == "" && strings.HasPrefix(e.webhook, "comment_") {
		// Jira Server tells of a comment twice, once without its issue.
		return nothingError("a comment without its issue: what it says comes with the issue's own event")
	}
	if e.key == "" {
		return errors.New("issue.key: missing")
	}
	if e.ours() {
		return nothingError("a ticket that Pinkstar made of an incident: what happens to it comes back by /reply/TARGET")
	}
	if e.project == "" {
		e.project, _, _ = strings.Cut(e.key, "-")
	}
	*s = schemas.Signal{
		Kind: schemas.KindTicket, Source: string(SourceJira), Fingerprint: e.key, Status: e.signalStatus(),
		Name: e.key, Severity: schemas.Severity(e.priority), Summary: e.summary, Description: e.description,
		StartsAt: e.created, Labels: e.signalLabels(), URL: e.browseURL(),
		Ticket: &schemas.Ticket{
			Key: e.key, Project: e.project, Type: e.issueType, State: e.status, Assignee: e.assignee,
			Reporter: e.reporter, Priority: e.priority, Links: e.links,
		},
	}
	if e.timestamp != 0 {
		s.Occurrence = e.timestamp.String()
	}
	if s.StartsAt == 0 {
		s.StartsAt = e.timestamp
	}
	if s.Status == schemas.StatusClosed || s.Status == schemas.StatusDeleted {
		if s.EndsAt = e.resolved; s.EndsAt == 0 && e.comment == "" { // a comment comes long after
			s.EndsAt = e.timestamp
		}
	}
	if e.comment != "" { // what people write under a ticket names services and incidents, too
		s.Description = strings.TrimSpace(e.comment + "\n\n" + e.description)
	}
	if len(e.components) > 0 && s.Labels.Get("service") == "" {
		s.Service = e.components[0]
	}
	return nil
}

// ours reports whether an installation of ours made the ticket of an incident: it
// tells nothing that is not known, and would be part of the incident that it is of.
func (e *jiraEvent) ours() bool {
	return slices.ContainsFunc(e.labels, ourLabel.MatchString) || ourText.MatchString(strings.TrimSpace(e.description)) || ourText.MatchString(strings.TrimSpace(e.comment))
}

// What sinks/message writes into a ticket: a label, and the end of a text.
var (
	ourLabel = regexp.MustCompile(`-DLV-[0-9A-Z]{12}$`)
	ourText  = regexp.MustCompile(`Pinkstar DLV-[0-9A-Z]{12}$`)
)

func (e *jiraEvent) signalStatus() schemas.Status {
	switch {
	case e.webhook == "jira:issue_deleted":
		return schemas.StatusDeleted
	case e.category == "done":
		return schemas.StatusClosed
	case e.webhook == "jira:issue_created", e.reopened:
		return schemas.StatusOpen
	default:
		return schemas.StatusUpdated
	}
}

// signalLabels takes "service:payment" and "env=staging" among the issue's labels
// for what they say. (The issue's field environment is free text and says
// anything, so it must not choose the scope.)
func (e *jiraEvent) signalLabels() schemas.Labels {
	m := map[string]string{}
	var plain []string
	for _, l := range e.labels {
		if i := strings.IndexAny(l, ":="); i > 0 && i < len(l)-1 {
			m[l[:i]] = l[i+1:]
		} else {
			plain = append(plain, l)
		}
	}
	m["jira_labels"] = strings.Join(plain, ",")
	m["jira_components"] = strings.Join(e.components, ",")
	m["project"] = e.project
	m["issuetype"] = e.issueType
	return schemas.LabelsOf(m)
}

// browseURL makes the address people open from the API's address of the issue.
func (e *jiraEvent) browseURL() string {
	base, _, ok := strings.Cut(e.self, "/rest/")
	if !ok {
		return ""
	}
	return base + "/browse/" + e.key
}

// readMember returns one member of an object as text, "" without it or on null.
// Anything but an object is taken as the text itself.
func readMember(r *jsonscan.Reader, member string) (v string, err error) {
	if r.Kind() != jsonscan.Object {
		return r.Text()
	}
	err = r.Object(func(name string) (err error) {
		if name == member {
			v, err = r.Text()
		}
		return err
	})
	return v, err
}

// readJiraTime reads 2026-11-22T10:32:00.000+0000, which is not RFC 3339.
func readJiraTime(r *jsonscan.Reader) (schemas.Time, error) {
	if r.Kind() != jsonscan.String {
		return schemas.ReadTime(r)
	}
	v, err := r.String()
	if err != nil || v == "" {
		return 0, err
	}
	if t, err := time.Parse("2006-01-02T15:04:05.999999999-0700", v); err == nil {
		return schemas.TimeOf(t), nil
	}
	return schemas.ParseTime(v)
}

// readDocument reads text: a string, or Atlassian's document format, whose
// leaves are {"type":"text","text":"…"}.
func readDocument(r *jsonscan.Reader) (string, error) {
	if k := r.Kind(); k != jsonscan.Object && k != jsonscan.Array {
		return r.Text()
	}
	var words []string
	var walk func() error
	walk = func() error {
		switch r.Kind() {
		case jsonscan.Object:
			return r.Object(func(name string) error {
				if name == "text" && r.Kind() == jsonscan.String {
					v, err := r.String()
					words = append(words, v)
					return err
				}
				return walk()
			})
		case jsonscan.Array:
			return r.Array(func(int) error { return walk() })
		}
		return r.Skip()
	}
	err := walk()
	return strings.Join(words, " "), err
}
