package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

// Letter is the head of a report as a mail: what is read without opening anything.
type Letter struct{ Subject, Text, HTML string }

//go:embed letter.html
var letterText string

// Its styles stand with the elements, and tables make its columns: mail programs
// drop the rest.
var letterPage = template.Must(template.New("letter").Parse(letterText))

// Letter returns the sentences and figures, with a link to the report on the board;
// board is its address, "" for none.
func (r *Report) Letter(board string) (*Letter, error) {
	type figure struct{ Name, Text, Remarks string }
	in := struct {
		Subject, Link, Read string
		Sentences           []string
		Figures             []figure
	}{Subject: "Incident report, " + r.Name, Sentences: r.Sentences,
		Read: fmt.Sprintf("From %s to %s UTC, read on %s UTC.", moment(r.From), moment(r.To), moment(r.Snapshot))}
	if board != "" {
		in.Link = strings.TrimRight(board, "/") + "/reports/" + r.From.Format("2006-01")
	}
	for _, f := range r.Figures {
		var remarks []string
		for _, s := range []string{f.Between, f.Note} {
			if s != "" {
				remarks = append(remarks, capital(s)+".")
			}
		}
		in.Figures = append(in.Figures, figure{f.Name, f.Text, strings.Join(remarks, " ")})
	}
	var text, page strings.Builder
	fmt.Fprintf(&text, "%s\n\n", in.Subject)
	for _, s := range in.Sentences {
		fmt.Fprintf(&text, "%s\n\n", s)
	}
	for _, f := range in.Figures {
		fmt.Fprintf(&text, "%s: %s\n  %s\n", f.Name, f.Text, f.Remarks)
	}
	fmt.Fprintf(&text, "\nThe whole report, with charts, lists, formulas and SQL, is attached.\n")
	if in.Link != "" {
		fmt.Fprintf(&text, "On the board as it is now: %s\n", in.Link)
	}
	fmt.Fprintf(&text, "\n%s\n", in.Read)
	err := letterPage.Execute(&page, in)
	return &Letter{Subject: in.Subject, Text: text.String(), HTML: page.String()}, err
}
