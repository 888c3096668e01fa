package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/sinks/clickhouse/rights"
)

// secureViews makes every view v_* run with the rights of the user who is
// connected, so that whoever may read the views needs no right on the tables.
// Views that do so already are left alone.
func secureViews(ctx context.Context, conn driver.Conn) error {
	type view struct{ name, create string }
	var views []view
	var me string
	if err := conn.QueryRow(ctx, "SELECT currentUser()").Scan(&me); err != nil {
		return fmt.Errorf("asking who we are: %w", err)
	}
	err := scan(ctx, conn, "the views", func(r driver.Rows) error {
		var v view
		err := r.Scan(&v.name, &v.create)
		views = append(views, v)
		return err
	}, "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() AND engine = 'View' AND startsWith(name, 'v_')")
	if err != nil {
		return err
	}
	for _, v := range views {
		if definedBy(v.create, me) {
			continue
		}
		q := "ALTER TABLE " + rights.Quote(v.name) + " MODIFY SQL SECURITY DEFINER DEFINER = " + rights.Quote(me)
		if err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("letting %s run with its definer's rights: %w", v.name, err)
		}
	}
	return nil
}

// definedBy reports whether a view's statement says that it runs with the rights
// of the user.
func definedBy(create, user string) bool {
	return strings.Contains(create, "SQL SECURITY DEFINER") &&
		(strings.Contains(create, "DEFINER = "+user+" ") || strings.Contains(create, "DEFINER = "+rights.Quote(user)+" "))
}
