package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// fewSimilar is how many incidents of before are listed.
const fewSimilar = 15

// FewSimilar are the newest of the similar ones.
func (st *Story) FewSimilar() []Similar { return st.Similar[:min(len(st.Similar), fewSimilar)] }

// Services, Teams and Tickets are those of the incident and of what is below it.
func (st *Story) Services() []string { return st.all(func(i *Subject) []string { return i.Services }) }

// Teams are the owners of the services.
func (st *Story) Teams() []string { return st.all(func(i *Subject) []string { return i.Teams }) }

// Tickets are the keys of the linked tickets.
func (st *Story) Tickets() []string { return st.all(func(i *Subject) []string { return i.Tickets }) }

func (st *Story) all(of func(*Subject) []string) []string {
	out := slices.Clone(of(&st.Incident))
	for k := range st.Below {
		out = append(out, of(&st.Below[k])...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// costOf is what an incident cost, in a sentence.
func costOf(i Subject) string {
	total := Range{i.Lost.Low + i.Work.Low, i.Lost.Likely + i.Work.Likely, i.Lost.High + i.Work.High}
	if total.High == 0 {
		return "No cost is known."
	}
	return fmt.Sprintf("It cost about %s (%s to %s), lost revenue and work together.", money(total.Likely, i.Currency), money(total.Low, ""), money(total.High, ""))
}

func spanOr(seconds float64) string {
	if seconds < 0 {
		return "-"
	}
	return span(seconds)
}

func joined(list []string) string {
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}

// writeMarkdown writes the story as people keep post-mortems: to be gone on with.
func (st *Story) writeMarkdown(w io.Writer) error {
	var d document
	i := &st.Incident
	d.say("# Post-mortem: %s\n", mark(i.Title))
	d.say("%s, %s, %s. %d below it, %d signals on %d services%s. %s\n", mark(i.ID), mark(i.Severity), mark(i.Status), len(st.Below), st.AllOf, len(st.Services()),
		ifSet(i.Root, "; suspected root %s"), mark(costOf(*i)))
	d.say("%s.", capital(st.Rarity()))
	d.table("", "")
	for _, row := range [][2]string{{"Began", momentOf(i.Began) + " UTC"}, {"Detected", momentOf(i.Detected)}, {"Acknowledged", momentOf(i.Acknowledged) + ifSet(i.Assignee, " by %s")},
		{"Mitigated", momentOf(i.Mitigated)}, {"Resolved", momentOf(i.Resolved)}, {"Services", mark(joined(st.Services()))}, {"Teams", mark(joined(st.Teams()))},
		{"Tickets", mark(joined(st.Tickets()))}, {"Procedure", ifSet(i.Procedure, "%s") + ifSet(i.Owner, "; owner %s") + ifSet(i.OnCall, "; on call %s") + ifSet(i.Emergency, "; everybody meets in %s") + ifSet(i.Runbook, "; %s")}} {
		d.row(row[0], row[1])
	}
	d.say("\n## Impact\n")
	d.table("", "Low", "Likely", "High")
	for _, row := range []struct {
		name string
		r    Range
	}{{"Lost revenue", i.Lost}, {"Came back later", i.Caught}, {"Work", i.Work}} {
		if row.r == i.Caught && i.Caught == (Range{}) {
			continue
		}
		d.row(row.name, mark(money(row.r.Low, i.Currency)), mark(money(row.r.Likely, i.Currency)), mark(money(row.r.High, i.Currency)))
	}
	d.say("\n%s of disruption. %s %s", span(60*i.Minutes), mark(i.HowFound()), mark(i.Formula))
	st.markJudgement(&d)
	st.markReasons(&d)
	d.say("\n## Timeline")
	d.table("UTC", "What", "Text", "By")
	for _, e := range st.Events {
		d.row(clock(e.At), mark(e.Kind), mark(e.Text), mark(e.By))
	}
	if st.LeftOut > 0 {
		d.say("\n%d entries are left out, alerts first; v_incident_timeline has all.", st.LeftOut)
	}
	d.say("\n## SQL\n\nRead on %s UTC. Question marks stand for ids and times of this incident, in their order.", moment(st.Snapshot))
	for _, q := range st.Queries {
		d.say("\n### %s (%s)\n\n```sql\n%s\n```", q.Title, q.ID, q.SQL)
	}
	_, err := io.WriteString(w, d.String())
	return err
}

// ifSet writes a text from outside with a format, nothing for none.
func ifSet(s, format string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(format, mark(s))
}

func (st *Story) markJudgement(d *document) {
	d.say("\n## How fast")
	d.table("Time", "Here", "Against the year before")
	for _, t := range st.Times() {
		here := "-"
		if t.Known {
			here = span(t.Seconds)
		}
		d.row(t.Name, here, t.Verdict())
	}
	for _, part := range []struct {
		title string
		list  []string
	}{{"What went well, by the figures", st.Well}, {"What went badly, by the figures", st.Badly}} {
		d.say("\n## %s\n", part.title)
		for _, s := range part.list {
			d.say("- %s", mark(s))
		}
		if len(part.list) == 0 {
			d.say("- Nothing that figures show.")
		}
	}
	d.say("\n## Actions")
	d.table("Action", "Why", "Owner", "Due", "State")
	for _, a := range st.Todos {
		overdue := ""
		if a.Overdue {
			overdue = ", overdue"
		}
		d.row(mark(a.What)+" ("+mark(a.ID)+")", "", mark(a.Owner), momentOf(a.Due), mark(a.Status)+overdue)
	}
	for _, a := range st.Actions {
		state := "proposed"
		if a.What == "" {
			state = ""
		}
		d.row(mark(a.What), mark(a.Why), mark(a.Owner), "", state)
	}
}

func markCauses(d *document, causes []Cause) {
	d.table("What", "Probability", "Service", "Team", "Status", "Began", "Before it", "Why")
	for _, c := range causes {
		d.row(mark(c.Kind+": "+c.Title), c.Chance(), mark(c.Service), mark(c.Team), mark(c.Status), momentOf(c.Began), lag(c.LagSeconds), mark(c.Reason))
	}
}

func (st *Story) markReasons(d *document) {
	d.say("\n## Likely cause\n\nAbove even odds, by figures: not confirmed.")
	markCauses(d, st.Likely())
	d.say("\n## Also changed\n\nBelow even odds.")
	markCauses(d, st.Also())
	d.say("\n## Why it is one incident")
	d.table("Below it", "Title", "Services", "Began", "Why")
	for k := range st.Below {
		x := &st.Below[k]
		d.row(mark(x.ID), mark(x.Title), mark(joined(x.Services)), momentOf(x.Began), mark(x.Linked))
	}
	d.table("Signal", "Kind", "Service", "At", "Why it is there")
	for _, m := range st.Members {
		d.row(mark(m.Name), mark(m.Kind), mark(m.Service), moment(m.At), mark(m.Reason))
	}
	d.say("\nThe first %d of %d.", len(st.Members), st.AllOf)
	d.say("\n## Similar incidents of before")
	d.table("Incident", "Title", "Began", "To acknowledge", "To resolve", "By", "What resolved it")
	for _, s := range st.FewSimilar() {
		d.row(mark(s.ID), mark(s.Title), moment(s.Began), spanOr(s.AckSeconds), spanOr(s.ResolveSeconds), mark(s.Assignee), mark(s.Ended()))
	}
}
