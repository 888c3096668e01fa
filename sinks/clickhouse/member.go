package clickhouse

import (
	"context"
	"encoding/json"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// Member is a signal in an incident, and why it is there.
type Member struct {
	schemas.MemberRef
	Repeats   int64
	At        schemas.Time // log time of the decision
	Score     int64
	Threshold int64
	Evidence  []schemas.Evidence
	RunnerUp  *schemas.RunnerUp
	Rules     string
}

// members finds the ids first, without FINAL: the index on incident_id then
// leads to few granules, and the primary key to the rows themselves. A signal
// that was moved away is in the first set and not in the second.
const members = `
SELECT d.signal_id, d.kind, s.name, s.service, s.instance, s.severity, s.status, toUnixTimestamp64Milli(s.starts_at), d.reason,
	d.repeats, toUnixTimestamp64Milli(d.at), d.score, d.threshold, d.evidence, d.runner_up, d.rules
FROM
(
	SELECT * FROM current_decisions
	WHERE incident_id = ? AND signal_id IN (SELECT signal_id FROM decisions WHERE incident_id = ?)
	ORDER BY at, signal_id LIMIT ?
) AS d
LEFT JOIN
(
	SELECT * FROM signals WHERE signal_id IN (SELECT signal_id FROM decisions WHERE incident_id = ?) LIMIT 1 BY signal_id
) AS s ON s.signal_id = d.signal_id
ORDER BY d.at, d.signal_id`

// Members returns the signals placed in an incident with their decisions, in
// the order in which they were taken.
func (q *Queries) Members(ctx context.Context, incidentID string, limit int) ([]Member, error) {
	var out []Member
	err := scan(ctx, q.conn, "members", func(r driver.Rows) error {
		var m Member
		var kind, severity, status, evidence, runnerUp string
		var startsAt, at int64
		err := r.Scan(&m.SignalID, &kind, &m.Name, &m.Service, &m.Instance, &severity, &status, &startsAt, &m.Reason,
			&m.Repeats, &at, &m.Score, &m.Threshold, &evidence, &runnerUp, &m.Rules)
		if err != nil {
			return err
		}
		m.Kind, m.Severity, m.Status = schemas.Kind(kind), schemas.Severity(severity), schemas.Status(status)
		m.StartsAt, m.At = schemas.Time(startsAt), schemas.Time(at)
		if evidence != "" {
			err = json.Unmarshal([]byte(evidence), &m.Evidence)
		}
		if err == nil && runnerUp != "" {
			err = json.Unmarshal([]byte(runnerUp), &m.RunnerUp)
		}
		out = append(out, m)
		return err
	}, members, incidentID, incidentID, limitOf(limit), incidentID)
	return out, err
}
