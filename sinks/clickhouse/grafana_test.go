package clickhouse

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// panel is one of a dashboard, as far as it asks ClickHouse.
type panel struct {
	ID      int
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		RawSQL    string `json:"rawSql"`
		QueryType string
		Format    int
	}
}

var macro = regexp.MustCompile(`\$__timeFilter\(([a-z_.]+)\)`)

// asSent is a panel's query as Grafana's plugin sends it, for all of time: its
// macros and the dashboard's variables put in.
func asSent(sql, service string) string {
	sql = macro.ReplaceAllString(sql, "$1 >= toDateTime(1) AND $1 <= toDateTime(2000000000)")
	return strings.ReplaceAll(sql, "${service:sqlstring}", "'"+strings.ReplaceAll(service, "'", "''")+"'")
}

// TestEveryPanelsQueryRuns: the queries of the dashboards for Grafana run on the
// real engine, and what each shows is there.
func TestEveryPanelsQueryRuns(t *testing.T) {
	conn := migrated(t)
	write(t, writer(conn), story(), decisions(0, 300), caused())
	files, err := filepath.Glob("../../deploy/grafana/dashboards/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	queries := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var board struct{ Panels []panel }
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatal(err)
		}
		for _, p := range board.Panels {
			for _, q := range p.Targets {
				if q.RawSQL == "" {
					continue // Prometheus is asked
				}
				queries++
				series := q.QueryType == "timeseries"
				if series != (q.Format == 0) {
					t.Errorf("%s: %s and format %d", p.Title, q.QueryType, q.Format)
				}
				if err := shows(t, conn, asSent(q.RawSQL, ""), series); err != nil {
					t.Errorf("%s: %v", p.Title, err)
				}
				if err := conn.Exec(t.Context(), asSent(q.RawSQL, "o'neill")); err != nil {
					t.Errorf("%s, of one service: %v", p.Title, err)
				}
			}
			if p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s stands at %+v", p.Title, p.GridPos)
			}
		}
	}
	if queries < 15 {
		t.Errorf("only %d queries were found", queries)
	}
	if err := shows(t, conn, asSent("SELECT 1 FROM v_incidents WHERE $__timeFilter(begun)", ""), false); err == nil {
		t.Error("a column that nobody has is not seen")
	}
}

// shows runs a query, which must have a row, and a series a column called time.
func shows(t *testing.T, conn driver.Conn, sql string, series bool) error {
	t.Helper()
	if strings.Contains(sql, "$") {
		return fmt.Errorf("what Grafana would put in for $ is not known: %s", sql)
	}
	rows, n := 0, 0
	err := Ask(t.Context(), conn, sql, func(columns []string) error {
		n = len(columns)
		if series && columns[0] != "time" {
			return fmt.Errorf("a series without a time: %v", columns)
		}
		return nil
	}, func([]any) error { rows++; return nil })
	if err == nil && (rows == 0 || n == 0) {
		err = fmt.Errorf("it shows nothing: %s", sql)
	}
	return err
}

// caused is a resolved incident with all that the dashboards show: a likely cause,
// a problem, a message, an alert without a procedure.
func caused() *schemas.Batch {
	d := sampleDecision(9000)
	d.IncidentID = "INC-CAUSED"
	p := 0.8
	inc := &schemas.Incident{ID: "INC-CAUSED", Revision: 1, Scope: "s", Status: schemas.IncidentClosed, Severity: schemas.SeverityMajor, Title: "slow",
		Services: []string{"db"}, Roots: []schemas.SuspectedRoot{{Service: "db", Score: 900}}, StartedAt: t0, DetectedAt: t0.Add(1000), AcknowledgedAt: t0.Add(9000), ResolvedAt: t0.Add(60_000),
		AlertCount: 1, Opening: d.SignalID, Members: []schemas.MemberRef{{SignalID: d.SignalID, Kind: schemas.KindAlert, Name: d.Signal.Name, Service: d.Signal.Service}},
		Candidates: []schemas.Candidate{{SignalID: "c", Kind: schemas.KindChange, Title: "release 7", Service: "db", Probability: p}},
		Impact:     schemas.ImpactRange{Currency: "EUR", Cost: schemas.Range{Low: 1, Likely: 2, High: 3}, Minutes: 1}}
	return bounded(&schemas.Batch{Topic: "t", TopicID: "y", Records: []schemas.Record{
		record(0, schemas.TypeDecision, d), record(1, schemas.TypeIncident, inc),
		record(2, schemas.TypeProblem, &schemas.Problem{ID: "PRB-9", Revision: 1, Status: schemas.ProblemOpen, Title: "again", Service: "db", Count: 3, LastSeenAt: t0}),
		record(3, schemas.TypeDelivery, &schemas.Delivery{ID: "DLV-9", Revision: 1, IncidentID: "INC-CAUSED", Seq: 1, Target: "slack", State: schemas.DeliveryFailed, DecidedAt: t0}),
	}})
}
