package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// ErrUnknown says that there is no such incident.
var ErrUnknown = errors.New("no such incident")

const (
	maxEvents  = 400  // of the timeline
	maxRead    = 5000 // members that are looked at
	maxMembers = 30   // whose reasons are told
)

// Story is an incident as its post-mortem tells it.
type Story struct {
	Snapshot  time.Time `json:"snapshot"`
	Incident  Subject   `json:"incident"`
	Below     []Subject `json:"below"`
	Events    []Event   `json:"timeline"`
	LeftOut   int       `json:"timeline_left_out"` // entries that did not fit
	Members   []Member  `json:"members"`
	AllOf     uint64    `json:"members_in_all"`
	Causes    []Cause   `json:"candidate_causes"`
	Similar   []Similar `json:"similar"`
	Recent    uint64    `json:"similar_in_30_days"`
	Ever      uint64    `json:"similar_ever"` // of them the newest are listed
	Problem   *Problem  `json:"problem,omitempty"`
	Past      Past      `json:"past"`
	Well      []string  `json:"went_well"`
	Badly     []string  `json:"went_badly"`
	Todos     []Task    `json:"todos"`   // that were written down
	Actions   []Action  `json:"actions"` // that are proposed
	Queries   []Query   `json:"queries"`
	unordered []Event
}

// Subject is a main incident, or one below it.
type Subject struct {
	ID, ParentID, Status, Severity, Title, Root, RootReason string
	Services, Teams, Tickets                                []string
	Assignee                                                string
	Began, Detected, Acknowledged, Mitigated, Resolved      *time.Time
	Signals, Repeats, Alerts, Reopens, Flaps                int64
	OpenedBy, OpenedByService                               string
	Procedure, Owner, OnCall, Emergency, Runbook, AlertBook string
	ProblemID, Currency, Formula                            string
	Lost, Work                                              Range
	Minutes                                                 float64
	Measured, Imported                                      bool
	Basis                                                   string // of the lost revenue
	Caught                                                  Range
	Direct                                                  float64
	Users                                                   int64
	Linked                                                  string // why it is below, as the timeline says
}

// Event is a line of the one timeline.
type Event struct {
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"` // timeline's type, or work, message
	Text       string    `json:"text"`
	By         string    `json:"by,omitempty"`
	IncidentID string    `json:"incident_id,omitempty"`
}

// Member is a signal and why it is in the incident.
type Member struct {
	At                  time.Time
	Kind, Name, Service string
	IncidentID, Reason  string
	Score, Threshold    int64
	Repeats             int64
}

// Cause is a candidate cause of an incident of the tree.
type Cause struct {
	IncidentID, Kind, Title, Service, Team, Status, Reason string
	Began, Ends                                            *time.Time
	LagSeconds                                             float64
	Score                                                  int64
	Probability                                            *float64 // that it caused it, 0 to 1; nil: not worked out
	LateSeconds                                            int64    // announced so long after it began; 0: before
}

// Likely are the changes above even odds, and those of which no odds are known;
// Also are the others. Each is told once, as the main incident has it.
func (st *Story) Likely() []Cause { return st.causes(true) }

// Also are the changes below even odds.
func (st *Story) Also() []Cause { return st.causes(false) }

func (st *Story) causes(likely bool) (list []Cause) {
	said := map[[3]string]bool{}
	for _, c := range st.Causes {
		key := [3]string{c.Kind, c.Title, momentOf(c.Began)}
		if !said[key] && likely == (c.Probability == nil || *c.Probability >= 0.5) {
			list = append(list, c)
		}
		said[key] = true
	}
	return list
}

// Chance is the probability in words.
func (c Cause) Chance() string {
	if c.Probability == nil {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100**c.Probability)
}

// Similar is an incident of before that was opened by the same alert on the same
// service, or is an occurrence of the same problem.
type Similar struct {
	ID, Title, Severity string
	Began               time.Time
	ResolveSeconds      float64 // below 0: not resolved
	AckSeconds          float64 // below 0: nobody acknowledged
	Assignee            string
	SameProblem         bool
	Resolution          string // what its timeline says of it, or empty
	LikelyCause         string // not confirmed, or empty
	ActionsDone         []string
}

// Ended says what resolved it, as far as anything says so.
func (s Similar) Ended() string {
	var parts []string
	if s.Resolution != "" {
		parts = append(parts, s.Resolution)
	}
	if s.LikelyCause != "" {
		parts = append(parts, "likely cause: "+s.LikelyCause)
	}
	if len(s.ActionsDone) > 0 {
		parts = append(parts, "done since: "+strings.Join(s.ActionsDone, ", "))
	}
	return strings.Join(parts, "; ")
}

// Past is how long main incidents of the same scope took in the year before.
type Past struct {
	Detect, Acknowledge, Resolve Duration
}

// Action is a row of the table of actions, to be filled in.
type Action struct {
	What  string `json:"what"`
	Why   string `json:"why"`
	Owner string `json:"owner"` // a proposal, or empty
}

var (
	queryTree = Query{ID: "tree", Title: "The incident and what is below it",
		SQL: `SELECT incident_id, parent_id, toString(status), toString(severity), title, toString(root_service), root_reason,
       arrayMap(s -> toString(s), services), arrayMap(s -> toString(s), teams), tickets, assignee,
       started_at, detected_at, acknowledged_at, mitigated_at, resolved_at, signals, repeats, alerts, reopens, flaps,
       toString(opened_by_name), toString(opened_by_service), toString(procedure), toString(procedure_owner), toString(on_call), toString(emergency_channel), runbook, alert_runbook,
       problem_id, toString(currency), formula, lost_low, lost_likely, lost_high, cost_low, cost_likely, cost_high, minutes, measured, imported, toString(basis), caught_low, caught_likely, caught_high, direct_cost, users, now64(3, 'UTC')
FROM v_incidents
WHERE parent_id = (SELECT parent_id FROM v_incidents WHERE incident_id = ?)
ORDER BY is_main DESC, detected_at, incident_id LIMIT 500`}
	queryStory = Query{ID: "story", Title: "Timeline of all of them",
		SQL: `SELECT at, event_at, toString(type), text, by, incident_id FROM v_incident_timeline
WHERE incident_id IN ? ORDER BY at, incident_id, seq LIMIT 20000`}
	queryMessages = Query{ID: "messages", Title: "Messages",
		SQL: `SELECT ifNull(tried_at, decided_at) AS at, toString(kind), target, person, toString(state), error FROM v_messages
WHERE incident_id IN ? AND state != 'superseded' ORDER BY at, seq LIMIT 2000`}
	queryMembers = Query{ID: "members", Title: "Why signals are in it", Formula: "score and threshold in thousandths of a natural log-odds",
		SQL: `SELECT d.at AS at, toString(d.kind) AS kind, s.name AS name, s.service AS service, d.incident_id AS incident_id, d.reason AS reason, d.score AS score, d.threshold AS threshold, d.repeats AS repeats,
       count() OVER () AS n
FROM (SELECT * FROM v_decisions WHERE incident_id IN ? AND decision = 'placed' AND kind IN ('alert', 'ticket')) AS d
LEFT JOIN
(
    SELECT signal_id, toString(name) AS name, toString(service) AS service FROM v_signals
    WHERE signal_id IN (SELECT signal_id FROM v_decisions WHERE incident_id IN ? AND decision = 'placed' AND kind IN ('alert', 'ticket'))
) AS s ON s.signal_id = d.signal_id
ORDER BY at, d.signal_id LIMIT ?`}
	queryCauses = Query{ID: "causes", Title: "Candidate causes", Formula: "late: first_received_at - starts_at of the change; over 0, it was announced only after it had begun",
		SQL: `SELECT c.incident_id AS incident_id, c.kind AS kind, c.title AS title, c.service AS service, c.team AS team, c.status AS status, c.reason AS reason,
       c.started_at AS started_at, c.ends_at AS ends_at, ifNull(c.lag_seconds, 0) AS lag, c.score AS score, c.probability AS probability,
       ifNull(greatest(dateDiff('second', v.starts_at, v.first_received_at), 0), 0) AS late
FROM (SELECT * FROM v_incident_causes WHERE parent_id = ?) AS c
LEFT JOIN (SELECT starts_at, first_received_at, arrayJoin(incident_ids) AS incident, title, toString(kind) AS kind FROM v_changes) AS v
    ON v.incident = c.parent_id AND v.title = c.title AND v.kind = c.kind
ORDER BY c.incident_id = c.parent_id DESC, probability DESC NULLS LAST, score DESC, c.signal_id, incident_id LIMIT 50`}
	querySimilar = Query{ID: "similar", Title: "Similar incidents of before, and what resolved them", Formula: "main incidents of the same scope that began earlier, opened by the same alert on the same service, or with an occurrence of the same problem; v_rarity counts the same",
		SQL: `SELECT similar_id, title, toString(severity), began_at AS began, ifNull(resolve_seconds, -1), ifNull(acknowledge_seconds, -1), assignee, same_problem, resolution, likely_cause, actions_done,
       count() OVER () AS ever, countIf(toUnixTimestamp(began_at) >= ? - 2592000) OVER () AS in_30_days
FROM v_similar_incidents
WHERE incident_id = ?
ORDER BY began DESC, similar_id LIMIT 200`}
	queryTodos = Query{ID: "todos", Title: "Actions that were written down",
		SQL: `SELECT action_id, what, toString(owner), toString(status), overdue, due_at, incident_id, problem_id, days_late
FROM v_actions WHERE has(?, incident_id) OR problem_id != '' AND problem_id = ?
ORDER BY created_at, action_id LIMIT 200`}
	queryPast = Query{ID: "past", Title: "Times of the year before",
		Formula: "main incidents of the same scope that began in the 365 days before; imported ones have no time to detect",
		SQL: `SELECT ifNull(dateDiff('millisecond', started_at, detected_at) / 1000, -1), ifNull(dateDiff('millisecond', detected_at, acknowledged_at) / 1000, -1),
       ifNull(dateDiff('millisecond', started_at, resolved_at) / 1000, -1)
FROM v_incidents
WHERE is_main AND incident_id != ? AND scope = (SELECT any(scope) FROM v_incidents WHERE incident_id = ?)
  AND started_at < fromUnixTimestamp64Milli(?, 'UTC') AND started_at >= fromUnixTimestamp64Milli(?, 'UTC') - INTERVAL 365 DAY`}
	queryProblem = Query{ID: "problem", Title: "The problem it is an occurrence of",
		SQL: `SELECT problem_id, title, toString(status), toString(owner), incidents, lost_likely + cost_likely, toString(currency), flagged_at, solved_at, returned_at, solved_by
FROM v_problems WHERE has(?, problem_id)
ORDER BY incidents DESC LIMIT 1`}
)

// Postmortem reads an incident with what is below it; of one below another, the
// main one is told.
func Postmortem(ctx context.Context, conn driver.Conn, id string) (*Story, error) {
	st := &Story{}
	s := &source{conn: conn, with: strings.NewReplacer()}
	if err := st.readTree(ctx, s, id); err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context, *source) error{st.readEvents, st.readMembers, st.readCauses, st.readSimilar, st.readPast, st.readTodos} {
		if err := read(ctx, s); err != nil {
			return nil, err
		}
	}
	st.Queries = s.queries
	st.order()
	st.judge()
	return st, nil
}

func (st *Story) readTree(ctx context.Context, s *source, id string) error {
	var all []Subject
	err := s.rows(ctx, queryTree, func(row driver.Rows) error {
		var i Subject
		err := row.Scan(&i.ID, &i.ParentID, &i.Status, &i.Severity, &i.Title, &i.Root, &i.RootReason, &i.Services, &i.Teams, &i.Tickets, &i.Assignee,
			&i.Began, &i.Detected, &i.Acknowledged, &i.Mitigated, &i.Resolved, &i.Signals, &i.Repeats, &i.Alerts, &i.Reopens, &i.Flaps,
			&i.OpenedBy, &i.OpenedByService, &i.Procedure, &i.Owner, &i.OnCall, &i.Emergency, &i.Runbook, &i.AlertBook,
			&i.ProblemID, &i.Currency, &i.Formula, &i.Lost.Low, &i.Lost.Likely, &i.Lost.High, &i.Work.Low, &i.Work.Likely, &i.Work.High,
			&i.Minutes, &i.Measured, &i.Imported, &i.Basis, &i.Caught.Low, &i.Caught.Likely, &i.Caught.High, &i.Direct, &i.Users, &st.Snapshot)
		all = append(all, i)
		return err
	}, id)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%w: %s (v_incidents has none of that id)", ErrUnknown, id)
	}
	st.Incident, st.Below = all[0], all[1:]
	return nil
}

// HowFound says how the lost revenue was found.
func (i *Subject) HowFound() string {
	s := "Lost revenue by the configured model."
	switch {
	case i.Imported:
		return "Imported history is not priced."
	case i.Basis == "figures":
		s = "Lost revenue by business figures, against the same hours of the weeks before; low and high are a 90 % interval."
	case i.Measured:
		s = "A reported figure replaced the model's."
	}
	if i.Users > 0 {
		s += " " + plural(int(i.Users), "person", "people") + " affected, as was reported."
	}
	return s
}

// ids are those of the tree.
func (st *Story) ids() []string {
	out := []string{st.Incident.ID}
	for i := range st.Below {
		out = append(out, st.Below[i].ID)
	}
	return out
}

// began is when it began, or was detected.
func (i *Subject) began() time.Time {
	for _, t := range []*time.Time{i.Began, i.Detected} {
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

func (st *Story) readEvents(ctx context.Context, s *source) error {
	err := s.rows(ctx, queryStory, func(row driver.Rows) error {
		var e Event
		var at time.Time
		var eventAt *time.Time
		err := row.Scan(&at, &eventAt, &e.Kind, &e.Text, &e.By, &e.IncidentID)
		if e.At = at; eventAt != nil {
			e.At = *eventAt
		}
		st.unordered = append(st.unordered, e)
		for k := range st.Below {
			if b := &st.Below[k]; e.Kind == "linked" && e.IncidentID == b.ID {
				b.Linked = e.Text // the latest
			}
		}
		return err
	}, st.ids())
	if err != nil {
		return err
	}
	return s.rows(ctx, queryMessages, func(row driver.Rows) error {
		var at *time.Time
		var kind, target, person, state, problem string
		err := row.Scan(&at, &kind, &target, &person, &state, &problem)
		if at != nil {
			text := fmt.Sprintf("%s to %s: %s", kind, strings.TrimSpace(target+" "+person), state)
			if problem != "" {
				text += " (" + problem + ")"
			}
			st.unordered = append(st.unordered, Event{At: *at, Kind: "message", Text: text})
		}
		return err
	}, st.ids())
}

func (st *Story) readMembers(ctx context.Context, s *source) error {
	err := s.rows(ctx, queryMembers, func(row driver.Rows) error {
		var m Member
		err := row.Scan(&m.At, &m.Kind, &m.Name, &m.Service, &m.IncidentID, &m.Reason, &m.Score, &m.Threshold, &m.Repeats, &st.AllOf)
		st.Members = append(st.Members, m)
		return err
	}, st.ids(), st.ids(), maxRead)
	st.tellAlerts()
	st.Members = st.Members[:min(len(st.Members), maxMembers)]
	return err
}

// tellAlerts puts what fired into the story, once for each name and service.
func (st *Story) tellAlerts() {
	at := map[string]int{}
	var told []Event
	var counts []int
	for _, m := range st.Members {
		if m.Kind != "alert" {
			continue // tickets are in the timeline
		}
		text := fmt.Sprintf("%s on %s", m.Name, orDash(m.Service))
		k, ok := at[text]
		if !ok {
			k = len(told)
			at[text] = k
			told, counts = append(told, Event{At: m.At, Kind: "alert", Text: text, IncidentID: m.IncidentID}), append(counts, 0)
		}
		counts[k]++
	}
	for k := range told {
		if counts[k] > 1 {
			told[k].Text += fmt.Sprintf(", the first of %d", counts[k])
		}
	}
	st.unordered = append(st.unordered, told...)
}

func (st *Story) readCauses(ctx context.Context, s *source) error {
	told := map[string]bool{}
	return s.rows(ctx, queryCauses, func(row driver.Rows) error {
		var c Cause
		err := row.Scan(&c.IncidentID, &c.Kind, &c.Title, &c.Service, &c.Team, &c.Status, &c.Reason, &c.Began, &c.Ends, &c.LagSeconds, &c.Score, &c.Probability, &c.LateSeconds)
		st.Causes = append(st.Causes, c)
		for _, e := range []struct {
			at   *time.Time
			what string
		}{{c.Began, "begins"}, {c.Ends, "ends, or was to end"}} {
			text := fmt.Sprintf("%s on %s %s: %s", c.Kind, c.Service, e.what, c.Title)
			if e.at != nil && !told[text] {
				told[text] = true
				st.unordered = append(st.unordered, Event{At: *e.at, Kind: "work", Text: text})
			}
		}
		return err
	}, st.Incident.ID)
}

func (st *Story) readSimilar(ctx context.Context, s *source) error {
	i := &st.Incident
	err := s.rows(ctx, querySimilar, func(row driver.Rows) error {
		var v Similar
		err := row.Scan(&v.ID, &v.Title, &v.Severity, &v.Began, &v.ResolveSeconds, &v.AckSeconds, &v.Assignee, &v.SameProblem, &v.Resolution, &v.LikelyCause, &v.ActionsDone, &st.Ever, &st.Recent)
		st.Similar = append(st.Similar, v)
		return err
	}, i.began().Unix(), i.ID)
	if err != nil {
		return err
	}
	var problems []string
	for _, x := range append([]Subject{*i}, st.Below...) {
		if x.ProblemID != "" {
			problems = append(problems, x.ProblemID)
		}
	}
	return s.rows(ctx, queryProblem, func(row driver.Rows) error {
		var p Problem
		st.Problem = &p
		return row.Scan(&p.ID, &p.Title, &p.Status, &p.Owner, &p.InAll, &p.Cost, &p.Currency, &p.Flagged, &p.Solved, &p.Back, &p.SolvedBy)
	}, append([]string{}, problems...))
}

func (st *Story) readTodos(ctx context.Context, s *source) error {
	return s.rows(ctx, queryTodos, func(row driver.Rows) error {
		var v Task
		err := row.Scan(&v.ID, &v.What, &v.Owner, &v.Status, &v.Overdue, &v.Due, &v.IncidentID, &v.ProblemID, &v.DaysLate)
		st.Todos = append(st.Todos, v)
		return err
	}, st.ids(), st.Incident.ProblemID)
}

func (st *Story) readPast(ctx context.Context, s *source) error {
	began := st.Incident.began().UnixMilli()
	list := []*Duration{&st.Past.Detect, &st.Past.Acknowledge, &st.Past.Resolve}
	for k, name := range []string{"to detect", "to acknowledge", "to resolve"} {
		list[k].Name = name
	}
	err := s.rows(ctx, queryPast, func(row driver.Rows) error {
		var v [3]float64
		err := row.Scan(&v[0], &v[1], &v[2])
		for k := range v {
			if v[k] >= 0 {
				list[k].Values = append(list[k].Values, v[k])
			} else {
				list[k].Without++
			}
		}
		return err
	}, st.Incident.ID, st.Incident.ID, began, began)
	for _, d := range list {
		d.work()
	}
	return err
}

// order puts the story in the order of its times. Where it is too long, alerts
// go first, and of all others the middle.
func (st *Story) order() {
	slices.SortStableFunc(st.unordered, func(a, b Event) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
	kept := st.unordered
	if len(kept) > maxEvents {
		kept = slices.DeleteFunc(slices.Clone(kept), func(e Event) bool { return e.Kind == "alert" })
	}
	if len(kept) > maxEvents {
		kept = append(kept[:maxEvents/2:maxEvents/2], kept[len(kept)-maxEvents/2:]...)
	}
	st.Events, st.LeftOut = kept, len(st.unordered)-len(kept)
}

// WriteHTML writes the story as one page without scripts, which loads nothing.
func (st *Story) WriteHTML(w io.Writer) error { return page.ExecuteTemplate(w, "story", st) }

// Write writes the story in a format: md, html, pdf or json.
func (st *Story) Write(w io.Writer, format string) error {
	switch format {
	case "md":
		return st.writeMarkdown(w)
	case "html":
		return st.WriteHTML(w)
	case "pdf":
		return asPDF(w, st.WriteHTML, st.Snapshot)
	case "json":
		return writeJSON(w, st)
	default:
		return fmt.Errorf("post-mortem: no format %q", format)
	}
}
