package explain

import (
	"fmt"
	"io"
	"strings"

	"pinkstar/schemas"
)

// writer remembers the first error of many prints.
type writer struct {
	w   io.Writer
	err error
}

func (w *writer) line(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.w, format+"\n", args...)
	}
}

// points renders thousandths for people.
func points(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1000) }

func signed(n int64) string { return fmt.Sprintf("%+.1f", float64(n)/1000) }

func clock(t schemas.Time) string {
	if t == 0 {
		return "--:--:--"
	}
	return t.String()[11:19]
}

func (s *Step) title() string {
	name := s.Name
	if name == "" {
		name = string(s.Kind) + " " + s.SignalID
	}
	if s.Service != "" {
		name += " on " + s.Service
	}
	if s.Severity != "" {
		name += " (" + string(s.Severity) + ")"
	}
	return name
}

// WriteText writes an explanation for people.
func (x *Explanation) WriteText(out io.Writer) error {
	w := &writer{w: out}
	if x.Incident != nil {
		x.head(w)
	}
	if x.Kind == "signal" {
		x.signal(w)
	} else {
		x.members(w)
	}
	x.links(w)
	if x.WhyNot != nil {
		x.WhyNot.write(w)
	}
	if x.WhatIf != nil {
		x.WhatIf.write(w)
	}
	w.line("")
	w.line("Points are log-odds: every 0.7 doubles the odds that two things belong together.")
	return w.err
}

func (x *Explanation) head(w *writer) {
	i := x.Incident
	w.line("%s  %s", i.ID, i.Title)
	parts := []string{string(i.Status), count(i.Signals, "signal", "signals"), "since " + i.Started.String()[:19] + "Z"}
	if len(i.Services) > 0 {
		parts = append(parts, "affects "+strings.Join(i.Services, ", "))
	}
	w.line("  %s", strings.Join(parts, ", "))
	if i.ParentID != "" {
		w.line("  part of %s", i.ParentID)
	}
	if i.Rules != "" {
		w.line("  opened under rules %s, topology %s", i.Rules, i.Topology)
	}
	for n, r := range i.Roots {
		word := "  may have started at"
		if n > 0 {
			word = "                  or"
		}
		w.line("%s %s (%d%%): %s", word, r.Service, r.Score/10, r.Reason)
	}
}

func (x *Explanation) signal(w *writer) {
	s := x.Signal
	w.line("")
	w.line("%s, signal %s", s.title(), s.SignalID)
	if len(x.Path) == 0 {
		w.line("  %s: %s", s.Decision, s.Reason)
		s.numbers(w, "  ")
		return
	}
	w.line("")
	w.line("Why it is there, from the beginning:")
	for i := range x.Path {
		x.Path[i].write(w, true)
	}
}

// recovery reports whether s only ends an alert that is a member already.
func (s *Step) recovery() bool {
	return s.AnchorID != "" && s.Score == 0 && strings.HasSuffix(s.Name, "(resolved)")
}

func (x *Explanation) members(w *writer) {
	w.line("")
	w.line("What it is made of, each below the signal it was linked to:")
	recoveries := 0
	for i := range x.Members {
		if m := &x.Members[i]; m.recovery() {
			recoveries++
		} else {
			m.write(w, len(x.Members) <= 50)
		}
	}
	if recoveries > 0 {
		w.line("  and %s of these", count(recoveries, "recovery", "recoveries"))
	}
	if x.More > 0 {
		w.line("  ... and %d more", x.More)
	}
}

func (s *Step) write(w *writer, full bool) {
	indent := strings.Repeat("  ", min(s.Depth, 8)+1)
	w.line("%s%s %s", indent, clock(s.StartsAt), s.title())
	indent += "         "
	if s.Decision == schemas.VerdictPlaced {
		w.line("%s%s", indent, s.Reason)
	} else {
		w.line("%s%s: %s", indent, s.Decision, s.Reason)
	}
	if full {
		s.numbers(w, indent)
	}
}

// numbers writes the evidence and how close the decision was.
func (s *Step) numbers(w *writer, indent string) {
	if len(s.Evidence) > 0 {
		w.line("%s%s points, %s needed: %s", indent, points(s.Score), points(s.Threshold), evidenceText(s.Evidence))
	}
	if r := s.RunnerUp; r != nil {
		w.line("%srunner-up %s with %s points: %s", indent, r.IncidentID, points(r.Score), r.Reason)
	}
	if s.Margin > 0 && s.Margin < 1000 {
		w.line("%sa close call: %s points less and it would have gone elsewhere", indent, points(s.Margin))
	}
}

func evidenceText(list []schemas.Evidence) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = fmt.Sprintf("%s %s", signed(e.Points), e.Detail)
	}
	return strings.Join(parts, "; ")
}

func (x *Explanation) links(w *writer) {
	if len(x.Links) == 0 {
		return
	}
	w.line("")
	w.line("Other incidents:")
	words := map[string]string{"child_of": "part of", "parent_of": "contains", "refused": "not linked to", "undone": "no longer linked to"}
	for i := range x.Links {
		l := &x.Links[i]
		w.line("  %s %s %s: %s", clock(l.At), words[l.Relation], l.IncidentID, l.Reason)
		if len(l.Evidence) > 0 {
			w.line("           %s points, %s needed to link: %s", points(l.Score), points(l.Threshold), evidenceText(l.Evidence))
		}
	}
}

func (n *WhyNot) write(w *writer) {
	w.line("")
	w.line("Why not together with %s?", n.With)
	w.line("  %s.", n.Reason)
	if p := n.Best; p != nil {
		g := &p.Weighing
		w.line("  Closest: %s %s, weighed against %s: %s points, %s needed to join, %s to link the incidents", clock(p.Signal.StartsAt),
			p.Signal.title(), p.Incident, points(g.Score), points(g.Join), points(g.Parent))
		for _, e := range g.Evidence {
			w.line("    %5s  %s", signed(e.Points), e.Detail)
		}
		for _, m := range g.Missing {
			w.line("    missing: %s", m)
		}
	}
	if n.Approximate != "" {
		w.line("  (%s)", n.Approximate)
	}
	for _, l := range n.Refused {
		w.line("  At %s the two incidents were not linked: %s", clock(l.At), l.Reason)
	}
}

func (f *WhatIf) write(w *writer) {
	w.line("")
	parts := make([]string, len(f.Changes))
	for i, c := range f.Changes {
		old := c.Old
		if old == "" {
			old = "not set"
		}
		parts[i] = fmt.Sprintf("%s %s (now %s)", c.Path, c.New, old)
	}
	w.line("With %s:", strings.Join(parts, ", "))
	if len(f.Gained)+len(f.Lost) == 0 {
		w.line("  the incident would have the same %s.", count(f.Before, "member", "members"))
	}
	if len(f.Gained) > 0 {
		w.line("  %s would join:", these(len(f.Gained)))
		list(w, f.Gained)
	}
	if len(f.Lost) > 0 {
		w.line("  %s would not be in it:", these(len(f.Lost)))
		list(w, f.Lost)
	}
	if f.Elsewhere > 0 {
		w.line("  %s of this log would end elsewhere, too; `pinkstar backtest` lists them.", count(f.Elsewhere, "other signal", "other signals"))
	}
}

func count[T int | int64](n T, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func these(n int) string {
	if n == 1 {
		return "this one"
	}
	return fmt.Sprintf("these %d", n)
}

const maxListed = 20

func list(w *writer, steps []Step) {
	for i := range steps {
		if i == maxListed {
			w.line("    ... and %d more", len(steps)-maxListed)
			return
		}
		s := &steps[i]
		w.line("    %s %s: %s", clock(s.StartsAt), s.title(), s.Reason)
	}
}
