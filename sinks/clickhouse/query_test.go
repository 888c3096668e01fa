package clickhouse

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// story is a main incident with a child, a ticket, a change, a problem and
// their timeline, two months of it.
func story() *schemas.Batch {
	sept := schemas.TimeOf(time.Date(2026, 9, 30, 23, 59, 0, 0, time.UTC))
	rng := func(v float64) schemas.Range { return schemas.Range{Low: v / 2, Likely: v, High: 2 * v} }
	main := schemas.Incident{
		ID: "INC-MAIN", Revision: 1, Scope: "s", Status: schemas.IncidentOpen, Severity: schemas.SeverityCritical, Title: "Shield down",
		Services: []string{"shield", "turret"}, Teams: []string{"defence"},
		Roots:     []schemas.SuspectedRoot{{Service: "shield", Score: 800, Reason: "everything else depends on it"}},
		StartedAt: sept, DetectedAt: sept.Add(10 * schemas.Second), UpdatedAt: sept, SignalCount: 3, AlertCount: 2,
		Tickets: []schemas.TicketRef{{Key: "OPS-1"}}, Impact: schemas.ImpactRange{Currency: "EUR", LostRevenue: rng(100), Cost: rng(10), Minutes: 30},
	}
	newer := main
	newer.Revision, newer.Status, newer.AcknowledgedAt = 2, schemas.IncidentResolved, main.DetectedAt.Add(30*schemas.Second)
	newer.ResolvedAt = sept.Add(60 * schemas.Second)
	child := schemas.Incident{
		ID: "INC-CHILD", Revision: 1, Scope: "s", ParentID: "INC-MAIN", Status: schemas.IncidentOpen, Severity: schemas.SeverityMajor, Title: "Turrets hit",
		Services: []string{"turret"}, StartedAt: sept, DetectedAt: sept.Add(20 * schemas.Second),
		Impact: schemas.ImpactRange{Currency: "EUR", LostRevenue: rng(40), Cost: rng(4), Minutes: 20},
	}
	oct := schemas.Incident{
		ID: "INC-OCT", Revision: 1, Scope: "s", Status: schemas.IncidentOpen, Severity: schemas.SeverityWarning, Title: "100% odd_title",
		Services: []string{"turret"}, StartedAt: sept.Add(schemas.Hour), DetectedAt: sept.Add(schemas.Hour + 20*schemas.Second),
	}
	ticket := func(n int, status schemas.Status, state string) *schemas.Decision {
		s := sampleSignal(n)
		s.Kind, s.Source, s.Fingerprint, s.Status, s.Occurrence, s.Scope = schemas.KindTicket, "jira", "OPS-1", status, fmt.Sprint(n), "s"
		s.Ticket = &schemas.Ticket{Key: "OPS-1", Project: "OPS", State: state, Assignee: "kim"}
		s.ID = schemas.SignalID(s).String()
		return &schemas.Decision{SignalID: s.ID, Revision: 1, Scope: "s", Kind: s.Kind, Verdict: schemas.VerdictPlaced, IncidentID: "INC-CHILD", At: s.ReceivedAt, Signal: s}
	}
	change := sampleDecision(50)
	change.Kind, change.Signal.Kind, change.Signal.Status = schemas.KindMaintenance, schemas.KindMaintenance, schemas.StatusStarted
	change.Signal.Change = &schemas.Change{Services: []string{"a", "b"}, Type: "calendar", Suppress: true, Contact: "#shield"}
	change.Signal.ID = schemas.SignalID(change.Signal).String()
	change.SignalID = change.Signal.ID
	b := &schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeIncident, &newer), record(1, schemas.TypeIncident, &main),
		record(2, schemas.TypeIncident, &child), record(3, schemas.TypeIncident, &oct),
		record(4, schemas.TypeDecision, ticket(1, schemas.StatusOpen, "To Do")),
		record(5, schemas.TypeDecision, ticket(2, schemas.StatusUpdated, "Doing")),
		record(6, schemas.TypeDecision, change),
		record(7, schemas.TypeTimeline, &schemas.TimelineEntry{IncidentID: "INC-MAIN", Seq: 2, At: sept.Add(5), Type: "joined", Text: "b"}),
		record(8, schemas.TypeTimeline, &schemas.TimelineEntry{IncidentID: "INC-MAIN", Seq: 1, At: sept, EventAt: sept, Type: "opened", Text: "a", By: "kim"}),
		record(9, schemas.TypeProblem, &schemas.Problem{ID: "PRB-1", Revision: 3, Status: schemas.ProblemReturned, Title: "Core unstable", Count: 12,
			IncidentIDs: []string{"INC-MAIN"}, Evidence: []schemas.Evidence{{Kind: "recurs", Points: 5, Detail: "12 in a year"}}, LastSeenAt: sept, Cost: main.Impact}),
		record(10, schemas.TypeDeadLetter, &schemas.DeadLetter{SignalID: "f00", Topic: "alerts", Stage: "normalise", Reason: "not JSON", Value: []byte{0, 255}, Size: 2}),
		record(11, schemas.TypeTimeline, &schemas.TimelineEntry{IncidentID: "INC-CHILD", Seq: 1, At: sept.Add(2), Type: "opened", Text: "c"}),
	}}
	return bounded(b)
}

// A change that came before its incident is found in it, whichever of its
// signals the incident names; one that explains nothing is in none.
func TestAChangeBeforeItsIncidentHasIt(t *testing.T) {
	conn := migrated(t)
	told := func(id, fingerprint, incident string, kind schemas.Kind) *schemas.Decision {
		d := sampleDecision(1)
		d.SignalID, d.Kind, d.IncidentID, d.Signal.ID, d.Signal.Kind, d.Signal.Fingerprint = id, kind, incident, id, kind, fingerprint
		return d
	}
	inc := func(id, parent string, detected schemas.Time, candidates ...string) *schemas.Incident {
		i := &schemas.Incident{ID: id, Revision: 1, ParentID: parent, DetectedAt: detected}
		for _, c := range candidates {
			i.Candidates = append(i.Candidates, schemas.Candidate{SignalID: c})
		}
		return i
	}
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, told("planned", "release", "", schemas.KindChange)),
		record(1, schemas.TypeDecision, told("started", "release", "", schemas.KindChange)),
		record(2, schemas.TypeDecision, told("finished", "release", "INC-LATER", schemas.KindChange)), // as it came
		record(3, schemas.TypeDecision, told("innocent", "other", "", schemas.KindChange)),
		record(4, schemas.TypeDecision, told("alert", "release", "", schemas.KindAlert)),
		record(5, schemas.TypeIncident, inc("INC-LATER", "", t0.Add(9000), "planned")),
		record(6, schemas.TypeIncident, inc("INC-FIRST", "INC-MAIN", t0, "x", "planned")),
	}}))
	const joined = "SELECT count() FROM v_decisions AS d INNER JOIN v_incidents AS i ON i.incident_id = d.incident_id WHERE i.incident_id = ?"
	if n := count(t, conn, joined, "INC-FIRST"); n != 2 {
		t.Errorf("%d signals join their incident, want 2", n)
	}
	for id, want := range map[string]string{
		"planned": "INC-FIRST INC-MAIN", "started": "INC-FIRST INC-MAIN", "finished": "INC-LATER INC-LATER", "innocent": " ", "alert": " ",
	} {
		if n := count(t, conn, "SELECT count() FROM v_decisions WHERE signal_id = ? AND incident_id || ' ' || parent_id = ?", id, want); n != 1 {
			t.Errorf("%s is not in %q", id, want)
		}
	}
}

// A window that was told again, moved or with another text, is one in both views:
// what it suppressed under any of its signals joins its latest state.
func TestSuppressedSignalsJoinTheirWindow(t *testing.T) {
	conn := migrated(t)
	window := func(n int, scope string, received schemas.Time) *schemas.Decision {
		d := sampleDecision(n)
		d.Kind, d.Signal.Kind, d.Signal.Fingerprint, d.Signal.Source, d.Signal.Scope, d.Signal.ReceivedAt = schemas.KindMaintenance, schemas.KindMaintenance, "w", "cal", scope, received
		return d
	}
	first, moved, other := window(1, "s", t0), window(2, "s", t0.Add(1000)), window(3, "elsewhere", t0.Add(2000))
	suppressed := func(n int, by string) *schemas.Decision {
		d := sampleDecision(n)
		d.Verdict, d.WindowID = schemas.VerdictSuppressed, by
		return d
	}
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, first), record(1, schemas.TypeDecision, suppressed(10, first.SignalID)),
		record(2, schemas.TypeDecision, moved), record(3, schemas.TypeDecision, suppressed(11, first.SignalID)), // the engine keeps the first
		record(4, schemas.TypeDecision, suppressed(12, moved.SignalID)), // or knew no other
		record(5, schemas.TypeDecision, other), record(6, schemas.TypeDecision, suppressed(13, other.SignalID)),
		record(7, schemas.TypeDecision, suppressed(14, "forgotten")),
	}}))
	const joined = "SELECT count() FROM v_decisions AS d INNER JOIN v_changes AS c ON c.signal_id = d.window_id WHERE c.scope = ?"
	if s, e := count(t, conn, joined, "s"), count(t, conn, joined, "elsewhere"); s != 3 || e != 1 {
		t.Errorf("%d and %d suppressed signals join their windows, want 3 and 1", s, e)
	}
	if n := count(t, conn, "SELECT count() FROM v_decisions WHERE window_id = 'forgotten'"); n != 1 {
		t.Error("a window of which nothing is stored lost its id")
	}
}

// What an import marked is still marked when it is read back.
func TestImportedSignalsAreReadBackAsSuch(t *testing.T) {
	conn := migrated(t)
	history := sampleDecision(1)
	history.Signal.Imported = true
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, history), record(1, schemas.TypeDecision, sampleDecision(2)),
	}}))
	got := map[string]bool{}
	err := NewQueries(conn).Signals(t.Context(), PastFilter{}, func(s *schemas.Signal, _ schemas.Time) error {
		got[s.ID] = s.Imported
		return nil
	})
	if want := map[string]bool{history.SignalID: true, sampleDecision(2).SignalID: false}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if n := count(t, conn, "SELECT count() FROM v_signals WHERE imported"); n != 1 {
		t.Errorf("v_signals has %d imported signals, want 1", n)
	}
}

func TestViewsTellTheStory(t *testing.T) {
	conn := migrated(t)
	write(t, writer(conn), story())
	expectRows(t, conn, map[string]string{
		"SELECT incident_id, parent_id, is_main, status, root_service, lost_likely, tickets FROM v_incidents ORDER BY incident_id": "('INC-CHILD','INC-MAIN',false,'open','',40,[]) ('INC-MAIN','INC-MAIN',true,'resolved','shield',100,['OPS-1']) ('INC-OCT','INC-OCT',true,'open','',0,[])",
		"SELECT ticket_key, status, state, assignee, updates, incident_id, parent_id FROM v_tickets":                               "('OPS-1','updated','Doing','kim',2,'INC-CHILD','INC-MAIN')",
		"SELECT kind, status, services, suppress, contact FROM v_changes":                                                          "('maintenance','started',['a','b'],true,'#shield')",
		"SELECT problem_id, status, incidents, evidence, lost_likely FROM v_problems":                                              `('PRB-1','returned',12,'[{"kind":"recurs","points":5,"detail":"12 in a year"}]',100)`,
		"SELECT seq, type, by, event_at IS NULL FROM v_incident_timeline WHERE incident_id = 'INC-MAIN' ORDER BY seq":              "(1,'opened','kim',0) (2,'joined','',1)",
		"SELECT signal_id, stage, size, hex(value) FROM v_dead_letters":                                                            "('f00','normalise',2,'00FF')",
		// The cost of the child is inside the main one's and not added; shield
		// is the root, so turret has the incident only among those it was hit by.
		"SELECT service, month, incidents, incidents_affected, mttd_seconds, mttd_n, mtta_seconds, mtta_n, mttr_seconds, mttr_n, minutes, currency, lost_likely, cost_high FROM v_service_month ORDER BY month, service": "('shield','2026-09-01',1,1,10,1,30,1,60,1,30,'EUR',100,20) ('turret','2026-09-01',0,1,NULL,0,NULL,0,NULL,0,0,'',0,0) ('turret','2026-10-01',1,1,20,1,NULL,0,NULL,0,0,'',0,0)",
	})
	write(t, writer(conn), decisions(100, 200))
	if n := count(t, conn, "SELECT sum(alerts) FROM v_service_month"); n != 200 {
		t.Errorf("%d alerts by service and month, want 200", n)
	}
}

func TestQueries(t *testing.T) {
	ctx := t.Context()
	conn := migrated(t)
	write(t, writer(conn), story(), decisions(0, 300))
	q := NewQueries(conn)
	since := schemas.TimeOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	for name, c := range map[string]struct {
		f    IncidentFilter
		want []string
	}{
		"all":        {IncidentFilter{}, []string{"INC-OCT", "INC-CHILD", "INC-MAIN"}},
		"by id":      {IncidentFilter{IDs: []string{"INC-OCT", "INC-MAIN", "INC-NONE"}}, []string{"INC-OCT", "INC-MAIN"}},
		"main":       {IncidentFilter{MainOnly: true}, []string{"INC-OCT", "INC-MAIN"}},
		"children":   {IncidentFilter{ParentID: "INC-MAIN"}, []string{"INC-CHILD"}},
		"resolved":   {IncidentFilter{Statuses: []schemas.IncidentStatus{schemas.IncidentResolved, schemas.IncidentClosed}}, []string{"INC-MAIN"}},
		"severity":   {IncidentFilter{Severities: []schemas.Severity{schemas.SeverityMajor, schemas.SeverityWarning}}, []string{"INC-OCT", "INC-CHILD"}},
		"team":       {IncidentFilter{Teams: []string{"defence", "x"}}, []string{"INC-MAIN"}},
		"service":    {IncidentFilter{Services: []string{"shield", "none"}}, []string{"INC-MAIN"}},
		"since":      {IncidentFilter{Since: since}, []string{"INC-OCT"}},
		"until":      {IncidentFilter{Until: since}, []string{"INC-CHILD", "INC-MAIN"}},
		"scope":      {IncidentFilter{Scope: "other"}, nil},
		"text":       {IncidentFilter{Text: "ops-1"}, []string{"INC-MAIN"}},
		"no pattern": {IncidentFilter{Text: "0% ODD_t"}, []string{"INC-OCT"}},
		"injection":  {IncidentFilter{Text: "') OR 1=1 --", Scope: "'; DROP TABLE incidents"}, nil},
		"page 1":     {IncidentFilter{Limit: 1}, []string{"INC-OCT"}},
		"page 2":     {IncidentFilter{Limit: 1, AfterID: "INC-OCT", AfterDetectedAt: since.Add(59*schemas.Minute + 20*schemas.Second)}, []string{"INC-CHILD"}},
	} {
		l, err := q.Incidents(ctx, c.f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var ids []string
		for _, i := range l {
			ids = append(ids, i.ID)
		}
		if !reflect.DeepEqual(ids, c.want) {
			t.Errorf("%s: got %v, want %v", name, ids, c.want)
		}
	}
	inc, found, err := q.Incident(ctx, "INC-MAIN")
	if err != nil || !found || inc.Revision != 2 || inc.Roots[0].Reason != "everything else depends on it" {
		t.Errorf("incident: %+v, %v, %v", inc, found, err)
	}
	if _, found, err := q.Incident(ctx, "INC-NONE"); found || err != nil {
		t.Errorf("no incident: %v, %v", found, err)
	}
	if l, err := q.Timeline(ctx, []string{"INC-MAIN", "INC-CHILD"}, nil, 0); err != nil || len(l) != 3 || l[0].Text+l[1].Text+l[2].Text != "acb" || l[1].EventAt != 0 {
		t.Errorf("timeline: %+v, %v", l, err)
	}
	if l, err := q.Timeline(ctx, []string{"INC-MAIN", "INC-CHILD"}, []string{"joined"}, 1); err != nil || len(l) != 1 || l[0].Text != "c" {
		t.Errorf("the newest of the timeline that joins nothing: %+v, %v", l, err)
	}
	if l, err := q.Problems(ctx, schemas.ProblemReturned, 10); err != nil || len(l) != 1 || l[0].Count != 12 {
		t.Errorf("problems: %+v, %v", l, err)
	}
	m, err := q.Members(ctx, "INC-000000000007", 10)
	if err != nil || len(m) != 3 {
		t.Fatalf("members: %+v, %v", m, err)
	}
	said := sampleSignal(7)
	if m[0].Summary != said.Summary || m[0].Description != said.Description || m[0].Runbook != said.Runbook || m[0].URL != said.URL ||
		!reflect.DeepEqual(m[0].Labels, said.Labels) || m[0].IncidentID != "INC-000000000007" {
		t.Errorf("what a member says: %+v", m[0])
	}
	if m[0].SignalID != sampleSignal(7).ID || m[0].Service != "service-7" || m[0].Evidence[0].Points != 3000 || m[0].StartsAt != sampleSignal(7).StartsAt {
		t.Errorf("member: %+v", m[0])
	}
}

// A service's month over all scopes weighs each scope's means by what is in it.
func TestAServicesMonthOverScopes(t *testing.T) {
	conn := migrated(t)
	if err := do(t, conn, `INSERT INTO incidents (incident_id, scope, revision, status, root_service, services, started_at, detected_at, resolved_at, currency, cost_likely)
		SELECT 'INC-' || toString(n), if(n = 1, 'a', 'b'), 1, 'closed', 's', ['s'], toDateTime64('2026-10-05 10:00:00', 3, 'UTC') AS began, began + n * 10, began + n * 100, if(n = 1, 'EUR', 'CHF'), n
		FROM (SELECT arrayJoin([1, 2, 3]) AS n)`); err != nil {
		t.Fatal(err)
	}
	expectRows(t, conn, map[string]string{
		"SELECT scope, incidents, mttd_seconds, mttd_n, mttr_seconds, currency, cost_likely FROM v_scope_service_month ORDER BY scope": "('a',1,10,1,100,'EUR',1) ('b',2,25,2,250,'CHF',5)",
		"SELECT incidents, mttd_seconds, mttd_n, mttr_seconds, mtta_seconds, mtta_n, currency, cost_likely FROM v_service_month":       "(3,20,3,200,NULL,0,'mixed',6)",
	})
}

// What follows from a problem's incidents is to be done about the problem.
func TestActionsOfAProblem(t *testing.T) {
	conn := migrated(t)
	b := &schemas.Batch{Topic: "decisions"}
	for n, a := range []schemas.ActionItem{
		{ID: "ACT-1", Status: schemas.ActionOpen, IncidentID: "INC-A"}, {ID: "ACT-2", Status: schemas.ActionDone, ProblemID: "PRB-1"},
		{ID: "ACT-3", Status: schemas.ActionOpen, ProblemID: "PRB-1", DueAt: t0}, {ID: "ACT-4", Status: schemas.ActionOpen, IncidentID: "INC-B"}, {ID: "ACT-5", Status: schemas.ActionOpen, ProblemID: "PRB-2"},
	} {
		a.Revision, a.Scope, a.What, a.CreatedAt, a.UpdatedAt = 1, "s", "x", t0, t0
		b.Records = append(b.Records, record(int64(n), schemas.ActionItems.Type, &a))
	}
	write(t, writer(conn), b)
	for want, f := range map[string]ActionFilter{
		"ACT-3 ACT-1 ACT-2": {ProblemID: "PRB-1", IncidentIDs: []string{"INC-A", "INC-Z"}},
		"ACT-3 ACT-2":       {ProblemID: "PRB-1"},
		"ACT-4":             {IncidentID: "INC-B"},
		"":                  {ProblemID: "') OR 1=1 --", IncidentIDs: []string{"'); DROP TABLE actions --"}},
	} {
		list, err := NewQueries(conn).Actions(t.Context(), f)
		var ids []string
		for _, a := range list {
			ids = append(ids, a.ID)
		}
		if got := strings.Join(ids, " "); err != nil || got != want {
			t.Errorf("%+v: %s, want %s: %v", f, got, want, err)
		}
	}
}
