package reply

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// jiraEvent is what is used of a webhook, of Cloud and of Data Center.
type jiraEvent struct {
	At    schemas.Time `json:"timestamp"`
	Event string       `json:"webhookEvent"`
	User  jiraUser     `json:"user"`
	Issue struct {
		Key    string `json:"key"`
		Fields struct {
			Status struct {
				Name     string `json:"name"`
				Category struct {
					Key string `json:"key"`
				} `json:"statusCategory"`
			} `json:"status"`
		} `json:"fields"`
	} `json:"issue"`
	Changelog struct {
		Items []jiraChange `json:"items"`
	} `json:"changelog"`
	Comment *jiraComment `json:"comment"`
}

type jiraUser struct {
	AccountID   string `json:"accountId"` // Cloud
	Key         string `json:"key"`       // Data Center
	Name        string `json:"name"`      // Data Center
	DisplayName string `json:"displayName"`
}

func (u *jiraUser) ids() []string {
	return slices.DeleteFunc([]string{u.AccountID, u.Key, u.Name}, func(s string) bool { return s == "" })
}

type jiraChange struct {
	Field  string `json:"field"`
	To     string `json:"to"`
	ToText string `json:"toString"`
}

type jiraComment struct {
	ID     string          `json:"id"`
	Author jiraUser        `json:"author"`
	Body   json.RawMessage `json:"body"` // text, or Atlassian's document format
}

// jiraAge is how long Jira goes on trying to deliver a webhook, with room; an older
// one was kept by somebody else.
const jiraAge = 6 * time.Hour

// jira takes a webhook about a ticket that we made.
func (d *Desk) jira(ctx context.Context, l *line, w http.ResponseWriter, h *heard) error {
	var e jiraEvent
	if err := json.Unmarshal(h.body, &e); err != nil {
		return fmt.Errorf("the body is no webhook of Jira: %w", err)
	}
	if e.Comment != nil && len(e.User.ids()) == 0 {
		e.User = e.Comment.Author
	}
	id := d.book.owner(l.name, e.Issue.Key)
	switch {
	case id == "":
		return ignored(e.Issue.Key + " is not a ticket that was made here")
	case e.At != 0 && d.now().Sub(e.At.Std()) > jiraAge:
		return &outcome{result: "refused", why: "it happened over " + jiraAge.String() + " ago"}
	case d.jiraEcho(ctx, l, id, &e):
		return &outcome{result: "echo", why: "we did that ourselves"}
	}
	by, err := d.who(l, e.User.DisplayName, e.User.ids()...)
	if err != nil {
		return err
	}
	inc, err := d.orders.Live(id)
	if err != nil {
		return err
	}
	cmds, err := d.jiraCommands(ctx, l, inc, &e)
	if err != nil {
		return err
	}
	if len(cmds) == 0 {
		return ignored("nothing of it changes " + id + " as it is")
	}
	refused, failed := d.orderAll(ctx, l, w, cmds, by, jiraKey(h, &e))
	if refused != nil {
		d.jiraTell(ctx, l, e.Issue.Key, jiraKey(h, &e), refused)
	}
	return cmp.Or(failed, refused)
}

// jiraTell says below the ticket that something it says was not done: whoever moved
// it sees no answer of a webhook. That it could not be said stops nothing.
func (d *Desk) jiraTell(ctx context.Context, l *line, ticket, key string, refused error) {
	e, ok := errors.AsType[*apierror.Error](refused)
	if !ok || e.Status != http.StatusConflict || !d.once.first(l.name+" refused "+key, d.now()) {
		return
	}
	sum := sha256.Sum256([]byte(l.name + " " + key))
	mark := "DLV-" + base32.StdEncoding.EncodeToString(sum[:])[:12]
	ctx, cancel := context.WithTimeout(ctx, jiraAnswers)
	defer cancel()
	if err := l.cfg.JiraComment(ctx, ticket, told(e), mark); err != nil {
		d.log.Warn().Err(err).Str("target", l.name).Str("ticket", ticket).Msg("who moved a ticket is not told that it was refused")
	}
}

// jiraKey tells one event from others, by what is signed: an event that is sent again
// has the same body, and its header X-Atlassian-Webhook-Identifier is anybody's to
// change. Of a comment Data Center tells twice, in two ways.
func jiraKey(h *heard, e *jiraEvent) string {
	if e.Comment != nil {
		return "comment " + e.Comment.ID
	}
	sum := sha256.Sum256(h.body)
	return hex.EncodeToString(sum[:])
}

// orderAll gives what one event means, each for itself: one that is refused does not
// hold the others. refused is the last of these; failed is what another try may mend.
func (d *Desk) orderAll(ctx context.Context, l *line, w http.ResponseWriter, cmds []schemas.Command, by, key string) (refused, failed error) {
	taken := []string{}
	for i, cmd := range cmds {
		cmd.By = by
		_, err := d.order(ctx, l, cmd, fmt.Sprint(key, " ", i))
		if e, ok := errors.AsType[*apierror.Error](err); ok && e.Status >= http.StatusInternalServerError {
			return nil, err // told again, what was taken is known by its key
		}
		if err != nil {
			refused = err
			continue
		}
		taken = append(taken, string(cmd.Action))
	}
	if len(taken) > 0 && refused == nil {
		note(w, strings.Join(taken, ", ")+" of "+cmds[0].IncidentID+" is taken")
	}
	return refused, nil
}

// jiraCommands is what an event means for the incident as it is.
func (d *Desk) jiraCommands(ctx context.Context, l *line, inc *schemas.Incident, e *jiraEvent) (cmds []schemas.Command, _ error) {
	add := func(a schemas.Action, to, text string) {
		cmds = append(cmds, schemas.Command{Action: a, IncidentID: inc.ID, To: to, Note: text})
	}
	for _, c := range e.Changelog.Items {
		switch c.Field {
		case "status":
			now, err := d.jiraNow(ctx, l, e)
			if err != nil {
				return nil, err
			}
			if now != e.Issue.Fields.Status.Category.Key {
				continue // it was moved again since, which is told too
			}
			if a := statusAction(inc, now); a != "" {
				add(a, "", e.Issue.Key+" is "+e.Issue.Fields.Status.Name)
			}
		case "assignee":
			if c.To != "" {
				to, _ := d.who(l, c.ToText, c.To) // who is assigned need not be allowed to order
				add(schemas.ActionAssign, to, "")
			}
		case "priority":
			if s := schemas.ParseSeverity(c.ToText); s != schemas.SeverityUnknown {
				add(schemas.ActionSetSeverity, string(s), "")
			}
		}
	}
	if e.Comment != nil && e.Event != "comment_updated" && e.Event != "comment_deleted" {
		if text := documentText(e.Comment.Body); text != "" {
			add(schemas.ActionNote, "", clip(e.Issue.Key+": "+text))
		}
	}
	return cmds, nil
}

// jiraNow is the category of the ticket's status as it is: what a webhook says of it
// may be of long ago.
func (d *Desk) jiraNow(ctx context.Context, l *line, e *jiraEvent) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, jiraAnswers)
	defer cancel()
	now, err := l.cfg.JiraCategory(ctx, e.Issue.Key)
	if err != nil {
		d.log.Warn().Err(err).Str("target", l.name).Str("ticket", e.Issue.Key).Msg("Jira can't be asked how the ticket is now")
		return "", apierror.New(http.StatusServiceUnavailable, "Jira can't be asked how %s is now; tell it again", e.Issue.Key)
	}
	return now, nil
}

// jiraAnswers is how long Jira may take to say something.
const jiraAnswers = 5 * time.Second

// statusAction is what a ticket's new status means for the incident as it is: ""
// nothing, it says so already.
func statusAction(inc *schemas.Incident, category string) schemas.Action {
	over := inc.Status == schemas.IncidentResolved || inc.Status == schemas.IncidentClosed
	switch {
	case category == "done" && !over:
		return schemas.ActionResolve
	case category != "done" && over:
		return schemas.ActionReopen
	case category == "indeterminate" && inc.Status == schemas.IncidentOpen:
		return schemas.ActionAcknowledge
	}
	return ""
}

// documentText is the text of a comment: what stands there, or the leaves of
// Atlassian's document format. It is read once, however deep it goes.
func documentText(raw json.RawMessage) string {
	var body any
	if json.Unmarshal(raw, &body) != nil {
		return ""
	}
	if text, ok := body.(string); ok {
		return strings.TrimSpace(text)
	}
	return flat(body)
}

// flat is the text of a node of a document, on one line.
func flat(node any) string {
	return strings.Join(strings.Fields(strings.Join(leaves(node, nil), " ")), " ")
}

// leaves appends the texts of a document, in their order.
func leaves(node any, to []string) []string {
	switch x := node.(type) {
	case string:
		return append(to, x)
	case map[string]any:
		if text, ok := x["text"].(string); ok {
			to = append(to, text)
		}
		list, _ := x["content"].([]any)
		for _, one := range list {
			to = leaves(one, to)
		}
	}
	return to
}

// clip bounds a note.
func clip(s string) string {
	const most = 1000
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
