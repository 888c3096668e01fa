package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// table is what the writer knows of one of its tables, whose rows are made of
// Ts. The migrations say the rest; a test compares the two.
type table[T any] struct {
	name    string
	shadow  string // the same for what a shadow decides; "": not kept
	columns []tableColumn[T]
}

// tableColumn is one column of a table. gather returns two functions: one takes the
// value out of a row, the other returns all values taken, as a slice.
type tableColumn[T any] struct {
	name   string
	gather func(room int) (add func(*T), values func() any)
}

// gather returns the gather of a column of Vs.
func gather[T, V any](f func(*T) V) func(int) (func(*T), func() any) {
	return func(room int) (func(*T), func() any) {
		values := make([]V, 0, room)
		return func(r *T) { values = append(values, f(r)) }, func() any { return values }
	}
}

// text is written out, since nearly all columns are texts: one call less for each
// value.
func text[T any, S ~string](name string, f func(*T) S) tableColumn[T] {
	return tableColumn[T]{name, func(room int) (func(*T), func() any) {
		values := make([]string, 0, room)
		return func(r *T) { values = append(values, string(f(r))) }, func() any { return values }
	}}
}

func number[T any](name string, f func(*T) int64) tableColumn[T] {
	return tableColumn[T]{name, gather(f)}
}

func small[T any](name string, f func(*T) int32) tableColumn[T] {
	return tableColumn[T]{name, gather(f)}
}

func real[T any](name string, f func(*T) float64) tableColumn[T] {
	return tableColumn[T]{name, gather(f)}
}

// moment is a column of times; they travel as milliseconds.
func moment[T any](name string, f func(*T) schemas.Time) tableColumn[T] {
	return tableColumn[T]{name, gather(func(r *T) int64 { return int64(f(r)) })}
}

func flag[T any](name string, f func(*T) bool) tableColumn[T] {
	return tableColumn[T]{name, gather(func(r *T) uint8 { return bit(f(r)) })}
}

func list[T any](name string, f func(*T) []string) tableColumn[T] {
	return tableColumn[T]{name, gather(f)}
}

func labels[T any](name string, f func(*T) schemas.Labels) tableColumn[T] {
	return tableColumn[T]{name, gather(f)}
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// block is rows on their way into a table, column by column.
type block[T any] struct {
	table  *table[T]
	n      int
	add    []func(*T)
	values []func() any
}

// block returns an empty block with room for so many rows: growing step by step
// would copy the columns over and over.
func (t *table[T]) block(room int) *block[T] {
	b := &block[T]{table: t, add: make([]func(*T), len(t.columns)), values: make([]func() any, len(t.columns))}
	for i := range t.columns {
		b.add[i], b.values[i] = t.columns[i].gather(room)
	}
	return b
}

// put appends a row. Nothing keeps row, but what its strings and slices share.
func (b *block[T]) put(row *T) {
	for _, add := range b.add {
		add(row)
	}
	b.n++
}

// insert is a block without its type: what one INSERT takes.
type insert struct {
	table, shadow string
	n             int
	cols          []col
}

func (b *block[T]) insert() insert {
	in := insert{table: b.table.name, shadow: b.table.shadow, n: b.n, cols: make([]col, len(b.values))}
	for i, values := range b.values {
		in.cols[i] = col{b.table.columns[i].name, values()}
	}
	return in
}

// col is one column of an insert: its name and a slice with one value per row.
type col struct {
	name   string
	values any
}

// send inserts columns as one block.
func send(ctx context.Context, conn driver.Conn, in *insert) error {
	names := make([]string, len(in.cols))
	for i, c := range in.cols {
		names[i] = c.name
	}
	b, err := conn.PrepareBatch(ctx, "INSERT INTO "+in.table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return fmt.Errorf("inserting into %s: %w", in.table, err)
	}
	defer b.Close()
	for i, c := range in.cols {
		if err := fill(b.Column(i), c.values); err != nil {
			return &schemaError{fmt.Errorf("column %s.%s: %w", in.table, c.name, err)}
		}
	}
	if err := b.Send(); err != nil {
		return fmt.Errorf("inserting %d rows into %s: %w", in.n, in.table, err)
	}
	return nil
}

// fill appends a column's values.
func fill(dst driver.BatchColumn, values any) error {
	switch v := values.(type) {
	case []schemas.Labels:
		for _, ls := range v {
			if err := dst.AppendRow(labelMap(ls)); err != nil {
				return err
			}
		}
		return nil
	case [][]string:
		for _, s := range v {
			if err := dst.AppendRow(s); err != nil {
				return err
			}
		}
		return nil
	default:
		return dst.Append(v)
	}
}

// labelMap lets the client read Labels as a map, without making one.
type labelMap schemas.Labels

// Put is never called: it is for reading rows.
func (labelMap) Put(any, any) {}

// Iterator implements column.IterableOrderedMap.
func (m labelMap) Iterator() column.MapIterator { return &labelIterator{ls: m, i: -1} }

type labelIterator struct {
	ls labelMap
	i  int
}

func (it *labelIterator) Next() bool { it.i++; return it.i < len(it.ls) }
func (it *labelIterator) Key() any   { return it.ls[it.i].Name }
func (it *labelIterator) Value() any { return it.ls[it.i].Value }
