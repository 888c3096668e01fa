package rules

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// WeightsText writes the weights and curves of c as they stand in a rule file,
// a line for each.
func (c *Correlation) WeightsText() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "join: %d\nparent: %d\nweights:\n", c.Join, c.Parent)
	weights := func(indent string, of any) {
		eachWeight(indent, reflect.ValueOf(of).Elem(), func(name string, p *int64) { fmt.Fprintf(&b, "%s: %d\n", name, *p) })
	}
	weights("  ", &c.Weights)
	group, event := "", ""
	c.eachCurve(func(path string, curve any) {
		name := path[strings.LastIndexByte(path, '.')+1:]
		indent := "  "
		if in := path[:len(path)-len(name)-1]; in != group {
			group = in
			if events, kind, nested := strings.Cut(in, "."); nested {
				if event != events {
					event = events
					b.WriteString(events + ":\n  weights:\n")
					weights("    ", &c.Events.Weights)
				}
				b.WriteString("  " + kind + ":\n")
			} else {
				b.WriteString(in + ":\n")
			}
		}
		if strings.Contains(group, ".") {
			indent = "    "
		}
		if corners := cornersText(curve); corners != "" {
			b.WriteString(indent + name + ": [" + corners + "]\n")
		}
	})
	return []byte(b.String())
}

func cornersText(curve any) string {
	var list []string
	switch c := curve.(type) {
	case TimeCurve:
		for _, x := range c {
			at, _ := signedDuration(x.At).MarshalYAML() // only renders
			list = append(list, fmt.Sprintf("{at: %s, points: %d}", at, x.Points))
		}
	case CountCurve:
		for _, x := range c {
			list = append(list, fmt.Sprintf("{n: %s, points: %d}", strconv.FormatFloat(float64(x.At)/1000, 'g', -1, 64), x.Points))
		}
	}
	return strings.Join(list, ", ")
}
