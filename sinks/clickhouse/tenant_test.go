package clickhouse

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"

	"pinkstar/sinks/clickhouse/engine"
	"pinkstar/sinks/clickhouse/rights"
)

// Two tenants of which one's name begins as the other's.
var tenantReaders = []rights.Tenant{
	{Tenant: "acme", User: "acme_reports", Password: rights.NewPassword()},
	{Tenant: "acmeX", User: "globex", Password: rights.NewPassword()},
}

// tenantRows are rows of both in every table that the views read.
var tenantRows = []string{
	"INSERT INTO incidents (incident_id, scope, revision, status, opened_by_name, alerts, candidates, notices) SELECT concat('INC-', x), x, 1, 'open', 'Down', 1, " +
		"concat('[{\"signal_id\":\"', x, '\",\"kind\":\"change\",\"score\":1}]'), concat('[{\"team\":\"', x, '\"}]') FROM (SELECT arrayJoin(['acme', 'acme/prod', 'acmeX/prod', 'other/prod']) AS x)",
	"INSERT INTO incidents (incident_id, scope, revision, status, severity, services, opened_by_name, started_at, resolved_at) SELECT concat('OLD-', x), x, 1, 'closed', 'major', ['web'], 'Down', toDateTime64('2026-05-01 12:00:00', 3), toDateTime64('2026-05-01 13:00:00', 3) FROM (SELECT arrayJoin(['acme', 'acme/prod', 'acmeX/prod', 'other/prod']) AS x)",
	"INSERT INTO incidents (incident_id, scope, revision, status, opened_by_name, started_at) SELECT concat('NEW-', x), x, 1, 'closed', 'Down', toDateTime64('2026-05-02 12:00:00', 3) FROM (SELECT arrayJoin(['acme', 'acme/prod', 'acmeX/prod', 'other/prod']) AS x)",
	"INSERT INTO objectives (set_at, scope, service, objective, window_seconds, severities) SELECT toDateTime64('2026-05-02 12:00:00', 3), x, 'web', 0.9, 86400, ['major'] FROM (SELECT arrayJoin(['acme', 'acme/prod', 'acmeX/prod', 'other/prod']) AS x)",
	"INSERT INTO signals (signal_id, scope, kind, status, name, starts_at) SELECT concat(k, x), x, k, if(k = 'alert', 'firing', 'open'), k, toDateTime64('2026-06-01 12:00:00', 3) FROM (SELECT arrayJoin(['acme', 'acme/prod', 'acmeX/prod', 'other/prod']) AS x, arrayJoin(['alert', 'ticket', 'change', 'maintenance']) AS k)",
	"INSERT INTO decisions (signal_id, scope, revision, incident_id, kind, decision) SELECT signal_id, scope, 1, concat('INC-', scope), kind, 'placed' FROM signals",
	"INSERT INTO shadow_decisions (signal_id, scope, revision, incident_id, kind, decision) SELECT signal_id, scope, 1, '', kind, 'suppressed' FROM decisions",
	"INSERT INTO problems (problem_id, scope, revision) SELECT scope, scope, 1 FROM incidents",
	"INSERT INTO impact_revisions (incident_id, scope, revision) SELECT incident_id, scope, 1 FROM incidents",
	"INSERT INTO actions (action_id, scope, revision, status) SELECT scope, scope, 1, 'open' FROM incidents",
	"INSERT INTO timeline (incident_id, scope, seq) SELECT incident_id, scope, 1 FROM incidents",
	"INSERT INTO effects (effect_id, scope) SELECT scope, scope FROM incidents",
	"INSERT INTO deliveries (delivery_id, scope, revision) SELECT scope, scope, 1 FROM incidents",
}

// TestATenantsReaderSeesItsRowsOnly: neither rows nor counts of others can be had,
// however they are asked for.
func TestATenantsReaderSeesItsRowsOnly(t *testing.T) {
	dir, err := os.MkdirTemp("", "pinkstar-tenants-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := engine.Start(t.Context(), engine.Options{Lib: library(t), DataDir: dir, Tenants: tenantReaders, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	owner := as(t, s.OwnerDSN())
	if _, err := Migrate(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	for _, q := range tenantRows {
		if err := do(t, owner, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	for _, r := range tenantReaders {
		dsn := strings.Replace(s.ReaderDSN(), s.User+":"+s.Password, r.User+":"+r.Password, 1)
		conn := as(t, dsn)
		for _, v := range rights.TenantViews {
			mine := count(t, owner, "SELECT count() FROM "+v+" WHERE scope = ? OR startsWith(scope, concat(?, '/'))", r.Tenant, r.Tenant)
			all := count(t, owner, "SELECT count() FROM "+v)
			if mine == 0 || all == mine {
				t.Fatalf("%s holds %d rows, %d of %s: the test shows nothing", v, all, mine, r.Tenant)
			}
			leaks(t, conn, v, r.Tenant, mine)
		}
		if n := count(t, conn, "SELECT count() FROM system.tables WHERE total_rows > 0 OR NOT startsWith(name, 'v_') AND database = 'pinkstar'"); n != 0 {
			t.Errorf("%s sees %d tables with their numbers of rows", r.User, n)
		}
		attack(t, r.User, conn, refused)
		attack(t, r.User, conn, attacks)
	}
	// The reader of all, and who writes, still see everything.
	if n := count(t, as(t, s.ReaderDSN()), "SELECT count() FROM v_incidents"); n != 12 {
		t.Errorf("the reports' user sees %d incidents of 12", n)
	}
	if n := count(t, as(t, s.WriterDSN()), "SELECT count() FROM v_incidents"); n != 12 {
		t.Errorf("the writer sees %d incidents of 12", n)
	}
}

// leaks asks for the number of a view's rows in many ways.
func leaks(t *testing.T, conn driver.Conn, v, tenant string, mine uint64) {
	t.Helper()
	foreign := "(scope != '" + tenant + "' AND NOT startsWith(scope, '" + tenant + "/'))"
	for _, c := range []struct {
		what, from string
		want       uint64
	}{
		{"count()", v, mine},
		{"count(scope)", v, mine},
		{"count()", "(SELECT * FROM " + v + ")", mine},
		{"countIf(" + foreign + ")", v, 0},
		{"count()", v + " WHERE " + foreign, 0},
		{"count()", v + " WHERE " + foreign + " OR 1", mine},
		{"count()", v + " WHERE throwIf(" + foreign + ")", 0},
		{"count()", v + " AS a CROSS JOIN " + v + " AS b", mine * mine},
		{"count()", "(SELECT 1 FROM " + v + " UNION ALL SELECT 1 FROM " + v + ")", 2 * mine},
		{"count()", "merge('pinkstar', '^" + v + "$')", mine},
		{"countIf(" + foreign + ")", "merge('pinkstar', '^" + v + "$')", 0},
		{"count()", v + " SETTINGS optimize_trivial_count_query = 1", mine},
		{"count()", v + " SETTINGS query_plan_enable_optimizations = 0", mine},
	} {
		q := "SELECT toUInt64(" + c.what + ") FROM " + c.from
		var n uint64
		if err := conn.QueryRow(t.Context(), q).Scan(&n); err != nil || n != c.want {
			t.Errorf("%s: %d, %v; want %d", q, n, err, c.want)
		}
	}
}

// refused lists what a tenant's reader may not ask at all.
var refused = []string{
	"SELECT count() FROM v_service_month", "SELECT count() FROM v_dead_letters",
	"SELECT count() FROM incidents", "SELECT count() FROM signals", "SELECT rows FROM system.parts",
	"SELECT query FROM system.processes", "SELECT * FROM system.row_policies", "SHOW CREATE ROW POLICY acme_reports ON pinkstar.v_incidents",
	"SELECT count() FROM v_incidents SETTINGS enable_analyzer = 0", "SELECT count() FROM v_incidents SETTINGS allow_experimental_analyzer = 0",
	"SELECT count() FROM v_incidents SETTINGS additional_table_filters = {'v_incidents': '1'}",
}

// TestTenantViewsAreThoseWithAScope: a view that says whose its rows are is for
// tenants too, and no other is.
func TestTenantViewsAreThoseWithAScope(t *testing.T) {
	owner := migrated(t)
	var with []string
	err := owner.QueryRow(t.Context(), "SELECT arraySort(groupArray(table)) FROM system.columns WHERE database = 'pinkstar' AND startsWith(table, 'v_') AND name = 'scope'").Scan(&with)
	if err != nil || !slices.Equal(with, rights.TenantViews) {
		t.Errorf("%v have a scope and %v are for tenants; %v", with, rights.TenantViews, err)
	}
}

// TestTenantsAsSQL: their statements are ones that the server understands, filter
// before they grant, and hold the same conditions that the embedded engine was
// tried with.
func TestTenantsAsSQL(t *testing.T) {
	owner := migrated(t)
	sql := rights.TenantsSQL([]rights.Tenant{{Tenant: "ac'me", User: "a", Password: "hush-hush"}, {Tenant: "b", User: "b`", Password: "hush-hush"}}, "pinkstar")
	policies, grants := 0, 0
	for _, q := range sql {
		if n := count(t, owner, "SELECT notEmpty(formatQuery(?))", q); n != 1 {
			t.Errorf("not understood: %s", q)
		}
		if strings.Contains(q, "hush") {
			t.Errorf("a password is in it: %s", q)
		}
		switch {
		case strings.HasPrefix(q, "CREATE ROW POLICY"):
			policies++
		case strings.HasPrefix(q, "GRANT"):
			if grants++; policies%len(rights.TenantViews) != 0 || policies == 0 {
				t.Errorf("granted before it is filtered: %s", q)
			}
		}
	}
	if n := len(rights.TenantViews); policies != 3*n || grants != 2*n {
		t.Errorf("%d policies and %d grants on %d views", policies, grants, n)
	}
	if all := strings.Join(sql, "\n"); !strings.Contains(all, "USING "+rights.TenantFilter("ac'me")+" TO `a`") || !strings.Contains(all, "TO ALL EXCEPT `a`, `b\\``") {
		t.Errorf("not the tested conditions:\n%s", all)
	}
	if got := rights.TenantsSQL(nil, "pinkstar"); got != nil {
		t.Errorf("without tenants: %v", got)
	}
}
