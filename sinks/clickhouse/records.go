package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// Messages returns the deliveries in some states, or in any, that were decided
// last, newest first.
func (q *Queries) Messages(ctx context.Context, states []schemas.DeliveryState, limit int) ([]schemas.Delivery, error) {
	w := &where{}
	if len(states) > 0 {
		w.add("has(?, toString(state))", texts(states))
	}
	return q.deliveries(ctx, w.String()+" ORDER BY deliveries.decided_at DESC, delivery_id LIMIT ?", append(w.args, limitOf(limit))...)
}

// MessageStates counts the deliveries by state, of those decided since a moment.
func (q *Queries) MessageStates(ctx context.Context, since schemas.Time) (map[schemas.DeliveryState]int64, error) {
	out := map[schemas.DeliveryState]int64{}
	err := scan(ctx, q.conn, "states of messages", func(r driver.Rows) error {
		var state string
		var n uint64
		err := r.Scan(&state, &n)
		out[schemas.DeliveryState(state)] = int64(n)
		return err
	}, "SELECT toString(state), count() FROM deliveries FINAL WHERE decided_at >= "+instant+" GROUP BY state", int64(since))
	return out, err
}

// Uncovered is an alert for which no procedure is configured.
type Uncovered struct {
	Scope        string
	Service      string
	Name         string
	Incidents    int64 // that it opened
	WithRunbook  int64 // of these, those whose alert at least names a runbook
	Worst        schemas.Severity
	Alerts       int64
	Minutes      float64 // disruption in them
	LastAt       schemas.Time
	LastIncident string
}

// Uncovered returns the alerts without a procedure, those that opened most first.
func (q *Queries) Uncovered(ctx context.Context, limit int) ([]Uncovered, error) {
	var out []Uncovered
	err := scan(ctx, q.conn, "alerts without procedure", func(r driver.Rows) error {
		var u Uncovered
		var incidents, runbooks uint64
		var worst string
		var last int64
		err := r.Scan(&u.Scope, &u.Service, &u.Name, &incidents, &runbooks, &worst, &u.Alerts, &u.Minutes, &last, &u.LastIncident)
		u.Incidents, u.WithRunbook, u.Worst, u.LastAt = int64(incidents), int64(runbooks), schemas.Severity(worst), schemas.Time(last)
		out = append(out, u)
		return err
	}, `SELECT scope, service, name, incidents, with_runbook, worst, alerts, minutes,
			toUnixTimestamp64Milli(ifNull(last_at, toDateTime64(0, 3, 'UTC'))), last_incident
		FROM v_alerts_without_procedure ORDER BY incidents DESC, minutes DESC, service, name LIMIT ?`, limitOf(limit))
	return out, err
}

// Apart is a signal that is in no incident, and why.
type Apart struct {
	schemas.MemberRef
	Verdict  schemas.Verdict
	At       schemas.Time // log time of the decision
	Repeats  int64
	WindowID string // suppressed: by which window
	Window   string // its title, where it is known
}

// Apart returns the alerts decided on since a moment that are in no incident, and
// the records that were refused, newest first. Signals are decided on soon after
// they came, so those of the day before are read too, and no earlier ones.
func (q *Queries) Apart(ctx context.Context, since schemas.Time, limit int) ([]Apart, error) {
	var out []Apart
	err := scan(ctx, q.conn, "alerts in no incident", func(r driver.Rows) error {
		var a Apart
		var verdict, kind, severity, status string
		var at, starts int64
		err := r.Scan(&a.SignalID, &kind, &verdict, &a.Reason, &at, &a.Repeats, &a.WindowID, &a.Window,
			&a.Name, &a.Service, &a.Instance, &severity, &status, &starts)
		a.Kind, a.Verdict, a.Severity, a.Status = schemas.Kind(kind), schemas.Verdict(verdict), schemas.Severity(severity), schemas.Status(status)
		a.At, a.StartsAt = schemas.Time(at), schemas.Time(starts)
		out = append(out, a)
		return err
	}, `SELECT d.signal_id, d.kind, d.decision, d.reason, toUnixTimestamp64Milli(d.at), d.repeats, d.window_id, w.name,
			s.name, s.service, s.instance, s.severity, s.status, toUnixTimestamp64Milli(s.starts_at)
		FROM
		(
			SELECT * FROM current_decisions
			WHERE at >= `+instant+` AND incident_id = '' AND (kind = 'alert' AND decision != 'placed' OR decision = 'refused')
			ORDER BY at DESC, signal_id LIMIT ?
		) AS d
		LEFT JOIN
		(
			SELECT * FROM signals WHERE kind = 'alert' AND received_at >= `+instant+` AND signal_id IN
				(SELECT signal_id FROM decisions WHERE at >= `+instant+` AND incident_id = '' AND kind = 'alert') LIMIT 1 BY signal_id
		) AS s ON s.signal_id = d.signal_id
		LEFT JOIN
		(
			SELECT signal_id, any(name) AS name FROM signals WHERE kind IN ('change', 'maintenance') GROUP BY signal_id
		) AS w ON w.signal_id = d.window_id
		ORDER BY d.at DESC, d.signal_id`, int64(since), limitOf(limit), int64(since.Add(-schemas.Day)), int64(since))
	return out, err
}

// ActionFilter is what a list of actions is filtered by. Empty fields do not filter.
type ActionFilter struct {
	ID         string
	Statuses   []schemas.ActionItemStatus
	Owner      string
	IncidentID string
	ProblemID  string
	// IncidentIDs are those of the problem: what follows from one of them counts as
	// well as what follows from the problem.
	IncidentIDs []string
	Scope       string
	Limit       int // 100 when not over 0
}

// Actions returns actions of post-mortems, open ones first, those due first at the
// front.
func (q *Queries) Actions(ctx context.Context, f ActionFilter) ([]schemas.ActionItem, error) {
	w := &where{}
	if len(f.Statuses) > 0 {
		w.add("has(?, toString(status))", texts(f.Statuses))
	}
	columns := []struct{ column, value string }{{"action_id", f.ID}, {"owner", f.Owner}, {"incident_id", f.IncidentID}, {"scope", f.Scope}}
	if len(f.IncidentIDs) > 0 {
		w.add("(problem_id = ? OR incident_id IN ?)", f.ProblemID, f.IncidentIDs)
	} else {
		columns = append(columns, struct{ column, value string }{"problem_id", f.ProblemID})
	}
	for _, c := range columns {
		if c.value != "" {
			w.add(c.column+" = ?", c.value)
		}
	}
	var out []schemas.ActionItem
	err := scan(ctx, q.conn, "actions", func(r driver.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		a, err := schemas.ActionItems.Decode([]byte(body))
		out = append(out, *a)
		return err
	}, "SELECT body FROM actions FINAL"+w.String()+" ORDER BY status = 'open' DESC, due_at = toDateTime64(0, 3, 'UTC'), due_at, action_id LIMIT ?", append(w.args, limitOf(f.Limit))...)
	return out, err
}
