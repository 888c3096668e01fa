package message

import (
	"github.com/slack-go/slack"

	"pinkstar/schemas"
)

// SlackBlock begins the id of the block with the buttons; the incident's id
// follows. What comes back names it.
const SlackBlock = "pinkstar:"

// What can be pressed below a head message: the ids of its elements.
const (
	SlackAcknowledge = "acknowledge"
	SlackAssignMe    = "assign_me"
	SlackAssign      = "assign" // the person follows
	SlackResolve     = "resolve"
	SlackReopen      = "reopen"
	SlackUnrelated   = "unrelated" // asks which of the related incidents is meant
)

// buttons are what people can order of the incident as it is; none where Slack
// has no way to tell us what was pressed.
func (s *slackTarget) buttons(e *schemas.Effect) []slack.Block {
	if s.cfg.SigningSecret == nil {
		return nil
	}
	h := &e.Head
	button := func(id, text string, style slack.Style) slack.BlockElement {
		return slack.NewButtonBlockElement(id, e.IncidentID, slack.NewTextBlockObject(slack.PlainTextType, text, false, false)).WithStyle(style)
	}
	var row []slack.BlockElement
	add := func(when bool, x slack.BlockElement) {
		if when {
			row = append(row, x)
		}
	}
	over := h.Status == schemas.IncidentResolved || h.Status == schemas.IncidentClosed
	own := h.ParentID == "" // what is part of another one is acknowledged and resolved there
	add(own && h.Status == schemas.IncidentOpen, button(SlackAcknowledge, "Acknowledge", slack.StylePrimary))
	add(own && !over, button(SlackAssignMe, "Assign to me", slack.StyleDefault))
	add(own && !over, slack.NewOptionsSelectBlockElement(slack.OptTypeUser, slack.NewTextBlockObject(slack.PlainTextType, "Assign to …", false, false), SlackAssign))
	add(own && !over, button(SlackResolve, "Resolve", slack.StyleDefault))
	add(own && over, button(SlackReopen, "Reopen", slack.StyleDefault))
	add(!own || h.Incidents > 1 && !over, button(SlackUnrelated, "Not related", slack.StyleDefault))
	return []slack.Block{slack.NewActionBlock(SlackBlock+e.IncidentID, row...)}
}
