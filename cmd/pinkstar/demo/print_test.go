package demo

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextStaysOnThePage(t *testing.T) {
	var b bytes.Buffer
	p := newPage(&b)
	p.opening()
	for _, bt := range storyOf(storyTime) {
		p.happens(storyTime.Add(bt.At), "%s", bt.Text)
	}
	p.knows("%s", strings.Repeat("a word ", 60))
	p.fact("evidence", "%s", strings.Repeat("a word ", 60))
	for l := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(l, "\n")); n > pageWidth {
			t.Errorf("%d columns: %s", n, l)
		}
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("colour without a terminal")
	}
}

func TestMoney(t *testing.T) {
	for v, want := range map[float64]string{0: "0 EUR", 999: "999 EUR", 1234567.6: "1,234,568 EUR", -1500: "-1,500 EUR"} {
		if got := money(v, "EUR"); got != want {
			t.Errorf("money(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestTableCutsLongCells(t *testing.T) {
	var b bytes.Buffer
	newPage(&b).query("SELECT 1", rows{Columns: []string{"id", "title"}, Rows: [][]string{{"INC-1", strings.Repeat("x", 200)}}})
	if !strings.Contains(b.String(), "…") || !strings.Contains(b.String(), "INC-1 ") {
		t.Errorf("the wide column is not cut, or the other one is:\n%s", b.String())
	}
	for l := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(l, "\n")); n > tableWidth+6 {
			t.Errorf("%d columns: %s", n, l)
		}
	}
}
