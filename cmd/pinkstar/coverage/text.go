package coverage

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"pinkstar/cmd/pinkstar/console"
)

const (
	shownWays   = 6
	shownGaps   = 20
	shownLabels = 8
	maxCell     = 48 // characters
)

// Write prints r for people.
func (r *Report) Write(w io.Writer) error {
	p := &printer{w: w}
	p.say("%s, told %s%s%s\n", count(r.Alerts, "alert"), count(r.Deliveries, "time"),
		besides(r.Others, "; besides, signals that are no alerts: %d"), besides(r.Suppressed, "; suppressed by a rule, and not judged: %d"))
	if r.Beyond > 0 {
		p.say("%d further deliveries were not looked at: more than %d alerts can't be told apart here\n", r.Beyond, maxAlerts)
	}
	if r.Alerts == r.Suppressed {
		return p.err
	}
	p.roles(r)
	p.lost(r)
	p.gaps(r)
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) say(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func besides(n int, format string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// table writes aligned rows; a cell has no tabs.
func (p *printer) table(rows [][]string) {
	tw := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, cells := range rows {
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	if err := tw.Flush(); p.err == nil {
		p.err = err
	}
}

func (p *printer) roles(r *Report) {
	rows := [][]string{{"", "TOLD", "NOTHING", "BY"}}
	for _, x := range r.Roles {
		rows = append(rows, []string{x.Role, fmt.Sprint(x.Told), fmt.Sprint(x.Nothing), cell(list(x.By, shownWays), 0)})
	}
	p.say("\n")
	p.table(rows)
	for _, x := range r.Roles {
		if x.Advice != "" {
			p.say("\nno %s: %s, such as %s\n  %s\n", x.Role, count(x.Nothing, "alert"), cell(x.Examples[0].text(), 160), x.Advice)
		}
	}
}

func (p *printer) lost(r *Report) {
	if r.Lost == 0 {
		return
	}
	p.say("\nABOUT NOTHING: %s without service, host, instance and namespace, so that only a rule, a text or the moment can relate them to others\n", count(r.Lost, "alert"))
	for _, a := range r.Examples {
		p.say("  %s\n", cell(a.text(), 160))
	}
	if len(r.LostLabels) > 0 {
		p.say("  labels of theirs that have no meaning yet: %s\n  put the one that names what they are about into labels.service (or host, instance) of the settings; a list replaces the default, which `pinkstar config print` shows\n",
			cell(list(r.LostLabels, shownLabels), 0))
	} else {
		p.say("  they have no further labels: give the alerting rules one\n")
	}
}

func (p *printer) gaps(r *Report) {
	switch {
	case r.Uncovered == 0:
		p.say("\nEvery alert has a procedure.\n")
		return
	case r.Procedures == 0:
		p.say("\nNO PROCEDURE: %s; none is configured (procedures of the rules)\n", count(r.Uncovered, "alert"))
	default:
		p.say("\nNO PROCEDURE: %s, matched by none of %d; nobody is called for them\n", count(r.Uncovered, "alert"), r.Procedures)
	}
	rows := [][]string{{"  ALERT", "ALERTS", "WORST", "WITH A RUNBOOK", "SERVICES"}}
	for i, g := range r.Gaps {
		if i == shownGaps {
			break
		}
		rows = append(rows, []string{"  " + cell(g.Name, maxCell), fmt.Sprint(g.Alerts), cell(string(g.Severity), 0), fmt.Sprint(g.Runbooks), cell(strings.Join(g.Services, ", "), maxCell)})
	}
	p.table(rows)
	if n := len(r.Gaps) - shownGaps; n > 0 {
		p.say("  and %d more kinds; --json has all\n", n)
	}
}

// cell is s as it may stand in a table, "-" for nothing.
func cell(s string, most int) string { return cmp.Or(console.OneLine(s, most), "-") }

// text is an alert as people write one.
func (a Alert) text() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		if name != "alertname" {
			out = append(out, fmt.Sprintf("%s=%q", name, a.Labels[name]))
		}
	}
	return a.Name + " {" + strings.Join(out, ", ") + "}"
}
