package reply

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/slack-go/slack"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
	"pinkstar/sinks/message"
)

// slackView is what is used of a dialog that was sent.
type slackView struct {
	ID       string `json:"id"`
	Callback string `json:"callback_id"`
	Incident string `json:"private_metadata"`
	State    struct {
		Values map[string]map[string]struct {
			Value    string `json:"value"`
			Selected struct {
				Value string `json:"value"`
			} `json:"selected_option"`
		} `json:"values"`
	} `json:"state"`
}

// The inputs of dialogs: block and element have the same name.
const (
	inputNote    = "note"
	inputRelated = "related"
)

// maxRelated is how many options Slack has in a menu.
const maxRelated = 100

// slackAsk opens the dialog of a button: why it is resolved, or which of the related
// incidents does not belong.
func (d *Desk) slackAsk(ctx context.Context, l *line, p *slackPress, button, incident string) error {
	inc, err := d.orders.Live(incident)
	if err != nil {
		return err
	}
	title, blocks := "Resolve", []slack.Block{}
	if button == message.SlackUnrelated {
		title = "Not related"
		related := []*schemas.Incident{inc}
		if inc.ParentID == "" {
			related = d.orders.Related(incident)
		}
		if len(related) == 0 {
			return apierror.New(http.StatusConflict, "nothing is related to %s", incident)
		}
		blocks = append(blocks, relatedInput(related))
	}
	plain := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	why := slack.NewInputBlock(inputNote, plain("Why"), nil, slack.NewPlainTextInputBlockElement(nil, inputNote).WithMaxLength(500))
	why.Optional = true
	blocks = append(blocks, why)
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	_, err = l.cfg.SlackAPI().OpenViewContext(ctx, p.TriggerID, slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain(title), Submit: plain(title), Close: plain("Cancel"), Blocks: slack.Blocks{BlockSet: blocks},
		CallbackID: button, PrivateMetadata: incident,
	})
	if err != nil {
		return fmt.Errorf("Nothing was changed: Slack did not open the dialog (%w). Press again.", err) //nolint:staticcheck,revive // what a person reads
	}
	return nil
}

// relatedInput is the menu of incidents that may not belong.
func relatedInput(related []*schemas.Incident) slack.Block {
	plain := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	var options []*slack.OptionBlockObject
	for _, x := range related[:min(len(related), maxRelated)] {
		text := []rune(x.ID + ": " + x.Title)
		options = append(options, slack.NewOptionBlockObject(x.ID, plain(string(text[:min(len(text), 70)])), nil))
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose"), inputRelated, options...)
	return slack.NewInputBlock(inputRelated, plain("Which incident does not belong here?"), nil, menu)
}

// slackSent takes a dialog that was filled in. What is wrong is shown in it.
func (d *Desk) slackSent(ctx context.Context, l *line, w http.ResponseWriter, p *slackPress) error {
	v := &p.View
	cmd := schemas.Command{IncidentID: v.Incident, Note: v.State.Values[inputNote][inputNote].Value}
	switch v.Callback {
	case message.SlackResolve:
		cmd.Action = schemas.ActionResolve
	case message.SlackUnrelated:
		cmd.Action, cmd.IncidentID = schemas.ActionUnlinkParent, v.State.Values[inputRelated][inputRelated].Selected.Value
	default:
		return ignored("it is no dialog of ours")
	}
	var err error
	if cmd.By, err = d.slackPerson(l, p.User.ID); err == nil {
		_, err = d.order(ctx, l, cmd, v.ID)
	}
	w.Header().Set("Content-Type", "application/json")
	if err == nil {
		w.WriteHeader(http.StatusOK) // nothing in it closes the dialog
		return nil
	}
	said := told(err)
	if err := json.NewEncoder(w).Encode(map[string]any{"response_action": "errors", "errors": map[string]string{inputNote: said}}); err != nil {
		d.log.Debug().Err(err).Msg("who sent a dialog has gone")
	}
	return &outcome{result: "refused", why: said, answered: true}
}
