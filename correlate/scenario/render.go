package scenario

import (
	"fmt"
	"regexp"
	"strings"

	"pinkstar/schemas"
)

func (r *run) render() map[string]string {
	var inc, dec, tl, prb, eff strings.Builder
	for i := range r.incidents.All() {
		r.incident(&inc, i)
	}
	for i, s := range r.signals {
		d := r.decisions.Get(s.ID)
		if d == nil {
			fmt.Fprintf(&dec, "@%d has no decision\n", i+1)
			continue
		}
		r.decision(&dec, i+1, d)
	}
	for t := range r.timeline.All() {
		fmt.Fprintf(&tl, "%s %s %s: %s\n", clockText(t.At), r.short(t.IncidentID), t.Type, r.short(t.Text))
	}
	for p := range r.problems.All() {
		r.problem(&prb, p)
	}
	for e := range r.effects.All() {
		r.effect(&eff, e)
	}
	out := map[string]string{
		schemas.Incidents.Plural: inc.String(), schemas.Decisions.Plural: dec.String(),
		schemas.Timeline.Plural: tl.String(), schemas.Problems.Plural: prb.String(),
		schemas.Effects.Plural: eff.String(),
	}
	for section, k := range r.others { // one line of JSON each
		var b strings.Builder
		k.Each(func(e schemas.Emission) { b.WriteString(r.short(string(e.Append(nil))) + "\n") })
		out[section] = b.String()
	}
	return out
}

func (r *run) incident(b *strings.Builder, i *schemas.Incident) {
	fmt.Fprintf(b, "%s %s %s %q started %s", r.short(i.ID), i.Status, orDash(string(i.Severity)), r.short(i.Title), clockText(i.StartedAt))
	if i.ResolvedAt != 0 {
		fmt.Fprintf(b, " resolved %s", clockText(i.ResolvedAt))
	}
	fmt.Fprintf(b, "\n   signals %d, repeats %d, alerts %d, active %d", i.SignalCount, i.RepeatCount, i.AlertCount, i.ActiveAlerts)
	if i.ReopenCount > 0 {
		fmt.Fprintf(b, ", reopens %d", i.ReopenCount)
	}
	if i.FlapCount > 0 {
		fmt.Fprintf(b, ", flaps %d", i.FlapCount)
	}
	b.WriteString("\n")
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "   %s %s\n", name, r.short(text))
		}
	}
	line("services", strings.Join(i.Services, ", "))
	line("teams", strings.Join(i.Teams, ", "))
	line("parent", i.ParentID)
	line("children", strings.Join(i.Children, ", "))
	if w := i.Tree; w != nil {
		line("tree", fmt.Sprintf("%d incidents, %d open, signals %d, repeats %d, alerts %d, active %d, services %d", w.Incidents, w.Open, w.SignalCount, w.RepeatCount, w.Alerts, w.ActiveAlerts, w.Services))
	}
	for _, root := range i.Roots {
		line("root", fmt.Sprintf("%s %d: %s", root.Service, root.Score, root.Reason))
	}
	line("assignee", i.Assignee)
	for _, t := range i.Tickets {
		line("ticket", t.Key+" "+t.State+": "+t.Title)
	}
	for _, c := range i.Candidates {
		line("likely cause", changeLine(&c))
	}
	for _, c := range i.Also {
		line("also changed", changeLine(&c))
	}
	for _, n := range i.Notices {
		text := strings.TrimSpace(n.Text + " " + n.Contact)
		if n.Answer != "" {
			text += ": " + n.Answer + " by " + n.By
		}
		line("notice", text)
	}
	for _, l := range i.Links {
		line("link", l.Relation+" "+l.IncidentID+": "+l.Reason)
	}
	if p := i.Procedure; p != nil {
		text := p.Name + " owner=" + orDash(p.Owner) + " runbook=" + orDash(p.Runbook)
		if p.AlertRunbook != "" && p.AlertRunbook != p.Runbook {
			text += " alert-runbook=" + p.AlertRunbook
		}
		line("procedure", text)
	}
	line("problem", i.ProblemID)
	if i.Impact.Measured || i.Impact.LostRevenue.High > 0 {
		line("impact", fmt.Sprintf("revenue %.0f/%.0f/%.0f %s: %s", i.Impact.LostRevenue.Low, i.Impact.LostRevenue.Likely,
			i.Impact.LostRevenue.High, i.Impact.Currency, i.Impact.Formula))
	}
	line("limited", i.Limited)
}

func (r *run) decision(b *strings.Builder, n int, d *schemas.Decision) {
	fmt.Fprintf(b, "@%d %s %s", n, d.Verdict, orDash(r.short(d.IncidentID)))
	if d.Repeats > 0 {
		fmt.Fprintf(b, " +%d", d.Repeats)
	}
	fmt.Fprintf(b, ": %s\n", r.short(d.Reason))
}

func (r *run) problem(b *strings.Builder, p *schemas.Problem) {
	fmt.Fprintf(b, "%s %s %q owner %s, incidents %s\n", r.short(p.ID), p.Status, p.Title, orDash(p.Owner), r.short(strings.Join(p.IncidentIDs, " ")))
	for _, e := range p.Evidence {
		fmt.Fprintf(b, "   %s %d: %s\n", e.Kind, e.Points, r.short(e.Detail))
	}
}

// effect is what is said, to whom, and what is asked.
func (r *run) effect(b *strings.Builder, e *schemas.Effect) {
	to := e.To.Targets
	if e.To.Company {
		to = append([]string{"everybody"}, to...)
	}
	if e.To.Team != "" {
		to = append([]string{"team " + e.To.Team}, to...)
	}
	fmt.Fprintf(b, "%s %s %s %s %s (to %s): %s\n", clockText(e.At), r.short(e.IncidentID), e.Kind, e.Head.Status, orDash(string(e.Severity)),
		orDash(strings.Join(to, ", ")), r.short(e.Reason))
	for _, p := range e.To.People {
		text := "calls " + p.Name
		if len(p.Targets) > 0 {
			text += " by " + strings.Join(p.Targets, ", ")
		}
		if p.Rota != "" {
			text += ": " + p.Rota
		}
		if e.AnswerBy != 0 {
			text += ", to answer by " + clockText(e.AnswerBy)
		}
		b.WriteString("   " + text + "\n")
	}
	if e.Ask != "" {
		b.WriteString("   asks: " + r.short(e.Ask) + "\n")
	}
	if e.By+e.Via != "" {
		fmt.Fprintf(b, "   by %s via %s\n", orDash(e.By), orDash(e.Via))
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func clockText(t schemas.Time) string {
	if t == 0 {
		return "-"
	}
	s := t.String()
	text := strings.TrimSuffix(strings.TrimSuffix(s[11:], "Z"), ".000")
	if day := s[:10]; day != baseDay.Format("2006-01-02") {
		return day + " " + text
	}
	return text
}

var (
	incidentID = regexp.MustCompile(`INC-[0-9A-Z]{12}`)
	problemID  = regexp.MustCompile(`PRB-[0-9A-Z]{12}`)
	instant    = regexp.MustCompile(`2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ`)
)

// short replaces ids by their numbers and instants by times of the day.
func (r *run) short(s string) string {
	s = incidentID.ReplaceAllStringFunc(s, func(id string) string {
		if n, ok := r.incidentIDs.of[id]; ok {
			return fmt.Sprintf("#%d", n)
		}
		return id
	})
	s = problemID.ReplaceAllStringFunc(s, func(id string) string {
		if n, ok := r.problemIDs.of[id]; ok {
			return fmt.Sprintf("P%d", n)
		}
		return id
	})
	return instant.ReplaceAllStringFunc(s, func(t string) string {
		if at, err := schemas.ParseTime(t); err == nil {
			return clockText(at)
		}
		return t
	})
}

func changeLine(c *schemas.Candidate) string {
	return fmt.Sprintf("%s %s %s %.0f %%: %s", c.Kind, c.Title, c.Status, 100*c.Probability, c.Reason)
}
