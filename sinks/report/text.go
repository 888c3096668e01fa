package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeJSON writes a document with everything that it was worked out from.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// marks are the characters that mean something in Markdown.
var marks = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"|", `\|`, "#", `\#`, "!", `\!`, "~", `\~`, "://", ":&#47;&#47;", "www.", "www&#46;", "@", "&#64;", "\r", " ", "\n", " ", "\t", " ")

// mark makes a text from outside harmless in Markdown: it cannot end a table,
// begin a link, a picture or a tag, or break the line; and no address becomes a link.
func mark(s string) string { return marks.Replace(s) }

// document gathers Markdown.
type document struct{ strings.Builder }

func (d *document) say(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *document) table(head ...string) {
	d.say("\n| %s |", strings.Join(head, " | "))
	d.say("|%s", strings.Repeat("---|", len(head)))
}

// row writes cells; those from outside are marked by who calls.
func (d *document) row(cells ...string) { d.say("| %s |", strings.Join(cells, " | ")) }

// WriteMarkdown writes the report without charts.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var d document
	d.say("# Incidents, %s\n", r.Name)
	for _, s := range r.Sentences {
		d.say("%s\n", mark(s))
	}
	d.table("Figure", "Value", "Interval", "N", "Remarks")
	for _, f := range r.Figures {
		d.row(f.Name, mark(f.Text), mark(f.Between), strconv.FormatUint(f.N, 10), mark(f.Note))
	}
	d.say("\nFrom %s to %s UTC. Read on %s UTC; newest change of an incident %s.", moment(r.From), moment(r.To), moment(r.Snapshot), moment(r.Latest))
	r.markMonths(&d)
	r.markLists(&d)
	r.markEnd(&d)
	_, err := io.WriteString(w, d.String())
	return err
}

func (r *Report) markMonths(d *document) {
	d.say("\n## Incidents over thirteen months\n\n%s.", capital(r.Runs.sentence()))
	d.table("Month", "Incidents", "Critical, major", "Known problems", "Disruption", "Median to resolve", "Cost, likely")
	for _, m := range r.Months {
		var costs []string
		for _, c := range m.Costs {
			costs = append(costs, mark(money(c.Total().Likely, c.Currency)))
		}
		d.row(m.Month.Format("Jan 2006"), number(m.Incidents), fmt.Sprint(m.Severe), fmt.Sprint(m.Known), span(60*m.Minutes), medianOf(m.Resolved, m.MedianResolve), strings.Join(costs, ", "))
	}
	for _, s := range r.Revisions() {
		d.say("\n%s", mark(s))
	}
	d.say("\n## How fast")
	d.table("Time", "Median", "95 % interval", "Nine of ten within", "95 % interval", "Incidents", "Without")
	for _, t := range r.Durations {
		if t.N == 0 {
			d.row(t.Name, "-", "-", "-", "-", "0", fmt.Sprint(t.Without))
			continue
		}
		d.row(t.Name, span(t.Median), intervalText(t.Interval), span(t.P90), intervalText(t.P90In), fmt.Sprint(t.N), fmt.Sprint(t.Without))
	}
	d.say("\n## Services")
	d.table("Service", "Incidents", "12 months before", "Disruption", "Cost, likely", "Median to resolve", "")
	for _, s := range r.Services {
		unusual := ""
		if s.Unusual {
			unusual = "unusual"
		}
		d.row(mark(s.Name), fmt.Sprint(s.Incidents), fmt.Sprint(s.Before), span(60*s.Minutes), mark(money(s.Cost, s.Currency)), medianOf(s.Resolved, s.MedianResolve), unusual)
	}
}

func medianOf(n uint64, seconds float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%d)", span(seconds), n)
}

func (r *Report) markLists(d *document) {
	d.say("\n## Costliest incidents")
	d.table("Incident", "Title", "Severity", "Began", "Disruption", "Cost, likely", "Owner")
	for _, v := range r.Top {
		d.row(mark(v.ID), mark(v.Title), mark(v.Severity), moment(v.Began), span(60*v.Minutes), mark(money(v.Cost, v.Currency)), mark(v.Owner))
	}
	d.say("\n## Recurring problems")
	d.table("Problem", "Title", "This month", "In all", "Cost in all", "What is being done")
	for _, v := range r.Problems {
		d.row(mark(v.ID), mark(v.Title), fmt.Sprint(v.Incidents), fmt.Sprint(v.InAll), mark(money(v.Cost, v.Currency)), mark(v.Doing()))
	}
	d.say("\n## What is being done\n\n%s", r.Todos.Sentence())
	d.table("Action", "What", "Owner", "Due", "State", "")
	for _, v := range r.Todos.List {
		overdue := ""
		if v.Overdue {
			overdue = "overdue"
		}
		d.row(mark(v.ID), mark(v.What), mark(v.Owner), momentOf(v.Due), mark(v.Status), overdue)
	}
	d.say("\n## Changes that may have caused incidents\n\nCandidates, not confirmed causes.")
	d.table("Incident", "Title", "Change", "Service", "Before it", "Why")
	for _, v := range r.Changes {
		d.row(mark(v.IncidentID), mark(v.IncidentTitle), mark(v.Title), mark(v.Service), lag(v.LagSeconds), mark(v.Reason))
	}
	d.say("\n## Maintenance that was announced only after it had begun")
	d.table("Work", "Service", "Team", "Began", "Told after", "Incidents")
	for _, v := range r.Work {
		d.row(mark(v.Title), mark(v.Service), mark(v.Team), momentOf(v.Began), span(float64(v.LateSeconds)), fmt.Sprint(v.Incidents))
	}
	d.say("\n## Alerts without a procedure")
	d.table("Alert", "Service", "Incidents opened", "With a runbook at least")
	for _, v := range r.Uncovered {
		d.row(mark(v.Name), mark(v.Service), fmt.Sprint(v.Incidents), fmt.Sprint(v.WithRunbook))
	}
}

func (r *Report) markEnd(d *document) {
	d.say("\n## What became of every signal")
	d.table("Decision", "Signals", "Taken, redeliveries included")
	for _, v := range r.Intake {
		d.row(mark(v.Decision), fmt.Sprint(v.Signals), fmt.Sprint(v.Taken))
	}
	d.say("\n## What is not counted\n")
	for _, s := range r.Excluded {
		d.say("- %s", mark(s))
	}
	d.say("\n## Formulas and SQL")
	for _, q := range r.Queries {
		d.say("\n### %s (%s)\n", q.Title, q.ID)
		if q.Formula != "" {
			d.say("%s.\n", mark(q.Formula))
		}
		d.say("```sql\n%s\n```", q.SQL)
	}
}

// cell makes a text harmless in a spreadsheet: what begins like a formula is
// quoted.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(s[0])) {
		return "'" + s
	}
	return s
}

// csvHead are the columns of the CSV: one row for each figure of the report.
var csvHead = []string{"section", "id", "name", "figure", "value", "unit", "n", "low", "high", "query"}

// WriteCSV writes every figure of the report in one table.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	put := func(section, id, name, figure string, value float64, unit string, n uint64, iv *Interval, query string) {
		low, high := "", ""
		if iv != nil {
			low, high = decimal(iv.Low), decimal(iv.High)
		}
		_ = out.Write([]string{section, cell(id), cell(name), figure, decimal(value), cell(unit), strconv.FormatUint(n, 10), low, high, query})
	}
	_ = out.Write(csvHead)
	for _, f := range r.Figures {
		put("figures", r.From.Format("2006-01"), f.Name, "value", f.Value, f.Unit, f.N, f.Interval, f.Query)
	}
	r.csvMonths(put)
	r.csvLists(put)
	out.Flush()
	return out.Error()
}

type putFunc func(section, id, name, figure string, value float64, unit string, n uint64, iv *Interval, query string)

func (r *Report) csvMonths(put putFunc) {
	for _, m := range r.Months {
		id, n := m.Month.Format("2006-01"), uint64(m.Incidents)
		put("months", id, "", "incidents", m.Incidents, "incidents", n, nil, queryMonths.ID)
		put("months", id, "", "severe", float64(m.Severe), "incidents", n, nil, queryMonths.ID)
		put("months", id, "", "minutes", m.Minutes, "minutes", n, nil, queryMonths.ID)
		put("months", id, "", "median_resolve", m.MedianResolve, "seconds", m.Resolved, nil, queryMonths.ID)
		for _, c := range m.Costs {
			put("months", id, "", "lost_revenue", c.Lost.Likely, c.Currency, c.Incidents, &Interval{c.Lost.Low, c.Lost.High}, queryCosts.ID)
			put("months", id, "", "caught_up", c.CaughtUp, c.Currency, c.ByFigures, nil, queryCosts.ID)
			put("months", id, "", "direct_cost", c.DirectCost, c.Currency, c.Incidents, nil, queryCosts.ID)
			put("months", id, "", "work", c.Work.Likely, c.Currency, c.Incidents, &Interval{c.Work.Low, c.Work.High}, queryCosts.ID)
		}
	}
	for _, d := range r.Durations {
		put("durations", "", d.Name, "median", d.Median, "seconds", uint64(d.N), d.Interval, queryDurations.ID)
		put("durations", "", d.Name, "p90", d.P90, "seconds", uint64(d.N), d.P90In, queryDurations.ID)
	}
}

func (r *Report) csvLists(put putFunc) {
	for _, s := range r.Services {
		put("services", s.Name, "", "incidents", float64(s.Incidents), "incidents", s.Incidents, nil, queryServices.ID)
		put("services", s.Name, "", "minutes", s.Minutes, "minutes", s.Incidents, nil, queryServices.ID)
		put("services", s.Name, "", "cost", s.Cost, s.Currency, s.Incidents, nil, queryServices.ID)
		put("services", s.Name, "", "median_resolve", s.MedianResolve, "seconds", s.Resolved, nil, queryServices.ID)
	}
	for _, v := range r.Top {
		put("incidents", v.ID, v.Title, "cost", v.Cost, v.Currency, 1, nil, queryTop.ID)
		put("incidents", v.ID, v.Title, "minutes", v.Minutes, "minutes", 1, nil, queryTop.ID)
	}
	for _, v := range r.Problems {
		put("problems", v.ID, v.Title, "incidents", float64(v.Incidents), "incidents", v.Incidents, nil, queryProblems.ID)
		put("problems", v.ID, v.Title, "cost", v.Cost, v.Currency, uint64(v.InAll), nil, queryProblems.ID)
	}
	for _, c := range []struct {
		figure string
		n      uint64
	}{{"added", r.Todos.Added}, {"done", r.Todos.Done}, {"dropped", r.Todos.Dropped}, {"open", r.Todos.Open}, {"overdue", r.Todos.Overdue}} {
		put("actions", "", "", c.figure, float64(c.n), "actions", c.n, nil, queryActionCounts.ID)
	}
	for _, v := range r.Changes {
		put("changes", v.IncidentID, v.Title, "lag", v.LagSeconds, "seconds", 1, nil, queryChanges.ID)
	}
	for _, v := range r.Work {
		put("undeclared_work", v.Service, v.Title, "late", float64(v.LateSeconds), "seconds", v.Incidents, nil, queryWork.ID)
	}
	for _, v := range r.Uncovered {
		put("without_procedure", v.Service, v.Name, "incidents", float64(v.Incidents), "incidents", v.Incidents, nil, queryUncovered.ID)
	}
	for _, v := range r.Intake {
		put("signals", v.Decision, "", "signals", float64(v.Signals), "signals", uint64(v.Taken), nil, queryIntake.ID)
	}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
