package report

import (
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// cellPad is free on each side of a column.
const cellPad = 4.0

// tableCell is a cell before it is known how wide it is.
type tableCell struct {
	runs  []run
	right bool // a number
	whole bool // it does not break
}

// cellLines is a cell as it is drawn.
type cellLines struct {
	lines []line
	right bool
}

// table draws a table over as many pages as it takes, its head on each.
func (s *sheet) table(n *html.Node) {
	var rows [][]tableCell
	heads := 0
	for d := range n.Descendants() {
		if d.DataAtom != atom.Tr {
			continue
		}
		row, head := s.row(d)
		if head && heads == len(rows) {
			heads++
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return
	}
	widths := s.columns(rows)
	laid := make([][]cellLines, len(rows))
	for i, row := range rows {
		for k, c := range row {
			laid[i] = append(laid[i], cellLines{s.wrap(c.runs, widths[k]-2*cellPad), c.right})
		}
	}
	head := laid[:heads]
	if high := headHigh(head); high > maxHead {
		head, heads = nil, 0
	}
	high := 0.0
	for _, row := range laid[:min(heads+1, len(laid))] {
		high += rowHigh(row)
	}
	s.release(high)
	s.room(min(high, textEnd-edge))
	s.head(head, widths)
	for _, row := range laid[heads:] {
		s.tableRow(row, head, widths)
	}
	s.y += 8
}

// row reads a row; head says that all of it are heads.
func (s *sheet) row(n *html.Node) (row []tableCell, head bool) {
	head = true
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		face := plainFace
		if c.DataAtom == atom.Th {
			face = boldFace
		} else {
			head = false
		}
		kind := class(c)
		row = append(row, tableCell{s.runs(c, face, cellSize), kind == "n", c.DataAtom == atom.Td && (kind == "n" || kind == "w")})
	}
	return row, head && len(row) > 0
}

// maxWhole is the widest that a cell may be and not break.
const maxWhole = 120.0

// columns shares the width out: each column what its longest word takes, and of the
// rest as much as its texts are longer than that.
func (s *sheet) columns(rows [][]tableCell) []float64 {
	n := 0
	for _, row := range rows {
		n = max(n, len(row))
	}
	least, most := make([]float64, n), make([]float64, n)
	for _, row := range rows {
		for k, c := range row {
			w, all := s.extent(c)
			least[k], most[k] = max(least[k], w+2*cellPad), max(most[k], all+2*cellPad)
		}
	}
	sumLeast, sumMost := 0.0, 0.0
	for k := range n {
		sumLeast, sumMost = sumLeast+least[k], sumMost+most[k]
	}
	widths := make([]float64, n)
	for k := range n {
		switch {
		case sumLeast >= textWide:
			widths[k] = least[k] / sumLeast * textWide
		case sumMost <= textWide:
			widths[k] = most[k] / sumMost * textWide
		default:
			widths[k] = least[k] + (textWide-sumLeast)*(most[k]-least[k])/(sumMost-sumLeast)
		}
	}
	return widths
}

// extent is how wide a cell must be and would like to be.
func (s *sheet) extent(c tableCell) (least, all float64) {
	const longWord, longText = 90.0, 330.0
	for _, l := range s.wrap(c.runs, 1e9) {
		all = max(all, l.wide)
		for _, w := range l.words {
			s.face(w.face, w.size)
			least = max(least, min(s.width(w.text), longWord))
		}
	}
	if c.whole && all <= maxWhole {
		least = all
	}
	return least + 0.1, min(all, longText) + 0.1 // else rounding breaks what just fits
}

func rowHigh(row []cellLines) (high float64) {
	for _, c := range row {
		high = max(high, heightOf(c.lines))
	}
	return high + 6
}

// maxHead is the highest that is drawn again on every page; a higher one is a row as
// the others are.
const maxHead = 200.0

func headHigh(rows [][]cellLines) (high float64) {
	for _, row := range rows {
		high += rowHigh(row)
	}
	return high
}

func (s *sheet) head(rows [][]cellLines, widths []float64) {
	for _, row := range rows {
		high := rowHigh(row)
		x := edge
		for k, c := range row {
			s.draw(c.lines, x+cellPad, s.y+high-3-heightOf(c.lines), widths[k]-2*cellPad, c.right)
			x += widths[k]
		}
		s.y += high
		s.rule(s.y, 1, 110)
	}
}

// tableRow draws a row: whole where it fits a page, else as much as fits.
func (s *sheet) tableRow(row []cellLines, head [][]cellLines, widths []float64) {
	turn := func() {
		s.turn()
		s.head(head, widths)
	}
	if high := rowHigh(row); s.y+high > textEnd && (high <= textEnd-edge-headHigh(head) || s.y+40 > textEnd) {
		turn()
	}
	for {
		left, lowest := false, s.y
		x := edge
		for k := range row {
			c := &row[k]
			fit, y := 0, s.y+3
			for fit < len(c.lines) && y+c.lines[fit].high+3 <= textEnd {
				y += c.lines[fit].high
				fit++
			}
			lowest = max(lowest, s.draw(c.lines[:fit], x+cellPad, s.y+3, widths[k]-2*cellPad, c.right))
			c.lines = c.lines[fit:]
			left = left || len(c.lines) > 0
			x += widths[k]
		}
		s.y = lowest + 3
		if !left {
			s.rule(s.y, 0.4, 190)
			return
		}
		turn()
	}
}
