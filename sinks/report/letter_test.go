package report

import (
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// A mail program that drops style sheets, scripts and pictures shows the letter
// whole, and what was sent is text in it.
func TestTheLetterIsReadInMailPrograms(t *testing.T) {
	owner, reader := installation(t)
	at := time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	evilBatch(schemas.TimeOf(at)).write(t, owner)
	r, err := Of(t.Context(), reader, MonthOf(at))
	if err != nil {
		t.Fatal(err)
	}
	l, err := r.Letter("https://pinkstar.example/")
	if err != nil {
		t.Fatal(err)
	}
	shots(t, "letter.html", []byte(l.HTML))
	for _, bad := range []string{"<style", "class=", "<script", "<svg", "<img", "url(", "<link"} {
		if strings.Contains(l.HTML, bad) {
			t.Errorf("the letter has %s", bad)
		}
	}
	if !strings.Contains(l.HTML, "&lt;script&gt;") {
		t.Error("what was sent is not shown: the test looks at nothing")
	}
	if n := strings.Count(l.HTML, "href="); n != 1 || !strings.Contains(l.HTML, `href="https://pinkstar.example/reports/2026-10"`) {
		t.Errorf("%d links: %s", n, l.HTML)
	}
	if l.Subject != "Incident report, October 2026" {
		t.Errorf("subject %q", l.Subject)
	}
	for _, f := range r.Figures {
		if !strings.Contains(l.Text, f.Name+": "+f.Text) || !strings.Contains(l.HTML, ">"+f.Name+"<") {
			t.Errorf("%s is not in the letter", f.Name)
		}
	}
	for _, s := range r.Sentences {
		if !strings.Contains(l.Text, s) {
			t.Errorf("%q is not in the text", s)
		}
	}
}
