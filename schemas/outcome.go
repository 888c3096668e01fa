package schemas

// Verdict is what happened to a signal. Every signal gets exactly one.
type Verdict string

// The verdicts.
const (
	VerdictPlaced     Verdict = "placed"     // it belongs to an incident, new or existing, or it informs one
	VerdictDuplicate  Verdict = "duplicate"  // the same thing, told under another identity
	VerdictSuppressed Verdict = "suppressed" // expected: a maintenance window says so
	VerdictLate       Verdict = "late"       // too old to change anything live; what was done is in the reason
	VerdictRefused    Verdict = "refused"    // unreadable or over a limit; the record is in the dead letter
)

// Decision says what happened to one signal, and why. SignalID is unique: a
// later revision replaces the earlier one.
type Decision struct {
	SignalID string  `json:"signal_id"`
	Revision int64   `json:"revision"` // grows by one with each new version; the first is 1, or higher where an earlier decision may have been forgotten
	Scope    string  `json:"scope"`
	Kind     Kind    `json:"kind"`
	Verdict  Verdict `json:"decision"`
	// IncidentID is the incident the signal is a member of, or "". The
	// outermost incident above it follows from the incidents.
	IncidentID string `json:"incident_id"`
	Reason     string `json:"reason"` // one sentence for a tired person
	At         Time   `json:"at"`     // log time of the decision

	// Repeats counts further deliveries of the same signal, so that
	// sum(1 + repeats) is the number of signals taken.
	Repeats int64 `json:"repeats"`
	LastAt  Time  `json:"last_at"` // log time of the latest delivery

	// Score is the sum of the evidence for the chosen incident, in thousandths
	// of a natural log-odds; Threshold is what it had to reach. Both are 0 when
	// there was nothing to weigh.
	Score      int64      `json:"score,omitempty"`
	Threshold  int64      `json:"threshold,omitempty"`
	Evidence   []Evidence `json:"evidence,omitempty"`
	AnchorID   string     `json:"anchor_id,omitempty"` // the member signal it was linked to
	RunnerUp   *RunnerUp  `json:"runner_up,omitempty"`
	WindowID   string     `json:"window_id,omitempty"` // suppressed: the window's signal id
	Rules      string     `json:"rules,omitempty"`     // version of the rule set
	Topology   string     `json:"topology,omitempty"`  // version of the topology
	Learnt     string     `json:"learnt,omitempty"`    // version of the learnt statistics
	Behaviour  int64      `json:"behaviour,omitempty"` // number of the engine's behaviour; none: of before there was one
	Candidates int        `json:"candidates,omitempty"`

	// Signal is the signal itself, on the first decision only.
	Signal *Signal `json:"signal,omitempty"`
}

// Evidence is one reason for or against a link.
type Evidence struct {
	Kind   string `json:"kind"`   // rule, same_service, depends_on, same_host, time, template, learnt, change, mention, operator, ...
	Points int64  `json:"points"` // contribution to the score, negative when it speaks against
	Detail string `json:"detail"` // what was seen, with its numbers
}

// RunnerUp is the best incident that was not chosen.
type RunnerUp struct {
	IncidentID string `json:"incident_id"`
	Score      int64  `json:"score"`
	Reason     string `json:"reason"` // what it lacked
}

// IncidentStatus is where an incident stands.
type IncidentStatus string

// The statuses of an incident, in the usual order.
const (
	IncidentOpen         IncidentStatus = "open"
	IncidentAcknowledged IncidentStatus = "acknowledged"
	IncidentMitigated    IncidentStatus = "mitigated"
	IncidentResolved     IncidentStatus = "resolved" // may still reopen
	IncidentClosed       IncidentStatus = "closed"   // has left the engine
)

// Incident is the full current state of a group of signals. A later revision
// replaces the earlier one.
type Incident struct {
	ID       string         `json:"id"`
	Revision int64          `json:"revision"`
	Scope    string         `json:"scope"`
	ParentID string         `json:"parent_id"`          // the outermost incident above, "" when it is itself the main one
	Children []string       `json:"children,omitempty"` // the first and the newest
	Status   IncidentStatus `json:"status"`
	Severity Severity       `json:"severity"`
	Title    string         `json:"title"`

	Services []string        `json:"services"`        // affected, sorted
	Teams    []string        `json:"teams,omitempty"` // owners of those services, sorted
	Roots    []SuspectedRoot `json:"suspected_roots"` // best first, at most 3
	Assignee string          `json:"assignee,omitempty"`
	// SeverityBy is the person whose word the severity is; the engine leaves it.
	SeverityBy string `json:"severity_by,omitempty"`

	StartedAt      Time `json:"started_at"`             // earliest event time of a member
	DetectedAt     Time `json:"detected_at"`            // log time of its opening
	AcknowledgedAt Time `json:"acknowledged_at"`        //
	MitigatedAt    Time `json:"mitigated_at"`           //
	ResolvedAt     Time `json:"resolved_at"`            // event time of the last recovery, or the operator's word
	ClosedAt       Time `json:"closed_at"`              // log time it left the engine
	EscalatesAt    Time `json:"escalates_at,omitempty"` // log time at which the next step is called unless somebody acknowledges
	UpdatedAt      Time `json:"updated_at"`             // log time of this revision

	SignalCount  int64 `json:"signals"`       // distinct signals placed here
	RepeatCount  int64 `json:"repeats"`       // further deliveries of them
	AlertCount   int64 `json:"alerts"`        // distinct alerts
	ActiveAlerts int64 `json:"active_alerts"` // of these, firing now
	ReopenCount  int64 `json:"reopens,omitempty"`
	FlapCount    int64 `json:"flaps,omitempty"`

	Tickets    []TicketRef `json:"tickets,omitempty"`           // linked tickets
	Candidates []Candidate `json:"candidate_causes,omitempty"`  // changes and maintenance that likely caused it: above even odds
	Also       []Candidate `json:"also_changed,omitempty"`      // that might have, below even odds, the likeliest first
	NoChange   float64     `json:"no_change,omitempty"`         // probability that none of both lists caused it; they and it sum to 1
	Notices    []Notice    `json:"notices,omitempty"`           // who must be told what, at once
	Links      []Link      `json:"links,omitempty"`             // to other incidents, made, refused and undone; of those to children the newest, whose evidence stands with the child
	Procedure  *Procedure  `json:"procedure,omitempty"`         //
	Impact     ImpactRange `json:"impact"`                      //
	ProblemID  string      `json:"problem_id,omitempty"`        // the recurring problem it is an occurrence of
	Members    []MemberRef `json:"members,omitempty"`           // the first and the newest, at most 50 in all
	Timeline   []string    `json:"recent_timeline,omitempty"`   // newest last, at most 20 lines
	Limited    string      `json:"limited,omitempty"`           // which limit was reached and what follows
	Rules      string      `json:"rules,omitempty"`             // version it was opened under
	Topology   string      `json:"topology,omitempty"`          // version it was opened under
	Opening    string      `json:"opening_signal_id,omitempty"` //
	Imported   bool        `json:"imported,omitempty"`          // history: not seen when it happened, and not priced

	// What a main incident and everything below it are together; none where
	// nothing is below it. Its title, severity, services, teams, suspected roots,
	// candidate causes, notices and impact are of all that already.
	Tree *IncidentTree `json:"tree,omitempty"`

	// How many more there are than the lists above hold. The rest is told by
	// decisions (members), the timeline, and the records of the incidents below.
	ChildrenOmitted int64 `json:"children_omitted,omitempty"`
	ServicesOmitted int64 `json:"services_omitted,omitempty"`
	TicketsOmitted  int64 `json:"tickets_omitted,omitempty"`
	LinksOmitted    int64 `json:"links_omitted,omitempty"`
	MembersOmitted  int64 `json:"members_omitted,omitempty"`
	TimelineOmitted int64 `json:"timeline_omitted,omitempty"`
}

// IncidentTree counts over a main incident and everything below it.
type IncidentTree struct {
	Incidents    int64 `json:"incidents"`     // itself included
	Open         int64 `json:"open"`          // of these, neither resolved nor closed
	SignalCount  int64 `json:"signals"`       // distinct signals placed there
	RepeatCount  int64 `json:"repeats"`       // further deliveries of them
	Alerts       int64 `json:"alerts"`        // distinct alerts
	ActiveAlerts int64 `json:"active_alerts"` // of these, firing now
	Services     int64 `json:"services"`      // distinct services affected
}

// SuspectedRoot is an entity the incident may have started at.
type SuspectedRoot struct {
	Service string `json:"service"`
	Score   int64  `json:"score"` // thousandths of the whole: the listed scores and the rest sum to 1000
	Reason  string `json:"reason"`
}

// TicketRef is a ticket linked to an incident.
type TicketRef struct {
	Key      string `json:"key"`
	SignalID string `json:"signal_id"`
	Title    string `json:"title"`
	State    string `json:"state"`
	URL      string `json:"url,omitempty"`
	Reason   string `json:"reason"`
}

// Candidate is a change or maintenance that may explain an incident. It is a
// candidate cause, never "the cause".
type Candidate struct {
	SignalID   string `json:"signal_id"`
	Kind       Kind   `json:"kind"`
	Title      string `json:"title"`
	Service    string `json:"service"`
	Team       string `json:"team,omitempty"`
	Status     Status `json:"status"`
	StartedAt  Time   `json:"started_at"`
	EndsAt     Time   `json:"ends_at"`
	InProgress bool   `json:"in_progress"`
	Score      int64  `json:"score"`
	Reason     string `json:"reason"`
	// Probability is that it caused the incident: how often changes come there
	// anyway against how long before it began, and where the incident is suspected
	// to have started. 0 to 1; not there before it was worked out.
	Probability float64 `json:"probability,omitempty"`
}

// Notice says that a team must be told something at once.
type Notice struct {
	Team     string `json:"team"`
	Contact  string `json:"contact,omitempty"`
	Text     string `json:"text"`
	SignalID string `json:"signal_id,omitempty"`
	At       Time   `json:"at"`
	Answer   string `json:"answer,omitempty"` // stopped, rolled_back, declined; "" so far none
	By       string `json:"by,omitempty"`     // who answered
	AnswerAt Time   `json:"answer_at,omitempty"`
}

// Link joins an incident to another one, or says why it was not joined.
type Link struct {
	IncidentID string     `json:"incident_id"` // the other side
	Relation   string     `json:"relation"`    // child_of, parent_of, refused, undone
	Score      int64      `json:"score"`
	Threshold  int64      `json:"threshold"`
	Reason     string     `json:"reason"`
	Evidence   []Evidence `json:"evidence,omitempty"`
	At         Time       `json:"at"`
	By         string     `json:"by,omitempty"` // an operator, or "" for the engine
}

// Procedure is who does what when it fires.
type Procedure struct {
	Name      string `json:"name"`
	Owner     string `json:"owner,omitempty"`
	OnCall    string `json:"on_call,omitempty"`
	Emergency string `json:"emergency_channel,omitempty"`
	Runbook   string `json:"runbook,omitempty"`
	// AlertRunbook is the runbook that an alert itself names. Where no procedure
	// is configured it is Runbook too.
	AlertRunbook string `json:"alert_runbook,omitempty"`

	Severity   Severity         `json:"severity,omitempty"`     // at least, for the incident
	Steps      []ProcedureStep  `json:"steps,omitempty"`        // of the runbook, in order
	Escalation []EscalationStep `json:"escalation,omitempty"`   // who is called, until somebody acknowledges
	Company    bool             `json:"mail_company,omitempty"` // the company is told by mail
}

// ProcedureStep is one step of a runbook.
type ProcedureStep struct {
	Text   string `json:"text"`
	URL    string `json:"url,omitempty"`
	DoneBy string `json:"done_by,omitempty"` // who did it in this incident, "" so far nobody
	DoneAt Time   `json:"done_at"`
}

// EscalationStep is whom to call when nobody answered before.
type EscalationStep struct {
	Call     []string `json:"call,omitempty"`    // people, and rotas whose turn it is
	Targets  []string `json:"targets,omitempty"` // channels that are told, see Audience
	Minutes  float64  `json:"minutes"`           // to wait for an answer; 0: nothing follows
	CalledAt Time     `json:"called_at"`         // when this step was taken in this incident
}

// ImpactRange is what an incident costs: low, likely and high. The formula is
// in the documentation of the impact settings.
type ImpactRange struct {
	Currency    string  `json:"currency,omitempty"`
	LostRevenue Range   `json:"lost_revenue"`
	Cost        Range   `json:"cost"`
	Minutes     float64 `json:"minutes"`            // of disruption so far
	Measured    bool    `json:"measured,omitempty"` // a reported figure replaced the model's
	Formula     string  `json:"formula,omitempty"`  // in words, with the numbers used

	// Basis is what the lost revenue was found by: one of those below.
	Basis string `json:"basis,omitempty"`
	// CaughtUp is what customers bought later instead: what came beyond the
	// expected in the hours after the incident. Lost revenue is told without it.
	CaughtUp   *Range       `json:"caught_up,omitempty"`
	DirectCost float64      `json:"direct_cost,omitempty"` // of Cost, what tickets and reports say was paid
	Users      int64        `json:"users,omitempty"`       // people affected, as was reported
	Figures    *FigureBasis `json:"figures,omitempty"`     // what lost revenue was measured by
}

// What lost revenue can be found by.
const (
	BasisModel    = "model"    // the configured revenue and shares lost
	BasisFigures  = "figures"  // business figures against the same hours of the weeks before
	BasisReported = "reported" // a figure that somebody reported for the incident
)

// FigureBasis is how lost revenue was measured by business figures. Amounts are in
// the currency.
type FigureBasis struct {
	Expected float64 `json:"expected"`         // what was to come while the incident lasted
	Actual   float64 `json:"actual"`           // what came
	Known    int64   `json:"known"`            // thousandths of the expected for whose time figures were told
	Placebos int64   `json:"placebos"`         // undisturbed windows that the interval was found from
	Held     int64   `json:"held"`             // of Tried intervals made at undisturbed times, those that held the truth
	Tried    int64   `json:"tried"`            //
	Shared   bool    `json:"shared,omitempty"` // other incidents are charged with a part of the same loss
	Final    bool    `json:"final,omitempty"`  // all of it, and of what came back, has been told
}

// Range is an estimate: low, likely and high.
type Range struct {
	Low    float64 `json:"low"`
	Likely float64 `json:"likely"`
	High   float64 `json:"high"`
}

// MemberRef is a signal in an incident, shortened for a list.
type MemberRef struct {
	SignalID string   `json:"signal_id"`
	Kind     Kind     `json:"kind"`
	Name     string   `json:"name"`
	Service  string   `json:"service,omitempty"`
	Instance string   `json:"instance,omitempty"`
	Severity Severity `json:"severity,omitempty"`
	Status   Status   `json:"status"`
	StartsAt Time     `json:"starts_at"`
	Reason   string   `json:"reason"`
}

// TimelineEntry is one line in the story of an incident. (IncidentID, Seq) is
// unique.
type TimelineEntry struct {
	IncidentID string `json:"incident_id"`
	Seq        int64  `json:"seq"` // from 1
	Scope      string `json:"scope"`
	At         Time   `json:"at"`       // log time
	EventAt    Time   `json:"event_at"` // event time of what it tells, when known
	Type       string `json:"type"`     // opened, joined, ticket, change, severity, acknowledged, linked, resolved, ...
	Text       string `json:"text"`
	SignalID   string `json:"signal_id,omitempty"`
	By         string `json:"by,omitempty"`
}

// ProblemStatus is where a problem stands.
type ProblemStatus string

// The statuses of a problem.
const (
	ProblemOpen     ProblemStatus = "open"     // flagged, root cause not fixed
	ProblemSolved   ProblemStatus = "solved"   // declared fixed
	ProblemReturned ProblemStatus = "returned" // came back after it was declared fixed
)

// Problem is a recurring pattern of incidents, or one that an operator
// declared. A later revision replaces the earlier one.
type Problem struct {
	ID          string        `json:"id"`
	Revision    int64         `json:"revision"`
	Scope       string        `json:"scope"`
	Signature   string        `json:"signature"` // what recurs, readable
	Title       string        `json:"title"`
	Status      ProblemStatus `json:"status"`
	Owner       string        `json:"owner,omitempty"` // team
	Service     string        `json:"service,omitempty"`
	Machine     string        `json:"machine,omitempty"` // where it recurs, when that is no service
	IncidentIDs []string      `json:"incident_ids"`      // newest last, at most 100
	Count       int64         `json:"count"`             // incidents that match, in all
	FirstSeenAt Time          `json:"first_seen_at"`
	LastSeenAt  Time          `json:"last_seen_at"`
	FlaggedAt   Time          `json:"flagged_at"`
	SolvedAt    Time          `json:"solved_at"`
	SolvedBy    string        `json:"solved_by,omitempty"`
	ReturnedAt  Time          `json:"returned_at"`
	DeclaredBy  string        `json:"declared_by,omitempty"`
	Evidence    []Evidence    `json:"evidence"`
	Cost        ImpactRange   `json:"cost"` // sum over its incidents so far
	Minutes     float64       `json:"minutes"`
	UpdatedAt   Time          `json:"updated_at"`
	Rules       string        `json:"rules,omitempty"`
	Imported    bool          `json:"imported,omitempty"` // of imported incidents alone
}

// DeadLetter is a record that could not be taken, with the reason. The
// original bytes are the value of the record; this is what its headers say.
type DeadLetter struct {
	SignalID  string `json:"signal_id"` // see RefusedID
	Topic     string `json:"topic"`     // the topic, or the path of the gateway, with partition and offset -1
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	At        Time   `json:"at"`
	Stage     string `json:"stage"`  // gateway, normalise, correlate
	Reason    string `json:"reason"` // what, where and what to do
	Value     []byte `json:"value"`  // base64 in JSON; cut at 64 KiB
	Size      int    `json:"size"`   // bytes before the cut
}
