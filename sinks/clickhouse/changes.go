package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// ChangeFilter says which changes and windows are asked for. Empty fields do not
// filter.
type ChangeFilter struct {
	ID       string       // the fingerprint at its source
	Kind     schemas.Kind // change or maintenance
	Service  string       // that it touches
	Team     string
	Scope    string
	From, To schemas.Time // it lasts, or took place, between these
	Limit    int
}

// Change is a change or a window as it was told last.
type Change struct {
	Signal      schemas.Signal
	FirstHeard  schemas.Time // when its first state was received
	IncidentIDs []string     // main incidents that it may explain
}

// latestChanges reads the latest text of each change, the one that begins first
// at the front. Those that say what is left of a calendar are none.
const latestChanges = `
SELECT s.signal_id, s.kind, s.source, s.fingerprint, s.status, s.occurrence, s.tenant, s.environment, s.scope, s.name, s.severity,
	s.service, s.instance, s.host, s.team, toUnixTimestamp64Milli(s.starts_at), toUnixTimestamp64Milli(s.ends_at),
	toUnixTimestamp64Milli(s.received_at), s.summary, s.description, s.url, s.runbook, s.labels, s.annotations, s.flags, s.detail, s.imported,
	toUnixTimestamp64Milli(s.heard), arraySort(e.mains)
FROM
(
	SELECT *, min(received_at) OVER (PARTITION BY source, scope, fingerprint) AS heard
	FROM signals FINAL
	WHERE kind IN ('change', 'maintenance') AND (? = '' OR fingerprint = ?) AND (? = '' OR kind = ?) AND (? = '' OR scope = ?)
		AND JSONExtractString(detail, 'type') != 'calendar_set'
	ORDER BY received_at DESC, signal_id DESC
	LIMIT 1 BY source, scope, fingerprint
) AS s
LEFT JOIN
(
	SELECT named, groupUniqArray(if(parent_id = '', incident_id, parent_id)) AS mains
	FROM (SELECT incident_id, parent_id, arrayJoin(candidate_ids) AS named FROM incidents FINAL)
	GROUP BY named
) AS e ON e.named = s.signal_id`

// Changes returns changes and windows, each as it was told last, the one that
// begins first at the front. What has no end took place at its start, unless it
// is a window that has begun: then it lasts.
func (q *Queries) Changes(ctx context.Context, f ChangeFilter) ([]Change, error) {
	w := &where{}
	if f.Service != "" {
		w.add("(s.service = ? OR has(JSONExtract(s.detail, 'services', 'Array(String)'), ?))", f.Service, f.Service)
	}
	if f.Team != "" {
		w.add("s.team = ?", f.Team)
	}
	if f.From != 0 {
		w.add("(s.ends_at >= "+instant+" OR s.starts_at >= "+instant+
			" OR s.ends_at = toDateTime64(0, 3, 'UTC') AND s.status IN ('planned', 'started'))", int64(f.From), int64(f.From))
	}
	if f.To != 0 {
		w.add("s.starts_at < "+instant, int64(f.To))
	}
	args := []any{f.ID, f.ID, string(f.Kind), string(f.Kind), f.Scope, f.Scope}
	var out []Change
	err := scan(ctx, q.conn, "changes", func(r driver.Rows) error {
		c := Change{}
		var heard int64
		s, err := signalOf(r, &heard, &c.IncidentIDs)
		if err != nil {
			return err
		}
		c.Signal, c.FirstHeard = *s, schemas.Time(heard)
		out = append(out, c)
		return nil
	}, latestChanges+w.String()+" ORDER BY s.starts_at, s.source, s.fingerprint, s.scope LIMIT ?", append(append(args, w.args...), limitOf(f.Limit))...)
	return out, err
}

// Unannounced counts the changes of a team that began in a month.
type Unannounced struct {
	Month       schemas.Time // its first moment, UTC
	Scope, Team string
	Changes     int64 // changes and maintenance that began
	Unannounced int64 // of these, those that nobody announced
	Explaining  int64 // of the unannounced, those that may explain an incident
}

// Unannounced returns the counts of v_unannounced_changes of the months that begin
// from one moment to before another, the newest first, the team with most of them at
// the front. An empty scope or team does not filter.
func (q *Queries) Unannounced(ctx context.Context, from, to schemas.Time, scope, team string, limit int) ([]Unannounced, error) {
	var out []Unannounced
	err := scan(ctx, q.conn, "unannounced changes", func(r driver.Rows) error {
		var u Unannounced
		var month int64
		var changes, unannounced, explaining uint64
		err := r.Scan(&month, &u.Scope, &u.Team, &changes, &unannounced, &explaining)
		u.Month, u.Changes, u.Unannounced, u.Explaining = schemas.Time(month), int64(changes), int64(unannounced), int64(explaining)
		out = append(out, u)
		return err
	}, `SELECT toInt64(toUnixTimestamp(toDateTime(month, 'UTC'))) * 1000, toString(scope), toString(team), changes, unannounced, explaining
		FROM v_unannounced_changes
		WHERE month >= toDate(fromUnixTimestamp64Milli(?, 'UTC')) AND month < toDate(fromUnixTimestamp64Milli(?, 'UTC'))
			AND (? = '' OR scope = ?) AND (? = '' OR team = ?)
		ORDER BY month DESC, unannounced DESC, changes DESC, scope, team LIMIT ?`, int64(from), int64(to), scope, scope, team, team, limitOf(limit))
	return out, err
}
