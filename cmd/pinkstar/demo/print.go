package demo

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-isatty"

	"pinkstar/schemas"
)

// pageWidth is the width that text is folded to; tables may use a little more.
const pageWidth = 90

// page writes the demo's text. The first write error is kept and ends the demo:
// nobody reads on.
type page struct {
	w     io.Writer
	color bool
	err   error
}

// newPage writes colour only to a terminal, and not where NO_COLOR asks for
// none.
func newPage(w io.Writer) *page {
	f, ok := w.(*os.File)
	color := ok && isatty.IsTerminal(f.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return &page{w: w, color: color}
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (p *page) paint(code, s string) string {
	if !p.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *page) line(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s+"\n")
	}
}

func (p *page) blank() { p.line("") }

// title opens a part.
func (p *page) title(s string) {
	p.blank()
	p.line(p.paint(bold, s))
	p.line(p.paint(dim, strings.Repeat("─", min(utf8.RuneCountInString(s), pageWidth))))
}

// say writes a paragraph.
func (p *page) say(format string, args ...any) {
	for _, l := range fold(fmt.Sprintf(format, args...), pageWidth) {
		p.line(l)
	}
}

// happens writes what goes on in the world at t.
func (p *page) happens(t time.Time, format string, args ...any) {
	p.hanging(p.paint(cyan, t.UTC().Format("15:04")), 5, fmt.Sprintf(format, args...))
}

// knows writes what Pinkstar made of it: something that was just read back.
func (p *page) knows(format string, args ...any) {
	p.hanging("      "+p.paint(green, "▸"), 7, fmt.Sprintf(format, args...))
}

// fact writes a name and its value, aligned.
func (p *page) fact(name, format string, args ...any) {
	p.hanging(fmt.Sprintf("  %s%s", p.paint(dim, name), strings.Repeat(" ", max(0, 18-utf8.RuneCountInString(name)))), 20,
		fmt.Sprintf(format, args...))
}

// hanging writes text beside a mark that is width columns wide, folding it
// under itself.
func (p *page) hanging(mark string, width int, text string) {
	for i, l := range fold(text, pageWidth-width-2) {
		if i == 0 {
			p.line(mark + "  " + l)
			continue
		}
		p.line(strings.Repeat(" ", width+2) + l)
	}
}

// query writes a SQL statement and the rows it gave.
func (p *page) query(sql string, r rows) {
	for l := range strings.Lines(sql) {
		p.line("    " + p.paint(yellow, strings.TrimRight(l, "\n")))
	}
	p.table(r)
}

// tableWidth is what a table may take, its indent aside. Where it would take
// more its widest columns are cut, with an ellipsis.
const tableWidth = 94

func columnWidths(r rows) []int {
	widths := make([]int, len(r.Columns))
	total := 0
	for i, c := range r.Columns {
		widths[i] = utf8.RuneCountInString(c)
		for _, row := range r.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		total += widths[i] + 2
	}
	for ; total > tableWidth; total-- {
		widths[slices.Index(widths, slices.Max(widths))]--
	}
	return widths
}

func (p *page) table(r rows) {
	widths := columnWidths(r)
	write := func(cells []string, code string) {
		var b strings.Builder
		for i, c := range cells {
			c = cut(strings.Join(strings.Fields(c), " "), widths[i])
			b.WriteString(c)
			b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+2))
		}
		p.line("      " + p.paint(code, strings.TrimRight(b.String(), " ")))
	}
	write(r.Columns, dim)
	for _, row := range r.Rows {
		write(row, "0")
	}
}

// cut shortens s to n columns.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// fold breaks text at spaces. A word longer than the width stays whole: half an
// address is of no use.
func fold(text string, width int) []string {
	var out []string
	for para := range strings.SplitSeq(text, "\n") {
		line, n := "", 0
		for word := range strings.FieldsSeq(para) {
			w := utf8.RuneCountInString(word)
			if n > 0 && n+1+w > width {
				out = append(out, line)
				line, n = "", 0
			}
			if n > 0 {
				line += " "
				n++
			}
			line += word
			n += w
		}
		out = append(out, line)
	}
	return out
}

// money writes an amount with thousands separated, without cents.
func money(v float64, currency string) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return strings.TrimSpace(s + " " + currency)
}

// count writes a number and its noun.
func count[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// lasted writes a span of milliseconds as messages and pages do.
func lasted(ms int64) string {
	if ms < 10*schemas.Second {
		return fmt.Sprintf("%d s", ms/schemas.Second) // the tenths say nothing here
	}
	return schemas.SpanText(ms)
}

// estimate writes a range as its likely value and what it lies between.
func estimate(r schemas.Range, currency string) string {
	return fmt.Sprintf("%s (between %s and %s)", money(r.Likely, currency), money(r.Low, ""), money(r.High, ""))
}

// sentence begins s with a capital and ends it with a full stop.
func sentence(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + strings.TrimSuffix(s[n:], ".") + "."
}

// at writes where somebody is reached, when that is known.
func at(contact string) string {
	if contact == "" {
		return ""
	}
	return " in " + contact
}
