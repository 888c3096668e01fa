package clickhouse

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// OpenToRead returns a connection that changes no setting, which a user who may
// only read must not.
func OpenToRead(dsn string) (driver.Conn, error) {
	o, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		return nil, fmt.Errorf("opening ClickHouse: %w", err)
	}
	return conn, nil
}

// Ask runs a query of a person and hands on what it is about, then each row: nil,
// or a value that encoding/json can write. Times are in UTC with milliseconds, as
// text.
func Ask(ctx context.Context, conn driver.Conn, query string, head func(columns []string) error, row func([]any) error) error {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("ClickHouse: %w", err)
	}
	defer rows.Close()
	if err := head(rows.Columns()); err != nil {
		return err
	}
	types := rows.ColumnTypes()
	into, out := make([]any, len(types)), make([]any, len(types))
	for rows.Next() {
		for i, t := range types {
			into[i] = reflect.New(t.ScanType()).Interface()
		}
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("ClickHouse: %w", err)
		}
		for i := range into {
			out[i] = plain(reflect.ValueOf(into[i]).Elem())
		}
		if err := row(out); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("ClickHouse: %w", err)
	}
	return nil
}

// plain is a value without pointers, with its times as text.
func plain(v reflect.Value) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UTC().Format("2006-01-02T15:04:05.000Z")
	case fmt.Stringer: // decimals, addresses, UUIDs
		return x.String()
	}
	if v.Kind() == reflect.Slice {
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	}
	return v.Interface()
}
