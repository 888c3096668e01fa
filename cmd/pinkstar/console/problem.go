package console

import (
	"fmt"
	"io"
	"time"

	"pinkstar/schemas"
)

// Problems is a page of problems.
type Problems struct {
	Problems []*schemas.Problem `json:"problems"`
	Next     string             `json:"next,omitempty"`
}

// WriteProblems prints a list, a line for each.
func WriteProblems(w io.Writer, p *Problems, now time.Time) error {
	t := newTable(w, "ID", "STATUS", "TIMES", "LAST", "OWNER", "COST", "TITLE")
	for _, x := range p.Problems {
		t.row(x.ID, string(x.Status), fmt.Sprint(x.Count), age(x.LastSeenAt, now), x.Owner, cost(&x.Cost), x.Title)
	}
	if err := t.end(w, "No problems."); err != nil {
		return err
	}
	if p.Next != "" {
		fmt.Fprintf(w, "There are more: --limit shows more, --cursor %s goes on.\n", p.Next)
	}
	return nil
}

// WriteProblem prints one with its evidence.
func WriteProblem(w io.Writer, p *schemas.Problem, now time.Time) error {
	fmt.Fprintf(w, "%s  %s\n", p.ID, OneLine(p.Title, 0))
	f := fields{w}
	f.add("status", string(p.Status))
	f.add("owner", orNobody(p.Owner))
	f.add("what recurs", p.Signature)
	f.add("service", p.Service)
	f.add("scope", p.Scope)
	f.add("times", fmt.Sprint(p.Count))
	f.add("first seen", moment(p.FirstSeenAt))
	f.add("last seen", moment(p.LastSeenAt)+" ("+age(p.LastSeenAt, now)+" ago)")
	f.at("solved", p.SolvedAt)
	f.add("solved by", p.SolvedBy)
	f.at("returned", p.ReturnedAt)
	f.add("declared by", p.DeclaredBy)
	f.add("cost", cost(&p.Cost))
	title(w, "Evidence", len(p.Evidence))
	for _, e := range p.Evidence {
		fmt.Fprintf(w, "  %s\n", OneLine(e.Detail, 0))
	}
	title(w, "Incidents, the newest last", len(p.IncidentIDs))
	for _, id := range p.IncidentIDs[max(0, len(p.IncidentIDs)-20):] {
		fmt.Fprintf(w, "  %s\n", id)
	}
	return nil
}
