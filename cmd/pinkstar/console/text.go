package console

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"pinkstar/schemas"
)

// OneLine is s on one line without control characters, cut to at most most
// characters where most is over 0.
func OneLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); most > 0 && len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// table writes aligned columns.
type table struct {
	tw   *tabwriter.Writer
	rows int
}

func newTable(w io.Writer, columns ...string) *table {
	t := &table{tw: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(t.tw, strings.Join(columns, "\t"))
	return t
}

// row adds one; its cells are cut, but the last.
func (t *table) row(cells ...string) {
	for i, c := range cells {
		most := 40
		if i == len(cells)-1 {
			most = 120
		}
		if cells[i] = OneLine(c, most); cells[i] == "" {
			cells[i] = "-"
		}
	}
	t.rows++
	fmt.Fprintln(t.tw, strings.Join(cells, "\t"))
}

// end prints it, or says that there is nothing.
func (t *table) end(w io.Writer, none string) error {
	if t.rows == 0 {
		_, err := fmt.Fprintln(w, none)
		return err
	}
	return t.tw.Flush()
}

// age is how long ago something was, or how far ahead it lies.
func age(t schemas.Time, now time.Time) string {
	if t == 0 {
		return "-"
	}
	d := now.Sub(t.Std())
	if d < 0 {
		return "in " + span(-d)
	}
	return span(d)
}

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d/time.Hour), int(d/time.Minute)%60)
	default:
		return fmt.Sprintf("%dd", int(d/(24*time.Hour)))
	}
}

// moment is a time in the terminal's zone, which is named.
func moment(t schemas.Time) string {
	if t == 0 {
		return "-"
	}
	return t.Std().In(time.Local).Format("2006-01-02 15:04 MST") //nolint:gosmopolitan // it is shown to somebody who sits there
}

func joined(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func orNobody(s string) string {
	if s == "" {
		return "nobody"
	}
	return s
}
