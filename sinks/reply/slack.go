package reply

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
	"pinkstar/sinks/message"
)

// slackPress is what is used of an interaction
// (https://docs.slack.dev/reference/interaction-payloads): a button that was
// pressed, or a dialog that was sent.
type slackPress struct {
	Type        string `json:"type"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
	User        struct {
		ID string `json:"id"`
	} `json:"user"`
	Actions []slackAction `json:"actions"`
	View    slackView     `json:"view"`
}

type slackAction struct {
	ID           string `json:"action_id"`
	Block        string `json:"block_id"`
	At           string `json:"action_ts"`
	SelectedUser string `json:"selected_user"`
}

// slack takes what somebody pressed. Slack wants its answer within three seconds;
// why something was refused goes to the one who pressed alone.
func (d *Desk) slack(ctx context.Context, l *line, w http.ResponseWriter, h *heard) error {
	form, err := url.ParseQuery(string(h.body))
	if err != nil {
		return fmt.Errorf("the body is no form: %w", err)
	}
	var p slackPress
	if err := json.Unmarshal([]byte(form.Get("payload")), &p); err != nil {
		return fmt.Errorf("the payload is no interaction: %w", err)
	}
	if !d.once.first(l.name+" "+string(slackSignature(h.header, h.body, l.secret)), d.now()) {
		return apierror.New(http.StatusForbidden, "this request was sent before")
	}
	if p.Type == "view_submission" {
		return d.slackSent(ctx, l, w, &p)
	}
	if p.Type != "block_actions" || len(p.Actions) == 0 {
		return ignored(p.Type + " is nothing that was asked for")
	}
	done, err := d.slackPressed(ctx, l, &p, &p.Actions[0])
	if err == nil && done == "" {
		return nil // a dialog says more
	}
	w.WriteHeader(http.StatusOK)
	if err == nil {
		d.whisper(ctx, l, p.ResponseURL, done)
		return nil
	}
	result := &outcome{result: "refused"}
	if o, ok := errors.AsType[*outcome](err); ok {
		result.result = o.result
	}
	result.why, result.answered = told(err), true
	if !errors.Is(err, errNotOurs) {
		d.whisper(ctx, l, p.ResponseURL, result.why)
	}
	return result
}

// errNotOurs is the press of a button that something else of the same app of Slack's
// made: who pressed it meant nothing of ours.
var errNotOurs = ignored("it is no button of ours")

// told is what a person is told of a refusal.
func told(err error) string {
	if e, ok := errors.AsType[*apierror.Error](err); ok {
		return "Nothing was changed: " + e.Detail
	}
	return err.Error()
}

// slackPressed carries out what a button says, or asks what is missing. It returns
// what to tell who pressed it.
func (d *Desk) slackPressed(ctx context.Context, l *line, p *slackPress, a *slackAction) (string, error) {
	incident, ours := strings.CutPrefix(a.Block, message.SlackBlock)
	if !ours {
		return "", errNotOurs
	}
	by, err := d.slackPerson(l, p.User.ID)
	if err != nil {
		return "", err
	}
	cmd := schemas.Command{IncidentID: incident, By: by}
	switch a.ID {
	case message.SlackAcknowledge:
		cmd.Action = schemas.ActionAcknowledge
	case message.SlackReopen:
		cmd.Action = schemas.ActionReopen
	case message.SlackAssignMe:
		cmd.Action, cmd.To = schemas.ActionAssign, by
	case message.SlackAssign:
		to, ok := d.whose(l.name, a.SelectedUser)
		if !ok {
			return "", errors.New("Nothing was changed: " + unknownMember(a.SelectedUser))
		}
		cmd.Action, cmd.To = schemas.ActionAssign, to.Name
	case message.SlackResolve, message.SlackUnrelated:
		return "", d.slackAsk(ctx, l, p, a.ID, incident)
	default:
		return "", ignored("Nothing was changed: there is no button " + a.ID + " here (any more).")
	}
	done, err := d.order(ctx, l, cmd, strings.Join([]string{p.User.ID, a.ID, a.At}, " "))
	if err != nil {
		return "", err
	}
	return said(&cmd, done), nil
}

// said is an order that was taken, in words.
func said(cmd *schemas.Command, done bool) string {
	text := "Taken, as " + cmd.By + ": " + strings.ReplaceAll(string(cmd.Action), "_", " ") + " " + cmd.IncidentID
	if cmd.To != "" {
		text += " to " + cmd.To
	}
	if !done {
		return text + ". It waits for its turn: the message above shows when it was carried out."
	}
	return text + "."
}

// slackPerson is who pressed: whoever is in a channel can press, so it must be
// somebody that the settings know.
func (d *Desk) slackPerson(l *line, id string) (string, error) {
	p, ok := d.whose(l.name, id)
	if !ok {
		return "", errors.New("Nothing was changed: " + unknownMember(id))
	}
	return p.Name, mayAct(p)
}

func unknownMember(id string) string {
	return "Pinkstar does not know who the Slack member " + id + " is. Whoever looks after it can say so in access.people."
}

// whisper tells only the person who pressed. That it did not get there stops nothing.
func (d *Desk) whisper(ctx context.Context, l *line, to, text string) {
	if to == "" || text == "" {
		return
	}
	if err := l.slackAddress(to); err != nil {
		d.log.Warn().Err(err).Str("target", l.name).Msg("who pressed is not told")
		return
	}
	body, err := json.Marshal(map[string]any{"response_type": "ephemeral", "replace_original": false, "text": text})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := l.cfg.HTTPClient().Do(r)
	if err != nil {
		d.log.Warn().Str("target", l.name).Msg("who pressed could not be told") // the error has the address, which is a secret
		return
	}
	_ = resp.Body.Close()
}

// slackHost is where Slack has its response URLs.
const slackHost = "hooks.slack.com"

// slackAddress refuses to send to where Slack does not listen, though a signed
// request says so.
func (l *line) slackAddress(to string) error {
	u, err := url.Parse(to)
	if err != nil {
		return errors.New("its response_url is no address")
	}
	if own, err := url.Parse(l.cfg.Slack.URL); err == nil && own.Host != "" && u.Host == own.Host {
		return nil // a proxy, or a test
	}
	if u.Scheme != "https" || u.Host != slackHost {
		return fmt.Errorf("its response_url is not at %s", slackHost)
	}
	return nil
}
