package clickhouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// Objective is what a service is to reach. Its error budget is worked out from it:
// see v_error_budgets.
type Objective struct {
	Service string `yaml:"service"`
	// Scope is whose incidents count; empty: those of every scope. A tenant's reader
	// sees those of its scopes only.
	Scope string `yaml:"scope,omitempty"`
	// Percent of the time that it is to be available, such as 99.9.
	Percent float64 `yaml:"objective"`
	// Window ends now; 30 days when 0.
	Window time.Duration `yaml:"window,omitempty"`
	// Severities of incidents whose minutes count; critical and major when none are
	// named.
	Severities []schemas.Severity `yaml:"severities,omitempty"`
}

// window and severities with what holds when nothing is said.
func (o *Objective) window() time.Duration {
	if o.Window == 0 {
		return 30 * 24 * time.Hour
	}
	return o.Window
}

func (o *Objective) severities() []string {
	if len(o.Severities) == 0 {
		return texts([]schemas.Severity{schemas.SeverityCritical, schemas.SeverityMajor})
	}
	return texts(o.Severities)
}

var allSeverities = []schemas.Severity{schemas.SeverityCritical, schemas.SeverityMajor, schemas.SeverityWarning, schemas.SeverityInfo}

// maxWindow bounds how far an error budget looks back.
const maxWindow = 366 * 24 * time.Hour

// Validate says what is wrong, each line beginning with its field.
func (o *Objective) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.Service == "" {
		bad("service: it is missing")
	}
	if !(o.Percent > 0 && o.Percent < 100) {
		bad("objective: %g; it is a percentage over 0 and under 100, such as 99.9", o.Percent)
	}
	if w := o.window(); w < time.Hour || w > maxWindow {
		bad("window: %s; it must be from 1h to %s", w, maxWindow)
	}
	for i, s := range o.Severities {
		if !slices.Contains(allSeverities, s) {
			bad("severities[%d]: %q is not one of %v", i, s, allSeverities)
		}
	}
	return errors.Join(errs...)
}

// objectiveRow is an objective as the table has it.
type objectiveRow struct {
	scope, service string
	objective      float64
	seconds        int64
	severities     []string
}

func rowsOf(objectives []Objective) []objectiveRow {
	if len(objectives) == 0 {
		return []objectiveRow{{severities: []string{}}} // says that there are none
	}
	rows := make([]objectiveRow, len(objectives))
	for i := range objectives {
		o := &objectives[i]
		rows[i] = objectiveRow{o.Scope, o.Service, o.Percent / 100, int64(o.window() / time.Second), o.severities()}
	}
	slices.SortFunc(rows, func(a, b objectiveRow) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.scope, b.scope))
	})
	return rows
}

// SetObjectives puts objectives in force, unless they are already. They replace
// all of before.
func SetObjectives(ctx context.Context, conn driver.Conn, objectives []Objective) error {
	var there []objectiveRow
	err := scan(ctx, conn, "the objectives", func(r driver.Rows) error {
		var o objectiveRow
		err := r.Scan(&o.scope, &o.service, &o.objective, &o.seconds, &o.severities)
		there = append(there, o)
		return err
	}, "SELECT scope, service, objective, window_seconds, severities FROM objectives FINAL WHERE set_at = (SELECT max(set_at) FROM objectives) ORDER BY service, scope")
	if err != nil {
		return err
	}
	want := rowsOf(objectives)
	same := slices.EqualFunc(there, want, func(a, b objectiveRow) bool {
		return a.scope == b.scope && a.service == b.service && a.objective == b.objective && a.seconds == b.seconds && slices.Equal(a.severities, b.severities)
	})
	if same || len(there) == 0 && len(objectives) == 0 {
		return nil
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO objectives (set_at, scope, service, objective, window_seconds, severities)")
	if err != nil {
		return fmt.Errorf("putting the objectives in force: %w", err)
	}
	defer batch.Close()
	at := time.Now().UTC()
	for _, o := range want {
		if err := batch.Append(at, o.scope, o.service, o.objective, o.seconds, o.severities); err != nil {
			return fmt.Errorf("putting the objectives in force: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("putting the objectives in force: %w", err)
	}
	return nil
}

// Budget is how much of a service's error budget an incident used, and all that
// there were in the window.
type Budget struct {
	Service       string
	Objective     float64 // share of the time
	WindowDays    float64
	BudgetMinutes float64
	Minutes       float64 // of the incident
	Share         float64 // of the budget, by the incident; an estimate
	BurnedMinutes float64 // of all incidents in the window
	Burned        float64 // share of the budget, by all of them
}

// Budgets returns the error budgets that a main incident uses, the one that it uses
// most of first.
func (q *Queries) Budgets(ctx context.Context, incidentID string) ([]Budget, error) {
	var out []Budget
	err := scan(ctx, q.conn, "error budgets", func(r driver.Rows) error {
		var b Budget
		err := r.Scan(&b.Service, &b.Objective, &b.WindowDays, &b.BudgetMinutes, &b.Minutes, &b.Share, &b.BurnedMinutes, &b.Burned)
		out = append(out, b)
		return err
	}, `SELECT i.service, i.objective, i.window_days, i.budget_minutes, i.minutes, i.share, e.bad_minutes, e.burned
		FROM (SELECT * FROM v_incident_budgets WHERE incident_id = ?) AS i
		INNER JOIN v_error_budgets AS e ON e.service = i.service AND e.objective = i.objective AND e.window_days = i.window_days
		WHERE e.scope IN ('', i.scope)
		ORDER BY i.share DESC, i.service LIMIT 20`, incidentID)
	return out, err
}
