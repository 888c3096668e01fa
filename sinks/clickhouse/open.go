package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// sendBuffer is how many bytes of a block a connection gathers before it sends
// them. A connection keeps its largest buffer for its whole life, so the
// library's 10 MiB would be held once for each of them, idle or not.
const sendBuffer = 1 << 20

// connLifetime is how long a connection is used.
const connLifetime = time.Minute

// Open returns a pool of connections to the server that dsn names, for example
// clickhouse://user:password@host:9000/database; with secure=true, or what tls.go
// lists, by TLS. It does not connect yet: a server that is down must not stop a
// start.
func Open(dsn string) (driver.Conn, error) {
	o, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = 5 * time.Second
	}
	if o.ConnMaxLifetime == 0 {
		o.ConnMaxLifetime = connLifetime
	}
	if o.MaxCompressionBuffer == 0 {
		o.MaxCompressionBuffer = sendBuffer
	}
	// The largest block that a connection ever sent would be held by each of them.
	o.FreeBufOnConnRelease = true
	if o.Settings == nil {
		o.Settings = clickhouse.Settings{}
	}
	// An asynchronous insert may be acknowledged before it is written.
	o.Settings["async_insert"] = 0
	o.ClientInfo.Products = append(o.ClientInfo.Products, struct{ Name, Version string }{"pinkstar", "1"})
	conn, err := clickhouse.Open(o)
	if err != nil {
		return nil, fmt.Errorf("opening ClickHouse: %w", err)
	}
	return conn, nil
}

func parseDSN(dsn string) (*clickhouse.Options, error) {
	bare, tlsConfig, err := takeTLS(dsn)
	if err != nil {
		return nil, err
	}
	o, err := clickhouse.ParseDSN(bare)
	if err != nil {
		// The parser's error may quote the DSN, password included.
		return nil, fmt.Errorf("the ClickHouse DSN can't be read: want clickhouse://user:password@host:9000/database")
	}
	if tlsConfig != nil {
		tlsConfig.InsecureSkipVerify = o.TLS != nil && o.TLS.InsecureSkipVerify // skip_verify
		o.TLS = tlsConfig
	}
	return o, nil
}

// DatabaseOf returns the database that a DSN names.
func DatabaseOf(dsn string) (string, error) {
	o, err := parseDSN(dsn)
	if err != nil {
		return "", err
	}
	return cmp.Or(o.Auth.Database, "default"), nil
}

// CheckSchema says what the database lacks to have this binary's schema.
func CheckSchema(ctx context.Context, conn driver.Conn) error {
	todo, err := Pending(ctx, conn)
	if err != nil {
		return err
	}
	if len(todo) > 0 {
		return fmt.Errorf("%d steps of the schema are missing, beginning with %s; `pinkstar migrate` applies them", len(todo), todo[0].Name)
	}
	return nil
}
