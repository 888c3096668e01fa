package clickhouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Storage says how long ClickHouse keeps rows, and on which disks.
type Storage struct {
	Keep Keep `yaml:"keep"`
	// Policy is one of the server's storage policies, which has to hold the disks
	// that the tables are on; empty: as it is.
	Policy string `yaml:"storage_policy"`
}

// Keep is how long rows are kept after what they tell of; 0: for ever. History
// that is imported is as old as it says.
type Keep struct {
	Signals     time.Duration `yaml:"signals"`      // after they were received
	Decisions   time.Duration `yaml:"decisions"`    // after they were made
	Timeline    time.Duration `yaml:"timeline"`     // after it was written
	Incidents   time.Duration `yaml:"incidents"`    // after they closed; open ones stay
	DeadLetters time.Duration `yaml:"dead_letters"` // after they were refused
	Shadow      time.Duration `yaml:"shadow"`       // what a shadow decided
}

// minKeep is the shortest span: what is younger may still be corrected.
const minKeep = 24 * time.Hour

// Validate says which spans are too short, each line beginning with its field.
func (s *Storage) Validate() error {
	var errs []error
	for _, r := range s.rules() {
		if r.keep != 0 && r.keep < minKeep {
			errs = append(errs, fmt.Errorf("keep.%s: %s is under %s; 0 keeps them for ever", r.field, r.keep, minKeep))
		}
	}
	return errors.Join(errs...)
}

// keepRule is how long one table's rows stay.
type keepRule struct {
	table, field string
	keep         time.Duration
	since        string // the column
	only         string // which rows, "" for all
}

func (s *Storage) rules() []keepRule {
	const closed = "status = 'closed'"
	return []keepRule{
		{"signals", "signals", s.Keep.Signals, "received_at", ""},
		{"decisions", "decisions", s.Keep.Decisions, "at", ""},
		{"timeline", "timeline", s.Keep.Timeline, "at", ""},
		{"incidents", "incidents", s.Keep.Incidents, "closed_at", closed},
		{"impact_revisions", "incidents", s.Keep.Incidents, "at", ""},
		{"dead_letters", "dead_letters", s.Keep.DeadLetters, "at", "toUnixTimestamp(at) > 0"},
		{"shadow_decisions", "shadow", s.Keep.Shadow, "at", ""},
		{"shadow_incidents", "shadow", s.Keep.Shadow, "closed_at", closed},
	}
}

// ttl is the rule as ClickHouse writes it, "" for none.
func (r *keepRule) ttl() string {
	if r.keep == 0 {
		return ""
	}
	ttl := fmt.Sprintf("toDateTime(%s) + toIntervalSecond(%d)", r.since, int64(r.keep/time.Second))
	if r.only != "" {
		ttl += " WHERE " + r.only
	}
	return ttl
}

// SetStorage makes the tables keep their rows as s says. It changes only what is
// otherwise, and says which tables those were.
func SetStorage(ctx context.Context, conn driver.Conn, s Storage) (changed []string, err error) {
	engines := map[string]string{}
	err = scan(ctx, conn, "how rows are kept", func(r driver.Rows) error {
		var name, engine string
		err := r.Scan(&name, &engine)
		engines[name] = engine
		return err
	}, "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree')")
	if err != nil {
		return nil, err
	}
	for _, r := range s.rules() {
		for _, q := range r.changes(engines[r.table], s.Policy) {
			if err := conn.Exec(ctx, "ALTER TABLE "+r.table+" "+q); err != nil {
				return changed, fmt.Errorf("keeping rows of %s as the configuration says: %w", r.table, err)
			}
			if !slices.Contains(changed, r.table) {
				changed = append(changed, r.table)
			}
		}
	}
	return changed, nil
}

// changes are the alterations that a table's engine lacks.
func (r *keepRule) changes(engine, policy string) []string {
	var out []string
	there, settings := "", ""
	if _, rest, ok := strings.Cut(engine, " TTL "); ok {
		there, _, _ = strings.Cut(rest, " SETTINGS ")
	}
	if _, rest, ok := strings.Cut(engine, " SETTINGS "); ok {
		settings = rest
	}
	switch want := r.ttl(); want {
	case there:
	case "":
		out = append(out, "REMOVE TTL")
	default:
		out = append(out, "MODIFY TTL "+want)
	}
	quoted := "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(policy) + "'"
	if now := cmp.Or(policyIn(settings), "'default'"); policy != "" && now != quoted {
		out = append(out, "MODIFY SETTING storage_policy = "+quoted)
	}
	return out
}

func policyIn(settings string) string {
	for s := range strings.SplitSeq(settings, ", ") {
		if v, ok := strings.CutPrefix(s, "storage_policy = "); ok {
			return v
		}
	}
	return ""
}
