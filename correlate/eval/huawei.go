package eval

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Huawei's alarms are real alarms of 45 network devices, of 59 types, with the
// causal edges between types that experts drew: a check of how far mere
// co-occurrence finds what belongs together.
type Huawei struct {
	alarms     []alarm
	types      int
	neighbours map[[2]int]bool // devices, both ways
	edges      map[[2]int]bool // types, cause to effect
}

type alarm struct{ kind, device, start int }

// LoadHuawei reads the embedded files.
func LoadHuawei() (*Huawei, error) {
	h := &Huawei{neighbours: map[[2]int]bool{}, edges: map[[2]int]bool{}}
	err := rows("testdata/huawei/alarm.csv.gz", 3, func(v []int) {
		h.alarms = append(h.alarms, alarm{v[0], v[1], v[2]})
		h.types = max(h.types, v[0]+1)
	})
	if err != nil {
		return nil, err
	}
	if err := rows("testdata/huawei/topology_edges.csv", 2, func(v []int) {
		h.neighbours[[2]int{v[0], v[1]}], h.neighbours[[2]int{v[1], v[0]}] = true, true
	}); err != nil {
		return nil, err
	}
	if err := rows("testdata/huawei/true_graph_edges.csv", 2, func(v []int) { h.edges[[2]int{v[0], v[1]}] = true }); err != nil {
		return nil, err
	}
	slices.SortStableFunc(h.alarms, func(a, b alarm) int { return cmp.Compare(a.start, b.start) })
	return h, nil
}

// Partner is a type that comes with another more often than chance has it.
type Partner struct {
	Kind int
	Lift float64 // how many times as often
	N    int     // times seen together
}

// Partners finds for each type the most types that begin within window seconds
// on the same device, or a neighbour of it, by lift; pairs seen fewer than
// least times say nothing.
func (h *Huawei) Partners(window, most, least int) [][]Partner {
	together := make([]int, h.types*h.types)
	alone := make([]int, h.types)
	slots := 0.0 // pairs of any kind
	for i, a := range h.alarms {
		alone[a.kind]++
		for j := i + 1; j < len(h.alarms) && h.alarms[j].start-a.start <= window; j++ {
			b := h.alarms[j]
			if a.device != b.device && !h.neighbours[[2]int{a.device, b.device}] {
				continue
			}
			slots++
			together[a.kind*h.types+b.kind]++
			together[b.kind*h.types+a.kind]++
		}
	}
	total := float64(len(h.alarms))
	out := make([][]Partner, h.types)
	for x := range h.types {
		for y := range h.types {
			n := together[x*h.types+y]
			if x == y || n < least {
				continue
			}
			expected := 2 * slots * float64(alone[x]) / total * float64(alone[y]) / total
			out[x] = append(out[x], Partner{y, float64(n) / expected, n})
		}
		slices.SortStableFunc(out[x], func(a, b Partner) int { return cmp.Compare(b.Lift, a.Lift) })
		out[x] = out[x][:min(most, len(out[x]))]
	}
	return out
}

// PartnerScores compare partners with the experts' edges, direction aside.
type PartnerScores struct {
	Precision float64 // of partners that are edges
	Recall    float64 // of edges that are partners
	Chance    float64 // precision of partners drawn at random
}

// ScorePartners judges partners.
func (h *Huawei) ScorePartners(partners [][]Partner) PartnerScores {
	edge := func(a, b int) bool { return h.edges[[2]int{a, b}] || h.edges[[2]int{b, a}] }
	named := map[[2]int]bool{}
	for x, list := range partners {
		for _, p := range list {
			named[[2]int{min(x, p.Kind), max(x, p.Kind)}] = true
		}
	}
	hit := 0
	for pair := range named {
		if edge(pair[0], pair[1]) {
			hit++
		}
	}
	all := 0
	for x := range h.types {
		for y := range x {
			if edge(x, y) {
				all++
			}
		}
	}
	return PartnerScores{
		Precision: ratio(float64(hit), len(named)), Recall: ratio(float64(hit), all),
		Chance: float64(all) / math.Max(1, pairs(h.types)),
	}
}

// rows calls f with the first n numbers of every line after the heading.
func rows(name string, n int, f func([]int)) error {
	heading := true
	return lines(name, func(b []byte) error {
		if heading {
			heading = false
			return nil
		}
		rec, err := csv.NewReader(strings.NewReader(string(b))).Read()
		if err != nil {
			return err
		}
		if len(rec) < n {
			return fmt.Errorf("%d fields, want %d", len(rec), n)
		}
		v := make([]int, n)
		for i := range v {
			x, err := strconv.ParseFloat(rec[i], 64)
			if err != nil {
				return err
			}
			v[i] = int(x)
		}
		f(v)
		return nil
	})
}
