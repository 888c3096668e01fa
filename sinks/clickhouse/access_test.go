package clickhouse

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/sinks/clickhouse/rights"
)

// as returns a connection to the migrated database as another user.
func as(t *testing.T, dsn string) driver.Conn {
	t.Helper()
	conn, err := Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// attacks are what nobody may do whose password could be found out: run
// programs, read or write files, talk to others, change what is stored or who
// may do what, and see what others do.
var attacks = []string{
	// programs
	`CREATE DICTIONARY pinkstar.evil (id UInt64, s String) PRIMARY KEY id SOURCE(EXECUTABLE(COMMAND 'id' FORMAT TSV)) LAYOUT(FLAT()) LIFETIME(0)`,
	`CREATE DICTIONARY pinkstar.evil (id UInt64, s String) PRIMARY KEY id SOURCE(FILE(PATH '/etc/passwd' FORMAT TSV)) LAYOUT(FLAT()) LIFETIME(0)`,
	`CREATE DICTIONARY pinkstar.evil (id UInt64, s String) PRIMARY KEY id SOURCE(HTTP(URL 'http://127.0.0.1:1/' FORMAT TSV)) LAYOUT(FLAT()) LIFETIME(0)`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = Executable('id', 'TSV')`,
	`CREATE FUNCTION evil AS (x) -> x`,
	// files
	`SELECT * FROM file('/etc/passwd', 'LineAsString')`,
	`INSERT INTO FUNCTION file('evil.tsv', 'TSV', 's String') VALUES ('x')`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = File(TSV)`,
	`CREATE TEMPORARY TABLE evil (s String) ENGINE = File(TSV)`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = Log`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = StripeLog`,
	`CREATE TEMPORARY TABLE evil (s String)`,
	`BACKUP DATABASE pinkstar TO File('/tmp/evil')`,
	`BACKUP TABLE pinkstar.incidents TO Disk('default', 'evil')`,
	`SELECT * FROM filesystem('/etc')`,
	`SELECT * FROM sqlite('/etc/passwd', 'x')`,
	// others
	`SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')`,
	`INSERT INTO FUNCTION url('http://127.0.0.1:1/', 'LineAsString', 's String') VALUES ('x')`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = URL('http://127.0.0.1:1/', 'TSV')`,
	`SELECT * FROM remote('127.0.0.1:1', 'system', 'one')`,
	`SELECT * FROM remoteSecure('127.0.0.1:1', 'system', 'one')`,
	`SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'LineAsString')`,
	`SELECT * FROM gcs('http://127.0.0.1:1/bucket/x', 'LineAsString')`,
	`SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'LineAsString')`,
	`SELECT * FROM azureBlobStorage('DefaultEndpointsProtocol=http;AccountName=a;AccountKey=eA==;BlobEndpoint=http://127.0.0.1:1/a', 'c', 'b', 'LineAsString')`,
	`SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')`,
	`SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')`,
	`SELECT * FROM mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 'x Int32')`,
	`SELECT * FROM redis('127.0.0.1:1', 'k', 'k String, v String')`,
	`SELECT * FROM odbc('DSN=x', 'd', 't')`,
	`SELECT * FROM jdbc('x', 'd', 't')`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = Kafka('127.0.0.1:1', 't', 'g', 'TSV')`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = Distributed('default', 'system', 'one')`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = Merge('system', '.*')`,
	`CREATE TABLE pinkstar.evil (s String) ENGINE = Null`,
	`CREATE DATABASE evil ENGINE = MySQL('127.0.0.1:1', 'd', 'u', 'p')`,
	`CREATE NAMED COLLECTION evil AS a = 1`,
	// who may do what
	`CREATE USER evil`,
	`ALTER USER pinkstar IDENTIFIED WITH no_password`,
	`CREATE ROLE evil`,
	`GRANT ALL ON *.* TO pinkstar`,
	`GRANT SELECT ON pinkstar.* TO pinkstar`,
	`CREATE ROW POLICY evil ON pinkstar.incidents USING 1 TO ALL`,
	`CREATE QUOTA evil FOR INTERVAL 1 hour MAX queries = 1 TO ALL`,
	`CREATE SETTINGS PROFILE evil SETTINGS readonly = 0`,
	`SHOW CREATE USER default`,
	`SHOW GRANTS FOR default`,
	`SHOW ACCESS`,
	// the server
	`SYSTEM SHUTDOWN`,
	`SYSTEM KILL`,
	`SYSTEM STOP LISTEN TCP`,
	`SYSTEM STOP LISTEN HTTP`,
	`SYSTEM START LISTEN TCP`,
	`SYSTEM RELOAD USERS`,
	`SYSTEM FLUSH LOGS`,
	`SYSTEM DROP MARK CACHE`,
	`SYSTEM UNFREEZE WITH NAME 'x'`,
	`KILL QUERY WHERE 1 SYNC`,
	`KILL MUTATION WHERE 1`,
	`CREATE DATABASE evil`,
	`DROP DATABASE system`,
	// others' business
	`SELECT * FROM system.users`,
	`SELECT * FROM system.grants`,
	`SELECT * FROM system.processes`,
	`SHOW PROCESSLIST`,
	`SELECT * FROM system.server_settings`,
	`SELECT * FROM system.disks`,
	`SELECT * FROM system.parts`,
	`SELECT * FROM system.stack_trace`,
	`SELECT * FROM system.named_collections`,
	`SELECT * FROM system.user_directories`,
	`SELECT * FROM system.quotas_usage`,
	`SELECT * FROM system.metrics`,
	`SELECT * FROM information_schema.tables WHERE table_name = 'users'`,
	`CREATE VIEW pinkstar.v_evil SQL SECURITY NONE AS SELECT * FROM system.users`,
	`CREATE VIEW pinkstar.v_evil DEFINER = default SQL SECURITY DEFINER AS SELECT 1`,
}

// dead ends fail for want of what they need, whoever tries.
var deadEnds = []string{
	`SELECT file('/etc/passwd')`, `SELECT file('/etc/passwd', 'nothing')`, `SELECT file('x', NULL)`, `SELECT file('../users.xml')`,
	`SELECT * FROM eval('SELECT file(\'/etc/passwd\')')`,
	`SELECT dictGet('evil', 's', 1)`, `SELECT catboostEvaluate('/etc/passwd', 1)`, `SELECT showCertificate()`,
	`RESTORE DATABASE pinkstar AS evil FROM File('/tmp/evil')`,
	`SELECT * FROM executable('id', 'TSV', 's String')`,
	`SELECT * FROM cluster('default', 'system', 'users')`, `SELECT * FROM merge('system', '^users$')`,
	`EXECUTE AS default SELECT 1`, `SYSTEM RELOAD CONFIG`, `SET ROLE ALL EXCEPT default; SELECT 1`,
	`SELECT * FROM system.query_log`, `SELECT * FROM system.session_log`, `SELECT * FROM system.text_log`,
	`SELECT aiGenerate('collection', 'x')`,
}

// readerAttacks are what the reading user may not do besides.
var readerAttacks = []string{
	`SELECT * FROM incidents`, `SELECT * FROM signals`, `SELECT * FROM decisions`, `SELECT * FROM timeline`,
	`SELECT * FROM problems`, `SELECT * FROM dead_letters`, `SELECT * FROM written_ranges`, `SELECT * FROM schema_migrations`,
	`SELECT * FROM shadow_decisions`, `SELECT body FROM pinkstar.incidents`, `SELECT count() FROM pinkstar.incidents`,
	`SELECT * FROM executable('id', 'TSV', 's String')`,
	`CREATE TEMPORARY TABLE evil (s String) ENGINE = MergeTree ORDER BY s`,
	`SELECT * FROM mergeTreeIndex('pinkstar', 'incidents')`, `SELECT * FROM view(SELECT * FROM pinkstar.incidents)`,
	`SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM pinkstar.incidents))`,
	`DESCRIBE TABLE pinkstar.incidents`, `SHOW CREATE TABLE pinkstar.incidents`, `CHECK TABLE pinkstar.incidents`,
	`DROP TABLE pinkstar.incidents`, `DROP VIEW pinkstar.v_incidents`, `DROP DATABASE pinkstar`, `DETACH TABLE pinkstar.incidents`,
	`TRUNCATE TABLE pinkstar.incidents`, `OPTIMIZE TABLE pinkstar.incidents`, `RENAME TABLE pinkstar.incidents TO pinkstar.x`,
	`EXCHANGE TABLES pinkstar.incidents AND pinkstar.problems`, `ALTER TABLE pinkstar.incidents DELETE WHERE 1`,
	`ALTER TABLE pinkstar.incidents FREEZE`, `ALTER TABLE pinkstar.v_incidents MODIFY SQL SECURITY INVOKER`, `DELETE FROM pinkstar.incidents WHERE 1`,
	`ALTER TABLE pinkstar.incidents UPDATE title = '' WHERE 1`, `ALTER TABLE pinkstar.incidents DROP COLUMN title`,
	`INSERT INTO pinkstar.incidents (incident_id) VALUES ('x')`, `INSERT INTO pinkstar.v_incidents (incident_id) VALUES ('x')`,
	`CREATE VIEW pinkstar.v_evil AS SELECT 1`, `CREATE OR REPLACE VIEW pinkstar.v_incidents AS SELECT 1`,
	`CREATE MATERIALIZED VIEW pinkstar.v_evil ENGINE = MergeTree ORDER BY 1 AS SELECT * FROM pinkstar.incidents`,
	`CREATE TABLE pinkstar.v_evil (n UInt8) ENGINE = MergeTree ORDER BY n`, `CREATE TABLE pinkstar.v_evil ENGINE = Memory AS SELECT 1`,
	`SYSTEM STOP MERGES pinkstar.incidents`, `SELECT addressToLine(1)`,
	// what is worked out inside a view, as who owns it
	`SELECT count() FROM pinkstar.v_incidents SETTINGS additional_table_filters = {'pinkstar.incidents': 'body = \'\''}`,
	`SELECT count() FROM pinkstar.v_incidents SETTINGS additional_table_filters = {'pinkstar.incidents': '(SELECT count() FROM pinkstar.schema_migrations) > 0'}`,
	`SELECT count() FROM pinkstar.v_incidents SETTINGS additional_result_filter = '1'`, `SET parallel_replicas_custom_key = '1'`,
	// limits
	`SET readonly = 0`, `SET readonly = 1`, `SET max_execution_time = 0`, `SET max_execution_time = 100000`, `SET max_memory_usage = 0`,
	`SET max_memory_usage = 100000000000`, `SET max_memory_usage_for_user = 0`, `SET max_rows_to_read = 0`, `SET max_result_rows = 0`,
	`SET max_threads = 64`, `SET allow_ddl = 1`, `SET max_untracked_memory = 100000000000`, `SET max_concurrent_queries_for_user = 0`,
	`SET timeout_overflow_mode = 'break'`, `SET read_overflow_mode = 'break'`, `SET allow_introspection_functions = 1`,
	`SET max_parser_depth = 0`, `SET max_subquery_depth = 0`, `SET max_sessions_for_user = 9`,
	`SELECT 1 SETTINGS max_execution_time = 0`, `SELECT 1 SETTINGS max_memory_usage = 0`, `SELECT 1 SETTINGS readonly = 0`,
	`SELECT 1 SETTINGS profile = 'plain', max_execution_time = 0`,
	`SELECT sum(number) FROM numbers(3000000000)`,
	`SELECT number FROM numbers(2000000) LIMIT 1500000`,
}

// refusals are the codes that say no, and not only that something went wrong.
var refusals = map[int32]string{
	452: "SETTING_CONSTRAINT_VIOLATION", 164: "READONLY", 497: "ACCESS_DENIED", 392: "QUERY_IS_PROHIBITED", 396: "TOO_MANY_ROWS_OR_BYTES", 158: "TOO_MANY_ROWS",
	446: "FUNCTION_NOT_ALLOWED", 1001: "no working directory, no files",
}

// opening says in what way an attack was not refused, or "".
func opening(err error) string {
	var ex *clickhouse.Exception
	switch {
	case err == nil:
		return "it was done"
	case !errors.As(err, &ex) || refusals[ex.Code] == "":
		return "it failed, but was not refused: " + err.Error()
	}
	return ""
}

func attack(t *testing.T, who string, conn driver.Conn, queries []string) {
	t.Helper()
	for _, q := range queries {
		if how := opening(conn.Exec(t.Context(), q)); how != "" {
			t.Errorf("%s: %s: %s", who, q, how)
		}
	}
	for _, q := range []string{"SELECT 1", "SELECT nonsense"} { // the negative control
		if opening(conn.Exec(t.Context(), q)) == "" {
			t.Errorf("%s: %s passes for refused", who, q)
		}
	}
}

func hopeless(t *testing.T, who string, conn driver.Conn) {
	t.Helper()
	for _, q := range deadEnds {
		rows, err := conn.Query(t.Context(), q)
		for err == nil && rows.Next() {
		}
		if err == nil {
			err = rows.Err()
			_ = rows.Close()
		}
		if _, ok := errors.AsType[*clickhouse.Exception](err); !ok {
			t.Errorf("%s: %s: %v", who, q, err)
		}
	}
}

func TestAttacks(t *testing.T) {
	owner := migrated(t)
	reader, writer := as(t, shared.server.ReaderDSN()), as(t, shared.server.WriterDSN())
	attack(t, "the reader", reader, attacks)
	attack(t, "the reader", reader, readerAttacks)
	attack(t, "the writer", writer, attacks)
	attack(t, "the writer", writer, []string{
		"DROP TABLE pinkstar.incidents", "TRUNCATE TABLE pinkstar.incidents", "ALTER TABLE pinkstar.incidents DELETE WHERE 1", "DROP DATABASE pinkstar",
		"CREATE TABLE pinkstar.evil (n UInt8) ENGINE = MergeTree ORDER BY n", "CREATE VIEW pinkstar.v_evil AS SELECT 1",
		"ALTER TABLE pinkstar.v_incidents MODIFY SQL SECURITY INVOKER",
	})
	attack(t, "the owner", owner, attacks)
	for who, conn := range map[string]driver.Conn{"the reader": reader, "the writer": writer, "the owner": owner} {
		hopeless(t, who, conn)
	}
	if n := count(t, reader, "SELECT count() FROM (SELECT DISTINCT _table AS name FROM merge('pinkstar', '.*')) WHERE NOT startsWith(name, 'v_')"); n != 0 {
		t.Errorf("merge() shows the reader %d tables", n)
	}
	if n := shared.server.Restarts(); n != 0 {
		t.Errorf("the engine died %d times", n)
	}
}

// TestAttacksOverHTTP: the same user, the other door.
func TestAttacksOverHTTP(t *testing.T) {
	migrated(t)
	s := shared.server
	ask := func(method, params, q string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.HTTP+"/?database=pinkstar"+params, strings.NewReader(q))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(s.User, s.Password)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if code, b := ask(http.MethodPost, "&max_execution_time=30", "SELECT count() FROM v_incidents"); code != http.StatusOK || b != "0\n" {
		t.Fatalf("the way in itself: %d %s", code, b)
	}
	for _, params := range []string{
		"&readonly=0", "&max_execution_time=0", "&max_memory_usage=0", "&profile=plain&max_execution_time=0", "&profile=inner&readonly=0",
		"&profile=default&max_memory_usage=0", "&user=default", "&session_id=x&max_threads=99",
		"&role=x", "&max_result_rows=0",
	} {
		if code, b := ask(http.MethodPost, params, "SELECT 1"); code == http.StatusOK {
			t.Errorf("%s was taken: %s", params, b)
		}
	}
	// Another profile lifts no bound, in a session either.
	for _, q := range []string{"SET profile = 'plain'", "SET profile = 'default'", "SET profile = 'inner'"} {
		ask(http.MethodPost, "&session_id=lift", q)
		for _, lift := range []string{"SET max_execution_time = 0", "SET readonly = 0", "SET max_memory_usage = 0", "SET allow_ddl = 1", "DROP TABLE pinkstar.incidents"} {
			if code, b := ask(http.MethodPost, "&session_id=lift", lift); code == http.StatusOK {
				t.Errorf("after %s, %s was taken: %s", q, lift, b)
			}
		}
	}
	for _, q := range []string{
		"SELECT 1 INTO OUTFILE '/tmp/pinkstar-evil' FORMAT TSV",
		"INSERT INTO FUNCTION null('s String') FROM INFILE '/etc/passwd' FORMAT LineAsString",
		"SELECT * FROM pinkstar.incidents", "DROP TABLE pinkstar.incidents", "SELECT * FROM file('/etc/passwd', 'LineAsString')",
	} {
		if code, b := ask(http.MethodPost, "", q); code == http.StatusOK {
			t.Errorf("%s was taken: %s", q, b)
		}
	}
}

// TestReaderReads: what reports, dashboards and drivers ask must be answered.
func TestReaderReads(t *testing.T) {
	owner := migrated(t)
	reader := as(t, shared.server.ReaderDSN())
	writer := as(t, shared.server.WriterDSN())
	write(t, NewWriter(writer, DefaultWriterConfig(), nil), decisions(0, 50), story())
	for _, v := range allViews(t, owner) {
		if got, want := count(t, reader, "SELECT count() FROM (SELECT * FROM "+v+")"), count(t, owner, "SELECT count() FROM (SELECT * FROM "+v+")"); got != want {
			t.Errorf("%s: the reader sees %d rows, the owner %d", v, got, want)
		}
		for _, q := range []string{"DESCRIBE TABLE " + v, "SHOW CREATE TABLE " + v, "SHOW COLUMNS FROM " + v} {
			if err := do(t, reader, q); err != nil {
				t.Errorf("%s: %v", q, err)
			}
		}
	}
	if n := count(t, reader, "SELECT count() FROM v_decisions"); n == 0 {
		t.Error("the views are empty: the test proves little")
	}
	for _, q := range []string{
		"SELECT 1", "SELECT version()", "SELECT timezone()", "SELECT currentUser(), currentDatabase()",
		"SHOW DATABASES", "SHOW TABLES", "SHOW TABLES FROM pinkstar", "SELECT name FROM system.databases", "USE pinkstar",
		"SELECT name, comment FROM system.tables WHERE database = 'pinkstar'", "SELECT name, type, comment FROM system.columns WHERE table = 'v_incidents'",
		"SELECT name FROM system.functions LIMIT 1", "SELECT name, value FROM system.settings LIMIT 1", "SHOW GRANTS",
		"SET max_execution_time = 65", "SET max_block_size = 1000", "SET output_format_json_quote_64bit_integers = 1",
		"EXPLAIN SELECT * FROM v_incidents",
		// As Grafana's plugin and its macros write them.
		"SELECT toStartOfInterval(detected_at, INTERVAL 3600 second) AS time, severity, count() FROM v_incidents WHERE detected_at >= toDateTime(0) AND detected_at <= now() AND is_main GROUP BY time, severity ORDER BY time ASC WITH FILL STEP 3600 LIMIT 1000",
		"SELECT service, month, mttr_seconds FROM v_service_month WHERE month = toStartOfMonth(today()) ORDER BY cost_likely DESC",
		"SELECT i.incident_id, t.text FROM v_incidents AS i INNER JOIN v_incident_timeline AS t ON t.incident_id = i.incident_id ORDER BY t.seq LIMIT 10 SETTINGS max_execution_time = 30",
		"SELECT DISTINCT service FROM v_alerts WHERE labels['severity'] = 'critical'",
		"WITH x AS (SELECT * FROM v_decisions) SELECT decision, count(), sum(1 + repeats) FROM x GROUP BY ALL",
		"SELECT quantile(0.9)(mttr_seconds) FROM v_service_month",
	} {
		if err := do(t, reader, q); err != nil {
			t.Errorf("the reader may not: %s: %v", q, err)
		}
	}
	// A driver's own deadline becomes max_execution_time.
	ctx, cancel := context.WithTimeout(t.Context(), DefaultWriterConfig().InsertTimeout)
	defer cancel()
	if err := reader.Exec(ctx, "SELECT 1"); err != nil {
		t.Errorf("with a deadline: %v", err)
	}
	var counting uint64
	for range 3 { // a minute may end just now, and with it what was counted
		if counting = count(t, reader, "SELECT count() FROM system.quota_usage WHERE quota_name = 'reader' AND max_queries = ? AND queries > 0", rights.QuotaQueries); counting == 1 {
			break
		}
	}
	if counting != 1 {
		t.Errorf("%d quotas count what the reader asks", counting)
	}
	tables := 0
	if err := scan(t.Context(), reader, "names", func(r driver.Rows) error {
		var name string
		err := r.Scan(&name)
		tables++
		if !strings.HasPrefix(name, "v_") {
			t.Errorf("the reader sees that there is %s", name)
		}
		return err
	}, "SELECT name FROM system.tables WHERE database = 'pinkstar'"); err != nil || tables == 0 {
		t.Errorf("the list of tables: %d, %v", tables, err)
	}
}

func allViews(t *testing.T, conn driver.Conn) (names []string) {
	t.Helper()
	err := scan(t.Context(), conn, "views", func(r driver.Rows) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	}, "SELECT name FROM system.tables WHERE database = 'pinkstar' AND engine = 'View' AND startsWith(name, 'v_')")
	if err != nil || len(names) < 10 {
		t.Fatalf("the views: %v, %v", names, err)
	}
	return names
}
