package clickhouse

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// alikeRows are incidents that are like each other in every way there is, and some
// that must not be taken for it.
func alikeRows(t *testing.T) []schemas.Record {
	t.Helper()
	day := func(n float64) schemas.Time { return t0.Add(int64(n * 24 * float64(time.Hour/time.Millisecond))) }
	var out []schemas.Record
	add := func(id, scope, parent, alert, service, problem string, began schemas.Time, change func(*schemas.Incident)) {
		i := &schemas.Incident{ID: id, Revision: 1, Scope: scope, ParentID: parent, Status: schemas.IncidentClosed, Severity: schemas.SeverityMajor, Title: "title of " + id,
			StartedAt: began, DetectedAt: began.Add(10_000), AcknowledgedAt: began.Add(40_000), ResolvedAt: began.Add(600_000), Assignee: "kim", ProblemID: problem, Services: []string{service}}
		if alert != "" {
			i.Opening = "sig-" + id
			i.Members = []schemas.MemberRef{{SignalID: i.Opening, Kind: schemas.KindAlert, Name: alert, Service: service}}
		}
		if change != nil {
			change(i)
		}
		out = append(out, record(int64(len(out)), schemas.TypeIncident, i))
	}
	add("A-OLD", "s", "", "Down", "web", "", day(-40), nil)
	add("A-1", "s", "", "Down", "web", "PRB-1", day(-20), func(i *schemas.Incident) {
		i.Candidates = []schemas.Candidate{{SignalID: "c1", Title: "the release", Probability: 0.8}, {SignalID: "c2", Title: "another", Probability: 0.1}}
	})
	add("A-2", "s", "", "Slow", "web", "PRB-1", day(-5), func(i *schemas.Incident) { i.AcknowledgedAt, i.ResolvedAt = 0, 0 })
	add("NOW", "s", "", "Down", "web", "PRB-1", day(0), nil)
	add("OTHER-SERVICE", "s", "", "Down", "db", "", day(-2), nil)
	add("OTHER-SCOPE", "other", "", "Down", "web", "PRB-1", day(-2), nil)
	add("A-CHILD", "s", "A-1", "Down", "web", "PRB-1", day(-20), nil)
	add("LATER", "s", "", "Down", "web", "PRB-1", day(1), nil)
	add("NAMELESS-1", "s", "", "", "", "", day(-3), nil)
	add("NAMELESS-2", "s", "", "", "", "", day(-1), nil)
	return out
}

// What is like an incident is the same in the two views and in what the API asks,
// and it says what resolved it.
func TestPrecedents(t *testing.T) {
	conn := migrated(t)
	rows := alikeRows(t)
	told := func(r schemas.Record) schemas.Record { r.Offset = int64(len(rows)); return r }
	rows = append(rows, told(record(0, schemas.TypeTimeline, &schemas.TimelineEntry{IncidentID: "A-1", Seq: 3, Type: "resolved", Text: "resolved: every alert has recovered"})))
	rows = append(rows, told(record(0, schemas.TypeTimeline, &schemas.TimelineEntry{IncidentID: "A-1", Seq: 5, Type: "resolved", Text: "resolved by kim: restarted the pool", By: "kim"})))
	rows = append(rows, told(record(0, schemas.TypeActionItem, &schemas.ActionItem{ID: "ACT-1", Revision: 1, Scope: "s", What: "Limit the pool", Status: "done", IncidentID: "A-1"})))
	rows = append(rows, told(record(0, schemas.TypeActionItem, &schemas.ActionItem{ID: "ACT-2", Revision: 1, Scope: "s", What: "Never done", Status: "open", IncidentID: "A-1"})))
	rows = append(rows, told(record(0, schemas.TypeProblem, &schemas.Problem{ID: "PRB-1", Revision: 1, Scope: "s", Status: schemas.ProblemOpen})))
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: rows}))
	expectRows(t, conn, map[string]string{
		"SELECT incident_id, rarity, in_30_days, ever FROM v_rarity WHERE scope = 's' ORDER BY incident_id": "('A-1','rare',1,1) ('A-2','rare',1,1) ('A-OLD','new',0,0) ('LATER','frequent',3,4) " +
			"('NAMELESS-1','new',0,0) ('NAMELESS-2','new',0,0) ('NOW','rare',2,3) ('OTHER-SERVICE','new',0,0)",
		"SELECT similar_id, same_problem, acknowledge_seconds, resolve_seconds, resolution, resolved_by, likely_cause, actions_done FROM v_similar_incidents WHERE incident_id = 'NOW' ORDER BY began_at DESC": "('A-2',true,NULL,NULL,'','','',[]) ('A-1',true,30,600,'resolved by kim: restarted the pool','kim','the release',['Limit the pool']) ('A-OLD',false,30,600,'','','',[])",
		"SELECT actions_open, actions_done, actions_dropped FROM v_problems": "(1,1,0)",
	})
	q := NewQueries(conn)
	for _, id := range []string{"NOW", "LATER", "A-OLD", "NAMELESS-2", "OTHER-SCOPE"} {
		inc, _, err := q.Incident(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		list, recent, ever, err := q.Precedents(t.Context(), &inc, 10)
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, conn, "SELECT count() FROM v_rarity WHERE incident_id = ? AND in_30_days = ? AND ever = ?", id, recent, ever); n != 1 {
			t.Errorf("%s: %d in 30 days, %d ever, and v_rarity says another", id, recent, ever)
		}
		if n := count(t, conn, "SELECT count() FROM v_similar_incidents WHERE incident_id = ?", id); int(n) != len(list) || int64(len(list)) != ever {
			t.Errorf("%s: %d precedents, %d ever, and v_similar_incidents has %d", id, len(list), ever, n)
		}
	}
	inc, _, _ := q.Incident(t.Context(), "NOW")
	list, recent, ever, err := q.Precedents(t.Context(), &inc, 2)
	ack, took := 30.0, 600.0
	want := Precedent{ID: "A-1", Title: "title of A-1", Severity: schemas.SeverityMajor, Status: schemas.IncidentClosed, BeganAt: t0.Add(-20 * schemas.Day), SameProblem: true,
		AcknowledgeSeconds: &ack, ResolveSeconds: &took, Assignee: "kim", Resolution: "resolved by kim: restarted the pool", ResolvedBy: "kim", LikelyCause: "the release", ActionsDone: []string{"Limit the pool"}}
	if err != nil || recent != 2 || ever != 3 || len(list) != 2 || list[0].ID != "A-2" || !reflect.DeepEqual(list[1], want) {
		t.Errorf("got %+v, %d, %d, %v; want it to end with %+v", list, recent, ever, err, want)
	}
}

// What a member says is in SQL, each in its sender's words.
func TestMembersSayTheirWords(t *testing.T) {
	conn := migrated(t)
	suppressed := sampleDecision(3)
	suppressed.Verdict = schemas.VerdictSuppressed
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, sampleDecision(1)), record(1, schemas.TypeDecision, suppressed),
		record(2, schemas.TypeIncident, &schemas.Incident{ID: sampleDecision(1).IncidentID, Revision: 1, ParentID: "INC-UP"}),
	}}))
	s := sampleSignal(1)
	expectRows(t, conn, map[string]string{
		"SELECT parent_id, name, service, status, summary, description, runbook, url, labels['pod'], score FROM v_incident_members": fmt.Sprintf(
			"('INC-UP','Alert1','service-1','firing','%s','%s','%s','%s','pod-1',4200)", s.Summary, s.Description, s.Runbook, s.URL),
	})
}

// An error budget counts overlapping incidents once, only the window's part, and only
// severities that it is asked for; and it can be taken back.
func TestErrorBudgets(t *testing.T) {
	conn := migrated(t)
	now := schemas.TimeOf(time.Now())
	var rows []schemas.Record
	add := func(id, scope string, severity schemas.Severity, services []string, from, to, mitigated int64) {
		i := &schemas.Incident{ID: id, Revision: 1, Scope: scope, Severity: severity, Services: services, StartedAt: now.Add(from * schemas.Minute), DetectedAt: now.Add(from * schemas.Minute)}
		if to != 0 {
			i.ResolvedAt = now.Add(to * schemas.Minute)
		}
		if mitigated != 0 {
			i.MitigatedAt = now.Add(mitigated * schemas.Minute)
		}
		rows = append(rows, record(int64(len(rows)), schemas.TypeIncident, i))
	}
	add("I-1", "a", schemas.SeverityCritical, []string{"web", "db"}, -300, -280, -290) // 10 minutes
	add("I-2", "a", schemas.SeverityMajor, []string{"web"}, -295, -285, 0)             // 5 of its 10 are not those of I-1
	add("I-3", "b", schemas.SeverityMajor, []string{"web"}, -200, -195, 0)             // another scope
	add("I-4", "a", schemas.SeverityWarning, []string{"web"}, -100, -90, 0)            // does not count
	add("I-5", "a", schemas.SeverityMajor, []string{"web"}, -24*60-10, -24*60+5, 0)    // 5 of 15 minutes are within the window
	add("I-6", "a", schemas.SeverityMajor, []string{"cache"}, -10, -5, 0)
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: rows}))
	if err := SetObjectives(t.Context(), conn, nil); err != nil || count(t, conn, "SELECT count() FROM objectives") != 0 {
		t.Errorf("no objectives where there were none are nothing to say: %v", err)
	}
	set := []Objective{{Service: "web", Scope: "a", Percent: 90, Window: 24 * time.Hour}, {Service: "db", Percent: 99.9}, {Service: "idle", Percent: 99}}
	for range 2 {
		if err := SetObjectives(t.Context(), conn, set); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, conn, "SELECT count() FROM objectives"); n != 3 {
		t.Errorf("%d rows: set twice alike, they are there once", n)
	}
	expectRows(t, conn, map[string]string{
		// 15 of the two that overlap and 5 of the oldest, of 144 minutes.
		"SELECT scope, service, window_days, round(budget_minutes, 1), round(bad_minutes), round(burned, 2), round(left_minutes), incidents FROM v_error_budgets ORDER BY service": "('','db',30,43.2,10,0.23,33,1) ('','idle',30,432,0,0,432,0) ('a','web',1,144,20,0.14,124,3)",
		"SELECT incident_id, service, round(minutes), round(share, 3) FROM v_incident_budgets ORDER BY incident_id, service":                                                       "('I-1','db',10,0.231) ('I-1','web',10,0.069) ('I-2','web',10,0.069) ('I-5','web',15,0.104)",
	})
	list, err := NewQueries(conn).Budgets(t.Context(), "I-1")
	if err != nil || len(list) != 2 || list[0].Service != "db" || math.Abs(list[1].BurnedMinutes-20) > 0.1 || math.Abs(list[1].Share-10./144) > 1e-3 {
		t.Errorf("budgets: %+v, %v", list, err)
	}
	if err := SetObjectives(t.Context(), conn, nil); err != nil {
		t.Fatal(err)
	}
	if n := count(t, conn, "SELECT count() FROM v_error_budgets") + count(t, conn, "SELECT count() FROM v_incident_budgets"); n != 0 {
		t.Errorf("%d rows without objectives", n)
	}
}

func TestObjectivesAreChecked(t *testing.T) {
	bad := Objective{Percent: 100, Window: time.Minute, Severities: []schemas.Severity{"huge"}}
	for _, want := range []string{"service: it is missing", "objective: 100;", "window: 1m0s", `severities[0]: "huge"`} {
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if err := (&Objective{Service: "web", Percent: math.NaN()}).Validate(); err == nil {
		t.Error("not a number passed")
	}
	if err := (&Objective{Service: "web", Percent: 99.95}).Validate(); err != nil {
		t.Error(err)
	}
}

// A schedule is there since it was first asked for, whoever asks later.
func TestASchedulesBeginning(t *testing.T) {
	conn := migrated(t)
	first := time.UnixMilli(1_790_000_000_123).UTC()
	for i, now := range []time.Time{first, first.Add(time.Hour), first.Add(-time.Hour)} {
		if got, err := ScheduledSince(t.Context(), conn, "monthly", now); err != nil || !got.Equal(first) {
			t.Errorf("asked for the %d. time: %s, %v; want %s", i+1, got, err, first)
		}
	}
	if got, err := ScheduledSince(t.Context(), conn, "another'; DROP TABLE incidents; --", first.Add(time.Hour)); err != nil || !got.Equal(first.Add(time.Hour)) {
		t.Errorf("another: %s, %v", got, err)
	}
}
