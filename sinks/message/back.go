package message

import (
	"context"
	"net/http"
	"slices"

	"github.com/slack-go/slack"
)

// What the package reply needs of a target to understand what comes back.

// HTTPClient is one that goes where the target may.
func (c *Config) HTTPClient() *http.Client { return newClient(c.AllowPrivate) }

// SlackAPI is Slack's, for dialogs.
func (c *Config) SlackAPI() *slack.Client { return c.Slack.client(newClient(c.AllowPrivate)) }

// JiraCategory asks Jira for the category of a ticket's status as it is now: new,
// indeterminate (in progress) or done. Webhooks come late and in any order.
func (c *Config) JiraCategory(ctx context.Context, key string) (string, error) {
	j, err := c.Jira.of(c, "")
	if err != nil {
		return "", err
	}
	at, err := j.status(ctx, key)
	return at.Category.Key, err
}

// JiraComment writes below a ticket. mark, DLV- and twelve more, is by which the
// comment is known as ours when it comes back.
func (c *Config) JiraComment(ctx context.Context, key, text, mark string) error {
	j, err := c.Jira.of(c, "")
	if err != nil {
		return err
	}
	return j.call(ctx, http.MethodPost, issuePath(key)+"/comment", map[string]any{"body": j.document(text + "\n\nPinkstar " + mark)}, nil)
}

// JiraAccount asks Jira which account ours is: the ids and names by which its
// webhooks may call it.
func (c *Config) JiraAccount(ctx context.Context) ([]string, error) {
	j, err := c.Jira.of(c, "")
	if err != nil {
		return nil, err
	}
	var me struct{ AccountID, Key, Name string }
	if err := j.call(ctx, http.MethodGet, "/myself", nil, &me); err != nil {
		return nil, err
	}
	return slices.DeleteFunc([]string{me.AccountID, me.Key, me.Name}, func(s string) bool { return s == "" }), nil
}
