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
	// IncidentID is the incident of the tree that it is a direct member of.
	IncidentID string
	// What the signal itself says.
	Summary, Description string
	URL, Runbook         string
	Labels               schemas.Labels
}

// memberColumns are what a list shows of a signal s and its decision d.
const memberColumns = `d.signal_id AS signal_id, d.kind AS kind, s.name AS name, s.service AS service, s.instance AS instance, s.severity AS severity,
	s.status AS status, s.starts_at AS starts_at, d.reason AS reason, d.repeats AS repeats, d.at AS at, d.score AS score, d.threshold AS threshold,
	d.evidence AS evidence, d.runner_up AS runner_up, d.rules AS rules, d.incident_id AS incident_id,
	s.summary AS summary, s.description AS description, s.url AS url, s.runbook AS runbook, s.labels AS labels`

// placed are the decisions on the members of an incident, with their signals.
// The index on incident_id leads to few granules, and FINAL reads with them what
// has the same keys elsewhere: a signal that was moved away is not there.
const placed = `(
	SELECT * FROM current_decisions WHERE incident_id = ? ORDER BY at, signal_id LIMIT ?
) AS d
LEFT JOIN
(
	SELECT * FROM signals WHERE signal_id IN (SELECT signal_id FROM decisions WHERE incident_id = ?) LIMIT 1 BY signal_id
) AS s ON s.signal_id = d.signal_id`

// readMember is the list of a query's columns in the order in which scanMember
// takes them.
const readMember = `signal_id, kind, name, service, instance, severity, status, toUnixTimestamp64Milli(starts_at), reason, repeats,
	toUnixTimestamp64Milli(at), score, threshold, evidence, runner_up, rules, incident_id, summary, description, url, runbook, labels`

// Members returns the signals placed in an incident with their decisions, in
// the order in which they were taken.
func (q *Queries) Members(ctx context.Context, incidentID string, limit int) ([]Member, error) {
	var out []Member
	err := scan(ctx, q.conn, "members", func(r driver.Rows) error {
		m, err := scanMember(r)
		out = append(out, m)
		return err
	}, "SELECT "+readMember+" FROM (SELECT "+memberColumns+" FROM "+placed+") ORDER BY at, signal_id",
		incidentID, limitOf(limit), incidentID)
	return out, err
}

// things folds the members that tell of the same alert, ticket or change into the
// first of them, in the state that the last told. What operators did is no thing.
// It reads narrow columns alone: a storm has tens of thousands of members, and a
// page shows a hundred.
const things = `
SELECT signal_id, status, repeats, count() OVER () AS things
FROM
(
	SELECT signal_id, at, argMax(told_status, (at, signal_id)) OVER alike AS status,
		toInt64(sum(told) OVER alike - 1) AS repeats, row_number() OVER (alike ORDER BY at, signal_id) AS nth
	FROM
	(
		SELECT d.signal_id AS signal_id, d.kind AS kind, d.at AS at, 1 + d.repeats AS told, s.status AS told_status,
			s.source AS source, if(s.fingerprint = '', d.signal_id, s.fingerprint) AS fingerprint
		FROM
		(
			SELECT signal_id, kind, at, repeats FROM current_decisions
			WHERE incident_id IN ? AND kind != 'command' AND signal_id IN (SELECT signal_id FROM decisions WHERE incident_id IN ?)
		) AS d
		LEFT JOIN
		(
			SELECT signal_id, status, source, fingerprint FROM signals
			WHERE signal_id IN (SELECT signal_id FROM decisions WHERE incident_id IN ?) LIMIT 1 BY signal_id
		) AS s ON s.signal_id = d.signal_id
	)
	WINDOW alike AS (PARTITION BY kind, source, fingerprint)
)
WHERE nth = 1
ORDER BY at, signal_id LIMIT ? OFFSET ?`

// described are some members whole.
const described = "SELECT " + readMember + " FROM (SELECT " + memberColumns + ` FROM
(SELECT * FROM current_decisions WHERE signal_id IN ?) AS d
LEFT JOIN (SELECT * FROM signals WHERE signal_id IN ? LIMIT 1 BY signal_id) AS s ON s.signal_id = d.signal_id)
ORDER BY at, signal_id`

// Things returns what is in some incidents, each alert, ticket and change once, in
// the order in which they came, without the first ones up to offset; and how many
// there are in all. The repeats of a thing are everything that was told of it after
// its first signal.
func (q *Queries) Things(ctx context.Context, incidentIDs []string, offset, limit int) (list []Member, all int64, err error) {
	type now struct {
		status  schemas.Status
		repeats int64
	}
	var ids []string
	told := map[string]now{}
	err = scan(ctx, q.conn, "members", func(r driver.Rows) error {
		var id, status string
		var repeats int64
		var n uint64
		err := r.Scan(&id, &status, &repeats, &n)
		ids, told[id], all = append(ids, id), now{schemas.Status(status), repeats}, int64(n)
		return err
	}, things, incidentIDs, incidentIDs, incidentIDs, limitOf(limit), offset)
	if err != nil || len(ids) == 0 {
		return nil, all, err
	}
	err = scan(ctx, q.conn, "members", func(r driver.Rows) error {
		m, err := scanMember(r)
		m.Status, m.Repeats = told[m.SignalID].status, told[m.SignalID].repeats
		list = append(list, m)
		return err
	}, described, ids, ids)
	return list, all, err
}

// scanMember reads a row of readMember.
func scanMember(r driver.Rows) (m Member, err error) {
	var kind, severity, status, evidence, runnerUp string
	var labels map[string]string
	var startsAt, at int64
	err = r.Scan(&m.SignalID, &kind, &m.Name, &m.Service, &m.Instance, &severity, &status, &startsAt, &m.Reason,
		&m.Repeats, &at, &m.Score, &m.Threshold, &evidence, &runnerUp, &m.Rules,
		&m.IncidentID, &m.Summary, &m.Description, &m.URL, &m.Runbook, &labels)
	if err != nil {
		return m, err
	}
	m.Kind, m.Severity, m.Status = schemas.Kind(kind), schemas.Severity(severity), schemas.Status(status)
	m.StartsAt, m.At, m.Labels = schemas.Time(startsAt), schemas.Time(at), schemas.LabelsOf(labels)
	if evidence != "" {
		err = json.Unmarshal([]byte(evidence), &m.Evidence)
	}
	if err == nil && runnerUp != "" {
		err = json.Unmarshal([]byte(runnerUp), &m.RunnerUp)
	}
	return m, err
}
