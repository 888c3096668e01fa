package console

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas"
)

// Page is a page of incidents.
type Page struct {
	Incidents []*schemas.Incident `json:"incidents"`
	Next      string              `json:"next,omitempty"`
	History   Past                `json:"history"`
}

// Past says what part the past has in an answer.
type Past struct {
	Asked    bool   `json:"asked"`
	Answered bool   `json:"answered"`
	Reason   string `json:"reason,omitempty"`
}

// Detail is one incident with all that is known of it.
type Detail struct {
	Incident *schemas.Incident       `json:"incident"`
	Children []*schemas.Incident     `json:"children"`
	Members  []Member                `json:"members"`
	Timeline []schemas.TimelineEntry `json:"timeline"`
	Problem  *schemas.Problem        `json:"problem,omitempty"`
	Messages []schemas.Delivery      `json:"messages"`
	Complete struct {
		Members  bool `json:"members"`
		Timeline bool `json:"timeline"`
	} `json:"complete"`
	History Past `json:"history"`
}

// Member is a signal in an incident.
type Member struct {
	schemas.MemberRef
	Score     int64 `json:"score,omitempty"`
	Threshold int64 `json:"threshold,omitempty"`
}

// WriteIncidents prints a list, a line for each.
func WriteIncidents(w io.Writer, p *Page, now time.Time) error {
	t := newTable(w, "ID", "SEVERITY", "STATUS", "AGE", "ALERTS", "FIRING", "OWNER", "SERVICES", "TITLE")
	for _, i := range p.Incidents {
		alerts, firing := i.AlertCount, i.ActiveAlerts
		if i.Tree != nil {
			alerts, firing = i.Tree.Alerts, i.Tree.ActiveAlerts
		}
		t.row(i.ID, severity(i), string(i.Status), age(i.DetectedAt, now), fmt.Sprint(alerts), fmt.Sprint(firing), i.Assignee, joined(i.Services, 2), i.Title)
	}
	if err := t.end(w, "No incidents."); err != nil {
		return err
	}
	if p.Next != "" {
		fmt.Fprintf(w, "There are more: --limit shows more, --cursor %s goes on.\n", p.Next)
	}
	return p.History.write(w)
}

func (p Past) write(w io.Writer) error {
	if !p.Asked || p.Answered {
		return nil
	}
	_, err := fmt.Fprintln(w, p.Reason)
	return err
}

// severity is marked where it is a person's word.
func severity(i *schemas.Incident) string {
	s := string(i.Severity)
	if s == "" {
		s = "unknown"
	}
	if i.SeverityBy != "" {
		s += "*"
	}
	return s
}

// WriteIncident prints one with all that is known of it.
func WriteIncident(w io.Writer, d *Detail, now time.Time) error {
	i := d.Incident
	fmt.Fprintf(w, "%s  %s\n", i.ID, OneLine(i.Title, 0))
	f := fields{w}
	f.add("status", string(i.Status)+", "+severity(i)+severityWord(i))
	f.add("owner", orNobody(i.Assignee))
	f.add("services", joined(i.Services, 12))
	f.add("teams", joined(i.Teams, 12))
	f.add("scope", i.Scope)
	f.add("part of", i.ParentID)
	f.add("began", moment(i.StartedAt)+" ("+age(i.StartedAt, now)+" ago)")
	f.at("acknowledged", i.AcknowledgedAt)
	f.at("mitigated", i.MitigatedAt)
	f.at("resolved", i.ResolvedAt)
	f.at("escalates", i.EscalatesAt)
	f.add("counts", counts(i))
	f.add("cost", cost(&i.Impact))
	f.add("limited", i.Limited)
	if d.Problem != nil {
		f.add("problem", d.Problem.ID+"  "+d.Problem.Title)
	}
	writeCauses(w, i)
	writeProcedure(w, i)
	writeLists(w, d)
	return d.History.write(w)
}

// fields are lines of a name and a value, none for what is not known.
type fields struct{ w io.Writer }

func (f fields) add(name, value string) {
	if value != "" {
		fmt.Fprintf(f.w, "  %-13s %s\n", name, OneLine(value, 0))
	}
}

func (f fields) at(name string, t schemas.Time) {
	if t != 0 {
		f.add(name, moment(t))
	}
}

func severityWord(i *schemas.Incident) string {
	if i.SeverityBy == "" {
		return ""
	}
	return " (the word of " + i.SeverityBy + ")"
}

func counts(i *schemas.Incident) string {
	if t := i.Tree; t != nil {
		return fmt.Sprintf("%d alerts, %d firing, in %d incidents of which %d are open; %d signals", t.Alerts, t.ActiveAlerts, t.Incidents, t.Open, t.SignalCount)
	}
	return fmt.Sprintf("%d alerts, %d firing; %d signals", i.AlertCount, i.ActiveAlerts, i.SignalCount)
}

func cost(r *schemas.ImpactRange) string {
	if r.LostRevenue.High+r.Cost.High == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f to %.0f %s, likely %.0f", r.LostRevenue.Low+r.Cost.Low, r.LostRevenue.High+r.Cost.High, r.Currency, r.LostRevenue.Likely+r.Cost.Likely)
}

func writeCauses(w io.Writer, i *schemas.Incident) {
	title(w, "Suspected roots", len(i.Roots))
	for _, r := range i.Roots {
		fmt.Fprintf(w, "  %3d %%  %s: %s\n", r.Score/10, OneLine(r.Service, 60), OneLine(r.Reason, 0))
	}
	title(w, "May explain it", len(i.Candidates))
	for _, c := range i.Candidates {
		fmt.Fprintf(w, "  %s (%s, %s) of %s: %s\n", OneLine(c.Title, 80), c.Kind, c.Status, orNobody(OneLine(c.Team, 40)), OneLine(c.Reason, 0))
	}
	title(w, "Asked", len(i.Notices))
	for _, n := range i.Notices {
		answer := "no answer so far; it is given by: pinkstar incident answer " + i.ID + " " + n.SignalID + " stopped|rolled_back|declined"
		if n.Answer != "" {
			answer = n.Answer + " by " + n.By + ", " + moment(n.AnswerAt)
		}
		fmt.Fprintf(w, "  %s, %s: %s\n      %s\n", OneLine(n.Team, 60), moment(n.At), OneLine(n.Text, 0), OneLine(answer, 0))
	}
}

func writeProcedure(w io.Writer, i *schemas.Incident) {
	p := i.Procedure
	if p == nil {
		return
	}
	fmt.Fprintf(w, "\nProcedure %s\n", OneLine(p.Name, 0))
	f := fields{w}
	f.add("owner", p.Owner)
	f.add("on call", p.OnCall)
	f.add("channel", p.Emergency)
	f.add("runbook", p.Runbook)
	for n, s := range p.Steps {
		done := " "
		if s.DoneBy != "" {
			done = "x"
		}
		fmt.Fprintf(w, "  [%s] %d. %s\n", done, n+1, OneLine(strings.TrimSpace(s.Text+" "+s.URL), 0))
	}
}

func writeLists(w io.Writer, d *Detail) {
	title(w, "Below it", len(d.Children))
	for _, c := range d.Children {
		fmt.Fprintf(w, "  %s  %-8s  %-12s  %s\n", c.ID, severity(c), c.Status, OneLine(c.Title, 100))
	}
	title(w, "Tickets", len(d.Incident.Tickets))
	for _, t := range d.Incident.Tickets {
		fmt.Fprintf(w, "  %s  %s  %s\n", OneLine(t.Key, 40), OneLine(t.State, 30), OneLine(t.Title, 100))
	}
	seen := slices.DeleteFunc(slices.Clone(d.Members), func(m Member) bool { return m.Kind == schemas.KindCommand }) // they are in the story
	title(w, "Signals", len(seen))
	for _, m := range seen {
		fmt.Fprintf(w, "  %s  %-8s  %s on %s: %s\n", m.SignalID, m.Status, OneLine(m.Name, 60), OneLine(m.Service, 40), OneLine(m.Reason, 160))
	}
	if !d.Complete.Members && len(seen) > 0 {
		fmt.Fprintln(w, "  … there are more")
	}
	title(w, "Messages", len(d.Messages))
	for _, m := range d.Messages {
		fmt.Fprintf(w, "  %-10s  %s  to %s %s %s\n", m.State, m.Kind, OneLine(m.Target, 40), OneLine(m.Person, 40), OneLine(m.Error, 160))
	}
	title(w, "Story", len(d.Timeline))
	for _, e := range d.Timeline {
		when, by := "", ""
		if e.At != 0 { // else the text begins with it
			when = moment(e.At) + "  "
		}
		if e.By != "" && !strings.Contains(e.Text, e.By) {
			by = " (" + OneLine(e.By, 40) + ")"
		}
		fmt.Fprintf(w, "  %s%s%s\n", when, OneLine(e.Text, 200), by)
	}
}

func title(w io.Writer, name string, n int) {
	if n > 0 {
		fmt.Fprintf(w, "\n%s\n", name)
	}
}
