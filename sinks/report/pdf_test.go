package report

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/net/html"
)

var (
	pdfStream = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
	pdfText   = regexp.MustCompile(`(?s)\(((?:[^()\\]|\\.)*)\) ?Tj`)
)

// pagesOf are the texts of a PDF's pages, word by word.
func pagesOf(t testing.TB, pdf []byte) (pages []string) {
	t.Helper()
	if !bytes.HasPrefix(pdf, []byte("%PDF-1.")) || !bytes.Contains(pdf, []byte("%%EOF")) {
		t.Fatal("it is no PDF")
	}
	for _, m := range pdfStream.FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // no page
		}
		b, err := io.ReadAll(z)
		if err != nil {
			continue
		}
		var words []string
		for _, w := range pdfText.FindAllSubmatch(b, -1) {
			raw := regexp.MustCompile(`(?s)\\(.)`).ReplaceAllFunc(w[1], func(e []byte) []byte {
				if e[1] == 'r' {
					return []byte{'\r'}
				}
				return e[1:]
			})
			var units []uint16
			for i := 0; i+1 < len(raw); i += 2 {
				units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
			}
			words = append(words, string(utf16.Decode(units)))
		}
		if len(words) > 0 {
			pages = append(pages, strings.Join(words, " "))
		}
	}
	return pages
}

// shots leaves what was made where somebody looks at it: PINKSTAR_TEST_SHOTS.
func shots(t testing.TB, name string, content []byte) {
	t.Helper()
	if dir := os.Getenv("PINKSTAR_TEST_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Every word of the page is on paper.
func TestThePDFSaysWhatThePageSays(t *testing.T) {
	owner, reader := installation(t)
	outage().write(t, owner)
	month, _ := ParseMonth("2026-10")
	r, err := Of(t.Context(), reader, month)
	if err != nil {
		t.Fatal(err)
	}
	st, err := Postmortem(t.Context(), reader, "INC-OUT")
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]interface {
		Write(w io.Writer, format string) error
	}{"report": r, "postmortem": st} {
		pdf, page := writtenAs(t, d, "pdf"), writtenAs(t, d, "html")
		shots(t, name+".pdf", pdf)
		shots(t, name+".html", page)
		pages := pagesOf(t, pdf)
		if len(pages) < 3 {
			t.Fatalf("%s: %d pages", name, len(pages))
		}
		onPaper := strings.NewReplacer(" ", "", "\u00a0", "").Replace(strings.Join(pages, ""))
		missed := 0
		for _, text := range textsOf(t, page) {
			if want := strings.NewReplacer(" ", "", "\n", "").Replace(text); !strings.Contains(onPaper, want) && missed < 5 && !cutByAPage(want, onPaper) {
				missed++
				t.Errorf("%s: %q is not on paper", name, text)
			}
		}
		for i, p := range pages {
			if want := fmt.Sprintf("page %d of %d", i+1, len(pages)); !strings.Contains(p, want) {
				t.Errorf("%s: page %d does not say %q", name, i+1, want)
			}
		}
	}
}

// cutByAPage reports whether a text is there in two parts, which a page's foot and
// the next one's head keep apart, or a table's other cells.
func cutByAPage(text, onPaper string) bool {
	for i := range text {
		if i > 0 && strings.Contains(onPaper, text[:i]) && strings.Contains(onPaper, text[i:]) {
			return true
		}
	}
	return false
}

func writtenAs(t testing.TB, d interface {
	Write(w io.Writer, format string) error
}, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// textsOf are the texts of a page's body.
func textsOf(t testing.TB, page []byte) (out []string) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "title" {
			for text := range strings.SplitSeq(n.Data, "\n") {
				if text = strings.TrimSpace(text); text != "" {
					out = append(out, text)
				}
			}
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d texts: the test looks at nothing", len(out))
	}
	return out
}

// What a title can be does not break a page: letters that no face has, words that
// are longer than a page is wide, cells that are longer than a page is high.
func TestAnythingCanBePrinted(t *testing.T) {
	for name, title := range map[string]string{
		"no letters":   "漢字 🚀 \u202e\u200b\x00 e\u0301 \U0010ffff",
		"a long word":  strings.Repeat("a", 5000),
		"a long text":  strings.Repeat("word ", 5000),
		"many lines":   strings.Repeat("x<br>", 300),
		"what it says": evil,
	} {
		text := html.EscapeString(title)
		if name == "many lines" {
			text = title
		}
		cells := "<tr>" + strings.Repeat("<th>"+text+"</th>", 2) + "</tr><tr>" + strings.Repeat(`<td class="t">`+text+`</td><td class="n">`+text+"</td>", 4) + "</tr>"
		page := "<html><head><title>" + text + "</title></head><body><h1>" + text + "</h1><h2>" + text + `</h2><div class="cards"><div class="card"><b>` + text + "</b></div></div><p>" + text +
			"</p><table>" + cells + `</table><ul><li>` + text + `</li></ul><pre>` + text + `</pre><svg viewBox="0 0 10 10"><text x="1" y="1">` + text + `</text></svg></body></html>`
		var b bytes.Buffer
		if err := writePDF(&b, []byte(page), time.Unix(0, 0)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if pages := pagesOf(t, b.Bytes()); len(pages) == 0 || len(pages) > 400 {
			t.Errorf("%s: %d pages", name, len(pages))
		} else if name == "no letters" && !strings.Contains(pages[0], "□□ □ e") {
			t.Errorf("letters that are not there: %q", pages[0][:60])
		}
	}
}
