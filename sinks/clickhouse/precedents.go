package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// Precedent is an incident of before that is like another, and what resolved it: a
// row of v_similar_incidents.
type Precedent struct {
	ID                 string
	Title              string
	Severity           schemas.Severity
	Status             schemas.IncidentStatus
	BeganAt            schemas.Time
	SameProblem        bool
	AcknowledgeSeconds *float64
	ResolveSeconds     *float64
	Assignee           string
	Resolution         string
	ResolvedBy         string
	LikelyCause        string
	ActionsDone        []string
}

// alike finds the main incidents that v_rarity counts for one, and v_similar_incidents
// pairs with it, without the other pairs; what the incident shows is told, because
// rows of an incident that is new come a batch later.
const alike = `
SELECT incident_id, problem_id != '' AND problem_id = ? AS same_problem, count() OVER () AS ever,
	countIf(toUnixTimestamp(began) >= ? - 2592000) OVER () AS recent
FROM incidents FINAL
WHERE parent_id = '' AND scope = ? AND toUnixTimestamp(began) < ? AND incident_id NOT IN (?, ?)
	AND (problem_id != '' AND problem_id = ? OR opened_by_name != '' AND opened_by_name = ? AND opened_by_service = ?)
ORDER BY began DESC, incident_id LIMIT ?`

// resolved says of some incidents how they ended.
const resolved = `
SELECT i.incident_id, i.title, i.severity, i.status, toUnixTimestamp64Milli(i.began),
	if(i.detected_at = toDateTime64(0, 3, 'UTC') OR i.acknowledged_at = toDateTime64(0, 3, 'UTC'), NULL, dateDiff('millisecond', i.detected_at, i.acknowledged_at) / 1000),
	if(i.started_at = toDateTime64(0, 3, 'UTC') OR i.resolved_at = toDateTime64(0, 3, 'UTC'), NULL, dateDiff('millisecond', i.started_at, i.resolved_at) / 1000),
	i.assignee, t.resolution, t.by,
	arrayElement(arrayReverseSort(c -> c.2, arrayFilter(c -> ifNull(c.2, 0) >= 0.5, JSONExtract(i.candidates, 'Array(Tuple(title String, probability Nullable(Float64)))'))), 1).1,
	a.done
FROM (SELECT *, began FROM incidents FINAL WHERE incident_id IN ?) AS i
LEFT JOIN (SELECT incident_id, argMax(text, seq) AS resolution, argMax(x.by, seq) AS by FROM timeline AS x FINAL WHERE incident_id IN ? AND type = 'resolved' GROUP BY incident_id) AS t
	ON t.incident_id = i.incident_id
LEFT JOIN (SELECT incident_id, arraySort(groupArray(what)) AS done FROM actions FINAL WHERE incident_id IN ? AND status = 'done' GROUP BY incident_id) AS a
	ON a.incident_id = i.incident_id
ORDER BY i.began DESC, i.incident_id`

// Precedents returns the main incidents of before that are like inc, the newest
// first, at most limit; and how many there are in the 30 days before it, and ever.
func (q *Queries) Precedents(ctx context.Context, inc *schemas.Incident, limit int) (list []Precedent, recent, ever int64, err error) {
	by, at := opener(inc), int64(began(inc))/1000
	same := map[string]bool{}
	var ids []string
	err = scan(ctx, q.conn, "similar incidents", func(r driver.Rows) error {
		var id string
		var problem bool
		var all, new uint64
		err := r.Scan(&id, &problem, &all, &new)
		ids, same[id], ever, recent = append(ids, id), problem, int64(all), int64(new)
		return err
	}, alike, inc.ProblemID, at, inc.Scope, at, inc.ID, inc.ParentID, inc.ProblemID, by.Name, by.Service, limitOf(limit))
	if err != nil || len(ids) == 0 {
		return nil, recent, ever, err
	}
	err = scan(ctx, q.conn, "similar incidents", func(r driver.Rows) error {
		var p Precedent
		var severity, status string
		var began int64
		err := r.Scan(&p.ID, &p.Title, &severity, &status, &began, &p.AcknowledgeSeconds, &p.ResolveSeconds, &p.Assignee, &p.Resolution, &p.ResolvedBy, &p.LikelyCause, &p.ActionsDone)
		p.Severity, p.Status, p.BeganAt, p.SameProblem = schemas.Severity(severity), schemas.IncidentStatus(status), schemas.Time(began), same[p.ID]
		list = append(list, p)
		return err
	}, resolved, ids, ids, ids)
	return list, recent, ever, err
}
