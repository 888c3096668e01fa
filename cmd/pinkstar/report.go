package main

import (
	"bytes"
	"context"
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
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/report"
)

// reportTimeout bounds the queries of one report. The driver makes it each query's
// max_execution_time, with some seconds more, which has a limit for the reader.
const reportTimeout = 4 * time.Minute

func (c *cli) addReport() {
	clause := c.app.Command("report", "Write the report of a month: what it cost, what changed and whether that is beyond noise, which problems come again.")
	month := clause.Flag("month", "such as 2026-10; default: the last whole one").PlaceHolder("YYYY-MM").String()
	out := withOutput(clause, "html", "pdf", "md", "csv", "json")
	s := withSettings(clause, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error {
		m := report.MonthOf(report.MonthOf(time.Now()).From().Add(-time.Hour))
		if *month != "" {
			var err error
			if m, err = report.ParseMonth(*month); err != nil {
				return usageError{fmt.Errorf("--month: %w", err)}
			}
		}
		return out.of(ctx, w, s, func(ctx context.Context, conn driver.Conn) (document, error) { return report.Of(ctx, conn, m) })
	})
}

func (c *cli) addPostmortem() {
	clause := c.app.Command("postmortem", "Write the post-mortem of an incident: one timeline, why it is one incident, candidate causes, impact, what went well and badly, and a table of actions.")
	id := clause.Arg("incident", "its id; of one below another, the main one is told").Required().String()
	out := withOutput(clause, "md", "html", "pdf", "json")
	s := withSettings(clause, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error {
		return out.of(ctx, w, s, func(ctx context.Context, conn driver.Conn) (document, error) {
			return report.Postmortem(ctx, conn, *id)
		})
	})
}

// document is what can be written in several formats.
type document interface {
	Write(w io.Writer, format string) error
}

// output says how a document is written, and where.
type output struct {
	format, file *string
	formats      []string
}

// withOutput adds --format and --out to a command; the first format is the
// default.
func withOutput(clause *kingpin.CmdClause, formats ...string) *output {
	o := &output{formats: formats}
	o.format = clause.Flag("format", strings.Join(formats, ", ")).Default(formats[0]).String()
	o.file = clause.Flag("out", "write there instead of to the standard output").PlaceHolder("FILE").String()
	return o
}

func (o *output) of(ctx context.Context, w world, s *settings, make func(context.Context, driver.Conn) (document, error)) error {
	if !slices.Contains(o.formats, *o.format) {
		return usageError{fmt.Errorf("--format: %q is not one of %s", *o.format, strings.Join(o.formats, ", "))}
	}
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	conn, err := sqlOf(cfg)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	d, err := make(ctx, conn)
	if errors.Is(err, report.ErrUnknown) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	var b bytes.Buffer // a report is there whole, or not at all
	if err := d.Write(&b, *o.format); err != nil {
		return err
	}
	if *o.file == "" {
		_, err = b.WriteTo(w.out)
		return err
	}
	return os.WriteFile(*o.file, b.Bytes(), 0o600)
}

// sqlOf connects to the ClickHouse that is configured, or else to the one that a
// running pinkstar has embedded, as the user who may only read the views.
func sqlOf(cfg *config.Config) (driver.Conn, error) {
	if !cfg.EmbeddedClickHouse() {
		return clickhouse.Open(cfg.ClickHouse.DSN)
	}
	name := filepath.Join(cfg.Data, app.EndpointsName)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("no ClickHouse is configured and no pinkstar is running on %s: give --clickhouse DSN or --data DIR", cfg.Data)}
	}
	if err != nil {
		return nil, err
	}
	var e app.Endpoints
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	dsn := url.URL{Scheme: "clickhouse", User: url.UserPassword(e.ClickHouseUser, e.ClickHousePassword), Host: e.ClickHouseNative, Path: "/" + e.ClickHouseDatabase}
	return clickhouse.Open(dsn.String())
}
