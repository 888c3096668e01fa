package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/console"
	"pinkstar/sinks/clickhouse"
)

// sqlFormats are what a result can be printed as.
var sqlFormats = []string{"table", "json", "csv", "tsv"}

func (c *cli) addSQL() {
	clause := c.app.Command("sql", "Ask ClickHouse: the embedded one of a running pinkstar, as the user who may only read the views, or the configured one.")
	query := clause.Arg("query", "such as \"SELECT * FROM v_incidents LIMIT 10\"; without it, standard input").String()
	format := clause.Flag("format", "table (long values are cut), json (a line each), csv or tsv").Default("table").String()
	s := withSettings(clause, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error {
		if !slices.Contains(sqlFormats, *format) {
			return usageError{fmt.Errorf("--format: %q is not one of %s", *format, strings.Join(sqlFormats, ", "))}
		}
		cfg, err := s.load(w)
		if err != nil {
			return err
		}
		return askSQL(ctx, w, cfg, *query, *format)
	})
}

func askSQL(ctx context.Context, w world, cfg *config.Config, query, format string) error {
	dsn, err := readerDSN(cfg)
	if err != nil {
		return err
	}
	if query == "" {
		text, err := io.ReadAll(w.in)
		if err != nil {
			return err
		}
		query = string(text)
	}
	if query = strings.TrimRight(strings.TrimSpace(query), ";"); query == "" {
		return usageError{errors.New("no query: give one as an argument or on standard input")}
	}
	conn, err := clickhouse.OpenToRead(dsn)
	if err != nil {
		return usageError{err}
	}
	defer func() { _ = conn.Close() }()
	p := newSQLPrinter(w.out, format)
	if err := clickhouse.Ask(ctx, conn, query, p.head, p.row); err != nil {
		return err
	}
	return p.end()
}

// readerDSN is the configured ClickHouse, or that of the process that runs on the
// data directory.
func readerDSN(cfg *config.Config) (string, error) {
	if cfg.ClickHouse.DSN != "" {
		return cfg.ClickHouse.DSN, nil
	}
	b, err := os.ReadFile(filepath.Join(cfg.Data, app.EndpointsName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", usageError{fmt.Errorf("no ClickHouse is configured and no pinkstar is running on %s: give --data DIR or --clickhouse DSN", cfg.Data)}
	}
	if err != nil {
		return "", err
	}
	var e app.Endpoints
	if err := json.Unmarshal(b, &e); err != nil {
		return "", fmt.Errorf("%s: %w", app.EndpointsName, err)
	}
	if e.ClickHouseUser == "" || e.ClickHouseNative == "" {
		return "", usageError{fmt.Errorf("the pinkstar that runs on %s has no ClickHouse of its own: give --clickhouse DSN", cfg.Data)}
	}
	at := url.URL{Scheme: "clickhouse", User: url.UserPassword(e.ClickHouseUser, e.ClickHousePassword), Host: e.ClickHouseNative, Path: "/" + e.ClickHouseDatabase}
	return at.String(), nil
}

// sqlPrinter prints rows as they come.
type sqlPrinter struct {
	columns []string
	head    func([]string) error
	row     func([]any) error
	end     func() error
}

func newSQLPrinter(w io.Writer, format string) *sqlPrinter {
	p := &sqlPrinter{end: func() error { return nil }}
	switch format {
	case "json":
		p.head = func(columns []string) error { p.columns = columns; return nil }
		p.row = func(values []any) error { return writeObject(w, p.columns, values) }
	case "table":
		p.table(w)
	default:
		out := csv.NewWriter(w)
		if format == "tsv" {
			out.Comma = '\t'
		}
		p.head = func(columns []string) error { return out.Write(columns) }
		p.row = func(values []any) error { return out.Write(texts(values, 0)) }
		p.end = func() error { out.Flush(); return out.Error() }
	}
	return p
}

// cell is how long a value in a table may be, in characters.
const cell = 60

func (p *sqlPrinter) table(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows := 0
	line := func(values []string) error {
		_, err := fmt.Fprintln(out, strings.Join(values, "\t"))
		return err
	}
	p.head = line
	p.row = func(values []any) error { rows++; return line(texts(values, cell)) }
	p.end = func() error {
		if err := out.Flush(); err != nil {
			return err
		}
		noun := "rows"
		if rows == 1 {
			noun = "row"
		}
		_, err := fmt.Fprintf(w, "(%d %s)\n", rows, noun)
		return err
	}
}

// texts are values as text, on one line and cut where most is over 0.
func texts(values []any, most int) []string {
	out := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case string:
			out[i] = v
		default:
			b, err := json.Marshal(v)
			if err != nil {
				b = fmt.Append(nil, v)
			}
			out[i] = string(b)
		}
		if most > 0 {
			out[i] = console.OneLine(out[i], most)
		}
	}
	return out
}

// writeObject writes a row with its columns in their order.
func writeObject(w io.Writer, columns []string, values []any) error {
	line := []byte("{")
	for i, name := range columns {
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		value, err := json.Marshal(values[i])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if i > 0 {
			line = append(line, ',')
		}
		line = append(append(append(line, key...), ':'), value...)
	}
	_, err := w.Write(append(line, "}\n"...))
	return err
}
