package eval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteText prints the table for people: means over seeds, B-cubed F with its
// 95 % interval, and our lead over each other assigner, paired over seeds.
func (t *Table) WriteText(w io.Writer) error {
	var b strings.Builder
	data := ""
	for _, r := range t.Rows {
		if r.Data != data {
			data = r.Data
			fmt.Fprintf(&b, "\n%s (%d runs)\n%-38s", data, len(r.Seeds), "")
			for _, f := range Figures {
				fmt.Fprintf(&b, "%7s", f.Head)
			}
			b.WriteString("   B3F ±95%      our lead ±95%\n")
		}
		fmt.Fprintf(&b, "%-38s", r.Assigner)
		for _, f := range Figures {
			switch f.Head {
			case "frag":
				fmt.Fprintf(&b, "%7.2f", r.Mean[f.Name])
			case "secs":
				fmt.Fprintf(&b, "%7.0f", r.Mean[f.Name])
			default:
				fmt.Fprintf(&b, "%7.3f", r.Mean[f.Name])
			}
		}
		fmt.Fprintf(&b, "   %.3f ±%.3f  %+.3f ±%.3f\n", r.BF.Mean, r.BF.Half, r.Lead.Mean, r.Lead.Half)
	}
	b.WriteString("\nB3: B-cubed precision, recall, F; noise counts as alone, B3F* leaves it out. F1: over pairs. over: incidents that\nhold two faults. frag: incidents per fault. noise: share absorbed. root: named right. flaps: alerts that fire again\nand stay with their fault, lone: those of no fault. secs: fault's start to incident. reduc: reduction, worth nothing without B3F beside it. Intervals: Student's t over seeds.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteSeeds prints B-cubed F seed by seed.
func (t *Table) WriteSeeds(w io.Writer) error {
	var b strings.Builder
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "%s\t%s", r.Data, r.Assigner)
		for i := range r.Seeds {
			fmt.Fprintf(&b, "\t%d:%.3f", r.Seeds[i], r.PerSeed[i].BF)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON prints everything for machines.
func (t *Table) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(t)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
