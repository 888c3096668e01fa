package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"time"
)

//go:embed page.html
var pageText string

// page writes every value escaped for where it stands.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"moment": momentOf, "span": span, "money": money, "number": number, "lag": lag,
	"interval": intervalText, "runChart": runChart, "dots": dots, "stride": stride,
	"sentence": func(c RunChart) string { return capital(c.sentence()) },
	"minutes":  func(m float64) float64 { return 60 * m },
	"float":    toFloat,
	"cost":     costOf, "join": joined, "spanOr": spanOr, "clock": clock, "capital": capital,
}).Parse(pageText))

// Write writes the report in a format: html, pdf, md, csv or json.
func (r *Report) Write(w io.Writer, format string) error {
	switch format {
	case "html":
		return r.WriteHTML(w)
	case "pdf":
		return asPDF(w, r.WriteHTML, r.Snapshot)
	case "md":
		return r.WriteMarkdown(w)
	case "csv":
		return r.WriteCSV(w)
	case "json":
		return writeJSON(w, r)
	default:
		return fmt.Errorf("report: no format %q", format)
	}
}

// WriteHTML writes the report as one page without scripts, which loads nothing.
func (r *Report) WriteHTML(w io.Writer) error { return page.ExecuteTemplate(w, "month", r) }

// asPDF prints the page that make writes.
func asPDF(w io.Writer, make func(io.Writer) error, at time.Time) error {
	var b bytes.Buffer
	if err := make(&b); err != nil {
		return err
	}
	return writePDF(w, b.Bytes(), at)
}

// MaxDots is how many incidents a chart draws of each time.
func (r *Report) MaxDots() int { return maxDots }

// stride says of how many incidents one is drawn, 0 when all are.
func stride(r *Report) int {
	most := 0
	for _, d := range r.Durations {
		most = max(most, d.N)
	}
	if most <= maxDots {
		return 0
	}
	return (most + maxDots - 1) / maxDots
}

func intervalText(iv *Interval) string {
	if iv == nil {
		return "too few"
	}
	return span(iv.Low) + " - " + span(iv.High)
}

// lag says how long before an incident a change began.
func lag(seconds float64) string {
	if seconds < 0 {
		return span(math.Abs(seconds)) + " after"
	}
	return span(seconds)
}
