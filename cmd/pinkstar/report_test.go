package main

import (
	"strings"
	"testing"
)

// What is asked wrongly is told before anything is connected to.
func TestReportsAskedWrongly(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"report", "--month", "10/2026"}, "is not a month such as 2026-10"},
		{[]string{"report", "--format", "pdf"}, "--print-to-pdf"},
		{[]string{"report", "--format", "docx"}, "is not one of html, md, csv, json"},
		{[]string{"postmortem", "INC-1", "--format", "csv"}, "is not one of md, html, json"},
		{[]string{"postmortem"}, "required argument 'incident'"},
		{[]string{"report", "--data", t.TempDir()}, "give --clickhouse DSN or --data DIR"},
	} {
		if got := command(t, "", c.args...); got.code != exitUsage || !strings.Contains(got.err, c.want) {
			t.Errorf("%q: exit code %d, %s", c.args, got.code, got.err)
		}
	}
}
