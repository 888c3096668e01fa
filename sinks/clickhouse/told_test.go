package clickhouse

import (
	"path"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// toldIncidents are a main incident with a procedure, a candidate cause and a
// notice; a child below it that blames the same change more, and another; and one
// without a procedure.
func toldIncidents() []*schemas.Incident {
	hour := func(n int64) schemas.Time { return t0.Add(n * schemas.Hour) }
	release := schemas.Candidate{SignalID: "release", Kind: schemas.KindChange, Title: "Release 'it''s'", Service: "web", Team: "front",
		Status: schemas.StatusFinished, StartedAt: hour(-1), EndsAt: hour(0), Score: 1200, Reason: "ended 12 s before"}
	stronger, other := release, release
	stronger.Score, stronger.Reason = 3400, "same service"
	other.SignalID, other.Title, other.Kind, other.InProgress, other.EndsAt, other.Score = "window", "Cables", schemas.KindMaintenance, true, 0, 300
	member := func(id, name, service string) schemas.MemberRef {
		return schemas.MemberRef{SignalID: id, Name: name, Service: service}
	}
	return []*schemas.Incident{{
		ID: "INC-MAIN", Revision: 1, Scope: "s", Severity: schemas.SeverityMajor, Title: "Down", StartedAt: t0, DetectedAt: t0, AlertCount: 2,
		Procedure:  &schemas.Procedure{Name: "web down", Owner: "front", OnCall: "kim", Emergency: "#all", Runbook: "https://r/1", AlertRunbook: "https://r/2"},
		Candidates: []schemas.Candidate{release}, Notices: []schemas.Notice{{Team: "net", Contact: "#net", Text: "Stop.", SignalID: "window", At: hour(1)}},
		Opening: "sig-1", Members: []schemas.MemberRef{member("sig-0", "Other", "other"), member("sig-1", "WebDown", "web")},
		Impact: schemas.ImpactRange{Minutes: 5, LostRevenue: schemas.Range{Likely: 7}},
	}, {
		ID: "INC-CHILD", Revision: 1, ParentID: "INC-MAIN", Scope: "s", StartedAt: hour(2), DetectedAt: hour(2), AlertCount: 1, Severity: schemas.SeverityWarning,
		Candidates: []schemas.Candidate{stronger, other}, Opening: "sig-2", Members: []schemas.MemberRef{member("sig-2", "DiskFull", "db")},
		Procedure: &schemas.Procedure{Name: "runbook of DiskFull", Runbook: "https://r/3", AlertRunbook: "https://r/3"}, Impact: schemas.ImpactRange{Minutes: 3},
	}, {
		ID: "INC-ALONE", Revision: 1, Scope: "s", StartedAt: hour(3), DetectedAt: hour(3), AlertCount: 4, Severity: schemas.SeverityCritical,
		Opening: "sig-3", Members: []schemas.MemberRef{member("sig-3", "DiskFull", "db")}, Impact: schemas.ImpactRange{Minutes: 4},
	}, {
		ID: "INC-TICKET", Revision: 1, Scope: "s", StartedAt: hour(4), Opening: "sig-4", Members: []schemas.MemberRef{member("sig-4", "OPS-1", "db")},
	}}
}

// toldBy is what the views say of toldIncidents.
var toldBy = map[string]string{
	"SELECT procedure, procedure_owner, on_call, emergency_channel, runbook, alert_runbook, opened_by, opened_by_name, candidate_causes, notices FROM v_incidents WHERE incident_id = 'INC-MAIN'":                         `('web down','front','kim','#all','https://r/1','https://r/2','sig-1','WebDown',[('release','change','Release \'it\'\'s\'','web','front',1200,'ended 12 s before',NULL)],[('net','#net','Stop.')])`,
	"SELECT incident_id, parent_id, rank, signal_id, in_progress, lag_seconds, started_at IS NULL, ends_at IS NULL, score FROM v_incident_causes ORDER BY incident_id, rank":                                              "('INC-CHILD','INC-MAIN',1,'release',false,10800,0,0,3400) ('INC-CHILD','INC-MAIN',2,'window',true,10800,0,1,300) ('INC-MAIN','INC-MAIN',1,'release',false,3600,0,0,1200)",
	"SELECT signal_id, incident_id, severity, lag_seconds, score, rank, reason, minutes, lost_likely FROM v_incident_changes ORDER BY signal_id":                                                                          "('release','INC-MAIN','major',3600,3400,1,'same service',5,7) ('window','INC-MAIN','major',3600,300,2,'ended 12 s before',5,7)",
	"SELECT incident_id, parent_id, team, contact, text, signal_id, toUnixTimestamp64Milli(at) - 1790000000000 FROM v_incident_notices":                                                                                   "('INC-MAIN','INC-MAIN','net','#net','Stop.','window',3600000)",
	"SELECT service, name, incidents, with_runbook, worst, alerts, minutes, last_incident FROM v_alerts_without_procedure":                                                                                                "('db','DiskFull',2,1,'critical',5,7,'INC-ALONE')",
	"SELECT count() FROM v_alerts_without_procedure WHERE first_at = fromUnixTimestamp64Milli(1790000000000 + 2*3600000, 'UTC') AND last_at = fromUnixTimestamp64Milli(1790000000000 + 3*3600000, 'UTC') AND scope = 's'": "(1)",
}

func expectRows(t *testing.T, conn driver.Conn, queries map[string]string) {
	t.Helper()
	for q, want := range queries {
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT arrayStringConcat(groupArray(toString(row)), ' ') FROM (SELECT tuple(*) AS row FROM ("+q+"))").Scan(&got); err != nil {
			t.Errorf("%s: %v", q, err)
		} else if got != want {
			t.Errorf("%s\n got %s\nwant %s", q, got, want)
		}
	}
}

// What an incident says of who acts and what may explain it is in SQL, whether it
// was written as it is now or before there were columns for it.
func TestAnIncidentTellsWhoActsAndWhatMayExplainIt(t *testing.T) {
	conn := migrated(t)
	b := &schemas.Batch{Topic: "t", TopicID: "x"}
	for i, inc := range toldIncidents() {
		b.Records = append(b.Records, record(int64(i), schemas.TypeIncident, inc))
	}
	for i, id := range []string{"release", "window"} {
		d := sampleDecision(i)
		d.SignalID, d.Kind, d.Signal.ID, d.Signal.Kind, d.Signal.Fingerprint = id, schemas.KindChange, id, schemas.KindChange, id
		b.Records = append(b.Records, record(int64(100+i), schemas.TypeDecision, d))
	}
	write(t, writer(conn), bounded(b))
	expectRows(t, conn, toldBy)
	expectRows(t, conn, map[string]string{"SELECT change_id, incident_ids FROM v_changes ORDER BY change_id": "('release',['INC-MAIN']) ('window',['INC-MAIN'])"})
}

func TestOldIncidentsTellIt(t *testing.T) {
	conn := database(t)
	files := carriedFiles(t)
	for name := range files {
		if strings.HasPrefix(name, "views/") || path.Base(name) >= "0009" {
			delete(files, name)
		}
	}
	if _, err := migrate(t.Context(), conn, files); err != nil {
		t.Fatal(err)
	}
	for _, inc := range toldIncidents() {
		body, err := schemas.Marshal(inc)
		if err != nil {
			t.Fatal(err)
		}
		if err := do(t, conn, `INSERT INTO incidents (incident_id, revision, scope, parent_id, severity, title, started_at, detected_at, alerts, minutes, lost_likely, body)
			VALUES (?, 1, 's', ?, ?, ?, fromUnixTimestamp64Milli(?, 'UTC'), fromUnixTimestamp64Milli(?, 'UTC'), ?, ?, ?, ?)`, inc.ID, inc.ParentID, string(inc.Severity), inc.Title,
			int64(inc.StartedAt), int64(inc.DetectedAt), inc.AlertCount, inc.Impact.Minutes, inc.Impact.LostRevenue.Likely, string(body)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Migrate(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	expectRows(t, conn, toldBy)
}

// What likely caused an incident and what was changed besides are told apart, each
// with its probability; what was written before there was one has none.
func TestLikelyCausesAreToldApart(t *testing.T) {
	conn := migrated(t)
	change := func(id string, p float64) schemas.Candidate {
		return schemas.Candidate{SignalID: id, Kind: schemas.KindChange, Title: id, Service: "web", StartedAt: t0, Probability: p}
	}
	b := &schemas.Batch{Topic: "t", TopicID: "x"}
	for i, inc := range []*schemas.Incident{
		{ID: "INC-1", StartedAt: t0, DetectedAt: t0, Candidates: []schemas.Candidate{change("a", 0.75)}, Also: []schemas.Candidate{change("b", 0.125)}, NoChange: 0.125},
		{ID: "INC-2", StartedAt: t0, DetectedAt: t0, Also: []schemas.Candidate{change("b", 0.25)}, NoChange: 0.75},
		{ID: "INC-3", StartedAt: t0, DetectedAt: t0, Candidates: []schemas.Candidate{change("old", 0)}},
	} {
		b.Records = append(b.Records, record(int64(i), schemas.TypeIncident, inc))
	}
	write(t, writer(conn), bounded(b))
	expectRows(t, conn, map[string]string{
		"SELECT incident_id, signal_id, rank, probability, likely FROM v_incident_causes ORDER BY incident_id, rank": "('INC-1','a',1,0.75,true) ('INC-1','b',2,0.125,false) ('INC-2','b',1,0.25,false) ('INC-3','old',1,NULL,NULL)",
		"SELECT incident_id, no_change FROM v_incidents ORDER BY incident_id":                                        "('INC-1',0.125) ('INC-2',0.75) ('INC-3',NULL)",
		"SELECT signal_id, incident_id, likely FROM v_incident_changes ORDER BY signal_id, incident_id":              "('a','INC-1',true) ('b','INC-1',false) ('b','INC-2',false) ('old','INC-3',NULL)",
	})
}
