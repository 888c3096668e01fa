package rights

import (
	"fmt"
	"slices"
	"strings"

	"pinkstar/schemas"
)

// Tenant is a reader who sees the rows of one tenant only.
type Tenant struct {
	Tenant string // as it begins the scopes
	User   string
	// Password is not empty.
	Password string
}

// TenantViews are the views whose rows say whose they are, in the column scope.
// The others are not for a tenant: v_service_month sums up over scopes, and of a
// record that could not be read (v_dead_letters) nobody knows whose it is.
var TenantViews = []string{
	"v_actions", "v_alerts", "v_alerts_without_procedure", "v_changes", "v_decisions", "v_effects", "v_error_budgets", "v_impact_revisions",
	"v_incident_budgets", "v_incident_causes", "v_incident_changes", "v_incident_members", "v_incident_notices", "v_incident_timeline", "v_incidents",
	"v_intake", "v_messages", "v_problems", "v_rarity", "v_scope_service_month", "v_shadow_diff", "v_signals", "v_similar_incidents", "v_tickets",
	"v_unannounced_changes",
}

// TenantFilter is the condition on the rows of a tenant: a scope is the tenant
// and what else makes it up, with slashes between.
func TenantFilter(tenant string) string {
	tenant = schemas.ScopePart(tenant)
	return "scope = " + literal(tenant) + " OR startsWith(scope, " + literal(tenant+"/") + ")"
}

// TenantReader returns what a tenant's reader needs.
func TenantReader(database string) []Grant {
	grants := make([]Grant, len(TenantViews))
	for i, v := range TenantViews {
		grants[i] = Grant{"SELECT", database + "." + v}
	}
	return grants
}

// TenantLimits are the reader's, with the planner in which a policy on a view
// was tried.
var TenantLimits = append(slices.Clone(ReaderLimits), Limit{Setting: "enable_analyzer", Value: "1", Const: true})

// TenantsSQL returns the statements that make or update the tenants' readers.
// Each has a policy on each view; whoever is none of them sees all rows.
func TenantsSQL(tenants []Tenant, database string) []string {
	if len(tenants) == 0 {
		return nil
	}
	var sql, names []string
	for _, t := range tenants {
		u := User{Name: t.User, Password: t.Password, Database: database}
		names = append(names, Quote(t.User))
		sql = append(sql, u.reader(TenantLimits)...)
		for _, v := range TenantViews { // before the grant: nothing is seen unfiltered
			sql = append(sql, policy(t.User, database, v, TenantFilter(t.Tenant), Quote(t.User)))
		}
		sql = append(sql, u.grant(TenantReader(Quote(database)))...)
	}
	for _, v := range TenantViews {
		sql = append(sql, policy("pinkstar_others", database, v, "1", "ALL EXCEPT "+strings.Join(names, ", ")))
	}
	return sql
}

func policy(name, database, view, using, to string) string {
	return fmt.Sprintf("CREATE ROW POLICY OR REPLACE %s ON %s.%s USING %s TO %s", Quote(name), Quote(database), view, using, to)
}

// literal returns a string as SQL has it.
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
