package report

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Query is one that a report ran, with what it is for.
type Query struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Formula string `json:"formula,omitempty"`
	SQL     string `json:"sql"`
}

// The queries of a month. $FROM and $TO bound it, $FIRST is twelve months before
// $FROM. Main incidents count in the month in which they started.
var (
	queryMonths = Query{ID: "months", Title: "Incidents by month",
		Formula: "main incidents by the month of started_at; imported history counts, what is inside a main incident does not",
		SQL: `SELECT toStartOfMonth(began_at) AS month, count() AS incidents,
       countIf(severity IN ('critical', 'major')) AS severe, countIf(resolved_at IS NULL) AS unresolved,
       countIf(imported) AS imported, sum(minutes) AS minutes,
       countIf(resolved_at IS NOT NULL) AS resolved,
       quantileExactLowIf(0.5)(dateDiff('millisecond', started_at, resolved_at) / 1000, started_at IS NOT NULL AND resolved_at IS NOT NULL) AS median_resolve
FROM v_incidents
WHERE is_main AND began_at >= $FIRST AND began_at < $TO
GROUP BY month ORDER BY month`}
	queryKnown = Query{ID: "known", Title: "Occurrences of known problems by month",
		Formula: "main incidents that are, or hold below them, an occurrence of a recurring problem",
		SQL: `SELECT toStartOfMonth(began_at) AS month, uniqExact(parent_id) AS known
FROM v_incidents
WHERE problem_id != '' AND began_at >= $FIRST AND began_at < $TO
GROUP BY month ORDER BY month`}
	queryCosts = Query{ID: "costs", Title: "Cost by month and currency",
		Formula: "sums over main incidents; imported history is not priced. Lost revenue by business figures is measured: the distances from likely to the ends of the 90 % intervals are added as independent errors are, by squares. Those by the configured model are sums of its low and high estimates, no interval of chance. What came back later (caught_up) is not deducted",
		SQL: `SELECT toStartOfMonth(began_at) AS month, toString(currency) AS currency, count() AS incidents, countIf(measured OR basis = 'figures') AS measured,
       sumIf(i.lost_low, basis != 'figures') + sumIf(i.lost_likely, basis = 'figures') - sqrt(sumIf(pow(i.lost_likely - i.lost_low, 2), basis = 'figures')) AS lost_low,
       sum(i.lost_likely) AS lost_likely,
       sumIf(i.lost_high, basis != 'figures') + sumIf(i.lost_likely, basis = 'figures') + sqrt(sumIf(pow(i.lost_high - i.lost_likely, 2), basis = 'figures')) AS lost_high,
       sum(cost_low) AS cost_low, sum(cost_likely) AS cost_likely, sum(cost_high) AS cost_high,
       countIf(i.basis = 'figures') AS by_figures, sum(i.caught_likely) AS caught_up, sum(i.direct_cost) AS direct_cost,
       argMaxIf(i.trials_held, i.began_at, i.trials > 0) AS trials_held, argMaxIf(i.trials, i.began_at, i.trials > 0) AS trials
FROM v_incidents AS i
WHERE is_main AND NOT imported AND (i.lost_high + i.cost_high > 0 OR basis = 'figures')
  AND began_at >= $FIRST AND began_at < $TO
GROUP BY month, currency ORDER BY month, currency`}
	queryThen = Query{ID: "then", Title: "The month before, as it was told then",
		Formula: "of each main incident of the month before, what it was said to cost when that month was over: of the states written until then, the newest. Incidents whose costs were not kept yet are missing",
		SQL: `SELECT currency, count() AS incidents, sum(lost) AS lost, sum(cost) AS cost
FROM
(
    SELECT argMax(toString(currency), revision) AS currency, argMax(is_main, revision) AS main, argMax(r.began_at, revision) AS began,
           argMax(lost_likely, revision) AS lost, argMax(cost_likely, revision) AS cost
    FROM v_impact_revisions AS r
    WHERE NOT imported AND r.at < $FROM AND r.began_at >= $BEFORE AND r.began_at < $FROM
    GROUP BY incident_id
)
WHERE main AND began >= $BEFORE AND began < $FROM AND currency != ''
GROUP BY currency ORDER BY currency`}
	queryDurations = Query{ID: "durations", Title: "Times of the month's incidents",
		Formula: "to detect: detected_at - started_at; to acknowledge: acknowledged_at - detected_at; to resolve: resolved_at - started_at; seconds. What has no such time (yet) is left out and counted apart",
		SQL: `SELECT ifNull(dateDiff('millisecond', started_at, detected_at) / 1000, -1) AS to_detect,
       ifNull(dateDiff('millisecond', detected_at, acknowledged_at) / 1000, -1) AS to_acknowledge,
       ifNull(dateDiff('millisecond', started_at, resolved_at) / 1000, -1) AS to_resolve
FROM v_incidents
WHERE is_main AND began_at >= $FROM AND began_at < $TO`}
	queryServices = Query{ID: "services", Title: "Services",
		Formula: "a main incident counts for its suspected root, or its first service when there is none; before: the same over the twelve months before",
		SQL: `SELECT if(root_service != '', toString(root_service), toString(services[1])) AS service,
       countIf(began_at >= $FROM) AS incidents, countIf(began_at < $FROM) AS before,
       sumIf(minutes, began_at >= $FROM) AS minutes,
       if(uniqExactIf(currency, currency != '' AND began_at >= $FROM) > 1, 'mixed',
          maxIf(toString(currency), began_at >= $FROM)) AS currency,
       sumIf(lost_likely + cost_likely, began_at >= $FROM) AS cost,
       countIf(resolved_at IS NOT NULL AND started_at >= $FROM) AS resolved,
       quantileExactLowIf(0.5)(dateDiff('millisecond', started_at, resolved_at) / 1000, resolved_at IS NOT NULL AND started_at >= $FROM) AS median_resolve
FROM v_incidents
WHERE is_main AND began_at >= $FIRST AND began_at < $TO
GROUP BY service ORDER BY incidents DESC, cost DESC, before DESC, service LIMIT 30`}
	queryTop = Query{ID: "top", Title: "Costliest incidents",
		Formula: "main incidents of the month by lost revenue and work, likely; then by minutes",
		SQL: `SELECT incident_id, title, toString(severity), toString(status), began_at AS began, minutes,
       lost_likely + cost_likely AS cost, toString(currency), toString(root_service), toString(procedure_owner), problem_id
FROM v_incidents
WHERE is_main AND began_at >= $FROM AND began_at < $TO
ORDER BY cost DESC, minutes DESC, incident_id LIMIT 10`}
	queryProblems = Query{ID: "problems", Title: "Recurring problems",
		Formula: "problems with occurrences in the month, by main incidents that hold one; in all and cost: since it was first seen",
		SQL: `SELECT p.problem_id AS problem_id, p.title AS title, toString(p.status) AS status, toString(p.owner) AS owner, n.incidents AS incidents, p.incidents AS in_all,
       p.lost_likely + p.cost_likely AS cost, toString(p.currency) AS currency, p.flagged_at AS flagged_at, p.solved_at AS solved_at, p.returned_at AS returned_at, p.solved_by AS solved_by
FROM v_problems AS p
INNER JOIN
(
    SELECT problem_id, uniqExact(parent_id) AS incidents FROM v_incidents
    WHERE problem_id != '' AND began_at >= $FROM AND began_at < $TO
    GROUP BY problem_id
) AS n ON n.problem_id = p.problem_id
ORDER BY incidents DESC, cost DESC, problem_id LIMIT 10`}
	queryFollowed = Query{ID: "followed", Title: "Incidents with a likely change",
		Formula: "main incidents of the month for which a change or maintenance is the likely cause (a probability of at least 0.5, or of none known), over all main incidents. None is a confirmed cause",
		SQL: `SELECT uniqExact(incident_id) AS incidents, uniqExactIf(incident_id, kind = 'change') AS by_change, uniqExactIf(incident_id, kind = 'maintenance') AS by_maintenance
FROM v_incident_changes
WHERE ifNull(likely, true) AND incident_started_at >= $FROM AND incident_started_at < $TO`}
	queryChanges = Query{ID: "changes", Title: "Changes that may have caused incidents",
		Formula: "likely causes (a probability of at least 0.5, or of none known), the likeliest first; each row is one change and one main incident",
		SQL: `SELECT title, kind, service, team, incident_id, incident_title, toString(severity), ifNull(lag_seconds, 0) AS lag_seconds, rank, reason
FROM v_incident_changes
WHERE ifNull(likely, true) AND incident_started_at >= $FROM AND incident_started_at < $TO
ORDER BY probability DESC NULLS LAST, score DESC, signal_id, incident_id LIMIT 10`}
	queryWork = Query{ID: "work", Title: "Undeclared work",
		Formula: "maintenance of the month that Pinkstar heard of only a minute or more after it had begun",
		SQL: `SELECT title, toString(service), toString(team), toString(source), starts_at, dateDiff('second', starts_at, first_received_at) AS late, length(incident_ids) AS incidents
FROM v_changes
WHERE kind = 'maintenance' AND status != 'cancelled' AND starts_at >= $FROM AND starts_at < $TO AND dateDiff('second', starts_at, first_received_at) >= 60
ORDER BY incidents DESC, late DESC, change_id LIMIT 10`}
	queryWorkCount = Query{ID: "work_count", Title: "Undeclared work, counted",
		Formula: "of all maintenance of the month that was not cancelled, what was announced only after it had begun",
		SQL: `SELECT count() AS maintenance, countIf(dateDiff('second', starts_at, first_received_at) >= 60) AS undeclared
FROM v_changes
WHERE kind = 'maintenance' AND status != 'cancelled' AND starts_at >= $FROM AND starts_at < $TO`}
	queryUncovered = Query{ID: "uncovered", Title: "Alerts without a procedure",
		Formula: "incidents of the month, children included, without a procedure, by the alert that opened them",
		SQL: `SELECT toString(opened_by_service) AS service, toString(opened_by_name) AS name, count() AS incidents,
       countIf(runbook != '' OR alert_runbook != '') AS with_runbook
FROM v_incidents
WHERE opened_by_name != '' AND alerts > 0 AND (procedure = '' OR startsWith(procedure, 'runbook of '))
  AND began_at >= $FROM AND began_at < $TO
GROUP BY service, name ORDER BY incidents DESC, service, name LIMIT 10`}
	queryActionCounts = Query{ID: "action_counts", Title: "Actions, counted",
		Formula: "actions of post-mortems added, done and dropped in the month; open and overdue at the snapshot; completion: done over all that were added in the twelve months up to the month's end and not dropped",
		SQL: `SELECT countIf(created_at >= $FROM AND created_at < $TO) AS added, countIf(status = 'done' AND ended_at >= $FROM AND ended_at < $TO) AS done,
       countIf(status = 'dropped' AND ended_at >= $FROM AND ended_at < $TO) AS dropped, countIf(status = 'open') AS open, countIf(overdue) AS overdue,
       countIf(status = 'done' AND created_at >= $FIRST AND created_at < $TO) AS completed, countIf(status != 'dropped' AND created_at >= $FIRST AND created_at < $TO) AS of_all
FROM v_actions`}
	queryActions = Query{ID: "actions", Title: "Actions that are open, or were done in the month",
		Formula: "actions of post-mortems: the overdue first, then by their date",
		SQL: `SELECT action_id, what, toString(owner), toString(status), overdue, due_at, incident_id, problem_id, days_late
FROM v_actions
WHERE created_at < $TO AND (status = 'open' OR status = 'done' AND ended_at >= $FROM AND ended_at < $TO)
ORDER BY status = 'open' DESC, due_at IS NULL, due_at, action_id LIMIT 30`}
	queryIntake = Query{ID: "intake", Title: "What became of every signal",
		Formula: "every signal has one decision; sum(1 + repeats) is what was taken",
		SQL: `SELECT toString(i.decision) AS decision, sum(i.signals) AS signals, sum(i.taken) AS taken
FROM v_intake AS i
WHERE day >= toDate($FROM) AND day < toDate($TO)
GROUP BY decision ORDER BY decision`}
	querySnapshot = Query{ID: "snapshot", Title: "When it was read",
		SQL: `SELECT now64(3, 'UTC'), version(), max(updated_at), min(began_at) FROM v_incidents WHERE began_at < $TO`}
)

// source runs queries and remembers them.
type source struct {
	conn    driver.Conn
	with    *strings.Replacer
	queries []Query
}

func newSource(conn driver.Conn, m Month) *source {
	return &source{conn: conn, with: strings.NewReplacer("$FIRST", instant(m.First()), "$BEFORE", instant(m.From().AddDate(0, -1, 0)), "$FROM", instant(m.From()), "$TO", instant(m.To()))}
}

// instant is a time as SQL has it.
func instant(t time.Time) string {
	return "toDateTime64('" + t.UTC().Format("2006-01-02 15:04:05.000") + "', 3, 'UTC')"
}

// rows runs a query and hands its rows to f. What args hold is bound.
func (s *source) rows(ctx context.Context, q Query, f func(driver.Rows) error, args ...any) error {
	q.SQL = s.with.Replace(q.SQL)
	s.queries = append(s.queries, q)
	rows, err := s.conn.Query(ctx, q.SQL, args...)
	if err != nil {
		return fmt.Errorf("report, query %s: %w", q.ID, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return fmt.Errorf("report, query %s: %w", q.ID, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("report, query %s: %w", q.ID, err)
	}
	return nil
}
