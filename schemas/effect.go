package schemas

import "strconv"

// EffectKind is what is to be said or done.
type EffectKind string

// The kinds of effects. Each is one thing that changed; what the incident looks
// like now is in the head of every one.
const (
	EffectOpened       EffectKind = "opened"        // a new main incident
	EffectAlertType    EffectKind = "alert_type"    // an alert of a name that was not in it before
	EffectSeverity     EffectKind = "severity"      // the severity is another one
	EffectOwner        EffectKind = "owner"         // somebody took charge: acknowledged or assigned
	EffectPage         EffectKind = "page"          // call these people; by answer_by one of them has to acknowledge
	EffectEscalated    EffectKind = "escalated"     // nobody answered the page of the step before: tell the channels
	EffectMitigated    EffectKind = "mitigated"     // the effect on users has ended
	EffectResolved     EffectKind = "resolved"      // it is over
	EffectReopened     EffectKind = "reopened"      // it is active again
	EffectLinked       EffectKind = "linked"        // it is part of another main incident now: what is said goes there
	EffectUnlinked     EffectKind = "unlinked"      // it stands alone again
	EffectChangeNotice EffectKind = "change_notice" // ask a change's team to stop it or to roll it back
	EffectMailAnnounce EffectKind = "mail_announce" // tell the company of a major incident, once
	EffectMailClose    EffectKind = "mail_close"    // tell the company that it is over
	EffectWindowEnded  EffectKind = "window_ended"  // a maintenance window is over, and what it held back still fires
	EffectTicketLink   EffectKind = "ticket_link"   // link a ticket to the incident's
	EffectTicketUnlink EffectKind = "ticket_unlink" // take that link away
	EffectExpired      EffectKind = "expired"       // a limit ended the incident; nobody said that it is over
	EffectReport       EffectKind = "report"        // the report of a month is due: of no incident, and not the engine's; incident_id names the schedule, signal_id the month
)

// Effect is one thing to be said to people or done in another system about a
// main incident; what happens in its related incidents is said of the main one.
// It is written once and never revised: bringing it twice is one effect, since
// its id is the same whenever the same log is read.
type Effect struct {
	ID         string     `json:"id"`          // from the incident, the kind, what it is about and when: the key against doubles
	IncidentID string     `json:"incident_id"` // the main incident
	Seq        int64      `json:"seq"`         // n-th effect of this incident, from 1: the order in which they are brought
	Scope      string     `json:"scope"`       // correlation scope, tenant and environment unless configured otherwise
	Kind       EffectKind `json:"kind"`        //
	At         Time       `json:"at"`          // log time
	Reason     string     `json:"reason"`      // one sentence: what changed, and why it is said
	To         Audience   `json:"to"`          //
	Severity   Severity   `json:"severity"`    // of the incident, as in the head

	Step     int64  `json:"step,omitempty"`         // page, escalated: which step of the procedure's escalation, from 1
	AnswerBy Time   `json:"answer_by"`              // page: when the next step is taken unless somebody acknowledges; not known: there is none
	Coalesce string `json:"coalesce_key,omitempty"` // one not yet brought may be left out when a later one of the same incident has the same key: that one says all of it
	SignalID string `json:"signal_id,omitempty"`    // the ticket, change, window or command it is about
	By       string `json:"by,omitempty"`           // whose word it is, "" for the engine
	Via      string `json:"via,omitempty"`          // source of the command behind it: that system knows already

	Ticket *TicketRef `json:"ticket,omitempty"` // ticket_link, ticket_unlink
	Change *Candidate `json:"change,omitempty"` // change_notice: what to stop; window_ended: what is over
	Ask    string     `json:"ask,omitempty"`    // change_notice: what its team is asked to do, and how

	Head  EffectHead `json:"head"`            // the incident at this moment: enough to render it without asking
	Rules string     `json:"rules,omitempty"` // version of the rule set that chose to say it
}

// Audience is whom an effect is for. A target is a name of the settings' notify
// section, or that name, a colon and an address which the target understands (a
// channel, a mail address): "slack:#shield". A name that the settings do not
// have can't be reached, and is shown as failed.
type Audience struct {
	Targets []string `json:"targets,omitempty"` // channels: of the procedure and of the rule set, sorted
	Team    string   `json:"team,omitempty"`    // team that it concerns, for targets that are chosen by team
	People  []Person `json:"people,omitempty"`  // page: whom to call, in order
	Company bool     `json:"company,omitempty"` // everybody: the company's mail
}

// Person is somebody who can be called.
type Person struct {
	Name    string   `json:"name"`
	Targets []string `json:"targets,omitempty"` // how, the most urgent first; none: the rule set knows no way
	Rota    string   `json:"rota,omitempty"`    // why this one: the rota's turn at that moment
}

// EffectHead is what a main incident looks like, for a message that stands by
// itself. Its counts are those of the whole tree.
type EffectHead struct {
	Title      string         `json:"title"`
	Status     IncidentStatus `json:"status"`
	Severity   Severity       `json:"severity"`
	SeverityBy string         `json:"severity_by,omitempty"` // a person whose word it is; the engine leaves it
	Revision   int64          `json:"revision"`              // of the incident
	ParentID   string         `json:"parent_id,omitempty"`   // linked: the main incident above

	Services []string        `json:"services,omitempty"`        // affected, at most 20
	Teams    []string        `json:"teams,omitempty"`           // at most 20
	Roots    []SuspectedRoot `json:"suspected_roots,omitempty"` // best first, at most 3
	Types    []string        `json:"alert_types,omitempty"`     // names of alerts, in order of appearance, at most 10
	Assignee string          `json:"assignee,omitempty"`        //

	StartedAt      Time `json:"started_at"`      // event time
	DetectedAt     Time `json:"detected_at"`     // log time
	AcknowledgedAt Time `json:"acknowledged_at"` //
	MitigatedAt    Time `json:"mitigated_at"`    //
	ResolvedAt     Time `json:"resolved_at"`     //
	NextAt         Time `json:"next_at"`         // when the next step of the escalation is due; not known: none is

	Signals      int64 `json:"signals"`       // distinct signals
	Alerts       int64 `json:"alerts"`        // distinct alerts
	ActiveAlerts int64 `json:"active_alerts"` // of these, firing now
	TypeCount    int64 `json:"types"`         // names of alerts in all
	ServiceCount int64 `json:"service_count"` // affected services in all
	Incidents    int64 `json:"incidents"`     // the main one and those below it
	Reopens      int64 `json:"reopens,omitempty"`
	Said         int64 `json:"said"` // messages of this incident so far, this one too

	Tickets   []TicketRef `json:"tickets,omitempty"`         // linked, at most 10
	Candidate *Candidate  `json:"candidate_cause,omitempty"` // the change or maintenance that likely caused it: above even odds
	Also      []Candidate `json:"also_changed,omitempty"`    // the likeliest of those below, at most 3
	Asked     []Asked     `json:"asked,omitempty"`           // teams that were asked to stop something, and their answers
	Procedure *Procedure  `json:"procedure,omitempty"`       //
	Impact    ImpactRange `json:"impact"`                    // so far
	ProblemID string      `json:"problem_id,omitempty"`      //
	Limited   string      `json:"limited,omitempty"`         // which limit was reached and what follows
	Timeline  []string    `json:"recent_timeline,omitempty"` // newest last, at most 5 lines
}

// Asked is what a change's team was asked, and what came of it.
type Asked struct {
	SignalID string `json:"signal_id"` // the change
	Title    string `json:"title"`
	Team     string `json:"team,omitempty"`
	At       Time   `json:"at"`
	Answer   string `json:"answer,omitempty"` // stopped, rolled_back, declined; "" so far none
	By       string `json:"by,omitempty"`
	AnswerAt Time   `json:"answer_at"`
}

// Effects is what is to be brought to the world by the role notify. They are
// keyed by incident: one partition has all of an incident's, in their order.
var Effects = &Outcome[Effect]{
	Name: "effect", Plural: "effects", Type: TypeEffect, Topic: TopicEffects,
	Key:    func(e *Effect) string { return e.IncidentID },
	ID:     func(e *Effect) string { return e.ID },
	At:     func(e *Effect) Time { return e.At },
	Append: AppendEffect, Shrink: shrinkEffect,
	Said: func(o *Output) *[]Effect { return &o.Effects },
}

// EffectID returns the id of the effect of that kind about what, decided at log
// time at, for example EFF-7K3M9QX2AB4T. A log that is read again gives the
// same, so what was brought is not brought twice.
func EffectID(incident string, kind EffectKind, what string, at Time) string {
	return shortID("EFF-", hashOf("effect/1", incident, string(kind), what, strconv.FormatInt(int64(at), 10)))
}

func shrinkEffect(e *Effect) {
	h := &e.Head
	h.Title, h.Limited, h.Timeline, h.Asked, h.Tickets, h.Candidate, h.Also = cutText(h.Title), whyShrunk, nil, nil, nil, nil, nil
	h.Services, h.Teams, h.Types, h.Roots = nil, nil, nil, nil
	if h.Procedure != nil {
		p := *h.Procedure
		p.Steps, p.Escalation = nil, nil
		h.Procedure = &p
	}
	e.Reason, e.Ask = cutText(e.Reason), cutText(e.Ask)
}
