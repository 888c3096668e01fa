package reply

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"pinkstar/schemas"
)

// dutyEvent is what is used of a webhook (V3), as
// https://developer.pagerduty.com/docs/webhooks-overview has it.
type dutyEvent struct {
	Event dutyIncident `json:"event"`
}

type dutyIncident struct {
	ID    string       `json:"id"`
	Type  string       `json:"event_type"`
	At    schemas.Time `json:"occurred_at"`
	Agent *dutyUser    `json:"agent"`
	Data  struct {
		Key       string     `json:"incident_key"`
		Assignees []dutyUser `json:"assignees"`
		Priority  dutyUser   `json:"priority"`
	} `json:"data"`
}

type dutyUser struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Summary string `json:"summary"`
}

// dutyAge is how long PagerDuty goes on trying to deliver a webhook; an older one
// was kept by somebody else.
const dutyAge = 48 * time.Hour

// pagerDuty takes a webhook about an incident there. It is ours when its key is an
// incident's id: the dedup_key with which we triggered it.
func (d *Desk) pagerDuty(ctx context.Context, l *line, w http.ResponseWriter, h *heard) error {
	var in dutyEvent
	if err := json.Unmarshal(h.body, &in); err != nil {
		return fmt.Errorf("the body is no webhook of PagerDuty: %w", err)
	}
	e := &in.Event
	switch {
	case !strings.HasPrefix(e.Type, "incident."):
		return ignored(e.Type + " is about no incident")
	case !schemas.IsIncidentID(e.Data.Key):
		return ignored("its incident_key is not one of ours")
	case d.now().Sub(e.At.Std()) > dutyAge:
		return &outcome{result: "refused", why: "it happened over " + dutyAge.String() + " ago"}
	case e.Agent == nil || e.Agent.Type != "user_reference" && e.Agent.Type != "user":
		return &outcome{result: "echo", why: "no user did it"}
	}
	cmd, of, err := d.dutyCommand(l, e)
	if err != nil {
		return err
	}
	if !l.newest.take(e.Data.Key+" "+of, e.At) { // PagerDuty does not promise their order
		return ignored("something that happened there later was told before")
	}
	if cmd.By, err = d.who(l, e.Agent.Summary, e.Agent.ID); err != nil {
		return err
	}
	if _, err := d.order(ctx, l, cmd, e.ID); err != nil {
		return err
	}
	note(w, string(cmd.Action)+" of "+cmd.IncidentID+" is taken")
	return nil
}

// dutyCommand is the command that an event means, and what of an incident it is
// about: who is assigned says nothing of whether it is acknowledged, so that the one
// coming late is not too late for the other.
func (d *Desk) dutyCommand(l *line, e *dutyIncident) (cmd schemas.Command, of string, err error) {
	cmd.IncidentID = e.Data.Key
	switch e.Type {
	case "incident.acknowledged":
		cmd.Action, of = schemas.ActionAcknowledge, "status"
	case "incident.resolved":
		cmd.Action, of = schemas.ActionResolve, "status"
	case "incident.reopened":
		cmd.Action, of = schemas.ActionReopen, "status"
	case "incident.reassigned", "incident.delegated":
		if len(e.Data.Assignees) == 0 {
			return cmd, "", ignored("it is assigned to nobody")
		}
		to := &e.Data.Assignees[0]
		cmd.Action, of = schemas.ActionAssign, "assignee"
		cmd.To, _ = d.who(l, to.Summary, to.ID) // who is assigned need not be allowed to order
	case "incident.priority_updated":
		cmd.Action, of = schemas.ActionSetSeverity, "priority"
		cmd.To = string(cmp.Or(schemas.ParseSeverity(e.Data.Priority.Summary), schemas.SeverityAuto))
	default:
		return cmd, "", ignored(e.Type + " changes nothing here")
	}
	return cmd, of, nil
}
