package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// Queries answers what the API asks of history. Every value is bound, none is
// part of the SQL text.
type Queries struct{ conn driver.Conn }

// NewQueries returns queries over conn.
func NewQueries(conn driver.Conn) *Queries { return &Queries{conn} }

// IncidentFilter is what a list of incidents is filtered by. Empty fields do
// not filter.
type IncidentFilter struct {
	IDs        []string // any of
	Statuses   []schemas.IncidentStatus
	Severities []schemas.Severity
	Services   []string     // any of
	Teams      []string     // any of
	Scope      string       //
	Since      schemas.Time // detected at or after
	Until      schemas.Time // detected before
	ParentID   string       // children of this incident
	MainOnly   bool         // no children
	Text       string       // contained in title, id, a service, a team or a ticket's key, in any case
	// AfterDetectedAt and AfterID are where the page before ended.
	AfterDetectedAt schemas.Time
	AfterID         string
	Limit           int // 100 when not over 0
}

// where collects conditions and what is bound to them.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// instant binds a time as milliseconds, whatever the client's time zone.
const instant = "fromUnixTimestamp64Milli(?, 'UTC')"

// knownSince and knownUntil are about when an incident was detected or, for imported history, which nobody
// detected, when it started. Written so that it leads to few rows: the table is in
// the order of detected_at.
const (
	knownSince = "(detected_at >= " + instant + " OR detected_at = toDateTime64(0, 3, 'UTC') AND started_at >= " + instant + ")"
	knownUntil = "detected_at < " + instant + " AND (detected_at != toDateTime64(0, 3, 'UTC') OR started_at < " + instant + ")"
)

func (f *IncidentFilter) where() *where {
	w := &where{}
	if len(f.IDs) > 0 {
		w.add("incident_id IN ?", f.IDs)
	}
	if len(f.Statuses) > 0 {
		w.add("has(?, toString(status))", texts(f.Statuses))
	}
	if len(f.Severities) > 0 {
		w.add("has(?, toString(severity))", texts(f.Severities))
	}
	if len(f.Services) > 0 {
		w.add("hasAny(arrayMap(s -> toString(s), services), ?)", f.Services)
	}
	if len(f.Teams) > 0 {
		w.add("hasAny(arrayMap(t -> toString(t), teams), ?)", f.Teams)
	}
	if f.Scope != "" {
		w.add("scope = ?", f.Scope)
	}
	if f.Since != 0 {
		w.add(knownSince, int64(f.Since), int64(f.Since))
	}
	if f.Until != 0 {
		w.add(knownUntil, int64(f.Until), int64(f.Until))
	}
	if f.ParentID != "" {
		w.add("parent_id = ?", f.ParentID)
	}
	if f.MainOnly {
		w.add("parent_id = ''")
	}
	if f.Text != "" {
		w.add("arrayExists(t -> positionCaseInsensitiveUTF8(t, ?) > 0, arrayConcat([title, incident_id], "+
			"arrayMap(s -> toString(s), services), arrayMap(s -> toString(s), teams), tickets))", f.Text)
	}
	if f.AfterID != "" {
		w.add("(detected_at, incident_id) < ("+instant+", ?)", int64(f.AfterDetectedAt), f.AfterID)
	}
	return w
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

func limitOf(n int) int {
	if n <= 0 {
		return 100
	}
	return n
}

// Incidents returns incidents that match, newest (detected, then id) first.
func (q *Queries) Incidents(ctx context.Context, f IncidentFilter) ([]schemas.Incident, error) {
	w := f.where()
	return bodies[schemas.Incident](ctx, q.conn, "incidents",
		"SELECT body FROM incidents FINAL"+w.String()+" ORDER BY detected_at DESC, incident_id DESC LIMIT ?",
		append(w.args, limitOf(f.Limit))...)
}

// Incident returns one incident; found is false when there is none.
func (q *Queries) Incident(ctx context.Context, id string) (inc schemas.Incident, found bool, err error) {
	l, err := bodies[schemas.Incident](ctx, q.conn, "incident",
		"SELECT body FROM incidents FINAL WHERE incident_id = ?", id)
	if err != nil || len(l) == 0 {
		return inc, false, err
	}
	return l[0], true, nil
}

// Problems returns problems, the latest seen first; an empty status means all.
func (q *Queries) Problems(ctx context.Context, status schemas.ProblemStatus, limit int) ([]schemas.Problem, error) {
	w := &where{}
	if status != "" {
		w.add("status = ?", string(status))
	}
	return bodies[schemas.Problem](ctx, q.conn, "problems",
		"SELECT body FROM problems FINAL"+w.String()+" ORDER BY last_seen_at DESC, problem_id LIMIT ?",
		append(w.args, limitOf(limit))...)
}

// Timeline returns the story of some incidents as one, earliest first, but for
// entries of some types: the newest of them.
func (q *Queries) Timeline(ctx context.Context, incidentIDs, without []string, limit int) ([]schemas.TimelineEntry, error) {
	if without == nil {
		without = []string{}
	}
	var out []schemas.TimelineEntry
	err := scan(ctx, q.conn, "timeline", func(r driver.Rows) error {
		var e schemas.TimelineEntry
		var at, eventAt int64
		err := r.Scan(&e.IncidentID, &e.Seq, &e.Scope, &at, &eventAt, &e.Type, &e.Text, &e.SignalID, &e.By)
		e.At, e.EventAt = schemas.Time(at), schemas.Time(eventAt)
		out = append(out, e)
		return err
	}, `SELECT incident_id, seq, scope, toUnixTimestamp64Milli(at), toUnixTimestamp64Milli(event_at), type, text, signal_id, by
		FROM timeline FINAL WHERE incident_id IN ? AND NOT has(?, toString(type))
		ORDER BY timeline.at DESC, incident_id DESC, seq DESC LIMIT ?`, incidentIDs, without, limitOf(limit))
	slices.Reverse(out)
	return out, err
}

// Deliveries returns how what was to be said of a main incident went, in the
// order of its effects.
func (q *Queries) Deliveries(ctx context.Context, incidentID string, limit int) ([]schemas.Delivery, error) {
	return q.deliveries(ctx, " WHERE incident_id = ? ORDER BY seq, target, person LIMIT ?", incidentID, limitOf(limit))
}

// deliveries reads those that a condition and an order, which no caller's text is
// part of, lead to.
func (q *Queries) deliveries(ctx context.Context, which string, args ...any) ([]schemas.Delivery, error) {
	var out []schemas.Delivery
	err := scan(ctx, q.conn, "deliveries", func(r driver.Rows) error {
		var d schemas.Delivery
		var kind, state string
		var decided, noted, at, tried, next int64
		err := r.Scan(&d.ID, &d.Revision, &d.EffectID, &d.IncidentID, &d.Seq, &d.Scope, &kind, &d.Target, &d.Person, &state,
			&decided, &noted, &at, &tried, &next, &d.Attempts, &d.Error, &d.Ref, &d.URL)
		d.Kind, d.State = schemas.EffectKind(kind), schemas.DeliveryState(state)
		d.DecidedAt, d.NotedAt, d.At, d.TriedAt, d.NextAt = schemas.Time(decided), schemas.Time(noted), schemas.Time(at), schemas.Time(tried), schemas.Time(next)
		out = append(out, d)
		return err
	}, `SELECT delivery_id, revision, effect_id, incident_id, seq, scope, kind, target, person, state,
			toUnixTimestamp64Milli(decided_at), toUnixTimestamp64Milli(noted_at), toUnixTimestamp64Milli(at),
			toUnixTimestamp64Milli(tried_at), toUnixTimestamp64Milli(next_at), attempts, error, ref, url
		FROM deliveries FINAL`+which, args...)
	return out, err
}

// bodies reads a column of JSON.
func bodies[T any](ctx context.Context, conn driver.Conn, what, sql string, args ...any) ([]T, error) {
	var out []T
	err := scan(ctx, conn, what, func(r driver.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var v T
		err := json.Unmarshal([]byte(body), &v)
		out = append(out, v)
		return err
	}, sql, args...)
	return out, err
}

// scan runs a query and hands its rows to f.
func scan(ctx context.Context, conn driver.Conn, what string, f func(driver.Rows) error, sql string, args ...any) error {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("reading %s from ClickHouse: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return fmt.Errorf("reading %s from ClickHouse: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading %s from ClickHouse: %w", what, err)
	}
	return nil
}
