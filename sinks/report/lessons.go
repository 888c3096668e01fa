package report

import (
	"fmt"
	"time"
)

// between is the time from a to b in seconds; ok is false when one is not known.
func between(a, b *time.Time) (seconds float64, ok bool) {
	if a == nil || b == nil {
		return 0, false
	}
	return b.Sub(*a).Seconds(), true
}

// Times are those of the incident, to be compared with the year before.
func (st *Story) Times() []Took {
	i := &st.Incident
	var out []Took
	for _, t := range []struct {
		name string
		a, b *time.Time
		past *Duration
	}{{"to detect", i.Began, i.Detected, &st.Past.Detect}, {"to acknowledge", i.Detected, i.Acknowledged, &st.Past.Acknowledge},
		{"to mitigate", i.Began, i.Mitigated, nil}, {"to resolve", i.Began, i.Resolved, &st.Past.Resolve}} {
		took := Took{Name: t.name, Past: t.past}
		took.Seconds, took.Known = between(t.a, t.b)
		out = append(out, took)
	}
	return out
}

// Took is one of the incident's times.
type Took struct {
	Name    string
	Seconds float64
	Known   bool
	Past    *Duration // of the year before; nil: not compared
}

// minPast is from how many incidents of before on a time is called fast or slow.
const minPast = 8

// Verdict says how a time compares with the year before.
func (t Took) Verdict() string {
	switch {
	case t.Past == nil:
		return ""
	case !t.Known:
		return fmt.Sprintf("not known; of the year before: %d have it", t.Past.N)
	case t.Past.N < minPast:
		return fmt.Sprintf("too few before to compare with (%d)", t.Past.N)
	case t.Seconds > t.Past.P90:
		return fmt.Sprintf("slower than nine of ten of the year before (%s; n = %d)", span(t.Past.P90), t.Past.N)
	case t.Seconds > t.Past.Median:
		return fmt.Sprintf("slower than the median of the year before (%s; n = %d)", span(t.Past.Median), t.Past.N)
	default:
		return fmt.Sprintf("within the median of the year before (%s; n = %d)", span(t.Past.Median), t.Past.N)
	}
}

// judge says what went well and badly by the figures, and proposes actions.
func (st *Story) judge() {
	st.judgeTimes()
	st.judgeProcedure()
	st.judgeCauses()
	st.judgePast()
	if len(st.Actions) == 0 {
		st.Actions = append(st.Actions, Action{What: "", Why: "the figures propose none: add what the people who were there propose"})
	}
}

func (st *Story) well(format string, args ...any) {
	st.Well = append(st.Well, fmt.Sprintf(format, args...))
}
func (st *Story) badly(format string, args ...any) {
	st.Badly = append(st.Badly, fmt.Sprintf(format, args...))
}

func (st *Story) propose(what, why, owner string) {
	st.Actions = append(st.Actions, Action{What: what, Why: why, Owner: owner})
}

func (st *Story) judgeTimes() {
	for _, t := range st.Times() {
		switch {
		case t.Past == nil || !t.Known || t.Past.N < minPast:
		case t.Seconds > t.Past.Median:
			st.badly("It took %s %s: %s.", span(t.Seconds), t.Name, t.Verdict())
		default:
			st.well("It took %s %s: %s.", span(t.Seconds), t.Name, t.Verdict())
		}
	}
	i := &st.Incident
	switch {
	case i.Imported:
		st.badly("It is imported history: nobody saw it here when it happened.")
	case i.Acknowledged == nil:
		st.badly("Nobody acknowledged it.")
		st.propose("Say who acknowledges, and who is called when nobody does", "nobody acknowledged it", i.Owner)
	default:
		if s, ok := between(i.Detected, i.Acknowledged); ok && st.Past.Acknowledge.N < minPast {
			st.well("It was acknowledged %s after it was detected%s.", span(s), by(i.Assignee))
		}
	}
	if i.Reopens > 0 {
		st.badly("It was resolved too early %s: it reopened.", plural(int(i.Reopens), "time", "times"))
		st.propose("Look at when it counts as resolved", "it reopened", i.Owner)
	}
	if i.Flaps > 5 {
		st.badly("Its alerts flapped %d times.", i.Flaps)
		st.propose("Smooth the alerts that flap", fmt.Sprintf("%d changes between firing and resolved", i.Flaps), i.Owner)
	}
	if st.AllOf > 1 {
		st.well("%s (%s further deliveries) were told as one incident.", plural(int(st.AllOf), "signal", "signals"), number(float64(st.repeats())))
	}
}

func (st *Story) repeats() int64 {
	n := st.Incident.Repeats
	for i := range st.Below {
		n += st.Below[i].Repeats
	}
	return n
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return ", by " + who
}

func (st *Story) judgeProcedure() {
	i := &st.Incident
	none := func(x *Subject) bool {
		return x.Procedure == "" || len(x.Procedure) > 11 && x.Procedure[:11] == "runbook of "
	}
	if none(i) {
		st.badly("There is no procedure for %s on %s.", orDash(i.OpenedBy), orDash(i.OpenedByService))
		st.propose(fmt.Sprintf("Write a procedure for %s on %s", orDash(i.OpenedBy), orDash(i.OpenedByService)), "none said who does what", i.Owner)
	} else {
		st.well("There was a procedure (%s): owner %s, on call %s.", i.Procedure, orDash(i.Owner), orDash(i.OnCall))
	}
	said := map[string]bool{}
	for k := range st.Below {
		x := &st.Below[k]
		if name := x.OpenedBy + " on " + x.OpenedByService; none(x) && x.OpenedBy != "" && !said[name] {
			said[name] = true
			st.propose("Write a procedure for "+name, "it opened "+x.ID+" and none said who does what", x.Owner)
		}
	}
}

func orDash(s string) string {
	if s == "" {
		return "nobody"
	}
	return s
}

func (st *Story) judgeCauses() {
	said := map[string]bool{}
	for _, c := range st.Causes {
		if c.LateSeconds < 60 || said[c.Title] {
			continue
		}
		said[c.Title] = true
		st.badly("The %s “%s” on %s was announced only %s after it had begun.", c.Kind, c.Title, orDash(c.Service), span(float64(c.LateSeconds)))
		st.propose("Announce work on "+orDash(c.Service)+" before it begins", "“"+c.Title+"” was not announced", c.Team)
	}
	if likely := st.Likely(); len(likely) > 0 {
		c := likely[0]
		st.propose("Confirm or rule out “"+c.Title+"” as the cause", "the likely cause: "+c.Reason, c.Team)
	}
	for _, e := range st.Events {
		if e.Kind == "notice" {
			st.well("Whoever works on what may be the cause was named at %s.", moment(e.At))
			break
		}
	}
}

func (st *Story) judgePast() {
	if n := st.Ever; n > 0 {
		st.badly("It is not the first: %s like it before, %d of them in the 30 days before.", plural(int(n), "incident", "incidents"), st.Recent)
	}
	p := st.Problem
	switch {
	case p == nil && st.Ever > 1:
		st.propose("Declare a problem", "it comes again, and no problem says so", st.Incident.Owner)
	case p != nil && p.Status != "solved":
		st.badly("It is an occurrence of the problem “%s” (%s, %d incidents): %s.", p.Title, p.ID, p.InAll, p.Doing())
		st.propose("Fix the root cause of “"+p.Title+"”", fmt.Sprintf("%d incidents so far, %s", p.InAll, money(p.Cost, p.Currency)), p.Owner)
	}
}

// Rarity says how often it came, in a word and its figures.
func (st *Story) Rarity() string {
	switch n := st.Ever; {
	case n == 0:
		return "new: none like it before"
	case st.Recent >= 3:
		return fmt.Sprintf("frequent: %d like it in the 30 days before, %d in all", st.Recent, n)
	default:
		return fmt.Sprintf("rare: %d like it in the 30 days before, %d in all", st.Recent, n)
	}
}
