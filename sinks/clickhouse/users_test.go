package clickhouse

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pinkstar/sinks/clickhouse/rights"
)

// TestUsersAsSQL: the server that is embedded keeps no users made by SQL, so
// here its parser judges the statements, and its rights those who may run them.
func TestUsersAsSQL(t *testing.T) {
	owner := migrated(t)
	reader := rights.ReaderSQL(rights.User{Name: "reports", Password: "hush'hush", Database: "pinkstar"})
	writer := rights.WriterSQL(rights.User{Name: "w`r", Password: "hush", Database: "pinkstar"})
	all := slices.Concat(reader, writer)
	for _, q := range all {
		if n := count(t, owner, "SELECT notEmpty(formatQuery(?))", q); n != 1 {
			t.Errorf("not understood: %s", q)
		}
		if strings.Contains(q, "hush") {
			t.Errorf("a password is in it: %s", q)
		}
	}
	if err := do(t, owner, "SELECT formatQuery('CREATE USER x IDENTIFIED BY')"); err == nil { // the negative control
		t.Error("nonsense is understood")
	}
	isGrant := func(q string) bool { return strings.HasPrefix(q, "GRANT") } // fails here for want of the user
	attack(t, "the owner", owner, slices.DeleteFunc(all, isGrant))          // it may change the schema, not who may do what
	// Every setting is one that this server has.
	for _, l := range rights.ReaderLimits {
		if n := count(t, owner, "SELECT count() FROM system.settings WHERE name = ?", l.Setting); n != 1 {
			t.Errorf("no such setting: %s", l.Setting)
		}
	}
	grant := regexp.MustCompile(`^GRANT (.*) ON (.*) TO `)
	var granted []string
	for _, q := range reader {
		if f := grant.FindStringSubmatch(q); f != nil {
			granted = append(granted, f[1]+" ON "+f[2])
		}
	}
	if !slices.Equal(granted, []string{"SELECT ON `pinkstar`.v_*"}) {
		t.Errorf("the reader gets %v", granted)
	}
	if sql := rights.WriterSQL(rights.User{Name: "w", Database: "pinkstar"}); strings.Contains(strings.Join(sql, ";"), "USER") {
		t.Errorf("without a password a user is made or changed: %v", sql)
	}
}
