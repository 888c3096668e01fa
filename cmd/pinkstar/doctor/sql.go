package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/rights"
)

func (d *doctor) needsEngine() bool { return d.cfg.Has("write") || d.cfg.Has("web") }

// clickhouse asks a server of the user's own as the service's user would. Of an
// embedded one only the reports' user is known, and its schema is the process'.
func (d *doctor) clickhouse(ctx context.Context, where *app.Endpoints) {
	dsn := d.cfg.ClickHouse.DSN
	if d.cfg.EmbeddedClickHouse() {
		if where == nil || where.ClickHouseNative == "" {
			d.say("clickhouse", Unknown, "", "the embedded ClickHouse runs with the process, and none does")
			return
		}
		dsn = fmt.Sprintf("clickhouse://%s:%s@%s/%s", where.ClickHouseUser, where.ClickHousePassword, where.ClickHouseNative, where.ClickHouseDatabase)
	}
	conn, err := clickhouse.Open(dsn)
	if err != nil {
		d.say("clickhouse", Failure, "correct clickhouse.dsn", "%v", err)
		return
	}
	defer conn.Close()
	var version string
	var at time.Time
	if err := conn.QueryRow(ctx, "SELECT version(), now64(3, 'UTC')").Scan(&version, &at); err != nil {
		d.say("clickhouse", Failure, "see that it runs, and that clickhouse.dsn names it, its user and its database; open incidents and the intake go on without it", "%s", cause(ctx, err))
		return
	}
	d.good("clickhouse", "version %s answers", version)
	d.sqlClock(at)
	if d.cfg.EmbeddedClickHouse() {
		return
	}
	if err := clickhouse.CheckSchema(ctx, conn); err != nil {
		d.say("clickhouse", Failure, "`pinkstar migrate apply`, as the schema's owner", "%s", cause(ctx, err))
	} else {
		d.good("clickhouse", "tables and views are this pinkstar's")
	}
	d.grants(ctx, conn, dsn)
	d.disks(ctx, conn)
}

// clocksApart is how far ClickHouse's clock may be from this machine's; asking it
// takes a part of that.
const clocksApart = 5 * time.Second

func (d *doctor) sqlClock(at time.Time) {
	if apart := at.Sub(d.now()).Abs(); apart > clocksApart {
		d.say("clock", Warning, "set them by NTP: reports of \"today\" and \"now\" go by ClickHouse's", "ClickHouse's clock is %s from this machine's", apart.Round(time.Second))
		return
	}
	d.good("clock", "ClickHouse's is this machine's")
}

// grants asks whether the service's user may do what it must, and whether it may
// do more.
func (d *doctor) grants(ctx context.Context, conn driver.Conn, dsn string) {
	database, err := clickhouse.DatabaseOf(dsn)
	if err != nil {
		d.say("rights", Failure, "correct clickhouse.dsn", "%v", err)
		return
	}
	may := func(g string) (bool, error) {
		var yes uint8
		err := conn.QueryRow(ctx, "CHECK GRANT "+g).Scan(&yes)
		return yes == 1, err
	}
	for _, g := range rights.Writer(rights.Quote(database)) {
		yes, err := may(g.Privileges + " ON " + g.On)
		if err != nil {
			d.say("rights", Unknown, "", "ClickHouse does not say what this user may do: %s", cause(ctx, err))
			return
		}
		if !yes {
			d.say("rights", Failure, "`pinkstar migrate --users apply`, as who may manage users", "the service's ClickHouse user lacks %s", g)
			return
		}
	}
	if more, err := may("DROP TABLE ON " + rights.Quote(database) + ".*"); err == nil && more {
		d.say("rights", Warning, "`pinkstar migrate --users apply` makes pinkstar_writer: put that one into clickhouse.dsn", "the service's ClickHouse user may drop tables, and needs only SELECT and INSERT")
		return
	}
	d.good("rights", "the service's ClickHouse user may read and write, and no more")
}

// disks warns where ClickHouse runs out of room. A user who may not see that is no
// fault.
func (d *doctor) disks(ctx context.Context, conn driver.Conn) {
	rows, err := conn.Query(ctx, "SELECT name, free_space, total_space FROM system.disks WHERE total_space > 0 AND free_space < total_space / 10")
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var free, total uint64
		if err := rows.Scan(&name, &free, &total); err != nil {
			return
		}
		d.say("clickhouse", Warning, "make room, or keep rows for a shorter time", "disk %s has %d of %d MB free", name, free>>20, total>>20)
	}
	if err := rows.Err(); err != nil {
		d.say("clickhouse", Unknown, "", "how full its disks are: %s", cause(ctx, err))
	}
}
