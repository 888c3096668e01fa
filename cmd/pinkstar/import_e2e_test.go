package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/deliver"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// pastYear is a year that others recorded: alerts in one file, tickets and
// deployments in two more. In each of twelve months the power grid fails once;
// in the third the shield generator fails three times more, at odd times.
func pastYear(begin time.Time) (alerts, tickets, changes string, signals int) {
	var a, t, c strings.Builder
	line := func(b *strings.Builder, format string, args ...any) {
		fmt.Fprintf(b, format+"\n", args...)
		signals++
	}
	outage := func(at time.Time, service string, names ...string) {
		for _, n := range names {
			start, end := at.Format(time.RFC3339), at.Add(40*time.Minute).Format(time.RFC3339)
			line(&a, `{"source":"old","name":%q,"severity":"critical","service":%q,"starts_at":%q,"received_at":%q}`, n, service, start, start)
			line(&a, `{"source":"old","name":%q,"severity":"critical","service":%q,"status":"resolved","starts_at":%q,"ends_at":%q,"received_at":%q}`, n, service, start, end, end)
		}
	}
	for month := range 12 {
		at := begin.AddDate(0, month, 3).Add(time.Duration(month*month) * 5 * time.Hour)
		outage(at, "power-grid", "GridDown")
		line(&t, `{"kind":"ticket","source":"jira","name":"OPS-%d","summary":"GridDown on power-grid","service":"power-grid","starts_at":%q,"ticket":{"key":"OPS-%d"}}`,
			month, at.Add(5*time.Minute).Format(time.RFC3339), month)
		line(&c, `{"kind":"change","source":"ci","name":"deploy %d","service":"gift-shop","starts_at":%q,"change":{"type":"deployment"}}`,
			month, at.Add(-3*time.Hour).Format(time.RFC3339))
	}
	for i, day := range []int{5, 11, 22} {
		outage(begin.AddDate(0, 2, day).Add(time.Duration(1+5*i*i)*time.Hour), "shield-generator", "ShieldDown", "CoilHot")
	}
	return a.String(), t.String(), c.String(), signals
}

// waitForWriter waits until ClickHouse has everything that is on the topics.
func (c client) waitForWriter(cfg kafka.Config) {
	c.t.Helper()
	cfg.Brokers = strings.Split(c.where.Kafka, ",")
	cl, err := kafka.NewClient(cfg, "test", kafka.Deps{})
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	group := deliver.Group(cfg, "clickhouse")
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(100 * time.Millisecond) {
		lags, err := kadm.NewClient(cl).Lag(c.t.Context(), group)
		if err == nil {
			err = lags.Error()
		}
		// What ends a transaction is a record, too, and none that is delivered.
		behind := func(l kadm.GroupMemberLag) bool { return l.Lag > 1 }
		if err == nil && !slices.ContainsFunc(lags[group].Lag.Sorted(), behind) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the writer is %d records behind; %v", lags[group].Lag.Total(), err)
		}
	}
}

// TestAYearIsImportedBesideWhatIsLive: history has its own times and no others'
// figures, and a second import changes nothing.
func TestAYearIsImportedBesideWhatIsLive(t *testing.T) {
	lib := needEngine(t)
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.ClickHouse.Libchdb, cfg.Topology = t.TempDir(), "127.0.0.1:0", lib, station
	cfg.Rules = "lifecycle: {resolve_delay: 1s}\n" // nobody wants to wait
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	start := func() (*app.App, client) {
		a, err := app.Start(ctx, &cfg, app.Deps{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)})
		if err != nil {
			t.Fatal(err)
		}
		return a, client{t: t, where: a.Endpoints()}
	}
	a, c := start()
	defer func() { _ = a.Stop(context.WithoutCancel(ctx)) }()

	now := time.Now().UTC().Truncate(time.Second)
	// Something is going on, on a service that the history is about as well.
	live := now.Add(-2 * time.Minute)
	c.post("/webhook/alertmanager", alertmanagerBody(live, [2]string{"OutOfMugs", "gift-shop"}), http.StatusAccepted, nil)
	c.wait("SELECT count() FROM v_incidents WHERE status = 'open'", "1")

	alerts, tickets, changes, signals := pastYear(now.AddDate(-1, 0, -10))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(alerts))
	_ = z.Close()
	topology := file(t, "topology.yaml", station)
	args := []string{"import", file(t, "tickets.ndjson", tickets), file(t, "alerts.ndjson.gz", packed.String()), file(t, "changes.ndjson", changes),
		"--data", cfg.Data, "--topology", topology}
	dry := command(t, "", append(args, "--dry-run")...)
	if dry.code != exitOK || !strings.HasPrefix(dry.out, fmt.Sprintf("would import: %d signals", signals)) || !strings.Contains(dry.out, "15 incidents and 1 problems") {
		t.Fatalf("dry run: %+v", dry)
	}
	if got := command(t, "", args...); got.code != exitOK || got.err != "" || got.out != strings.TrimPrefix(dry.out, "would import: ") {
		t.Fatalf("%+v", got)
	}
	const history = "started_at < now() - INTERVAL 5 DAY"
	c.wait("SELECT count() FROM v_incidents WHERE "+history, "15")
	c.wait("SELECT count() FROM v_decisions WHERE decision = 'placed' AND at < now() - INTERVAL 5 DAY AND kind = 'alert'", fmt.Sprint(strings.Count(alerts, "\n")))

	// The times are the history's; what nobody can know is not said.
	c.wait("SELECT countIf(detected_at IS NULL), countIf(status = 'closed'), min(dateDiff('minute', started_at, resolved_at)), max(dateDiff('minute', started_at, resolved_at)), sum(cost_likely + lost_likely) FROM v_incidents WHERE "+history,
		"15\t15\t40\t40\t0")
	c.wait("SELECT count(), countIf(incident_id != '') FROM v_tickets", "12\t12")
	c.wait("SELECT count() FROM v_changes", "12")
	c.wait("SELECT countIf(imported), countIf(NOT imported) FROM v_incidents", "15\t1")
	c.wait("SELECT countIf(imported), countIf(NOT imported) FROM v_alerts", fmt.Sprintf("%d\t1", strings.Count(alerts, "\n")))
	c.wait("SELECT countIf(imported) = count() - 1, min(revision) FROM v_decisions", "1\t1")

	// What is live goes on: it is alone, and it ends.
	resolved := strings.ReplaceAll(alertmanagerBody(live, [2]string{"OutOfMugs", "gift-shop"}), `"status":"firing"`, `"status":"resolved"`)
	resolved = strings.ReplaceAll(resolved, "0001-01-01T00:00:00Z", now.Format(time.RFC3339))
	c.post("/webhook/alertmanager", resolved, http.StatusAccepted, nil)
	const figures = `SELECT sum(mttd_n), max(mttd_seconds) < 600, sum(mttr_n), round(sum(cost_likely), 2) > 0, sum(incidents), sum(alerts),
		sumIf(incidents, service = 'power-grid'), uniqExactIf(month, service = 'power-grid') FROM v_service_month`
	const wanted = "1\t1\t16\t1\t16\t19\t12\t12" // 16 incidents, of which one was seen
	c.wait("SELECT status, parent_id = incident_id, signals FROM v_incidents WHERE detected_at IS NOT NULL", "resolved\t1\t2")
	c.wait(figures, wanted)
	c.wait("SELECT round(sum(s.cost_likely), 2) = (SELECT round(sum(cost_likely), 2) FROM v_incidents WHERE detected_at IS NOT NULL) FROM v_service_month AS s", "1")

	var third struct{ Incidents []schemas.Incident }
	c.get("/api/v1/incidents?main=true&service=shield-generator&until="+now.AddDate(0, 0, -5).Format(time.RFC3339), &third)
	if len(third.Incidents) != 3 || !third.Incidents[0].Imported || third.Incidents[0].DetectedAt != 0 {
		t.Errorf("the API shows %+v; want the three of the third month", third)
	}

	// The recurring pattern is known.
	var problems struct{ Problems []schemas.Problem }
	c.get("/api/v1/problems", &problems)
	if len(problems.Problems) != 1 || !problems.Problems[0].Imported || problems.Problems[0].Service != "shield-generator" || problems.Problems[0].Count != 3 {
		t.Errorf("problems: %+v", problems)
	}
	c.wait("SELECT service, incidents, cost_likely, imported FROM v_problems", "shield-generator\t3\t0\t1")

	// Once more, and after a restart: nothing changes.
	const all = `SELECT (SELECT (count(), sum(repeats), sum(revision), max(at)) FROM v_decisions WHERE at < now() - INTERVAL 5 DAY),
		(SELECT count() FROM v_alerts), (SELECT (count(), sum(signals), groupBitXor(cityHash64(incident_id, title, status, revision))) FROM v_incidents WHERE ` + history + `),
		(SELECT (count(), max(updated_at)) FROM v_problems), (SELECT count() FROM v_incident_timeline WHERE at < now() - INTERVAL 5 DAY)`
	before, err := c.sql(all)
	if err != nil {
		t.Fatal(err)
	}
	if got := command(t, "", args...); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	c.waitForWriter(cfg.Kafka.Config)
	if err := a.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	a, c = start()
	c.wait(all, before)

	// It comes back, and everybody knows; an import does not put that back.
	c.post("/webhook/alertmanager", alertmanagerBody(time.Now().UTC(), [2]string{"ShieldDown", "shield-generator"}, [2]string{"CoilHot", "shield-generator"}), http.StatusAccepted, nil)
	c.wait("SELECT service, incidents, imported, first_seen_at < now() - INTERVAL 200 DAY FROM v_problems", "shield-generator\t4\t0\t1")
	c.wait("SELECT count() FROM v_incidents WHERE status = 'open' AND problem_id IN (SELECT problem_id FROM v_problems)", "1")
	if got := command(t, "", args...); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	problems.Problems = nil
	c.get("/api/v1/problems", &problems)
	if len(problems.Problems) != 1 || problems.Problems[0].Count != 4 {
		t.Errorf("problems: %+v", problems)
	}

	// What overlaps with the installation's own log is told of, and what of it is known.
	sent := fmt.Sprintf(`{"source":"t","name":"Known","service":"gift-shop","starts_at":%q}`, now.Format(time.RFC3339))
	c.post("/signals", sent, http.StatusAccepted, nil)
	recent := now.Add(-time.Second).Format(time.RFC3339)
	overlap := command(t, "", "import", "--data", cfg.Data, file(t, "overlap.ndjson",
		strings.SplitAfter(alerts, "\n")[0]+sent+"\n"+fmt.Sprintf(`{"source":"old","name":"Late","service":"gift-shop","starts_at":%q,"received_at":%q}`, recent, time.Now().UTC().Format(time.RFC3339Nano))))
	if overlap.code != exitOK || !strings.Contains(overlap.err, "this installation's own log has ") || !strings.Contains(overlap.err, " of these signals were known already") || !strings.Contains(overlap.err, "never recovered in it: ") {
		t.Errorf("overlap: %+v", overlap)
	}

	// Sent instead, such a file gets a warning.
	got := command(t, "", "send", "--data", cfg.Data, file(t, "one.ndjson", strings.SplitAfter(alerts, "\n")[0]))
	if got.code != exitOK || !strings.Contains(got.err, "`pinkstar import ") {
		t.Errorf("send: %+v", got)
	}
}
