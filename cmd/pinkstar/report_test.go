package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pinkstar/sinks/clickhouse/rights"
)

// What is asked wrongly is told before anything is connected to.
func TestReportsAskedWrongly(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"report", "--month", "10/2026"}, "is not a month such as 2026-10"},

		{[]string{"report", "--format", "docx"}, "is not one of html, pdf, md, csv, json"},
		{[]string{"postmortem", "INC-1", "--format", "csv"}, "is not one of md, html, pdf, json"},
		{[]string{"postmortem"}, "required argument 'incident'"},
		{[]string{"report", "--data", t.TempDir()}, "give --clickhouse DSN or --data DIR"},
	} {
		if got := command(t, "", c.args...); got.code != exitUsage || !strings.Contains(got.err, c.want) {
			t.Errorf("%q: exit code %d, %s", c.args, got.code, got.err)
		}
	}
}

// The reports' user may not ask for longer than its limit: a report's deadline has
// to be within it.
func TestAReportStaysWithinTheReadersLimit(t *testing.T) {
	for _, l := range rights.ReaderLimits {
		if l.Setting != "max_execution_time" {
			continue
		}
		most, err := strconv.Atoi(l.Max)
		if err != nil {
			t.Fatal(err)
		}
		if got := int((reportTimeout + 30*time.Second) / time.Second); got > most {
			t.Errorf("a report asks for up to %d s, the reader may have %d", got, most)
		}
		return
	}
	t.Error("the reader has no limit of time")
}
