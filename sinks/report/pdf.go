package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A4 in points, and what is left free.
const (
	paperWide, paperHigh = 595.28, 841.89
	edge                 = 48.0
	bottomEdge           = 54.0
	textWide             = paperWide - 2*edge
	textEnd              = paperHigh - bottomEdge
)

// Sizes of letters in points, and how far lines are apart.
const (
	bodySize  = 9.5
	leadSize  = 11.5
	smallSize = 7.8
	cellSize  = 8.0
	monoSize  = 7.0
	leading   = 1.36
)

// The faces. Their glyphs are those of WGL4: Latin, Greek and Cyrillic.
const (
	plainFace = ""
	boldFace  = "B"
	monoFace  = "M"
)

// sheet lays a page of HTML out on paper: the one that WriteHTML or a post-mortem
// made, so that nothing is told in two ways. It knows the elements that those use,
// and draws in black and grey.
type sheet struct {
	pdf   *fpdf.Fpdf
	known func(rune) bool // whether the faces have it
	y     float64
	held  []block // headings that wait for what they are of
}

// block is a paragraph that is drawn with what follows it.
type block struct {
	lines  []line
	before float64 // free above it
	rule   bool    // a line above it
}

// writePDF prints a page of HTML. at is when what it tells was read.
func writePDF(w io.Writer, page []byte, at time.Time) error {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return fmt.Errorf("report: laying out the page: %w", err)
	}
	s := newSheet(textOf(find(doc, atom.Title)), at)
	s.flow(find(doc, atom.Body))
	s.release(0)
	if err := s.pdf.Output(w); err != nil {
		return fmt.Errorf("report: writing the PDF: %w", err)
	}
	return nil
}

func newSheet(title string, at time.Time) *sheet {
	pdf := fpdf.New("P", "pt", "A4", "")
	s := &sheet{pdf: pdf, known: glyphs()}
	title = s.printable(title)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(at)
	pdf.SetModificationDate(at)
	pdf.SetTitle(title, true)
	pdf.SetLang("en")
	pdf.SetProducer("pinkstar", true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes("go", plainFace, goregular.TTF)
	pdf.AddUTF8FontFromBytes("go", boldFace, gobold.TTF)
	pdf.AddUTF8FontFromBytes("gomono", "", gomono.TTF)
	pdf.AliasNbPages("{all}")
	pdf.SetFooterFunc(func() {
		s.face(plainFace, smallSize)
		pdf.SetTextColor(90, 90, 90)
		pdf.Text(edge, paperHigh-30, title)
		number := fmt.Sprintf("page %d of {all}", pdf.PageNo())
		pdf.Text(paperWide-edge-s.width("page 10 of 10"), paperHigh-30, number)
		pdf.SetTextColor(0, 0, 0)
	})
	s.turn()
	return s
}

// turn begins a page.
func (s *sheet) turn() {
	s.pdf.AddPage()
	s.pdf.SetTextColor(0, 0, 0)
	s.y = edge
}

// room begins a page unless there is room for so much.
func (s *sheet) room(high float64) {
	if s.y+high > textEnd && s.y > edge {
		s.turn()
	}
}

// face chooses letters.
func (s *sheet) face(face string, size float64) {
	if face == monoFace {
		s.pdf.SetFont("gomono", "", size)
		return
	}
	s.pdf.SetFont("go", face, size)
}

// width is how wide a text is in the letters that are chosen.
func (s *sheet) width(text string) float64 { return s.pdf.GetStringWidth(text) }

// flow draws what is in a node, one below the other.
func (s *sheet) flow(n *html.Node) {
	if n == nil {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			s.element(c)
		}
	}
}

func (s *sheet) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Style, atom.Script:
	case atom.H1:
		s.heading(n, 20, 0, false)
	case atom.H2:
		s.heading(n, 13.5, 20, true)
	case atom.H3:
		s.heading(n, 10.5, 10, false)
	case atom.P:
		s.paragraph(n, 0)
	case atom.Ul:
		s.list(n)
	case atom.Pre:
		s.verbatim(n)
	case atom.Table:
		s.table(n)
	case atom.Svg:
		s.chart(n)
	case atom.Div:
		if class(n) == "cards" {
			s.cards(n)
			return
		}
		s.flow(n)
	default:
		s.flow(n)
	}
}

// heading is drawn when it is known what stands below it: it must not end a page.
func (s *sheet) heading(n *html.Node, size, before float64, rule bool) {
	s.held = append(s.held, block{s.wrap(s.runs(n, boldFace, size), textWide), before, rule})
}

// release draws the headings that wait, with room for so much below them.
func (s *sheet) release(below float64) {
	held := s.held
	s.held = nil
	high := below
	for _, b := range held {
		high += b.before + heightOf(b.lines) + 4
	}
	s.room(min(high, textEnd-edge))
	for _, b := range held {
		if s.y > edge {
			s.y += b.before
		}
		if b.rule {
			s.rule(s.y-6, 0.5, 190)
		}
		s.y = s.draw(b.lines, edge, s.y, textWide, false) + 4
	}
}

func (s *sheet) rule(y, width float64, grey int) {
	s.pdf.SetDrawColor(grey, grey, grey)
	s.pdf.SetLineWidth(width)
	s.pdf.Line(edge, y, paperWide-edge, y)
	s.pdf.SetDrawColor(0, 0, 0)
}

func (s *sheet) paragraph(n *html.Node, indent float64) {
	size := bodySize
	switch class(n) {
	case "lead":
		size = leadSize
	case "small":
		size = smallSize
	}
	s.text(s.wrap(s.runs(n, plainFace, size), textWide-indent), indent)
	s.y += 4
}

// text draws lines, over as many pages as they take.
func (s *sheet) text(lines []line, indent float64) {
	if len(lines) == 0 {
		return
	}
	s.release(lines[0].high)
	for _, l := range lines {
		s.room(l.high)
		s.y = s.draw([]line{l}, edge+indent, s.y, textWide-indent, false)
	}
}

func (s *sheet) list(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Li {
			continue
		}
		lines := s.wrap(s.runs(c, plainFace, bodySize), textWide-12)
		if len(lines) == 0 {
			continue
		}
		s.release(lines[0].high)
		s.room(lines[0].high)
		s.face(plainFace, bodySize)
		s.pdf.Text(edge+2, s.y+bodySize, "•")
		s.text(lines, 12)
		s.y += 2
	}
	s.y += 2
}

// verbatim draws SQL, line by line as it ran.
func (s *sheet) verbatim(n *html.Node) {
	var lines []line
	for text := range strings.SplitSeq(strings.Trim(textOf(n), "\n"), "\n") {
		indent := len(text) - len(strings.TrimLeft(text, " "))
		lines = append(lines, s.wrap([]run{{text: strings.Repeat("\u00a0", indent) + s.printable(text[indent:]), face: monoFace, size: monoSize}}, textWide)...)
	}
	s.text(lines, 0)
	s.y += 6
}

// cards draws the figures at the head, three beside each other.
func (s *sheet) cards(n *html.Node) {
	const gap, pad, beside = 8.0, 7.0, 3
	var all []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if class(c) == "card" {
			all = append(all, c)
		}
	}
	wide := (textWide - gap*(beside-1)) / beside
	for len(all) > 0 {
		row := all[:min(beside, len(all))]
		all = all[len(row):]
		high := 0.0
		var cells [][]line
		for _, c := range row {
			lines := s.wrap(s.runs(c, plainFace, smallSize), wide-2*pad)
			cells, high = append(cells, lines), max(high, heightOf(lines)+2*pad)
		}
		s.release(high)
		s.room(high)
		for i, lines := range cells {
			x := edge + float64(i)*(wide+gap)
			s.pdf.SetDrawColor(150, 150, 150)
			s.pdf.SetLineWidth(0.6)
			s.pdf.Rect(x, s.y, wide, high, "D")
			s.draw(lines, x+pad, s.y+pad, wide-2*pad, false)
		}
		s.y += high + gap
	}
	s.pdf.SetDrawColor(0, 0, 0)
}
