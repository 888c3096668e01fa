package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// The charts are drawn for a width of 420, so that their letters can still be read
// on a telephone. Lines and letters have the page's colour: they show in black and
// white, and on a dark page.
const (
	chartWidth = 420.0
	leftEdge   = 44.0
	rightEdge  = 10.0
)

// chart gathers SVG. Nothing that comes from outside is written with printf but
// numbers and names of months; text escapes.
type chart struct{ strings.Builder }

func (c *chart) begin(height float64, title string) {
	c.tag(`<svg class="chart" viewBox="0 0 %g %g" width="100%%" role="img" aria-label="`, chartWidth, height)
	template.HTMLEscape(c, []byte(title))
	c.tag(`" xmlns="http://www.w3.org/2000/svg" font-size="11" font-family="sans-serif" fill="currentColor" stroke="none">`)
}

func (c *chart) tag(format string, args ...any) { fmt.Fprintf(c, format, args...) }

func (c *chart) text(x, y float64, anchor, s string) {
	c.tag(`<text x="%.1f" y="%.1f" text-anchor="%s">`, x, y, anchor)
	template.HTMLEscape(c, []byte(s))
	c.tag(`</text>`)
}

func (c *chart) line(x1, y1, x2, y2, width float64, dashes string) {
	c.tag(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="currentColor" stroke-width="%g"`, x1, y1, x2, y2, width)
	if dashes != "" {
		c.tag(` stroke-dasharray="%s"`, dashes)
	}
	c.tag(`/>`)
}

func (c *chart) end() template.HTML {
	c.tag(`</svg>`)
	return template.HTML(c.String()) //nolint:gosec // what comes from outside was escaped above
}

// runChart draws the months' counts about their median.
func runChart(r *Report) template.HTML {
	const height, top, bottom = 180.0, 26.0, 34.0
	var c chart
	c.begin(height, "Incidents by month, with their median")
	most := 1.0
	for _, m := range r.Months {
		most = math.Max(most, m.Incidents)
	}
	step := (chartWidth - leftEdge - rightEdge) / float64(len(r.Months)-1)
	y := func(v float64) float64 { return height - bottom - v/most*(height-bottom-top) }
	c.line(leftEdge, height-bottom, chartWidth-rightEdge, height-bottom, 0.7, "")
	for _, v := range []float64{0, most / 2, most} {
		if v == math.Trunc(v) {
			c.text(leftEdge-6, y(v)+4, "end", number(v))
		}
	}
	if r.Runs.Useful > 0 {
		c.line(leftEdge, y(r.Runs.Median), chartWidth-rightEdge, y(r.Runs.Median), 1, "5 4")
	}
	var path strings.Builder
	drawn := 0
	watched := len(r.Months) - len(r.known())
	for i := watched; i < len(r.Months); i++ {
		op := "L"
		if drawn == 0 {
			op = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", op, leftEdge+float64(i)*step, y(r.Months[i].Incidents))
		drawn++
	}
	c.tag(`<path d="%s" fill="none" stroke="currentColor" stroke-width="1.6"/>`, path.String())
	for i, m := range r.Months {
		x := leftEdge + float64(i)*step
		if i >= watched {
			size, last := 3.0, i == len(r.Months)-1
			if last {
				size = 4.5
				below := 0.0 // where the line comes from above
				if i > 0 && r.Months[i-1].Incidents > m.Incidents {
					below = 24
				}
				c.text(math.Min(x, chartWidth-rightEdge-4), y(m.Incidents)-8+below, "middle", number(m.Incidents))
			}
			c.tag(`<circle cx="%.1f" cy="%.1f" r="%g"/>`, x, y(m.Incidents), size)
		}
		if i%3 == 0 {
			c.text(math.Min(x, chartWidth-rightEdge-4), height-bottom+15, "middle", m.Month.Format("Jan"))
		}
		if i == 0 || i%3 == 0 && m.Month.Year() != r.Months[i-3].Month.Year() {
			c.text(x, height-bottom+28, "middle", m.Month.Format("2006"))
		}
	}
	return c.end()
}

// maxDots is how many incidents are drawn of each time; of more, every n-th.
const maxDots = 1500

// scale are the marks of the axis of times, in seconds.
var scale = []struct {
	seconds float64
	name    string
}{{1, "1 s"}, {10, "10 s"}, {60, "1 min"}, {600, "10 min"}, {3600, "1 h"}, {6 * 3600, "6 h"}, {24 * 3600, "1 d"}, {7 * 24 * 3600, "7 d"}, {30 * 24 * 3600, "30 d"}, {365 * 24 * 3600, "1 y"}}

// dots draws every incident's times on an axis of powers, with median and ninth
// tenth: a mean says nothing of times that lie so far apart.
func dots(r *Report) template.HTML {
	const row, top = 50.0, 16.0
	var shown []*Duration
	low, high := math.Inf(1), 0.0
	for i := range r.Durations {
		if d := &r.Durations[i]; d.N > 0 {
			shown = append(shown, d)
			low, high = math.Min(low, math.Max(d.Values[0], 1)), math.Max(high, math.Max(d.Values[d.N-1], 1))
		}
	}
	if len(shown) == 0 {
		return ""
	}
	from, to := 0, len(scale)-1
	for from < len(scale)-2 && scale[from+1].seconds <= low {
		from++
	}
	for to > from+1 && scale[to-1].seconds >= high {
		to--
	}
	a, b := math.Log(scale[from].seconds), math.Log(scale[to].seconds)
	x := func(seconds float64) float64 {
		at := (math.Log(math.Max(seconds, 1)) - a) / (b - a)
		return leftEdge/2 + math.Min(math.Max(at, 0), 1)*(chartWidth-leftEdge/2-18)
	}
	height := top + row*float64(len(shown)) + 22
	var c chart
	c.begin(height, "Times of the month's incidents on a logarithmic axis")
	for _, s := range scale[from : to+1] {
		c.line(x(s.seconds), top-6, x(s.seconds), height-20, 0.4, "2 3")
		c.text(x(s.seconds), height-6, "middle", s.name)
	}
	for i, d := range shown {
		y := top + row*float64(i)
		c.text(4, y+4, "start", d.Name)
		stride := (d.N + maxDots - 1) / maxDots
		for k := 0; k < d.N; k += stride {
			jitter := float64((k*7919)%17) - 8 // spread, the same each time
			c.tag(`<circle cx="%.1f" cy="%.1f" r="2" fill-opacity="0.35"/>`, x(d.Values[k]), y+25+jitter)
		}
		c.line(x(d.Median), y+12, x(d.Median), y+38, 3, "")
		c.line(x(d.P90), y+12, x(d.P90), y+38, 1.4, "3 2")
	}
	return c.end()
}
