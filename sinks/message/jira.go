package message

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// Jira keeps one ticket for each main incident: opened with it, commented on
// what matters, linked to the tickets that people open, and closed with it. It
// speaks to Jira Cloud (REST v3) and Data Center (REST v2).
type Jira struct {
	URL     string      `yaml:"url"`              // https://example.atlassian.net
	User    string      `yaml:"user"`             // Cloud: the account's mail; Data Center: empty, the token is a personal one
	Token   secret.Text `yaml:"token"`            //
	Project string      `yaml:"project"`          // key, where rules name none after the colon
	Type    string      `yaml:"issue_type"`       // default Task
	Link    string      `yaml:"link_type"`        // default Relates: administrators rename them
	Start   string      `yaml:"start_transition"` // of an acknowledged incident's; default: the first to a status of the category in progress
	Done    string      `yaml:"done_transition"`  // default: the first transition to a status of the category done
	Reopen  string      `yaml:"reopen_transition"`
	// Mark is the label by which a ticket is found again, before the delivery's id.
	// Two installations that write to one Jira need two. "-" sets no label, for
	// projects whose screens have none: then the text is searched.
	Mark string `yaml:"mark"`
	// Grace is how long after a lost answer the search may not know a ticket yet.
	Grace time.Duration `yaml:"grace"`
	// WebhookSecret signs what Jira tells us of our tickets, to /reply/NAME: a
	// webhook on issue and comment events.
	WebhookSecret *secret.Text `yaml:"webhook_secret,omitempty"`
}

var projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,40}$`)

func (j *Jira) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := CheckURL(j.URL); err != nil {
		bad("url: %w", err)
	}
	if j.Token.IsZero() {
		bad("token: it is missing")
	}
	if !projectKey.MatchString(j.Project) {
		bad("project: %q; it must be a project's key, such as OPS", j.Project)
	}
	if strings.ContainsAny(j.Mark, " \"\\") {
		bad("mark: %q; a label has no blanks and quotes", j.Mark)
	}
	if j.Grace < 0 {
		bad("grace: %s is negative", j.Grace)
	}
	return errors.Join(errs...)
}

func (j *Jira) secrets() map[string]*secret.Text {
	return withOptional(map[string]*secret.Text{"token": &j.Token}, "webhook_secret", j.WebhookSecret)
}

// cloudHost is where Atlassian keeps the Jiras that speak version 3.
const cloudHost = ".atlassian.net"

func (j *Jira) target(c *Config, board string) (outbound.Target, error) { return j.of(c, board) }

func (j *Jira) of(c *Config, board string) (*jira, error) {
	t := &jira{cfg: *j, name: c.Name, client: newClient(c.AllowPrivate), board: board, base: strings.TrimRight(j.URL, "/") + "/rest/api/2"}
	u, err := url.Parse(j.URL)
	if err != nil {
		return nil, err
	}
	if t.cloud = strings.HasSuffix(u.Hostname(), cloudHost); t.cloud {
		t.base = strings.TrimSuffix(t.base, "2") + "3"
	}
	t.cfg.Type, t.cfg.Link, t.cfg.Mark = cmp.Or(j.Type, "Task"), cmp.Or(j.Link, "Relates"), cmp.Or(j.Mark, "pinkstar")
	t.cfg.Grace = cmp.Or(j.Grace, 3*time.Minute)
	return t, nil
}

type jira struct {
	cfg    Jira
	name   string
	client *http.Client
	board  string
	base   string
	cloud  bool
}

// JiraTicket is what a thread knows: the ticket's key.
const JiraTicket = "issue"

// Takes implements outbound.Target. Calling people is a pager's business.
func (*jira) Takes(e *schemas.Effect) bool {
	switch e.Kind {
	case schemas.EffectPage, schemas.EffectMailAnnounce, schemas.EffectMailClose:
		return false
	}
	return true
}

// Limit implements outbound.Target.
func (*jira) Limit() (time.Duration, int) { return 200 * time.Millisecond, 10 }

// Deliver implements outbound.Target.
func (j *jira) Deliver(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	key := m.Thread.Get(JiraTicket)
	if key == "" && m.Effect.Kind == schemas.EffectLinked {
		return outbound.Receipt{}, nil // it was part of another one before it was told of
	}
	if key == "" {
		return j.create(ctx, m)
	}
	r := outbound.Receipt{Ref: key, URL: j.browse(key)}
	switch m.Effect.Kind {
	case schemas.EffectTicketLink:
		return r, j.link(ctx, key, m.Effect)
	case schemas.EffectTicketUnlink:
		return r, j.unlink(ctx, key, m.Effect)
	}
	if w := j.way(m.Effect); w != nil {
		if err := j.move(ctx, key, w); err != nil {
			return r, err
		}
	}
	if m.Effect.Via == j.name && passedOn[m.Effect.Kind] {
		return r, nil // who reads the ticket has said so there
	}
	return r, j.comment(ctx, key, m)
}

// passedOn are the effects that are a person's word, when they are by a person.
var passedOn = map[schemas.EffectKind]bool{schemas.EffectOwner: true, schemas.EffectSeverity: true, schemas.EffectResolved: true, schemas.EffectReopened: true}

// jiraWay is a change of a ticket's status: by the transition of that name, else
// by the first that leads there. A ticket that is not where it begins stays.
type jiraWay struct {
	name     string
	from, to func(category string) bool
}

// Categories of a status in Jira; "new" is what nobody works on.
const (
	jiraNew  = "new"
	jiraWork = "indeterminate"
	jiraDone = "done"
)

// way is where an effect takes the ticket; nil: it stays where it is.
func (j *jira) way(e *schemas.Effect) *jiraWay {
	is := func(want string, yes bool) func(string) bool {
		return func(c string) bool { return (c == want) == yes }
	}
	switch {
	case e.Kind == schemas.EffectResolved || e.Kind == schemas.EffectExpired || e.Kind == schemas.EffectLinked: // what is part of another has its ticket there
		return &jiraWay{j.cfg.Done, is(jiraDone, false), is(jiraDone, true)}
	case e.Kind == schemas.EffectReopened || e.Kind == schemas.EffectUnlinked:
		return &jiraWay{j.cfg.Reopen, is(jiraDone, true), is(jiraDone, false)}
	case e.Head.Status == schemas.IncidentAcknowledged || e.Head.Status == schemas.IncidentMitigated:
		return &jiraWay{j.cfg.Start, is(jiraNew, true), is(jiraWork, true)}
	}
	return nil
}

func (j *jira) browse(key string) string {
	return strings.TrimRight(j.cfg.URL, "/") + "/browse/" + url.PathEscape(key)
}

func (j *jira) label(m *outbound.Message) string {
	if j.cfg.Mark == "-" {
		return ""
	}
	return j.cfg.Mark + "-" + m.Key
}

func (j *jira) create(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	w := wordsOf(m.Effect, j.board)
	fields := map[string]any{
		"project":     map[string]string{"key": cmp.Or(m.Address, j.cfg.Project)},
		"issuetype":   map[string]string{"name": j.cfg.Type},
		"summary":     clip(oneLine(w.Headline), 255),
		"description": j.document(w.text() + "\nPinkstar " + m.Key),
	}
	if l := j.label(m); l != "" {
		fields["labels"] = []string{j.cfg.Mark, l}
	}
	var made struct {
		Key string `json:"key"`
	}
	if err := j.call(ctx, http.MethodPost, "/issue", map[string]any{"fields": fields}, &made); err != nil {
		if refused, ok := errors.AsType[*outbound.RefusedError](err); ok && strings.Contains(refused.Error(), "labels") {
			return outbound.Receipt{}, outbound.Refusedf("%w; if the project's screen has no labels, set mark: \"-\"", refused)
		}
		return outbound.Receipt{}, err
	}
	if made.Key == "" {
		return outbound.Receipt{}, errors.New("Jira's answer names no ticket") //nolint:staticcheck // a name
	}
	if w := j.way(m.Effect); w != nil { // it is further on than new by the time it is told of
		if err := j.move(ctx, made.Key, w); err != nil {
			return outbound.Receipt{}, fmt.Errorf("%s is made, and not moved: %v", made.Key, err) //nolint:errorlint // the ticket is there: no verdict on the move is one on it
		}
	}
	return j.receipt(made.Key), nil
}

func (j *jira) receipt(key string) outbound.Receipt {
	return outbound.Receipt{Ref: key, URL: j.browse(key), Thread: schemas.LabelsOf(map[string]string{JiraTicket: key})}
}

func (j *jira) comment(ctx context.Context, key string, m *outbound.Message) error {
	w := wordsOf(m.Effect, j.board)
	text := headlineOf(m.Effect.Kind) + " " + w.Changed + "\n\nPinkstar " + m.Key
	return j.call(ctx, http.MethodPost, issuePath(key)+"/comment", map[string]any{"body": j.document(text)}, nil)
}

// link relates a ticket of people's to ours. Jira makes a link once, however
// often it is asked for.
func (j *jira) link(ctx context.Context, key string, e *schemas.Effect) error {
	if e.Ticket == nil || e.Ticket.Key == key {
		return nil
	}
	err := j.call(ctx, http.MethodPost, "/issueLink", map[string]any{
		"type":        map[string]string{"name": j.cfg.Link},
		"inwardIssue": map[string]string{"key": key}, "outwardIssue": map[string]string{"key": e.Ticket.Key},
	}, nil)
	return again(err)
}

func (j *jira) unlink(ctx context.Context, key string, e *schemas.Effect) error {
	if e.Ticket == nil {
		return nil
	}
	var issue struct {
		Fields struct {
			Links []struct {
				ID      string               `json:"id"`
				Inward  struct{ Key string } `json:"inwardIssue"`
				Outward struct{ Key string } `json:"outwardIssue"`
			} `json:"issuelinks"`
		} `json:"fields"`
	}
	if err := j.call(ctx, http.MethodGet, issuePath(key)+"?fields=issuelinks", nil, &issue); err != nil {
		return again(err)
	}
	for _, l := range issue.Fields.Links {
		if l.Inward.Key == e.Ticket.Key || l.Outward.Key == e.Ticket.Key {
			if err := j.call(ctx, http.MethodDelete, "/issueLink/"+url.PathEscape(l.ID), nil, nil); err != nil {
				return again(err)
			}
		}
	}
	return nil
}

// again says of a failure that the same may simply be tried again: what was
// asked for has one effect, however often it is asked for.
func again(err error) error {
	if err == nil || isVerdict(err) {
		return err
	}
	return &outbound.RetryError{Err: err}
}

// move takes a ticket its way; where it is there already, or there is no way, it
// stays.
func (j *jira) move(ctx context.Context, key string, way *jiraWay) error {
	at, err := j.status(ctx, key)
	if err != nil {
		return again(err)
	}
	if !way.from(at.Category.Key) {
		return nil
	}
	var ways struct {
		Transitions []struct {
			ID   string     `json:"id"`
			Name string     `json:"name"`
			To   jiraStatus `json:"to"`
		} `json:"transitions"`
	}
	if err := j.call(ctx, http.MethodGet, issuePath(key)+"/transitions", nil, &ways); err != nil {
		return again(err)
	}
	for _, w := range ways.Transitions {
		if way.name != "" && !strings.EqualFold(w.Name, way.name) || way.name == "" && !way.to(w.To.Category.Key) {
			continue
		}
		return again(j.call(ctx, http.MethodPost, issuePath(key)+"/transitions", map[string]any{"transition": map[string]string{"id": w.ID}}, nil))
	}
	return nil
}

// status is where a ticket is now.
func (j *jira) status(ctx context.Context, key string) (jiraStatus, error) {
	var at struct {
		Fields struct {
			Status jiraStatus `json:"status"`
		} `json:"fields"`
	}
	err := j.call(ctx, http.MethodGet, issuePath(key)+"?fields=status", nil, &at)
	return at.Fields.Status, err
}

type jiraStatus struct {
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

// Find implements outbound.Target. A comment is where it was written at once; a
// new ticket is known to the search only after a while, so that until the grace
// is over a search that finds nothing says nothing.
func (j *jira) Find(ctx context.Context, m *outbound.Message) (outbound.Receipt, outbound.Finding, error) {
	if key := m.Thread.Get(JiraTicket); key != "" {
		return j.findComment(ctx, key, m)
	}
	jql := fmt.Sprintf("project = %q AND text ~ %q", cmp.Or(m.Address, j.cfg.Project), `"`+m.Key+`"`)
	if l := j.label(m); l != "" {
		jql = fmt.Sprintf("project = %q AND labels = %q", cmp.Or(m.Address, j.cfg.Project), l)
	}
	var found struct {
		Issues []struct {
			Key string `json:"key"`
		} `json:"issues"`
	}
	path := "/search"
	if j.cloud {
		path = "/search/jql"
	}
	if err := j.call(ctx, http.MethodPost, path, map[string]any{"jql": jql, "fields": []string{"summary"}, "maxResults": 2}, &found); err != nil {
		return outbound.Receipt{}, outbound.NotYet, err
	}
	switch {
	case len(found.Issues) > 0:
		if w := j.way(m.Effect); w != nil {
			if err := j.move(ctx, found.Issues[0].Key, w); err != nil {
				return outbound.Receipt{}, outbound.NotYet, err
			}
		}
		return j.receipt(found.Issues[0].Key), outbound.Found, nil
	case time.Since(m.TriedAt) < j.cfg.Grace:
		return outbound.Receipt{}, outbound.NotYet, nil
	}
	return outbound.Receipt{}, outbound.NotFound, nil
}

func (j *jira) findComment(ctx context.Context, key string, m *outbound.Message) (outbound.Receipt, outbound.Finding, error) {
	var page struct {
		Comments []struct {
			Body json.RawMessage `json:"body"`
		} `json:"comments"`
	}
	if err := j.call(ctx, http.MethodGet, issuePath(key)+"/comment?orderBy=-created&maxResults=100", nil, &page); err != nil {
		return outbound.Receipt{}, outbound.NotYet, err
	}
	for _, c := range page.Comments {
		if bytes.Contains(c.Body, []byte(m.Key)) {
			return outbound.Receipt{Ref: key, URL: j.browse(key)}, outbound.Found, nil
		}
	}
	return outbound.Receipt{}, outbound.NotFound, nil
}

func issuePath(key string) string { return "/issue/" + url.PathEscape(key) }

// document is text as this Jira takes it: version 3 wants Atlassian's document
// format, version 2 the text itself.
func (j *jira) document(text string) any {
	if !j.cloud {
		return clip(text, 30_000)
	}
	var paragraphs []any
	for line := range strings.SplitSeq(strings.TrimSpace(clip(text, 30_000)), "\n") {
		p := map[string]any{"type": "paragraph"}
		if line != "" {
			p["content"] = []any{map[string]any{"type": "text", "text": line}}
		}
		paragraphs = append(paragraphs, p)
	}
	return map[string]any{"type": "doc", "version": 1, "content": paragraphs}
}

// call asks Jira once. Its errors say which of the three it is for a request
// whose effect a second one would double.
func (j *jira) call(ctx context.Context, method, path string, body, answer any) error {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return &outbound.RefusedError{Err: err}
		}
	}
	r, err := request(ctx, method, j.base+path, b)
	if err != nil {
		return err
	}
	if j.cfg.User != "" {
		r.SetBasicAuth(j.cfg.User, j.cfg.Token.Reveal())
	} else {
		r.Header.Set("Authorization", "Bearer "+j.cfg.Token.Reveal())
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("X-Atlassian-Token", "no-check")
	resp, err := j.client.Do(r)
	if err != nil {
		return outbound.WithoutURL(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if bad := status(resp, said); bad != nil {
		if slices.Contains([]int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusRequestTimeout}, resp.StatusCode) {
			return errors.New(bad.Error()) // it may have been done
		}
		return bad
	}
	if err == nil && answer != nil {
		err = json.Unmarshal(said, answer)
	}
	return err
}
