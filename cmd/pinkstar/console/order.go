package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"pinkstar/schemas"
)

// Order is a command as the API takes it.
type Order struct {
	Action   schemas.Action `json:"action"`
	By       string         `json:"by,omitempty"`
	To       string         `json:"to,omitempty"`
	Note     string         `json:"note,omitempty"`
	Step     int64          `json:"step,omitempty"`
	ParentID string         `json:"parent_id,omitempty"`
	SignalID string         `json:"signal_id,omitempty"`
	// IncidentID is where a moved signal goes; "" makes a new incident.
	IncidentID *string `json:"incident_id,omitempty"`
}

// Outcome is what became of an order.
type Outcome struct {
	ID       string            `json:"id"` // of the command: its decision says what came of it
	By       string            `json:"by"`
	Done     bool              `json:"done"` // it shows in the incident or problem
	Incident *schemas.Incident `json:"incident,omitempty"`
	Problem  *schemas.Problem  `json:"problem,omitempty"`
}

// pause is between two looks at what a command has changed.
const pause = 200 * time.Millisecond

// decided is what an explanation says of a signal.
type decided struct {
	Incident *schemas.Incident `json:"incident"`
	Signal   *struct {
		Decision   schemas.Verdict `json:"decision"`
		Reason     string          `json:"reason"`
		IncidentID string          `json:"incident_id"`
	} `json:"signal"`
}

// Incident asks for one incident alone.
func (c *Client) Incident(ctx context.Context, id string) (*Detail, error) {
	var d Detail
	return &d, c.Get(ctx, "/api/v1/incidents/"+url.PathEscape(id), nil, &d)
}

// OrderIncident gives a command about an incident and waits until it was carried
// out. An error says why it was refused.
func (c *Client) OrderIncident(ctx context.Context, id string, o Order) (*Outcome, error) {
	o.By = c.By
	out := &Outcome{}
	if err := c.Post(ctx, "/api/v1/incidents/"+url.PathEscape(id)+"/commands", o, out); err != nil {
		return nil, err
	}
	err := c.await(ctx, out, func() (bool, error) {
		after, err := c.Incident(ctx, id)
		if err != nil || after.Incident == nil {
			return false, err
		}
		out.Incident = after.Incident
		return o.shows(out), nil
	})
	return out, err
}

// shows reports whether the incident is as o orders it. Of some orders that does
// not show; then their decision says how it went.
func (o *Order) shows(out *Outcome) bool {
	i := out.Incident
	over := i.Status == schemas.IncidentResolved || i.Status == schemas.IncidentClosed
	switch o.Action {
	case schemas.ActionAcknowledge:
		return i.Status == schemas.IncidentAcknowledged
	case schemas.ActionAssign:
		return i.Assignee == o.To
	case schemas.ActionMitigate:
		return i.Status == schemas.IncidentMitigated
	case schemas.ActionResolve:
		return over
	case schemas.ActionReopen:
		return !over
	case schemas.ActionSetSeverity:
		return o.To == schemas.SeverityAuto && i.SeverityBy == "" || string(i.Severity) == o.To && i.SeverityBy == out.By
	case schemas.ActionLinkParent:
		return i.ParentID == o.ParentID
	case schemas.ActionUnlinkParent:
		return o.ParentID == "" && i.ParentID == ""
	case schemas.ActionDeclareProblem:
		return i.ProblemID != ""
	case schemas.ActionStepDone:
		return i.Procedure != nil && o.Step <= int64(len(i.Procedure.Steps)) && i.Procedure.Steps[o.Step-1].DoneBy != ""
	case schemas.ActionAnswerChange:
		return slices.ContainsFunc(i.Notices, func(n schemas.Notice) bool { return n.SignalID == o.SignalID && n.Answer == o.To })
	}
	return false
}

// OrderProblem gives a command about a problem and waits until it was carried out.
func (c *Client) OrderProblem(ctx context.Context, id string, o Order) (*Outcome, error) {
	path := "/api/v1/problems/" + url.PathEscape(id)
	o.By = c.By
	out := &Outcome{}
	if err := c.Post(ctx, path+"/commands", o, out); err != nil {
		return nil, err
	}
	err := c.await(ctx, out, func() (bool, error) {
		out.Problem = &schemas.Problem{}
		err := c.Get(ctx, path, nil, out.Problem)
		return out.Problem.Status == schemas.ProblemSolved, err
	})
	return out, err
}

// await looks until what an order says is so, or its decision is known. An order
// of which neither shows in time is not done yet: no error, for it is durable.
func (c *Client) await(ctx context.Context, out *Outcome, shows func() (bool, error)) error {
	for begun := time.Now(); time.Since(begun) < c.Wait; {
		ok, err := shows()
		if err != nil {
			return fmt.Errorf("the command %s is taken, but how it went is not known: %w", out.ID, err)
		}
		if out.Done = ok; ok {
			return nil
		}
		if d, err := c.decision(ctx, out.ID); err == nil && d.Signal != nil {
			if d.Signal.Decision == schemas.VerdictRefused {
				return &RefusedError{Status: http.StatusConflict, Detail: OneLine(d.Signal.Reason, 1000)}
			}
			out.Done = true
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

func (c *Client) decision(ctx context.Context, signal string) (decided, error) {
	var d decided
	return d, c.Get(ctx, "/api/v1/signals/"+url.PathEscape(signal)+"/explanation", nil, &d)
}

// Split moves signals out of an incident into a new one, and returns that one's
// id; "" when it is not known.
func (c *Client) Split(ctx context.Context, id string, signals []string, note string) (string, *Outcome, error) {
	to := ""
	var out *Outcome
	for i, s := range signals {
		target := to
		var err error
		if out, err = c.OrderIncident(ctx, id, Order{Action: schemas.ActionMove, SignalID: s, IncidentID: &target, Note: note}); err != nil {
			return to, out, fmt.Errorf("signal %s: %w", s, err)
		}
		if to == "" {
			if to, err = c.whereIs(ctx, s, id); err != nil {
				return "", out, err
			}
		}
		if to == "" && i+1 < len(signals) {
			return "", out, fmt.Errorf("the first signal is moved, but it does not show where to: move the others when `pinkstar explain %s` says it", s)
		}
	}
	return to, out, nil
}

// whereIs finds the incident that a signal is in, once it has left from.
func (c *Client) whereIs(ctx context.Context, signal, from string) (string, error) {
	for begun := time.Now(); time.Since(begun) < c.Wait; {
		if d, err := c.decision(ctx, signal); err == nil && d.Signal != nil && d.Signal.IncidentID != "" && d.Signal.IncidentID != from {
			return d.Signal.IncidentID, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(pause):
		}
	}
	return "", nil
}
