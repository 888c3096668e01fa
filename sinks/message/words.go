package message

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"pinkstar/schemas"
)

// words is an effect as people read it.
type words struct {
	Headline string // what it is and how bad, on one line
	Changed  string // what changed, and why it is said
	Fields   []field
	Steps    []step // of the procedure
	URL      string // the incident on the board; "" without one
}

type field struct{ Name, Value, URL string }

type step struct {
	Text, URL, DoneBy string
	Done              bool
}

// wordsOf says an effect. board is the address of Pinkstar's pages, "" for none.
func wordsOf(e *schemas.Effect, board string) words {
	h := &e.Head
	w := words{Headline: headline(e), Changed: e.Reason}
	if e.Ask != "" {
		w.Changed += " " + e.Ask
	}
	if board != "" {
		w.URL = strings.TrimRight(board, "/") + "/incidents/" + url.PathEscape(e.IncidentID)
	}
	add := func(name, value string) {
		if value != "" {
			w.Fields = append(w.Fields, field{Name: name, Value: value})
		}
	}
	severity := string(h.Severity)
	if h.SeverityBy != "" {
		severity += ", set by " + h.SeverityBy
	}
	add("Severity", severity)
	add("Owner", owner(h))
	if len(h.Roots) > 0 {
		add("Suspected root", h.Roots[0].Service+": "+h.Roots[0].Reason)
	}
	add("Affected", listed(h.Services, h.ServiceCount, "service"))
	add("Alerts", alerts(h))
	add("Since", clock(h.StartedAt))
	if c := h.Candidate; c != nil {
		add("Likely cause", c.Title+" on "+c.Service+chance(c)+": "+c.Reason)
	}
	add("Also changed", alsoChanged(h.Also))
	for i := range h.Asked {
		a := &h.Asked[i]
		answer := "no answer yet"
		if a.Answer != "" {
			answer = strings.ReplaceAll(a.Answer, "_", " ") + " by " + a.By
		}
		add("Asked "+a.Team, a.Title+": "+answer)
	}
	add("So far", cost(&h.Impact))
	if h.NextAt != 0 && h.AcknowledgedAt == 0 {
		add("Next", "without an acknowledgement it escalates at "+clock(h.NextAt))
	}
	for i := range h.Tickets {
		t := &h.Tickets[i]
		w.Fields = append(w.Fields, field{"Ticket", t.Key + " " + t.Title + " (" + t.State + ")", schemas.HTTPURL(t.URL)})
	}
	w.procedure(h.Procedure)
	add("Problem", h.ProblemID)
	add("Limit", h.Limited)
	return w
}

// chance is a cause's probability in words, "" where none was worked out.
func chance(c *schemas.Candidate) string {
	if c.Probability == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.0f %%)", 100*c.Probability)
}

// alsoChanged lists what was changed nearby and is not the likely cause.
func alsoChanged(list []schemas.Candidate) string {
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = list[i].Title + " on " + list[i].Service + chance(&list[i])
	}
	return strings.Join(texts, "; ")
}

func (w *words) procedure(p *schemas.Procedure) {
	if p == nil {
		return
	}
	if p.Name != "" {
		text := p.Name
		if p.Owner != "" {
			text += ", " + p.Owner
		}
		w.Fields = append(w.Fields, field{Name: "Procedure", Value: text})
	}
	if u := schemas.HTTPURL(p.Runbook); u != "" {
		w.Fields = append(w.Fields, field{Name: "Runbook", Value: u, URL: u})
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		w.Steps = append(w.Steps, step{Text: s.Text, URL: schemas.HTTPURL(s.URL), DoneBy: s.DoneBy, Done: s.DoneAt != 0})
	}
}

// headline says how bad and what, in words that stand by themselves in a
// notification.
func headline(e *schemas.Effect) string {
	h := &e.Head
	lead := strings.ToUpper(string(h.Severity))
	switch h.Status {
	case schemas.IncidentResolved, schemas.IncidentMitigated:
		lead = strings.ToUpper(string(h.Status))
	}
	return lead + ": " + h.Title
}

func owner(h *schemas.EffectHead) string {
	if h.Assignee != "" {
		return h.Assignee
	}
	if h.AcknowledgedAt == 0 && h.Status == schemas.IncidentOpen {
		return "nobody yet"
	}
	return ""
}

func listed(names []string, all int64, what string) string {
	if len(names) == 0 {
		return ""
	}
	const shown = 8
	text := strings.Join(names[:min(len(names), shown)], ", ")
	if more := all - int64(min(len(names), shown)); more > 0 {
		text += fmt.Sprintf(" and %s", count(more, "more "+what))
	}
	return text
}

func alerts(h *schemas.EffectHead) string {
	if h.Alerts == 0 {
		return ""
	}
	text := fmt.Sprintf("%s of %s, %d firing now", count(h.Alerts, "alert"), count(h.TypeCount, "kind"), h.ActiveAlerts)
	if h.Incidents > 1 {
		text += fmt.Sprintf(", in %d related incidents", h.Incidents)
	}
	return text
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func clock(t schemas.Time) string {
	if t == 0 {
		return ""
	}
	return t.Std().Format("2006-01-02 15:04 UTC")
}

func cost(r *schemas.ImpactRange) string {
	low, likely, high := r.LostRevenue.Low+r.Cost.Low, r.LostRevenue.Likely+r.Cost.Likely, r.LostRevenue.High+r.Cost.High
	if high <= 0 {
		return ""
	}
	return fmt.Sprintf("about %s (%.0f to %.0f), %.0f min of disruption", strings.TrimSpace(fmt.Sprintf("%.0f %s", likely, r.Currency)), low, high, r.Minutes)
}

// clip cuts s to at most n bytes, at a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n -= len("…"); n > 0 && !utf8.RuneStart(s[n]); n-- {
	}
	return s[:max(n, 0)] + "…"
}

// Render words an effect as mail does, as text or html.
func Render(e *schemas.Effect, board, format string) (string, error) {
	w := wordsOf(e, board)
	if format != "html" {
		return w.text(), nil
	}
	var page strings.Builder
	err := mailPage.Execute(&page, &w)
	return page.String(), err
}

// text is an effect as plain text.
func (w *words) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", w.Headline, w.Changed)
	for _, f := range w.Fields {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
		if f.URL != "" && f.URL != f.Value {
			fmt.Fprintf(&b, "  %s\n", f.URL)
		}
	}
	for i, s := range w.Steps {
		done := ""
		if s.Done {
			done = " (done by " + s.DoneBy + ")"
		}
		fmt.Fprintf(&b, "%d. %s%s\n", i+1, s.Text, done)
		if s.URL != "" {
			fmt.Fprintf(&b, "   %s\n", s.URL)
		}
	}
	if w.URL != "" {
		fmt.Fprintf(&b, "\n%s\n", w.URL)
	}
	return b.String()
}
