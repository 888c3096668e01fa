// Package rights says what each of Pinkstar's ClickHouse users may do, once for
// the embedded engine (as its configuration) and for a server of the user's own
// (as SQL).
//
// # Which file do I open
//
//   - rights.go: the three users, their grants and the reader's limits
//   - tenant.go: readers who see one tenant's rows only
//   - sql.go: the same as statements, for `pinkstar migrate --users`
//
// # Non-obvious
//
//   - Nobody may create dictionaries, call table functions, or make tables of
//     other engines than ours: each of them runs programs, reads files or talks
//     to other machines, as the server's own user.
//   - The reader sees nothing but v_*: the views run with their definer's rights
//     (see package clickhouse, secure.go), so that it needs none on the tables.
//   - A tenant's reader has a row policy on each view that it may read. The view
//     itself runs as its definer, and the policy on what comes out of it: one on
//     the tables would not be asked for.
//   - Every limit of the reader has a lower bound as well, since 0 means "no
//     limit"; and readonly=2 instead of 1, since Grafana and most drivers set
//     harmless settings with each query.
package rights

import "strings"

// Grant is one privilege list on one target.
type Grant struct {
	Privileges string // as SQL has them
	On         string // database.table, with * where all are meant
}

// String returns the grant as SQL, without the user.
func (g Grant) String() string { return "GRANT " + g.Privileges + " ON " + g.On }

// Engines are the table engines in use.
var Engines = []string{"MergeTree", "ReplacingMergeTree", "AggregatingMergeTree", "SummingMergeTree"}

// Owner returns what is needed to create and change the schema in database,
// and no more.
func Owner(database string) []Grant {
	grants := []Grant{{
		"SELECT, INSERT, TRUNCATE, OPTIMIZE, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP DATABASE, DROP TABLE, DROP VIEW, ALTER TABLE, ALTER VIEW, SYSTEM MERGES",
		database + ".*",
	}}
	for _, e := range Engines {
		grants = append(grants, Grant{"TABLE ENGINE", e})
	}
	return grants
}

// Writer returns what the roles write and web need: rows in, rows out.
func Writer(database string) []Grant {
	return []Grant{{"SELECT, INSERT", database + ".*"}}
}

// Reader returns what reports and dashboards need: the views.
func Reader(database string) []Grant {
	return []Grant{{"SELECT", database + ".v_*"}}
}

// Limit is one setting of a user's profile. With Const it can't be changed;
// otherwise a query may set it from Min to Max. Empty: no bound.
type Limit struct {
	Setting, Value string
	Min, Max       string
	Const          bool
}

// ReaderLimits keep one report from taking the server away from the others.
var ReaderLimits = []Limit{
	{Setting: "readonly", Value: "2", Const: true},
	{Setting: "allow_ddl", Value: "0", Const: true},
	{Setting: "allow_introspection_functions", Value: "0", Const: true},
	// A filter on a table is worked out inside the views that read it, with the
	// rights of whom the views belong to: a sub-select in it reads what those may.
	{Setting: "additional_table_filters", Value: "{}", Const: true},
	{Setting: "additional_result_filter", Value: "", Const: true},
	{Setting: "parallel_replicas_custom_key", Value: "", Const: true},
	// Seconds. Drivers set it to their own deadline and some more.
	{Setting: "max_execution_time", Value: "60", Min: "1", Max: "300"},
	{Setting: "timeout_overflow_mode", Value: "throw", Const: true},
	{Setting: "max_memory_usage", Value: "2000000000", Min: "1", Max: "2000000000"},
	{Setting: "max_memory_usage_for_user", Value: "3000000000", Const: true},
	{Setting: "max_untracked_memory", Value: "4194304", Const: true},
	{Setting: "max_rows_to_read", Value: "2000000000", Min: "1", Max: "2000000000"},
	{Setting: "read_overflow_mode", Value: "throw", Const: true},
	{Setting: "max_result_rows", Value: "1000000", Min: "1", Max: "1000000"},
	{Setting: "max_result_bytes", Value: "1000000000", Min: "1", Max: "1000000000"},
	{Setting: "result_overflow_mode", Value: "throw", Const: true},
	{Setting: "max_threads", Value: "4", Min: "1", Max: "4"},
	{Setting: "max_concurrent_queries_for_user", Value: "16", Const: true},
	{Setting: "max_temporary_data_on_disk_size_for_user", Value: "4000000000", Const: true},
	{Setting: "max_temporary_data_on_disk_size_for_query", Value: "2000000000", Const: true},
	// A deep enough query overflows the server's stack.
	{Setting: "max_query_size", Value: "262144", Min: "1", Max: "262144"},
	{Setting: "max_parser_depth", Value: "1000", Min: "1", Max: "1000"},
	{Setting: "max_ast_depth", Value: "1000", Min: "1", Max: "1000"},
	{Setting: "max_ast_elements", Value: "50000", Min: "1", Max: "50000"},
	{Setting: "max_expanded_ast_elements", Value: "500000", Min: "1", Max: "500000"},
	{Setting: "max_subquery_depth", Value: "100", Min: "1", Max: "100"},
	{Setting: "max_recursive_cte_evaluation_depth", Value: "1000", Min: "1", Max: "1000"},
}

// The reader's quota: what it may take in one minute.
const (
	QuotaSeconds          = 60   // the interval
	QuotaQueries          = 3000 // in it
	QuotaExecutionSeconds = 300  // of query time in it, all queries together
)

// Texts returns grants as SQL without users.
func Texts(grants []Grant) []string {
	out := make([]string, len(grants))
	for i, g := range grants {
		out[i] = g.String()
	}
	return out
}

// Quote returns an identifier as SQL has it.
func Quote(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}
