package backtest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteText writes the report for people.
func (r *Report) WriteText(out io.Writer) error {
	w := &writer{w: out}
	w.line("%s", signals(r.Signals))
	w.line("%-34s %12s %12s", "", "old", "new")
	row := func(name string, format string, a, b any) {
		w.line("%-34s %12s %12s", name, fmt.Sprintf(format, a), fmt.Sprintf(format, b))
	}
	row("rules", "%s", r.Old.Rules, r.New.Rules)
	row("topology", "%s", r.Old.Topology, r.New.Topology)
	if r.Old.Learnt != r.New.Learnt {
		row("learnt pairs", "%s", r.Old.Learnt, r.New.Learnt)
	}
	row("main incidents", "%d", r.Old.Incidents, r.New.Incidents)
	row("children", "%d", r.Old.Children, r.New.Children)
	row("alerts and tickets placed", "%d", r.Old.Placed, r.New.Placed)
	row("compression, signals per incident", "%.2f", r.Old.Compression, r.New.Compression)
	r.corrections(w, row)
	w.line("")
	if r.Same() {
		w.line("No incident differs.")
		return w.err
	}
	w.line("Where incidents differ, %d in all%s", r.Differing, kindsText(r.ByKind))
	for i := range r.Differences {
		r.Differences[i].write(w, i+1)
	}
	if more := r.Differing - len(r.Differences); more > 0 {
		w.line("")
		w.line("... and %d more", more)
	}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		w.line("")
		w.line("%s: %s before, %s now; first %s: %s", signals(v.Count), v.Old, v.New, v.First.title(), v.First.New.Reason)
	}
	return w.err
}

func (r *Report) corrections(w *writer, row func(string, string, any, any)) {
	c := r.Corrections
	if c.N() <= 0 {
		w.line("No operator's correction in this log: nothing says which of the two is right.")
		return
	}
	w.line("against what operators corrected, N = %d (moved %d, linked %d, separated %d, void %d):", c.N(), c.Moves, c.Links, c.Unlinks, c.Void)
	a, b := r.Old.Against, r.New.Against
	row(fmt.Sprintf("  together, of %d pairs", a.MustPairs), "%d", a.MustKept, b.MustKept)
	row(fmt.Sprintf("  apart, of %d pairs", a.CannotPairs), "%d", a.CannotKept, b.CannotKept)
	row("  pairwise precision", "%.3f", a.PairP, b.PairP)
	row("  pairwise recall", "%.3f", a.PairR, b.PairR)
	row(fmt.Sprintf("  B-cubed precision (N=%d signals)", a.Signals), "%.3f", a.BP, b.BP)
	row("  B-cubed recall", "%.3f", a.BR, b.BR)
	row("  B-cubed F", "%.3f", a.BF, b.BF)
}

func signals(n int) string {
	if n == 1 {
		return "1 signal"
	}
	return fmt.Sprintf("%d signals", n)
}

func kindsText(k Kinds) string {
	if len(k) == 0 {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(k)) {
		parts = append(parts, fmt.Sprintf("%d %s", k[name], name))
	}
	return ": " + strings.Join(parts, ", ")
}

func (d *Difference) write(w *writer, n int) {
	w.line("")
	w.line("%d. %s", n, d.Kind)
	groups(w, "-", d.Old)
	groups(w, "+", d.New)
	t := &d.First
	w.line("   first: %s at %s", t.title(), t.StartsAt)
	t.Old.write(w, "-")
	t.New.write(w, "+")
}

const maxGroups = 10

func groups(w *writer, sign string, list []Group) {
	for i, g := range list {
		if i == maxGroups {
			w.line("   %s ... and %d more", sign, len(list)-maxGroups)
			return
		}
		w.line("   %s %s %s: %s", sign, g.IncidentID, g.Title, signals(g.Signals))
	}
}

func (t *Turn) title() string {
	s := t.Name
	if s == "" {
		s = t.SignalID
	}
	if t.Service != "" {
		s += " on " + t.Service
	}
	return s
}

func (d *Decided) write(w *writer, sign string) {
	w.line("     %s %s: %s", sign, d.Decision, d.Reason)
	if len(d.Evidence) > 0 {
		parts := make([]string, len(d.Evidence))
		for i, e := range d.Evidence {
			parts[i] = fmt.Sprintf("%+.1f %s", float64(e.Points)/1000, e.Detail)
		}
		w.line("       %.1f points, %.1f needed: %s", float64(d.Score)/1000, float64(d.Threshold)/1000, strings.Join(parts, "; "))
	}
	if d.Linked != "" && d.ParentID != d.IncidentID {
		w.line("       %s", d.Linked)
	}
}

// writer remembers the first error of many prints.
type writer struct {
	w   io.Writer
	err error
}

func (w *writer) line(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintln(w.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}
