package schemas

import "slices"

// ActionItem is what somebody is to do after an incident or about a problem, so
// that it does not happen again: an action of a post-mortem. (An Action is what a
// command orders.) A later revision replaces the earlier one.
type ActionItem struct {
	ID         string           `json:"id"`
	Revision   int64            `json:"revision"`
	Scope      string           `json:"scope"`
	What       string           `json:"what"`
	Owner      string           `json:"owner,omitempty"` // a person or a team
	DueAt      Time             `json:"due_at"`
	Status     ActionItemStatus `json:"status"`
	IncidentID string           `json:"incident_id,omitempty"` // what it follows from
	ProblemID  string           `json:"problem_id,omitempty"`  // likewise
	CreatedAt  Time             `json:"created_at"`
	CreatedBy  string           `json:"created_by,omitempty"`
	EndedAt    Time             `json:"ended_at"` // when it was done or dropped
	EndedBy    string           `json:"ended_by,omitempty"`
	Note       string           `json:"note,omitempty"` // how it was done, or why it was dropped
	UpdatedAt  Time             `json:"updated_at"`
}

// ActionItemStatus is where an action stands.
type ActionItemStatus string

// The statuses of an action.
const (
	ActionOpen    ActionItemStatus = "open"
	ActionDone    ActionItemStatus = "done"
	ActionDropped ActionItemStatus = "dropped"
)

// The commands about actions. They stand apart from Actions, which are given to an
// incident.
const (
	ActionAddItem    Action = "add_action"    // Note: what; To: who; DueAt: until when; IncidentID or ProblemID: what it follows from
	ActionFinishItem Action = "finish_action" // ActionID is done; Note: how
	ActionDropItem   Action = "drop_action"   // ActionID will not be done; Note: why
)

// ItemActions lists the commands about actions.
var ItemActions = []Action{ActionAddItem, ActionFinishItem, ActionDropItem}

// Known reports whether a is an action that a command may order.
func (a Action) Known() bool { return slices.Contains(Actions, a) || slices.Contains(ItemActions, a) }

// ActionItems are the actions of post-mortems, said again when they change.
var ActionItems = &Outcome[ActionItem]{
	Name: "action", Plural: "actions", Type: TypeActionItem, Topic: TopicDecisions,
	Key:      func(a *ActionItem) string { return a.Scope },
	ID:       func(a *ActionItem) string { return a.ID },
	Revision: func(a *ActionItem) int64 { return a.Revision },
	At:       func(a *ActionItem) Time { return a.UpdatedAt },
	Append:   AppendActionItem, Shrink: func(a *ActionItem) { a.What, a.Note = cutText(a.What), cutText(a.Note) },
	Said: func(o *Output) *[]ActionItem { return &o.Actions },
}

// AppendActionItem appends a as JSON: the bytes that Marshal gives.
func AppendActionItem(b []byte, a *ActionItem) []byte {
	o := object{b: b}
	o.open()
	o.str("id", a.ID)
	o.int("revision", a.Revision)
	o.str("scope", a.Scope)
	o.str("what", a.What)
	o.optStr("owner", a.Owner)
	o.time("due_at", a.DueAt)
	o.str("status", string(a.Status))
	o.optStr("incident_id", a.IncidentID)
	o.optStr("problem_id", a.ProblemID)
	o.time("created_at", a.CreatedAt)
	o.optStr("created_by", a.CreatedBy)
	o.time("ended_at", a.EndedAt)
	o.optStr("ended_by", a.EndedBy)
	o.optStr("note", a.Note)
	o.time("updated_at", a.UpdatedAt)
	o.close()
	return o.b
}

// ActionItemID returns the id of the action that the command with this signal id
// added, for example ACT-0Q8Z6T5M1CWB.
func ActionItemID(scope string, command ID) string {
	return shortID("ACT-", hashOf("action/1", scope, string(command[:])))
}
