// Package report writes what managers and teams read: the report of a month, and
// the post-mortem of an incident. It reads nothing but the views v_*, so a user
// who may only read those can run it.
//
// # Which file do I open
//
//   - month.go: the month, from its queries to the figures; queries.go: the SQL
//   - figures.go: the six figures and the three sentences
//   - postmortem.go: one incident and what is below it; lessons.go, storytext.go: what
//     it is compared with, and how it is told
//   - stats.go: intervals and tests, each with its source
//   - html.go, page.html, charts.go: pages; text.go: Markdown and CSV;
//     words.go: amounts and times in words
//   - letter.go, letter.html: the head of a report as a mail
//   - pdf.go, pdftext.go, pdftable.go, pdfchart.go: a page laid out on paper
//
// # Non-obvious
//
//   - Every figure names the query that it comes from, and the query is printed
//     as it ran: whoever doubts a figure runs it again. The tests work the same
//     figures out by other SQL.
//   - Whatever comes from outside (titles, names, reasons) goes through
//     html/template, through mark in Markdown and through cell in CSV. Nothing of
//     it is part of SQL text.
//   - Months are those of UTC. A month that is not over is compared by the day.
//   - Currencies are never added up.
//   - A PDF is laid out from the page of HTML by our own few rules, without a browser:
//     a new element in page.html has to be known in pdf.go. What the embedded faces
//     lack (they have Latin, Greek and Cyrillic) is a small square there.
//   - A page has no script and loads nothing: mail programs show it. Where they
//     drop charts, the table below each says the same.
package report
