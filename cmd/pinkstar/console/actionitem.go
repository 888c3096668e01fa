package console

import (
	"io"
	"time"

	"pinkstar/schemas"
)

// ActionItems is a list of actions.
type ActionItems struct {
	Actions []schemas.ActionItem `json:"actions"`
	More    bool                 `json:"more"`
}

// NewAction is what somebody is to do.
type NewAction struct {
	What       string       `json:"what"`
	Owner      string       `json:"owner,omitempty"`
	DueAt      schemas.Time `json:"due_at,omitempty"`
	IncidentID string       `json:"incident_id,omitempty"`
	ProblemID  string       `json:"problem_id,omitempty"`
	By         string       `json:"by,omitempty"`
}

// ActionEnd says how an action ended.
type ActionEnd struct {
	Status schemas.ActionItemStatus `json:"status"`
	Note   string                   `json:"note,omitempty"`
	By     string                   `json:"by,omitempty"`
}

// ActionTaken is the answer to both: it is durable.
type ActionTaken struct {
	ID       string `json:"id"` // of the command
	By       string `json:"by"`
	ActionID string `json:"action_id"`
}

// WriteActionItems prints a list, a line for each.
func WriteActionItems(w io.Writer, p *ActionItems, now time.Time) error {
	t := newTable(w, "ID", "STATUS", "DUE", "OWNER", "FROM", "WHAT")
	for _, a := range p.Actions {
		due, from := "-", a.IncidentID
		if a.DueAt != 0 {
			due = a.DueAt.Std().UTC().Format(time.DateOnly)
			if a.Status == schemas.ActionOpen && a.DueAt < schemas.TimeOf(now) {
				due += ", overdue"
			}
		}
		if from == "" {
			from = a.ProblemID
		}
		t.row(a.ID, string(a.Status), due, orNobody(a.Owner), from, a.What)
	}
	if err := t.end(w, "No actions."); err != nil {
		return err
	}
	if p.More {
		_, err := io.WriteString(w, "There may be more: --limit shows more.\n")
		return err
	}
	return nil
}
