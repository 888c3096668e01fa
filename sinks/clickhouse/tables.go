package clickhouse

import (
	"slices"

	"pinkstar/schemas"
)

// The tables, each with its columns. A new column is a line here and a migration
// that adds it, to the shadow's table too. A new outcome is its table and a line
// in kept.

// kept says where each type of outcome goes: a new one is a line here and its
// table.
var kept = map[string]func(room int) gathering{
	schemas.TypeDecision:   func(room int) gathering { return newDecisionRows(room) },
	schemas.TypeTimeline:   into(schemas.Timeline, timelineTable),
	schemas.TypeIncident:   into(schemas.Incidents, incidentsTable, impactRevisionsTable),
	schemas.TypeProblem:    into(schemas.Problems, problemsTable),
	schemas.TypeActionItem: into(schemas.ActionItems, actionsTable),
	schemas.TypeEffect:     into(schemas.Effects, effectsTable),
	schemas.TypeDelivery:   into(schemas.Deliveries, deliveriesTable),
	schemas.TypeDeadLetter: into(schemas.DeadLetters, deadLettersTable),
}

// signalRow is a signal, with the JSON of what its kind adds.
type signalRow struct {
	schemas.Signal
	detail string
}

var signalsTable = &table[signalRow]{name: "signals", columns: []tableColumn[signalRow]{
	text("signal_id", func(s *signalRow) string { return s.ID }),
	text("kind", func(s *signalRow) schemas.Kind { return s.Kind }),
	text("source", func(s *signalRow) string { return s.Source }),
	text("fingerprint", func(s *signalRow) string { return s.Fingerprint }),
	text("status", func(s *signalRow) schemas.Status { return s.Status }),
	text("occurrence", func(s *signalRow) string { return s.Occurrence }),
	text("tenant", func(s *signalRow) string { return s.Tenant }),
	text("environment", func(s *signalRow) string { return s.Environment }),
	text("scope", func(s *signalRow) string { return s.Scope }),
	text("name", func(s *signalRow) string { return s.Name }),
	text("severity", func(s *signalRow) schemas.Severity { return s.Severity }),
	text("service", func(s *signalRow) string { return s.Service }),
	text("instance", func(s *signalRow) string { return s.Instance }),
	text("host", func(s *signalRow) string { return s.Host }),
	text("team", func(s *signalRow) string { return s.Team }),
	moment("starts_at", func(s *signalRow) schemas.Time { return s.StartsAt }),
	moment("ends_at", func(s *signalRow) schemas.Time { return s.EndsAt }),
	moment("received_at", func(s *signalRow) schemas.Time { return s.ReceivedAt }),
	text("summary", func(s *signalRow) string { return s.Summary }),
	text("description", func(s *signalRow) string { return s.Description }),
	text("url", func(s *signalRow) string { return s.URL }),
	text("runbook", func(s *signalRow) string { return s.Runbook }),
	text("detail", func(s *signalRow) string { return s.detail }),
	labels("labels", func(s *signalRow) schemas.Labels { return s.Labels }),
	labels("annotations", func(s *signalRow) schemas.Labels { return s.Annotations }),
	list("flags", func(s *signalRow) []string { return s.Flags }),
	flag("imported", func(s *signalRow) bool { return s.Imported }),
}}

// decisionRow is a decision, with what is kept as JSON.
type decisionRow struct {
	schemas.Decision
	evidence, runnerUp string
}

var decisionsTable = &table[decisionRow]{name: "decisions", shadow: "shadow_decisions", columns: []tableColumn[decisionRow]{
	text("signal_id", func(d *decisionRow) string { return d.SignalID }),
	number("revision", func(d *decisionRow) int64 { return d.Revision }),
	text("scope", func(d *decisionRow) string { return d.Scope }),
	text("kind", func(d *decisionRow) schemas.Kind { return d.Kind }),
	text("decision", func(d *decisionRow) schemas.Verdict { return d.Verdict }),
	text("incident_id", func(d *decisionRow) string { return d.IncidentID }),
	text("reason", func(d *decisionRow) string { return d.Reason }),
	moment("at", func(d *decisionRow) schemas.Time { return d.At }),
	number("repeats", func(d *decisionRow) int64 { return d.Repeats }),
	moment("last_at", func(d *decisionRow) schemas.Time { return d.LastAt }),
	number("score", func(d *decisionRow) int64 { return d.Score }),
	number("threshold", func(d *decisionRow) int64 { return d.Threshold }),
	text("evidence", func(d *decisionRow) string { return d.evidence }),
	text("anchor_id", func(d *decisionRow) string { return d.AnchorID }),
	text("runner_up", func(d *decisionRow) string { return d.runnerUp }),
	text("window_id", func(d *decisionRow) string { return d.WindowID }),
	text("rules", func(d *decisionRow) string { return d.Rules }),
	text("topology", func(d *decisionRow) string { return d.Topology }),
	text("learnt", func(d *decisionRow) string { return d.Learnt }),
	number("behaviour", func(d *decisionRow) int64 { return d.Behaviour }),
	small("candidates", func(d *decisionRow) int32 { return int32(d.Candidates) }),
}}

// againTable has the signals that stand at several times: see current_decisions.
var againTable = &table[decisionRow]{name: "decided_again", columns: []tableColumn[decisionRow]{
	text("signal_id", func(d *decisionRow) string { return d.SignalID }),
	number("revision", func(d *decisionRow) int64 { return d.Revision }),
	moment("at", func(d *decisionRow) schemas.Time { return d.At }),
}}

type incidentRow = withBody[schemas.Incident]

var incidentsTable = &table[incidentRow]{name: "incidents", shadow: "shadow_incidents", columns: []tableColumn[incidentRow]{
	text("incident_id", func(i *incidentRow) string { return i.v.ID }),
	number("revision", func(i *incidentRow) int64 { return i.v.Revision }),
	text("scope", func(i *incidentRow) string { return i.v.Scope }),
	text("parent_id", func(i *incidentRow) string { return i.v.ParentID }),
	text("status", func(i *incidentRow) schemas.IncidentStatus { return i.v.Status }),
	text("severity", func(i *incidentRow) schemas.Severity { return i.v.Severity }),
	text("title", func(i *incidentRow) string { return i.v.Title }),
	list("services", func(i *incidentRow) []string { return i.v.Services }),
	list("teams", func(i *incidentRow) []string { return i.v.Teams }),
	text("root_service", func(i *incidentRow) string { return root(i.v).Service }),
	number("root_score", func(i *incidentRow) int64 { return root(i.v).Score }),
	text("root_reason", func(i *incidentRow) string { return root(i.v).Reason }),
	text("assignee", func(i *incidentRow) string { return i.v.Assignee }),
	text("severity_by", func(i *incidentRow) string { return i.v.SeverityBy }),
	moment("escalates_at", func(i *incidentRow) schemas.Time { return i.v.EscalatesAt }),
	moment("started_at", func(i *incidentRow) schemas.Time { return i.v.StartedAt }),
	moment("detected_at", func(i *incidentRow) schemas.Time { return i.v.DetectedAt }),
	moment("acknowledged_at", func(i *incidentRow) schemas.Time { return i.v.AcknowledgedAt }),
	moment("mitigated_at", func(i *incidentRow) schemas.Time { return i.v.MitigatedAt }),
	moment("resolved_at", func(i *incidentRow) schemas.Time { return i.v.ResolvedAt }),
	moment("closed_at", func(i *incidentRow) schemas.Time { return i.v.ClosedAt }),
	moment("updated_at", func(i *incidentRow) schemas.Time { return i.v.UpdatedAt }),
	number("signals", func(i *incidentRow) int64 { return i.v.SignalCount }),
	number("repeats", func(i *incidentRow) int64 { return i.v.RepeatCount }),
	number("alerts", func(i *incidentRow) int64 { return i.v.AlertCount }),
	number("active_alerts", func(i *incidentRow) int64 { return i.v.ActiveAlerts }),
	number("reopens", func(i *incidentRow) int64 { return i.v.ReopenCount }),
	number("flaps", func(i *incidentRow) int64 { return i.v.FlapCount }),
	number("tree_incidents", func(i *incidentRow) int64 { return tree(i.v).Incidents }),
	number("tree_open", func(i *incidentRow) int64 { return tree(i.v).Open }),
	number("tree_signals", func(i *incidentRow) int64 { return tree(i.v).SignalCount }),
	number("tree_repeats", func(i *incidentRow) int64 { return tree(i.v).RepeatCount }),
	number("tree_alerts", func(i *incidentRow) int64 { return tree(i.v).Alerts }),
	number("tree_active_alerts", func(i *incidentRow) int64 { return tree(i.v).ActiveAlerts }),
	number("tree_services", func(i *incidentRow) int64 { return tree(i.v).Services }),
	list("tickets", func(i *incidentRow) []string { return ticketKeys(i.v.Tickets) }),
	list("candidate_ids", func(i *incidentRow) []string { return candidateIDs(changes(i.v)) }),
	text("procedure", func(i *incidentRow) string { return procedure(i.v).Name }),
	text("procedure_owner", func(i *incidentRow) string { return procedure(i.v).Owner }),
	text("on_call", func(i *incidentRow) string { return procedure(i.v).OnCall }),
	text("emergency_channel", func(i *incidentRow) string { return procedure(i.v).Emergency }),
	text("runbook", func(i *incidentRow) string { return procedure(i.v).Runbook }),
	text("alert_runbook", func(i *incidentRow) string { return procedure(i.v).AlertRunbook }),
	text("candidates", func(i *incidentRow) string { return jsonOf(changes(i.v)) }),
	text("notices", func(i *incidentRow) string { return jsonOf(i.v.Notices) }),
	text("opened_by", func(i *incidentRow) string { return i.v.Opening }),
	text("opened_by_name", func(i *incidentRow) string { return opener(i.v).Name }),
	text("opened_by_service", func(i *incidentRow) string { return opener(i.v).Service }),
	text("problem_id", func(i *incidentRow) string { return i.v.ProblemID }),
	text("currency", func(i *incidentRow) string { return i.v.Impact.Currency }),
	real("lost_low", func(i *incidentRow) float64 { return i.v.Impact.LostRevenue.Low }),
	real("lost_likely", func(i *incidentRow) float64 { return i.v.Impact.LostRevenue.Likely }),
	real("lost_high", func(i *incidentRow) float64 { return i.v.Impact.LostRevenue.High }),
	real("cost_low", func(i *incidentRow) float64 { return i.v.Impact.Cost.Low }),
	real("cost_likely", func(i *incidentRow) float64 { return i.v.Impact.Cost.Likely }),
	real("cost_high", func(i *incidentRow) float64 { return i.v.Impact.Cost.High }),
	real("minutes", func(i *incidentRow) float64 { return i.v.Impact.Minutes }),
	flag("measured", func(i *incidentRow) bool { return i.v.Impact.Measured }),
	text("basis", func(i *incidentRow) string { return i.v.Impact.Basis }),
	real("caught_low", func(i *incidentRow) float64 { return caughtUp(i.v).Low }),
	real("caught_likely", func(i *incidentRow) float64 { return caughtUp(i.v).Likely }),
	real("caught_high", func(i *incidentRow) float64 { return caughtUp(i.v).High }),
	real("direct_cost", func(i *incidentRow) float64 { return i.v.Impact.DirectCost }),
	number("users", func(i *incidentRow) int64 { return i.v.Impact.Users }),
	real("expected", func(i *incidentRow) float64 { return figures(i.v).Expected }),
	real("actual", func(i *incidentRow) float64 { return figures(i.v).Actual }),
	number("known", func(i *incidentRow) int64 { return figures(i.v).Known }),
	number("placebos", func(i *incidentRow) int64 { return figures(i.v).Placebos }),
	number("trials_held", func(i *incidentRow) int64 { return figures(i.v).Held }),
	number("trials", func(i *incidentRow) int64 { return figures(i.v).Tried }),
	flag("shared", func(i *incidentRow) bool { return figures(i.v).Shared }),
	flag("final", func(i *incidentRow) bool { return figures(i.v).Final }),
	text("formula", func(i *incidentRow) string { return i.v.Impact.Formula }),
	text("rules", func(i *incidentRow) string { return i.v.Rules }),
	text("topology", func(i *incidentRow) string { return i.v.Topology }),
	flag("imported", func(i *incidentRow) bool { return i.v.Imported }),
	text("body", func(i *incidentRow) string { return i.body }),
}}

// impactRevisionsTable has every state of what incidents cost that was written: what
// a report told can be told again.
var impactRevisionsTable = &table[incidentRow]{name: "impact_revisions", columns: []tableColumn[incidentRow]{
	text("incident_id", func(i *incidentRow) string { return i.v.ID }),
	number("revision", func(i *incidentRow) int64 { return i.v.Revision }),
	text("scope", func(i *incidentRow) string { return i.v.Scope }),
	text("parent_id", func(i *incidentRow) string { return i.v.ParentID }),
	moment("at", func(i *incidentRow) schemas.Time { return i.v.UpdatedAt }),
	moment("began", func(i *incidentRow) schemas.Time { return began(i.v) }),
	text("status", func(i *incidentRow) schemas.IncidentStatus { return i.v.Status }),
	text("severity", func(i *incidentRow) schemas.Severity { return i.v.Severity }),
	text("currency", func(i *incidentRow) string { return i.v.Impact.Currency }),
	text("basis", func(i *incidentRow) string { return i.v.Impact.Basis }),
	real("lost_low", func(i *incidentRow) float64 { return i.v.Impact.LostRevenue.Low }),
	real("lost_likely", func(i *incidentRow) float64 { return i.v.Impact.LostRevenue.Likely }),
	real("lost_high", func(i *incidentRow) float64 { return i.v.Impact.LostRevenue.High }),
	real("caught_likely", func(i *incidentRow) float64 { return caughtUp(i.v).Likely }),
	real("cost_low", func(i *incidentRow) float64 { return i.v.Impact.Cost.Low }),
	real("cost_likely", func(i *incidentRow) float64 { return i.v.Impact.Cost.Likely }),
	real("cost_high", func(i *incidentRow) float64 { return i.v.Impact.Cost.High }),
	real("minutes", func(i *incidentRow) float64 { return i.v.Impact.Minutes }),
	flag("imported", func(i *incidentRow) bool { return i.v.Imported }),
}}

// began is when an incident started, or was detected where that is not known.
func began(i *schemas.Incident) schemas.Time {
	if i.StartedAt != 0 {
		return i.StartedAt
	}
	return i.DetectedAt
}

func caughtUp(i *schemas.Incident) schemas.Range {
	if i.Impact.CaughtUp == nil {
		return schemas.Range{}
	}
	return *i.Impact.CaughtUp
}

func figures(i *schemas.Incident) schemas.FigureBasis {
	if i.Impact.Figures == nil {
		return schemas.FigureBasis{}
	}
	return *i.Impact.Figures
}

func tree(i *schemas.Incident) schemas.IncidentTree {
	if i.Tree == nil {
		return schemas.IncidentTree{}
	}
	return *i.Tree
}

func root(i *schemas.Incident) schemas.SuspectedRoot {
	if len(i.Roots) == 0 {
		return schemas.SuspectedRoot{}
	}
	return i.Roots[0]
}

func procedure(i *schemas.Incident) schemas.Procedure {
	if i.Procedure == nil {
		return schemas.Procedure{}
	}
	return *i.Procedure
}

// opener is the member that opened an incident; it is among the first that travel
// with it.
func opener(i *schemas.Incident) schemas.MemberRef {
	for k := range i.Members {
		if i.Opening != "" && i.Members[k].SignalID == i.Opening {
			return i.Members[k]
		}
	}
	return schemas.MemberRef{}
}

// jsonOf is a list as JSON, empty for an empty one. What came as JSON can be
// written as JSON.
func jsonOf[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	b, err := schemas.Marshal(list)
	if err != nil {
		panic("clickhouse: " + err.Error())
	}
	return string(b)
}

func ticketKeys(tickets []schemas.TicketRef) []string {
	keys := make([]string, len(tickets))
	for i := range tickets {
		keys[i] = tickets[i].Key
	}
	return keys
}

// changes are what may have caused an incident, the likely ones first. They share a
// column: their probability tells which is which.
func changes(i *schemas.Incident) []schemas.Candidate {
	if len(i.Also) == 0 {
		return i.Candidates
	}
	return append(slices.Clip(i.Candidates), i.Also...)
}

func candidateIDs(candidates []schemas.Candidate) []string {
	ids := make([]string, len(candidates))
	for i := range candidates {
		ids[i] = candidates[i].SignalID
	}
	return ids
}

type problemRow = withBody[schemas.Problem]

var problemsTable = &table[problemRow]{name: "problems", columns: []tableColumn[problemRow]{
	text("problem_id", func(p *problemRow) string { return p.v.ID }),
	number("revision", func(p *problemRow) int64 { return p.v.Revision }),
	text("scope", func(p *problemRow) string { return p.v.Scope }),
	text("signature", func(p *problemRow) string { return p.v.Signature }),
	text("title", func(p *problemRow) string { return p.v.Title }),
	text("status", func(p *problemRow) schemas.ProblemStatus { return p.v.Status }),
	text("owner", func(p *problemRow) string { return p.v.Owner }),
	text("service", func(p *problemRow) string { return p.v.Service }),
	list("incident_ids", func(p *problemRow) []string { return p.v.IncidentIDs }),
	number("incidents", func(p *problemRow) int64 { return p.v.Count }),
	moment("first_seen_at", func(p *problemRow) schemas.Time { return p.v.FirstSeenAt }),
	moment("last_seen_at", func(p *problemRow) schemas.Time { return p.v.LastSeenAt }),
	moment("flagged_at", func(p *problemRow) schemas.Time { return p.v.FlaggedAt }),
	moment("solved_at", func(p *problemRow) schemas.Time { return p.v.SolvedAt }),
	text("solved_by", func(p *problemRow) string { return p.v.SolvedBy }),
	moment("returned_at", func(p *problemRow) schemas.Time { return p.v.ReturnedAt }),
	text("declared_by", func(p *problemRow) string { return p.v.DeclaredBy }),
	moment("updated_at", func(p *problemRow) schemas.Time { return p.v.UpdatedAt }),
	text("currency", func(p *problemRow) string { return p.v.Cost.Currency }),
	real("lost_low", func(p *problemRow) float64 { return p.v.Cost.LostRevenue.Low }),
	real("lost_likely", func(p *problemRow) float64 { return p.v.Cost.LostRevenue.Likely }),
	real("lost_high", func(p *problemRow) float64 { return p.v.Cost.LostRevenue.High }),
	real("cost_low", func(p *problemRow) float64 { return p.v.Cost.Cost.Low }),
	real("cost_likely", func(p *problemRow) float64 { return p.v.Cost.Cost.Likely }),
	real("cost_high", func(p *problemRow) float64 { return p.v.Cost.Cost.High }),
	real("minutes", func(p *problemRow) float64 { return p.v.Minutes }),
	text("rules", func(p *problemRow) string { return p.v.Rules }),
	flag("imported", func(p *problemRow) bool { return p.v.Imported }),
	text("body", func(p *problemRow) string { return p.body }),
}}

type actionRow = withBody[schemas.ActionItem]

var actionsTable = &table[actionRow]{name: "actions", columns: []tableColumn[actionRow]{
	text("action_id", func(a *actionRow) string { return a.v.ID }),
	number("revision", func(a *actionRow) int64 { return a.v.Revision }),
	text("scope", func(a *actionRow) string { return a.v.Scope }),
	text("what", func(a *actionRow) string { return a.v.What }),
	text("owner", func(a *actionRow) string { return a.v.Owner }),
	moment("due_at", func(a *actionRow) schemas.Time { return a.v.DueAt }),
	text("status", func(a *actionRow) schemas.ActionItemStatus { return a.v.Status }),
	text("incident_id", func(a *actionRow) string { return a.v.IncidentID }),
	text("problem_id", func(a *actionRow) string { return a.v.ProblemID }),
	moment("created_at", func(a *actionRow) schemas.Time { return a.v.CreatedAt }),
	text("created_by", func(a *actionRow) string { return a.v.CreatedBy }),
	moment("ended_at", func(a *actionRow) schemas.Time { return a.v.EndedAt }),
	text("ended_by", func(a *actionRow) string { return a.v.EndedBy }),
	text("note", func(a *actionRow) string { return a.v.Note }),
	moment("updated_at", func(a *actionRow) schemas.Time { return a.v.UpdatedAt }),
	text("body", func(a *actionRow) string { return a.body }),
}}

type effectRow = withBody[schemas.Effect]

var effectsTable = &table[effectRow]{name: "effects", columns: []tableColumn[effectRow]{
	text("effect_id", func(e *effectRow) string { return e.v.ID }),
	text("incident_id", func(e *effectRow) string { return e.v.IncidentID }),
	number("seq", func(e *effectRow) int64 { return e.v.Seq }),
	text("scope", func(e *effectRow) string { return e.v.Scope }),
	text("kind", func(e *effectRow) schemas.EffectKind { return e.v.Kind }),
	moment("at", func(e *effectRow) schemas.Time { return e.v.At }),
	text("reason", func(e *effectRow) string { return e.v.Reason }),
	text("severity", func(e *effectRow) schemas.Severity { return e.v.Severity }),
	number("step", func(e *effectRow) int64 { return e.v.Step }),
	moment("answer_by", func(e *effectRow) schemas.Time { return e.v.AnswerBy }),
	list("targets", func(e *effectRow) []string { return e.v.To.Targets }),
	text("team", func(e *effectRow) string { return e.v.To.Team }),
	list("people", func(e *effectRow) []string { return peopleNames(e.v.To.People) }),
	flag("company", func(e *effectRow) bool { return e.v.To.Company }),
	text("coalesce_key", func(e *effectRow) string { return e.v.Coalesce }),
	text("signal_id", func(e *effectRow) string { return e.v.SignalID }),
	text("by", func(e *effectRow) string { return e.v.By }),
	text("via", func(e *effectRow) string { return e.v.Via }),
	text("ask", func(e *effectRow) string { return e.v.Ask }),
	text("title", func(e *effectRow) string { return e.v.Head.Title }),
	text("status", func(e *effectRow) schemas.IncidentStatus { return e.v.Head.Status }),
	text("rules", func(e *effectRow) string { return e.v.Rules }),
	text("body", func(e *effectRow) string { return e.body }),
}}

func peopleNames(people []schemas.Person) []string {
	names := make([]string, len(people))
	for i := range people {
		names[i] = people[i].Name
	}
	return names
}

type deliveryRow = withBody[schemas.Delivery]

var deliveriesTable = &table[deliveryRow]{name: "deliveries", columns: []tableColumn[deliveryRow]{
	text("delivery_id", func(d *deliveryRow) string { return d.v.ID }),
	number("revision", func(d *deliveryRow) int64 { return d.v.Revision }),
	text("effect_id", func(d *deliveryRow) string { return d.v.EffectID }),
	text("incident_id", func(d *deliveryRow) string { return d.v.IncidentID }),
	number("seq", func(d *deliveryRow) int64 { return d.v.Seq }),
	text("scope", func(d *deliveryRow) string { return d.v.Scope }),
	text("kind", func(d *deliveryRow) schemas.EffectKind { return d.v.Kind }),
	text("target", func(d *deliveryRow) string { return d.v.Target }),
	text("person", func(d *deliveryRow) string { return d.v.Person }),
	text("state", func(d *deliveryRow) schemas.DeliveryState { return d.v.State }),
	moment("decided_at", func(d *deliveryRow) schemas.Time { return d.v.DecidedAt }),
	moment("noted_at", func(d *deliveryRow) schemas.Time { return d.v.NotedAt }),
	moment("at", func(d *deliveryRow) schemas.Time { return d.v.At }),
	moment("tried_at", func(d *deliveryRow) schemas.Time { return d.v.TriedAt }),
	moment("next_at", func(d *deliveryRow) schemas.Time { return d.v.NextAt }),
	number("attempts", func(d *deliveryRow) int64 { return d.v.Attempts }),
	text("error", func(d *deliveryRow) string { return d.v.Error }),
	text("ref", func(d *deliveryRow) string { return d.v.Ref }),
	text("url", func(d *deliveryRow) string { return d.v.URL }),
}}

type timelineRow = withBody[schemas.TimelineEntry]

var timelineTable = &table[timelineRow]{name: "timeline", columns: []tableColumn[timelineRow]{
	text("incident_id", func(e *timelineRow) string { return e.v.IncidentID }),
	number("seq", func(e *timelineRow) int64 { return e.v.Seq }),
	text("scope", func(e *timelineRow) string { return e.v.Scope }),
	moment("at", func(e *timelineRow) schemas.Time { return e.v.At }),
	moment("event_at", func(e *timelineRow) schemas.Time { return e.v.EventAt }),
	text("type", func(e *timelineRow) string { return e.v.Type }),
	text("text", func(e *timelineRow) string { return e.v.Text }),
	text("signal_id", func(e *timelineRow) string { return e.v.SignalID }),
	text("by", func(e *timelineRow) string { return e.v.By }),
}}

type deadLetterRow = withBody[schemas.DeadLetter]

var deadLettersTable = &table[deadLetterRow]{name: "dead_letters", columns: []tableColumn[deadLetterRow]{
	text("signal_id", func(d *deadLetterRow) string { return d.v.SignalID }),
	text("topic", func(d *deadLetterRow) string { return d.v.Topic }),
	small("partition", func(d *deadLetterRow) int32 { return d.v.Partition }),
	number("offset", func(d *deadLetterRow) int64 { return d.v.Offset }),
	moment("at", func(d *deadLetterRow) schemas.Time { return d.v.At }),
	text("stage", func(d *deadLetterRow) string { return d.v.Stage }),
	text("reason", func(d *deadLetterRow) string { return d.v.Reason }),
	text("value", func(d *deadLetterRow) string { return string(d.v.Value) }),
	number("size", func(d *deadLetterRow) int64 { return int64(d.v.Size) }),
}}

// rangeRow is what the writer notes of a batch.
type rangeRow struct {
	*schemas.Batch
	done bool
}

// rangesTable: the version grows with the range, and a finished one beats the
// same one begun.
var rangesTable = &table[rangeRow]{name: "written_ranges", columns: []tableColumn[rangeRow]{
	text("topic", func(r *rangeRow) string { return r.Topic }),
	text("topic_id", func(r *rangeRow) string { return r.TopicID }),
	small("partition", func(r *rangeRow) int32 { return r.Partition }),
	number("first", func(r *rangeRow) int64 { return r.First }),
	number("last", func(r *rangeRow) int64 { return r.Last }),
	flag("done", func(r *rangeRow) bool { return r.done }),
	number("version", func(r *rangeRow) int64 { return 2*r.First + int64(bit(r.done)) }),
}}
