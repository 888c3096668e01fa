package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafkatest"
)

// TestExplainARunningInstallation asks the API and the command line why, and
// why not, and reads in ClickHouse what a shadow would have done.
func TestExplainARunningInstallation(t *testing.T) {
	lib := needEngine(t)
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.ClickHouse.Libchdb, cfg.Topology = t.TempDir(), "127.0.0.1:0", lib, station
	cfg.Shadow.RulesFile = file(t, "shadow.yaml", "rules:\n  - {name: shop, match: ['service=\"gift-shop\"'], action: suppress}\n")
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	later := cfg
	later.Topology = config.Text(strings.Replace(station, "gift-shop: {team: retail}", "gift-shop: {team: retail, depends_on: [turret-control]}", 1))
	a, err := app.Start(ctx, &cfg, app.Deps{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel), Settings: func() (*config.Config, error) { return &later, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Stop(context.WithoutCancel(ctx)) }()
	c := client{t: t, where: a.Endpoints()}
	begun := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	var took acceptedAnswer
	c.post("/webhook/alertmanager", alertmanagerBody(begun, [2]string{"ShieldDown", "shield-generator"}, [2]string{"TurretDamaged", "turret-control"},
		[2]string{"OutOfMugs", "gift-shop"}), http.StatusAccepted, &took)
	c.wait("SELECT count() FROM v_decisions WHERE signal_id IN ("+quotedList(took.IDs)+")", "3")
	c.wait("SELECT name, decision, shadow_decision, shadow_reason FROM v_shadow_diff", "OutOfMugs\tplaced\tsuppressed\trule shop takes it as expected")
	askBySQL(t, cfg.Data)

	got := command(t, "", "explain", took.IDs[1], "--with", took.IDs[2], "--data", cfg.Data)
	for _, w := range []string{"ShieldDown on shield-generator", "turret-control depends on shield-generator", " needed: ",
		"nothing connects them", "no dependency within 3 hops", "stored since"} {
		if got.code != exitOK || !strings.Contains(got.out, w) {
			t.Errorf("exit code %d; %q is missing in:\n%s%s", got.code, w, got.out, got.err)
		}
	}
	var x struct {
		Kind string
		Path []struct {
			SignalID         string `json:"signal_id"`
			AnchorID         string `json:"anchor_id"`
			Score, Threshold int64
			Rules, Topology  string
		}
	}
	if code := c.get("/api/v1/signals/"+took.IDs[1]+"/explanation", &x); code != http.StatusOK || len(x.Path) != 2 || x.Path[1].AnchorID != took.IDs[0] ||
		x.Path[1].Score < x.Path[1].Threshold || x.Path[1].Topology == "" {
		t.Errorf("%d %+v", code, x)
	}
	if got := command(t, "", "explain", took.IDs[0], "--with", took.IDs[1], "--data", cfg.Data); !strings.Contains(got.out, "they are together") {
		t.Errorf("%+v", got)
	}
	for path, want := range map[string]int{
		"/api/v1/incidents/INC-000000000000/explanation":                           http.StatusNotFound,
		"/api/v1/signals/" + strings.Repeat("0", 32) + "/explanation":              http.StatusNotFound,
		"/api/v1/signals/" + took.IDs[0] + "/explanation?with=" + "INC-0000000000": http.StatusNotFound,
	} {
		if code := c.get(path, &map[string]any{}); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	// What the topic and what ClickHouse hold give the same report.
	rules := cfg.Shadow.RulesFile
	topo := file(t, "topology.yaml", station)
	byTopic := command(t, "", "backtest", "--data", cfg.Data, "--rules", rules, "--topology", topo)
	dsn := "clickhouse://" + c.where.ClickHouseUser + ":" + c.where.ClickHousePassword + "@" + c.where.ClickHouseNative + "/" + c.where.ClickHouseDatabase
	bySQL := command(t, "", "backtest", "--clickhouse", dsn, "--rules", rules, "--topology", topo)
	for _, got := range []outcome{byTopic, bySQL} {
		if got.code != exitFound || !strings.Contains(got.out, "1 gone") || !strings.Contains(got.out, "placed before, suppressed now") {
			t.Errorf("exit code %d:\n%s%s", got.code, got.out, got.err)
		}
	}
	// What is in force after a reload answers, not what was at the start.
	if _, err := a.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := command(t, "", "explain", took.IDs[1], "--with", took.IDs[2], "--data", cfg.Data); got.code != exitOK || strings.Contains(got.out, "no dependency within") {
		t.Errorf("after a reload: %+v", got)
	}
}

// askBySQL asks the running installation with `pinkstar sql`.
func askBySQL(t *testing.T, data string) {
	t.Helper()
	const query = "SELECT name, [toUInt8(1), 2] AS list, ends_at, toDecimal64(1.5, 2) AS n, 'a\nb' AS lines FROM v_alerts WHERE name = 'OutOfMugs';"
	for format, want := range map[string]string{
		"json":  `{"name":"OutOfMugs","list":[1,2],"ends_at":null,"n":"1.5","lines":"a\nb"}` + "\n",
		"csv":   "name,list,ends_at,n,lines\nOutOfMugs,\"[1,2]\",,1.5,\"a\nb\"\n",
		"table": "name       list   ends_at  n    lines\nOutOfMugs  [1,2]           1.5  a b\n(1 row)\n",
	} {
		if got := command(t, "", "sql", "--data", data, "--format", format, query); got.code != exitOK || got.out != want {
			t.Errorf("%s: %+v; want %q", format, got, want)
		}
	}
	if got := command(t, "SELECT count() FROM v_alerts\n", "sql", "--data", data); got.code != exitOK || !strings.Contains(got.out, "\n3\n") {
		t.Errorf("from standard input: %+v", got)
	}
	for query, why := range map[string]string{"SELECT * FROM signals": "Not enough privileges", "SELEC 1": "Syntax error"} {
		if got := command(t, "", "sql", "--data", data, query); got.code != exitFailed || !strings.Contains(got.err, why) {
			t.Errorf("%s: %+v", query, got)
		}
	}
	if got := command(t, "", "sql", "--data", t.TempDir(), "SELECT 1"); got.code != exitUsage || !strings.Contains(got.err, "no pinkstar is running on") {
		t.Errorf("nobody there: %+v", got)
	}
}
