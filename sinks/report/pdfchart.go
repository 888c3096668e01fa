package report

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// chart draws the SVG of charts.go: lines, circles, paths of M and L, and texts.
func (s *sheet) chart(n *html.Node) {
	var left, top, wide, high float64
	if _, err := fmt.Sscan(attribute(n, "viewBox"), &left, &top, &wide, &high); err != nil || wide <= 0 || high <= 0 {
		return
	}
	const shown = 0.94 * textWide
	k := shown / wide
	s.release(high*k + 6)
	s.room(high*k + 6)
	d := drawing{s, edge, s.y, k}
	for c := range n.Descendants() {
		if c.Type == html.ElementNode {
			d.shape(c)
		}
	}
	s.y += high*k + 6
}

// drawing puts what has coordinates of the picture onto the paper.
type drawing struct {
	*sheet
	left, top, k float64
}

func (d *drawing) x(v float64) float64  { return d.left + v*d.k }
func (d *drawing) at(v float64) float64 { return d.top + v*d.k }

func of(n *html.Node, name string) float64 {
	v, _ := strconv.ParseFloat(attribute(n, name), 64)
	return v
}

func (d *drawing) shape(n *html.Node) {
	pdf := d.pdf
	switch n.Data {
	case "line":
		d.pen(n)
		pdf.Line(d.x(of(n, "x1")), d.at(of(n, "y1")), d.x(of(n, "x2")), d.at(of(n, "y2")))
		pdf.SetDashPattern(nil, 0)
	case "circle":
		if attribute(n, "fill-opacity") != "" {
			pdf.SetAlpha(of(n, "fill-opacity"), "Normal")
			defer pdf.SetAlpha(1, "Normal")
		}
		pdf.SetFillColor(0, 0, 0)
		pdf.Circle(d.x(of(n, "cx")), d.at(of(n, "cy")), of(n, "r")*d.k, "F")
	case "path":
		d.pen(n)
		d.path(attribute(n, "d"))
	case "text":
		text := d.printable(textOf(n))
		d.face(plainFace, 11*d.k*0.85)
		x, w := d.x(of(n, "x")), d.width(text)
		switch attribute(n, "text-anchor") {
		case "middle":
			x -= w / 2
		case "end":
			x -= w
		}
		pdf.Text(x, d.at(of(n, "y")), text)
	}
}

func (d *drawing) pen(n *html.Node) {
	d.pdf.SetDrawColor(0, 0, 0)
	d.pdf.SetLineWidth(of(n, "stroke-width") * d.k)
	var dashes []float64
	for f := range strings.FieldsSeq(attribute(n, "stroke-dasharray")) {
		v, _ := strconv.ParseFloat(f, 64)
		dashes = append(dashes, v*d.k)
	}
	d.pdf.SetDashPattern(dashes, 0)
}

// path draws a line of M and L, as runChart writes it.
func (d *drawing) path(p string) {
	fields := strings.Fields(strings.NewReplacer("M", " M ", "L", " L ").Replace(p))
	for i := 0; i+2 < len(fields); i += 3 {
		x, errX := strconv.ParseFloat(fields[i+1], 64)
		y, errY := strconv.ParseFloat(fields[i+2], 64)
		switch {
		case errX != nil || errY != nil:
			return
		case fields[i] == "M":
			d.pdf.MoveTo(d.x(x), d.at(y))
		default:
			d.pdf.LineTo(d.x(x), d.at(y))
		}
	}
	if len(fields) > 3 {
		d.pdf.DrawPath("D")
	}
}
