package reply

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// jiraAccount is which account ours is, asked once.
type jiraAccount struct {
	mu     sync.Mutex
	ids    []string
	asked  time.Time
	asking chan struct{} // closed when the answer is there; nil: nobody asks
}

// jiraAskAgain is how long after a question that failed it is asked again.
const jiraAskAgain = time.Minute

// jiraOwn returns the ids of our account, none when that can't be told. One asks,
// others wait for the answer for as long as whoever sent them waits.
func (d *Desk) jiraOwn(ctx context.Context, l *line) []string {
	a := &l.jira
	a.mu.Lock()
	wait := a.asking
	switch {
	case a.ids != nil || wait == nil && !a.asked.IsZero() && d.now().Sub(a.asked) < jiraAskAgain:
		defer a.mu.Unlock()
		return a.ids
	case wait == nil:
		a.asking = make(chan struct{})
		a.mu.Unlock()
		return d.askJira(ctx, l)
	}
	a.mu.Unlock()
	select {
	case <-wait:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ids
}

// askJira asks for those who wait, too: that one sender has gone is no answer.
func (d *Desk) askJira(ctx context.Context, l *line) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jiraAnswers)
	defer cancel()
	ids, err := l.cfg.JiraAccount(ctx)
	if err != nil {
		d.log.Warn().Err(err).Str("target", l.name).Msg("which account of Jira is ours can't be told; echoes are known by what was written")
	}
	a := &l.jira
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids, a.asked = ids, d.now()
	close(a.asking)
	a.asking = nil
	return ids
}

// jiraMark is the last line of whatever we write into a ticket.
var jiraMark = regexp.MustCompile(`^Pinkstar DLV-[0-9A-Z]+$`)

// jiraMarked reports whether a comment ends as ours do. Who quotes one of ours has it
// somewhere else: between marks of a quotation, or above what is said to it.
func jiraMarked(raw json.RawMessage) bool {
	var body any
	if json.Unmarshal(raw, &body) != nil {
		return false
	}
	if text, ok := body.(string); ok {
		text = strings.TrimSpace(text)
		return jiraMark.MatchString(strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:]))
	}
	doc, _ := body.(map[string]any)
	blocks, _ := doc["content"].([]any)
	for _, b := range slices.Backward(blocks) {
		if text := flat(b); text != "" {
			node, _ := b.(map[string]any)
			return node["type"] == "paragraph" && jiraMark.MatchString(text)
		}
	}
	return false
}

// jiraEcho reports whether we did that ourselves: our account did, or, where it
// can't be told whose doing it was, we wrote the same about then.
func (d *Desk) jiraEcho(ctx context.Context, l *line, incident string, e *jiraEvent) bool {
	if e.Comment != nil && jiraMarked(e.Comment.Body) {
		return true
	}
	own, who := d.jiraOwn(ctx, l), e.User.ids()
	if len(own) > 0 && len(who) > 0 {
		return slices.ContainsFunc(who, func(id string) bool { return slices.Contains(own, id) })
	}
	moved := slices.ContainsFunc(e.Changelog.Items, func(c jiraChange) bool { return c.Field == "status" })
	what := wroteOpen
	switch e.Issue.Fields.Status.Category.Key {
	case "done":
		what = wroteDone
	case "indeterminate":
		what = wroteWork
	}
	return moved && (d.book.ours(l.name, incident, what, e.At) || what == wroteWork && d.book.ours(l.name, incident, wroteOpen, e.At))
}
