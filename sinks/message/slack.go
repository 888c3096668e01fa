package message

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// Slack keeps one message for each main incident in a channel, edited as it
// goes on, and a thread below it with what changed.
type Slack struct {
	Token   secret.Text `yaml:"token"`   // xoxb-…, with chat:write and channels:history or groups:history
	Channel string      `yaml:"channel"` // id or #name, where rules name none
	URL     string      `yaml:"url"`     // https://slack.com/api/ unless it is a proxy
	// SigningSecret is the app's, with which Slack signs what people press. With it
	// the head message has buttons; their request URL is /reply/NAME.
	SigningSecret *secret.Text `yaml:"signing_secret,omitempty"`
}

func (s *Slack) validate() error {
	var errs []error
	if s.Token.IsZero() {
		errs = append(errs, errors.New("token: it is missing"))
	}
	if s.Channel == "" {
		errs = append(errs, errors.New("channel: it is missing; messages of rules that name no channel go there"))
	}
	if s.URL != "" {
		if err := CheckURL(s.URL); err != nil {
			errs = append(errs, fmt.Errorf("url: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (s *Slack) secrets() map[string]*secret.Text {
	return withOptional(map[string]*secret.Text{"token": &s.Token}, "signing_secret", s.SigningSecret)
}

func (s *Slack) target(c *Config, board string) (outbound.Target, error) {
	return &slackTarget{cfg: *s, name: c.Name, api: s.client(newClient(c.AllowPrivate)), board: board}, nil
}

// client is Slack's API. The library repeats nothing: it would post again after a
// broken connection.
func (s *Slack) client(c *http.Client) *slack.Client {
	opts := []slack.Option{slack.OptionHTTPClient(c)}
	if s.URL != "" {
		opts = append(opts, slack.OptionAPIURL(strings.TrimRight(s.URL, "/")+"/"))
	}
	return slack.New(s.Token.Reveal(), opts...)
}

type slackTarget struct {
	cfg   Slack
	name  string
	api   *slack.Client
	board string
}

// What a thread knows.
const (
	slackChannel = "channel" // its id
	slackHead    = "ts"      // of the message that is edited
)

const slackEvent = "pinkstar_delivery"

// Takes implements outbound.Target.
func (*slackTarget) Takes(e *schemas.Effect) bool {
	return e.Kind != schemas.EffectMailAnnounce && e.Kind != schemas.EffectMailClose
}

// Limit implements outbound.Target: about one message a second for a channel
// (https://docs.slack.dev/apis/web-api/rate-limits), of which each of ours may
// take two calls.
func (*slackTarget) Limit() (time.Duration, int) { return 1200 * time.Millisecond, 3 }

// replied are the effects that are told in the thread; others only edit the head.
func replied(k schemas.EffectKind) bool {
	return k != schemas.EffectOpened && k != schemas.EffectTicketLink && k != schemas.EffectTicketUnlink
}

// loud are those that the channel hears of again.
func loud(k schemas.EffectKind) bool {
	return k == schemas.EffectSeverity || k == schemas.EffectReopened || k == schemas.EffectEscalated
}

// Deliver implements outbound.Target.
func (s *slackTarget) Deliver(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	w := wordsOf(m.Effect, s.board)
	head := []slack.MsgOption{
		slack.MsgOptionText(slackEscape(clip(w.Headline, 1000)), false), slack.MsgOptionBlocks(append(slackBlocks(&w), s.buttons(m.Effect)...)...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	channel, ts := m.Thread.Get(slackChannel), m.Thread.Get(slackHead)
	if ts == "" && m.Effect.Kind == schemas.EffectLinked {
		return outbound.Receipt{}, nil // it was part of another one before it was told of
	}
	if ts == "" {
		return s.post(ctx, s.channel(m), append(head, slackKey(m)), true)
	}
	// The head first: editing it twice is nothing, answering twice is.
	if _, _, _, err := s.api.UpdateMessageContext(ctx, channel, ts, append(head, slackKey(m))...); err != nil {
		if err = slackError(err); !isVerdict(err) {
			err = &outbound.RetryError{Err: err} // an edit may be made again
		}
		return outbound.Receipt{}, err
	}
	if !replied(m.Effect.Kind) {
		return outbound.Receipt{Ref: ts}, nil
	}
	text := "*" + slackEscape(headlineOf(m.Effect.Kind)) + "* " + slackEscape(clip(w.Changed, 2500))
	reply := []slack.MsgOption{slack.MsgOptionText(text, false), slack.MsgOptionTS(ts), slackKey(m), slack.MsgOptionDisableLinkUnfurl()}
	if loud(m.Effect.Kind) {
		reply = append(reply, slack.MsgOptionBroadcast())
	}
	return s.post(ctx, channel, reply, false)
}

func (s *slackTarget) channel(m *outbound.Message) string {
	if m.Address != "" {
		return m.Address
	}
	return s.cfg.Channel
}

func (s *slackTarget) post(ctx context.Context, channel string, opts []slack.MsgOption, head bool) (outbound.Receipt, error) {
	id, ts, err := s.api.PostMessageContext(ctx, channel, opts...)
	if err != nil {
		return outbound.Receipt{}, slackError(err)
	}
	if ts == "" {
		return outbound.Receipt{}, errors.New("the answer names no message")
	}
	r := outbound.Receipt{Ref: ts}
	if head {
		r.Thread = schemas.LabelsOf(map[string]string{slackChannel: id, slackHead: ts})
	}
	return r, nil
}

// Find implements outbound.Target: the message is in its channel or thread, with
// its key as metadata, or it is not there. Both are told by Slack's store, which
// does not lag.
func (s *slackTarget) Find(ctx context.Context, m *outbound.Message) (outbound.Receipt, outbound.Finding, error) {
	since := fmt.Sprintf("%d.000000", m.TriedAt.Add(-2*time.Minute).Unix())
	channel, ts := m.Thread.Get(slackChannel), m.Thread.Get(slackHead)
	if ts == "" {
		var err error
		if channel, err = s.channelID(ctx, s.channel(m)); err != nil {
			return outbound.Receipt{}, outbound.NotYet, err
		}
	}
	cursor := ""
	for range 20 { // pages
		var found []slack.Message
		var next string
		if ts == "" {
			page, err := s.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
				ChannelID: channel, Oldest: since, Limit: 100, Cursor: cursor, IncludeAllMetadata: true})
			if err != nil {
				return outbound.Receipt{}, outbound.NotYet, slackError(err)
			}
			found, next = page.Messages, page.ResponseMetaData.NextCursor
		} else {
			page, _, after, err := s.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: channel, Timestamp: ts, Oldest: since, Limit: 100, Cursor: cursor, IncludeAllMetadata: true})
			if err != nil {
				return outbound.Receipt{}, outbound.NotYet, slackError(err)
			}
			found, next = page, after
		}
		for i := range found {
			x := &found[i]
			if x.Metadata.EventType != slackEvent || x.Metadata.EventPayload["key"] != m.Key || ts != "" && x.Timestamp == ts {
				continue // the head carries the key of its latest edit
			}
			r := outbound.Receipt{Ref: x.Timestamp}
			if ts == "" {
				r.Thread = schemas.LabelsOf(map[string]string{slackChannel: channel, slackHead: x.Timestamp})
			}
			return r, outbound.Found, nil
		}
		if cursor = next; cursor == "" {
			return outbound.Receipt{}, outbound.NotFound, nil
		}
	}
	return outbound.Receipt{}, outbound.NotYet, errors.New("too much was said in the channel since to find it")
}

// channelID is the id of a channel that is named: only an id has a history.
func (s *slackTarget) channelID(ctx context.Context, channel string) (string, error) {
	name, named := strings.CutPrefix(channel, "#")
	if !named {
		return channel, nil
	}
	ask := &slack.GetConversationsParameters{ExcludeArchived: true, Limit: 1000, Types: []string{"public_channel", "private_channel"}}
	for {
		list, next, err := s.api.GetConversationsContext(ctx, ask)
		if err != nil {
			return "", slackError(err)
		}
		for i := range list {
			if list[i].Name == name {
				return list[i].ID, nil
			}
		}
		if ask.Cursor = next; next == "" {
			return "", fmt.Errorf("there is no channel %s that the token can see (channels:read, groups:read), so what became of a message there can't be told: name its id", channel)
		}
	}
}

func slackKey(m *outbound.Message) slack.MsgOption {
	return slack.MsgOptionMetadata(slack.SlackMetadata{EventType: slackEvent, EventPayload: map[string]any{
		"key": m.Key, "incident": m.Effect.IncidentID, "effect": m.Effect.ID}})
}

// slackError says of a failure which of the three it is.
func slackError(err error) error {
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return &outbound.RetryError{Err: errors.New("Slack: too many messages"), After: limited.RetryAfter}
	}
	if code, ok := errors.AsType[slack.StatusCodeError](err); ok {
		err = fmt.Errorf("Slack answers %s", code.Status)
		if code.Code == http.StatusServiceUnavailable {
			return &outbound.RetryError{Err: err}
		}
		return err
	}
	said, ok := errors.AsType[slack.SlackErrorResponse](err)
	if !ok {
		return outbound.WithoutURL(err)
	}
	err = fmt.Errorf("Slack says %s", said.Err)
	switch said.Err {
	case "ratelimited", "rate_limited":
		return &outbound.RetryError{Err: err, After: 30 * time.Second}
	case "internal_error", "fatal_error", "request_timeout", "service_unavailable", "team_added_to_org":
		return err // whether it took effect nobody says
	case "invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "missing_scope", "not_in_channel":
		return &outbound.RetryError{Err: fmt.Errorf("%w; the message waits until that is mended", err), After: mending}
	}
	return &outbound.RefusedError{Err: err}
}

var slackEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func slackEscape(s string) string { return slackEscaper.Replace(s) }

// Slack's limits (https://docs.slack.dev/reference/block-kit/blocks).
const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
	slackFields  = 10
)

// slackBlocks is the head: what it is, what changed, what is known, what to do.
func slackBlocks(w *words) []slack.Block {
	text := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.MarkdownType, s, false, false)
	}
	blocks := []slack.Block{
		slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, clip(w.Headline, slackHeader), false, false)),
		slack.NewSectionBlock(text(slackEscape(clip(w.Changed, slackSection/2))), nil, nil),
	}
	var fields []*slack.TextBlockObject
	for _, f := range w.Fields {
		value := slackEscape(clip(f.Value, slackField/4))
		if f.URL != "" {
			value = "<" + slackEscape(f.URL) + "|" + strings.ReplaceAll(value, "|", "/") + ">"
		}
		if t := "*" + slackEscape(f.Name) + "*\n" + value; len(t) <= slackField && len(fields) < 2*slackFields {
			fields = append(fields, text(t))
		}
	}
	for len(fields) > 0 {
		n := min(len(fields), slackFields)
		blocks = append(blocks, slack.NewSectionBlock(nil, fields[:n], nil))
		fields = fields[n:]
	}
	if steps := slackSteps(w.Steps); steps != "" {
		blocks = append(blocks, slack.NewSectionBlock(text(steps), nil, nil))
	}
	if w.URL != "" {
		blocks = append(blocks, slack.NewContextBlock("", text("<"+slackEscape(w.URL)+"|Open the incident>: why these alerts are together, and the whole timeline")))
	}
	return blocks
}

func slackSteps(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		line := fmt.Sprintf("%d. %s", i+1, slackEscape(clip(s.Text, 300)))
		if s.URL != "" {
			line += " <" + slackEscape(s.URL) + "|open>"
		}
		if s.Done {
			line = fmt.Sprintf("~%s~ done by %s", line, slackEscape(s.DoneBy))
		}
		if b.Len()+len(line)+1 > slackSection-20 {
			fmt.Fprintf(&b, "and %d more", len(steps)-i)
			break
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// headlineOf is what changed in a word or two.
func headlineOf(k schemas.EffectKind) string {
	names := map[schemas.EffectKind]string{
		schemas.EffectOpened: "New incident.", schemas.EffectAlertType: "A new kind of alert.", schemas.EffectSeverity: "Severity.", schemas.EffectOwner: "Owner.",
		schemas.EffectPage: "Called.", schemas.EffectEscalated: "Escalated.", schemas.EffectMitigated: "Mitigated.", schemas.EffectResolved: "Resolved.",
		schemas.EffectReopened: "Reopened.", schemas.EffectLinked: "Part of another incident.", schemas.EffectUnlinked: "On its own again.",
		schemas.EffectChangeNotice: "To the change's team.", schemas.EffectWindowEnded: "Maintenance.", schemas.EffectExpired: "Ended by a limit.",
	}
	return names[k]
}
