package schemas

// Kind says what a signal is about.
type Kind string

// The kinds of signal. Tick and Activation are control records of the log:
// they come from Pinkstar itself and get no decision.
const (
	KindAlert       Kind = "alert"       // something is, or is no longer, wrong
	KindTicket      Kind = "ticket"      // somebody wrote it down: Jira, ServiceNow, PagerDuty
	KindMaintenance Kind = "maintenance" // announced work: a window, an Alertmanager silence, a calendar event
	KindChange      Kind = "change"      // something was altered: a deployment, a roll-back, a configuration
	KindImpact      Kind = "impact"      // a measured or reported effect on customers or revenue
	KindCommand     Kind = "command"     // an operator's order: acknowledge, move, link, ...
	KindTick        Kind = "tick"        // log time passed and nothing happened
	KindActivation  Kind = "activation"  // from here on these rules or this topology hold
)

// Kinds lists the kinds that a producer may send.
var Kinds = []Kind{KindAlert, KindTicket, KindMaintenance, KindChange, KindImpact, KindCommand}

// Control reports whether s is a control record of the log.
func (s *Signal) Control() bool { return s.Kind == KindTick || s.Kind == KindActivation }

// Status says where the thing that a signal reports stands.
type Status string

// The statuses, by kind.
const (
	StatusFiring   Status = "firing"   // alert
	StatusResolved Status = "resolved" // alert

	StatusOpen    Status = "open"    // ticket
	StatusUpdated Status = "updated" // ticket
	StatusClosed  Status = "closed"  // ticket
	StatusDeleted Status = "deleted" // ticket

	StatusPlanned   Status = "planned"   // maintenance, change: announced
	StatusStarted   Status = "started"   // maintenance, change: in progress
	StatusFinished  Status = "finished"  // maintenance, change: done
	StatusCancelled Status = "cancelled" // maintenance, change: did not happen or was rolled back

	StatusReported Status = "reported" // impact
	StatusIssued   Status = "issued"   // command
)

// StatusesOf lists the statuses a producer may send for kind.
func StatusesOf(kind Kind) []Status {
	switch kind {
	case KindAlert:
		return []Status{StatusFiring, StatusResolved}
	case KindTicket:
		return []Status{StatusOpen, StatusUpdated, StatusClosed, StatusDeleted}
	case KindMaintenance, KindChange:
		return []Status{StatusPlanned, StatusStarted, StatusFinished, StatusCancelled}
	case KindImpact:
		return []Status{StatusReported}
	case KindCommand:
		return []Status{StatusIssued}
	default:
		return nil
	}
}

// Severity is how bad a signal's sender says it is. See ParseSeverity for how
// the many words in use map to these.
type Severity string

// The severities, worst first.
const (
	SeverityCritical Severity = "critical"
	SeverityMajor    Severity = "major"
	SeverityWarning  Severity = "warning"
	SeverityInfo     Severity = "info"
	SeverityUnknown  Severity = ""
)

// Rank orders severities: 4 for critical down to 0 for unknown.
func (s Severity) Rank() int {
	switch s {
	case SeverityCritical:
		return 4
	case SeverityMajor:
		return 3
	case SeverityWarning:
		return 2
	case SeverityInfo:
		return 1
	default:
		return 0
	}
}

// Signal is one observed event, in one form whatever sent it. It is the value
// of every record on the signals topic, keyed by Scope.
type Signal struct {
	ID   string `json:"id"`   // 32 hexadecimal digits, see SignalID; filled in when empty
	Kind Kind   `json:"kind"` // alert when empty

	// Source names the sending system (alertmanager, grafana, jira, a team's
	// own name). It is part of the identity.
	Source string `json:"source"`
	// Fingerprint identifies the thing reported within its source: an alert's
	// label set, a ticket's key, a window's UID. All the states of one alert
	// share it.
	Fingerprint string `json:"fingerprint"`
	Status      Status `json:"status"`
	// Occurrence tells apart events that have the same fingerprint, start and
	// status and still are different: a ticket's update number, a command's id.
	Occurrence string `json:"occurrence,omitempty"`

	Tenant      string `json:"tenant,omitempty"`
	Environment string `json:"environment,omitempty"`
	// Scope is the correlation scope and the record's key. Nothing correlates
	// across scopes.
	Scope string `json:"scope"`

	Name     string   `json:"name"` // alert name, ticket key, window or change title
	Severity Severity `json:"severity,omitempty"`
	Service  string   `json:"service,omitempty"`  // as the sender named it
	Instance string   `json:"instance,omitempty"` // pod, process, device; without a port
	Host     string   `json:"host,omitempty"`
	Team     string   `json:"team,omitempty"`

	StartsAt   Time `json:"starts_at"`   // event time: when it began, as the sender says
	EndsAt     Time `json:"ends_at"`     // event time: when it ended or will end; not known while firing
	ReceivedAt Time `json:"received_at"` // when Pinkstar first took it; the record's timestamp

	Summary     string `json:"summary,omitempty"`
	Description string `json:"description,omitempty"`
	Labels      Labels `json:"labels,omitempty"`
	Annotations Labels `json:"annotations,omitempty"`
	URL         string `json:"url,omitempty"`     // where to see it at its source
	Runbook     string `json:"runbook,omitempty"` // what to do

	// GroupKey and Truncated come from Alertmanager's grouping. When Truncated
	// is over zero the group had more alerts than were sent, so an absent one
	// is unknown, never resolved.
	GroupKey  string `json:"group_key,omitempty"`
	Truncated int    `json:"truncated,omitempty"`

	// Flags are remarks of the normaliser on data quality, for example
	// "starts_at_in_future", "labels_dropped".
	Flags []string `json:"flags,omitempty"`
	// Imported marks history that `pinkstar import` brought in: it was not seen
	// when it happened, so nothing is known of how soon, and nobody was told.
	Imported bool `json:"imported,omitempty"`

	Ticket     *Ticket     `json:"ticket,omitempty"`
	Change     *Change     `json:"change,omitempty"`
	Impact     *Impact     `json:"impact,omitempty"`
	Command    *Command    `json:"command,omitempty"`
	Activation *Activation `json:"activation,omitempty"`
}

// Ticket is what a ticket signal adds.
type Ticket struct {
	Key      string   `json:"key"`                // OPS-123
	Project  string   `json:"project,omitempty"`  // OPS
	Type     string   `json:"type,omitempty"`     // Incident, Bug
	State    string   `json:"state,omitempty"`    // as the tracker names it
	Assignee string   `json:"assignee,omitempty"` //
	Reporter string   `json:"reporter,omitempty"` //
	Priority string   `json:"priority,omitempty"` //
	Links    []string `json:"links,omitempty"`    // keys of tickets it is linked to
}

// Change is what a maintenance or change signal adds.
type Change struct {
	Services []string `json:"services,omitempty"` // everything it touches, besides Signal.Service
	Type     string   `json:"type,omitempty"`     // deployment, rollback, config, silence, calendar
	Version  string   `json:"version,omitempty"`  // artifact or revision
	By       string   `json:"by,omitempty"`       // who does it
	Contact  string   `json:"contact,omitempty"`  // where its team is reached at once
	// Suppress says that alerts which match are expected during the window and
	// open no incident. Matchers are in Alertmanager's syntax; without any, the
	// window suppresses alerts of the services it touches that its own labels do
	// not contradict.
	Suppress bool     `json:"suppress,omitempty"`
	Matchers []string `json:"matchers,omitempty"`
	// Sets names what a window is part of: a repeating event, a published
	// calendar. A signal with Complete tells all that is left of those sets: their
	// windows that are not among its Members (see MemberID) are gone.
	Sets     []string `json:"sets,omitempty"`
	Complete []string `json:"complete,omitempty"`
	Members  []string `json:"members,omitempty"`
}

// Impact is what an impact signal adds: a figure somebody measured.
type Impact struct {
	IncidentID  string  `json:"incident_id,omitempty"`  // when known; otherwise found by service and time
	LostRevenue float64 `json:"lost_revenue,omitempty"` // in Currency
	Cost        float64 `json:"cost,omitempty"`         // staff and repair, in Currency
	Currency    string  `json:"currency,omitempty"`     // ISO 4217
	Users       int64   `json:"users,omitempty"`        // affected people
	Note        string  `json:"note,omitempty"`
	// Figure names a business figure of the signal's service, such as bookings or
	// revenue, and Value is what came between the signal's start and end: one
	// minute when the end is not told. What incidents lost is measured against the
	// same hours of the weeks before. Such a signal belongs to no incident.
	Figure string  `json:"figure,omitempty"`
	Value  float64 `json:"value,omitempty"`
}

// Action is what an operator's command asks for.
type Action string

// The actions. Incident and problem actions name their object in
// Command.IncidentID or Command.ProblemID.
const (
	ActionAcknowledge    Action = "acknowledge"
	ActionAssign         Action = "assign"   // To: who
	ActionMitigate       Action = "mitigate" // the effect on users has ended, the cause has not
	ActionResolve        Action = "resolve"
	ActionReopen         Action = "reopen"
	ActionMove           Action = "move"            // SignalID to IncidentID; an empty IncidentID makes a new incident
	ActionLinkParent     Action = "link_parent"     // IncidentID becomes a child of ParentID
	ActionUnlinkParent   Action = "unlink_parent"   // IncidentID stands alone again, and stays so; with a ParentID it is not part of, the two stay apart
	ActionDeclareProblem Action = "declare_problem" // the pattern of IncidentID is a problem
	ActionSolveProblem   Action = "solve_problem"   // ProblemID's root cause is fixed
	ActionNote           Action = "note"            // Note goes into the timeline
	ActionSetSeverity    Action = "set_severity"    // To: a severity, which the engine then leaves; auto: it decides again
	ActionStepDone       Action = "step_done"       // Step of the incident's procedure was done
	ActionAnswerChange   Action = "answer_change"   // SignalID: a change whose team was asked to stop it; To: one of Answers
)

// Actions lists every action.
var Actions = []Action{
	ActionAcknowledge, ActionAssign, ActionMitigate, ActionResolve, ActionReopen, ActionMove,
	ActionLinkParent, ActionUnlinkParent, ActionDeclareProblem, ActionSolveProblem, ActionNote,
	ActionSetSeverity, ActionStepDone, ActionAnswerChange,
}

// SeverityAuto is the To of a set_severity that takes a person's word back.
const SeverityAuto = "auto"

// Answers are what a team that was asked to stop a change may answer.
var Answers = []string{"stopped", "rolled_back", "declined"}

// Command is what a command signal adds.
type Command struct {
	Action     Action `json:"action"`
	By         string `json:"by"`                    // who gives it
	IncidentID string `json:"incident_id,omitempty"` //
	ParentID   string `json:"parent_id,omitempty"`   // link_parent
	SignalID   string `json:"signal_id,omitempty"`   // move, answer_change
	ProblemID  string `json:"problem_id,omitempty"`  // solve_problem
	To         string `json:"to,omitempty"`          // assign, set_severity, answer_change
	Note       string `json:"note,omitempty"`        // why
	Step       int64  `json:"step,omitempty"`        // step_done: from 1
	ActionID   string `json:"action_id,omitempty"`   // finish_action, drop_action
	DueAt      Time   `json:"due_at,omitempty"`      // add_action: until when
}

// What an activation can set.
const (
	WhatRules    = "rules"
	WhatTopology = "topology"
	WhatLearnt   = "learnt"
	// WhatBehaviour notes the number of the engines' behaviour from there on; its
	// text and its version are the number.
	WhatBehaviour = "behaviour"
	// WhatShifts tells the shifts of a calendar that rotas name: what whoever read
	// it made of its events. The newest text of a calendar counts.
	WhatShifts = "shifts"
	// WhatClock puts log time back to the time in the text: an operator's way out
	// after a wrong clock had moved it ahead. It is never in force.
	WhatClock = "clock"
)

// Activatable lists what an activation can put in force.
var Activatable = []string{WhatRules, WhatTopology, WhatLearnt}

// Activation puts a rule set, a topology or learnt pairs in force, or notes the
// number of the behaviour of the engines that decide, from its place in the log
// on, for one scope or, with Scope empty in the signal, for the partition. The
// whole text travels, so that the log alone explains every incident.
type Activation struct {
	What    string `json:"what"`           // rules, topology, learnt, behaviour, shifts
	Name    string `json:"name,omitempty"` // shifts: of which calendar
	Version string `json:"version"`        // first 12 hexadecimal digits of the text's SHA-256, or the number
	Text    string `json:"text"`           // the YAML, or the number
}

// Key names what the activation sets, of which one text is in force at a time.
func (a *Activation) Key() string {
	if a.Name == "" {
		return a.What
	}
	return a.What + "/" + a.Name
}
