package report

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// run is text in one kind of letters; ends begins a new line behind it.
type run struct {
	text string
	face string
	size float64
	grey bool
	ends bool
}

// word stands in a line, x from where that begins.
type word struct {
	run
	x float64
}

type line struct {
	words      []word
	wide, high float64
}

func heightOf(lines []line) (high float64) {
	for i := range lines {
		high += lines[i].high
	}
	return high
}

// glyphs tells which letters the faces have.
func glyphs() func(rune) bool {
	f, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic("report: " + err.Error()) // it is a part of the program
	}
	var b sfnt.Buffer
	return func(r rune) bool {
		i, err := f.GlyphIndex(&b, r)
		return err == nil && i != 0
	}
}

// noGlyph stands for a letter that the faces lack.
const noGlyph = '□'

// printable is the text as far as the faces go.
func (s *sheet) printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a0':
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r):
			return -1
		case !s.known(r):
			return noGlyph
		}
		return r
	}, text)
}

// runs are the texts in a node.
func (s *sheet) runs(n *html.Node, face string, size float64) []run {
	var out []run
	var walk func(n *html.Node, face string, size float64, grey bool)
	walk = func(n *html.Node, face string, size float64, grey bool) {
		switch {
		case n.Type == html.TextNode:
			out = append(out, run{text: s.printable(n.Data), face: face, size: size, grey: grey})
			return
		case n.DataAtom == atom.Br:
			out = append(out, run{ends: true})
			return
		case n.DataAtom == atom.B: // the figure of a card
			face, size = boldFace, 16
		case n.DataAtom == atom.Th || class(n) == "mark":
			face = boldFace
		case n.DataAtom == atom.Small:
			size, grey = min(size, smallSize-0.6), true
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, face, size, grey)
		}
		if n.DataAtom == atom.B || class(n) == "name" {
			out = append(out, run{ends: true})
		}
	}
	walk(n, face, size, false)
	return out
}

// wrap breaks runs into lines. What is longer than a line is cut where it must.
func (s *sheet) wrap(runs []run, wide float64) []line {
	wide = max(wide, 24) // one letter fits
	var lines []line
	var l line
	space := false
	end := func(size float64) {
		if l.high == 0 {
			l.high = size * leading
		}
		lines, l, space = append(lines, l), line{}, false
	}
	put := func(r run, text string, gap bool) {
		w := s.width(text)
		if gap && len(l.words) > 0 {
			l.wide += s.width(" ")
		}
		r.text = text
		l.words = append(l.words, word{r, l.wide})
		l.wide += w
		l.high = max(l.high, r.size*leading)
	}
	for _, r := range runs {
		if r.ends {
			if len(l.words) > 0 {
				end(r.size)
			}
			continue
		}
		s.face(r.face, r.size)
		for i, text := range strings.Split(r.text, " ") {
			space = space || i > 0
			if text == "" {
				continue
			}
			gap := 0.0
			if space && len(l.words) > 0 {
				gap = s.width(" ")
			}
			if l.wide+gap+s.width(text) > wide && len(l.words) > 0 {
				end(r.size)
			}
			for s.width(text) > wide {
				head := s.fitting(text, wide)
				put(r, text[:head], false)
				text = text[head:]
				end(r.size)
			}
			put(r, text, space)
			space = false
		}
	}
	if len(l.words) > 0 {
		end(0)
	}
	return lines
}

// fitting is how many bytes of a text fit a line, one letter at least.
func (s *sheet) fitting(text string, wide float64) int {
	var ends []int
	for i := range text {
		if i > 0 {
			ends = append(ends, i)
		}
	}
	ends = append(ends, len(text))
	at, _ := slices.BinarySearchFunc(ends, wide, func(end int, wide float64) int {
		if s.width(text[:end]) > wide {
			return 1
		}
		return -1
	})
	return ends[max(at-1, 0)]
}

// draw writes lines and returns where they end.
func (s *sheet) draw(lines []line, x, y, wide float64, right bool) float64 {
	for _, l := range lines {
		from := x
		if right {
			from = x + wide - l.wide
		}
		for _, w := range l.words {
			s.face(w.face, w.size)
			if w.grey {
				s.pdf.SetTextColor(80, 80, 80)
			}
			s.pdf.Text(from+w.x, y+l.high-l.high*0.26, w.text)
			if w.grey {
				s.pdf.SetTextColor(0, 0, 0)
			}
		}
		y += l.high
	}
	return y
}

// find is the first element of a kind below a node.
func find(n *html.Node, what atom.Atom) *html.Node {
	for d := range n.Descendants() {
		if d.DataAtom == what {
			return d
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func class(n *html.Node) string { return attribute(n, "class") }

// textOf is all text in a node.
func textOf(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
