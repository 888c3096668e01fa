package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
)

// proof is a question that a manager asks the day after, and the SQL that
// answers it.
type proof struct {
	Question string
	SQL      string
	Check    func(rows) error // what must be in the answer, or the demo fails
}

// proofs asks ClickHouse what the report's company could not say.
func (s *stage) proofs(ctx context.Context) error {
	s.page.title("The day after: ask with SQL")
	if err := s.caughtUp(ctx); err != nil {
		return err
	}
	for _, p := range s.questions() {
		var r rows
		err := until(ctx, limit, p.Question, func(ctx context.Context) (err error) {
			if r, err = s.reach.sql(ctx, p.SQL); err == nil {
				err = p.Check(r)
			}
			return err
		})
		if err != nil {
			return err
		}
		s.page.blank()
		s.page.say("%s", p.Question)
		s.page.query(p.SQL, r)
	}
	return s.bill(ctx)
}

// caughtUp waits until ClickHouse has the revisions that the API shows: it is
// behind by a batch.
func (s *stage) caughtUp(ctx context.Context) error {
	return until(ctx, limit, "what the API shows, in ClickHouse", func(ctx context.Context) error {
		d, err := s.detail(ctx, s.mainID)
		if err != nil {
			return err
		}
		for _, i := range family(&d) {
			if err := s.hasRevision(ctx, "v_incidents WHERE incident_id = "+quote(i.ID), i.Revision); err != nil {
				return err
			}
		}
		problems, err := s.problems(ctx)
		for _, p := range problems {
			err = errors.Join(err, s.hasRevision(ctx, "v_problems WHERE problem_id = "+quote(p.ID), p.Revision))
		}
		return err
	})
}

func (s *stage) hasRevision(ctx context.Context, from string, want int64) error {
	n, err := s.number(ctx, "SELECT max(revision) FROM "+from)
	if err == nil && n < want {
		err = fmt.Errorf("%s has revision %d, the API %d", from, n, want)
	}
	return err
}

func (s *stage) questions() []proof {
	main := quote(s.mainID)
	attack := quote(s.t0.Add(storyBegins - time.Minute).UTC().Format(time.DateTime))
	return []proof{{
		Question: "Was it one incident, and what belonged to it?",
		SQL: "SELECT incident_id, if(is_main, 'main', 'child') AS role, alerts,\n" +
			"       arrayStringConcat(services, ', ') AS services, title\n" +
			"FROM v_incidents WHERE parent_id = " + main + " ORDER BY is_main DESC, detected_at",
		Check: atLeast(1 + minChildren),
	}, {
		Question: "Was anything lost or counted twice on the way?",
		SQL: "SELECT decision, count() AS signals, sum(repeats) AS further, sum(1 + repeats) AS taken\n" +
			"FROM v_decisions WHERE at >= " + attack + " GROUP BY decision ORDER BY decision",
		Check: s.allTaken,
	}, {
		Question: "Did anybody but the gun deck see its tickets?",
		SQL: "SELECT ticket_key, status, title, incident_id, parent_id AS main_incident\n" +
			"FROM v_tickets WHERE parent_id = " + main + " ORDER BY ticket_key",
		Check: holds("TUR-311", "TUR-312", "CORE-900"),
	}, {
		Question: "What was being worked on during the attack?",
		SQL: "SELECT title, service, team, contact, status\n" +
			"FROM v_changes WHERE kind = 'maintenance'",
		Check: holds("shield-generator", "#shield-team", string(schemas.StatusCancelled)),
	}, {
		Question: "When was it told, and by which incident?",
		SQL: "SELECT formatDateTime(t.at, '%H:%i:%S') AS time, t.incident_id AS incident_id, t.text AS text\n" +
			"FROM v_incident_timeline t JOIN v_incidents i ON i.incident_id = t.incident_id\n" +
			"WHERE i.parent_id = " + main + " AND t.type = 'notice' ORDER BY t.at",
		Check: atLeast(1),
	}, {
		Question: "Since when was the core's weakness known, and what had it cost by now?",
		SQL: "SELECT problem_id, owner, incidents, toDate(flagged_at) AS flagged,\n" +
			"       dateDiff('day', flagged_at, toDateTime(" + quote(s.t0.UTC().Format(time.DateTime)) + ", 'UTC')) AS days_before,\n" +
			"       round(lost_likely) AS lost, round(cost_likely) AS cost, currency\n" +
			"FROM v_problems WHERE problem_id = " + quote(s.problemID),
		Check: holds(s.problemID),
	}, {
		Question: "How fast were we?",
		SQL: "SELECT dateDiff('second', started_at, detected_at) AS seconds_to_detect,\n" +
			"       dateDiff('second', started_at, acknowledged_at) AS to_acknowledge,\n" +
			"       dateDiff('second', started_at, resolved_at) AS to_resolve, assignee\n" +
			"FROM v_incidents WHERE incident_id = " + main,
		Check: holds(manager),
	}, {
		Question: "How does it trend? (The managers' report is one view.)",
		SQL: "SELECT month, incidents, round(mttr_seconds / 60) AS minutes_to_resolve,\n" +
			"       round(minutes) AS minutes_in_all, round(lost_likely + cost_likely) AS lost_and_cost\n" +
			"FROM v_service_month WHERE service = 'core' ORDER BY month DESC LIMIT 6",
		Check: atLeast(3),
	}}
}

// bill shows what the attack cost, how that was worked out, and the SQL for it.
func (s *stage) bill(ctx context.Context) error {
	const columns = "lost_low, lost_likely, lost_high, cost_low, cost_likely, cost_high,\n" +
		"       round(minutes) AS minutes_in_all, currency"
	query := "SELECT " + columns + "\nFROM v_incidents WHERE incident_id = " + quote(s.mainID)
	r, err := s.reach.sql(ctx, query)
	if err != nil {
		return err
	}
	if len(r.Rows) != 1 {
		return fmt.Errorf("what did it cost: want one row, have %d", len(r.Rows))
	}
	for name, column := range map[string]int{"lost_likely": 1, "cost_likely": 4} {
		if v, err := strconv.ParseFloat(r.Rows[0][column], 64); err != nil || v <= 0 {
			return fmt.Errorf("what did it cost: %s is %q, want more than 0", name, r.Rows[0][column])
		}
	}
	s.page.blank()
	s.page.say("What did it cost? (low, likely and high; the main incident holds its children's)")
	s.page.query(query, r)
	d, err := s.detail(ctx, s.mainID)
	if err != nil {
		return err
	}
	i := d.Incident.Impact
	s.page.fact("lost revenue", "%s", estimate(i.LostRevenue, i.Currency))
	s.page.fact("work", "%s", estimate(i.Cost, i.Currency))
	s.page.fact("worked out so", "%s", sentence(i.Formula))
	return nil
}

// allTaken compares what was decided with what the story sent.
func (s *stage) allTaken(r rows) error {
	sent := 0
	for _, b := range storyOf(s.t0) {
		if sent += len(b.Orders); b.Press != "" {
			sent++
		}
		for _, d := range b.Sends {
			sent += d.signals()
		}
	}
	taken := 0
	for _, row := range r.Rows {
		n, err := strconv.Atoi(row[len(row)-1])
		if err != nil {
			return fmt.Errorf("the sum of what was taken is %q, not a number", row[len(row)-1])
		}
		taken += n
	}
	if taken != sent {
		return fmt.Errorf("%d signals have a decision, %d were sent", taken, sent)
	}
	return nil
}

// atLeast wants n rows.
func atLeast(n int) func(rows) error {
	return func(r rows) error {
		if len(r.Rows) < n {
			return fmt.Errorf("%s, want at least %d", count(len(r.Rows), "row", "rows"), n)
		}
		return nil
	}
}

// holds wants each of the values in some cell.
func holds(values ...string) func(rows) error {
	return func(r rows) error {
		for _, v := range values {
			if !r.has(v) {
				return fmt.Errorf("%s, none with %q", count(len(r.Rows), "row", "rows"), v)
			}
		}
		return nil
	}
}

func (r rows) has(v string) bool {
	for _, row := range r.Rows {
		if slices.Contains(row, v) {
			return true
		}
	}
	return false
}

// quote writes s as a string of SQL. What it is given are ids and times of our
// own making.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
