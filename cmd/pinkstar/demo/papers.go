package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/report"
)

// papers writes what a manager and a team would read the day after, from the SQL
// that anybody may read, and says where.
func (s *stage) papers(ctx context.Context, dir string) error {
	s.page.title("The day after: on paper")
	at := s.reach.at
	dsn := url.URL{Scheme: "clickhouse", User: url.UserPassword(at.ClickHouseUser, at.ClickHousePassword), Host: at.ClickHouseNative, Path: "/" + at.ClickHouseDatabase}
	conn, err := clickhouse.Open(dsn.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	month, err := report.Of(ctx, conn, report.MonthOf(s.t0))
	if err != nil {
		return err
	}
	story, err := report.Postmortem(ctx, conn, s.mainID)
	if err != nil {
		return err
	}
	for _, sentence := range month.Sentences {
		s.page.say("%s", sentence)
	}
	s.page.blank()
	for _, p := range []struct {
		what, file string
		write      func(io.Writer, string) error
		format     string
	}{{"the month", "report.html", month.Write, "html"}, {"the attack", "postmortem.html", story.Write, "html"}, {"to be gone on with", "postmortem.md", story.Write, "md"}} {
		var b bytes.Buffer
		if err := p.write(&b, p.format); err != nil {
			return err
		}
		name := filepath.Join(dir, p.file)
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", p.what, err)
		}
		s.page.fact(p.what, "%s", name)
	}
	return nil
}

// papersDir is where the reports go: into the data that is kept, or else a
// directory of their own, which stays.
func (o *Options) papersDir(data string) (string, error) {
	switch {
	case o.Papers != "":
		return o.Papers, nil
	case o.Data != "":
		dir := filepath.Join(data, "reports")
		return dir, os.MkdirAll(dir, 0o700)
	default:
		return os.MkdirTemp("", "pinkstar-reports-")
	}
}
