package eval

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pinkstar/correlate/learn"
	"pinkstar/schemas"
)

// Huawei's alarms are real alarms of 45 network devices, of 59 types, with the
// causal edges between types that experts drew: a check of how far mere
// co-occurrence finds what belongs together.
type Huawei struct {
	alarms []alarm
	types  int
	near   map[[2]string]bool // devices next to each other, both ways
	edges  map[[2]int]bool    // types, cause to effect
}

type alarm struct{ kind, device, start int }

// LoadHuawei reads the embedded files.
func LoadHuawei() (*Huawei, error) {
	h := &Huawei{near: map[[2]string]bool{}, edges: map[[2]int]bool{}}
	err := rows("testdata/huawei/alarm.csv.gz", 3, func(v []int) {
		h.alarms = append(h.alarms, alarm{v[0], v[1], v[2]})
		h.types = max(h.types, v[0]+1)
	})
	if err != nil {
		return nil, err
	}
	if err := rows("testdata/huawei/topology_edges.csv", 2, func(v []int) {
		a, b := strconv.Itoa(v[0]), strconv.Itoa(v[1])
		h.near[[2]string{a, b}], h.near[[2]string{b, a}] = true, true
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

// Partners finds for each type the ones that begin together with it on the same
// device, or a neighbour of it: what `pinkstar learn` would teach. Here it is
// the kind of an alarm that is learnt, wherever it was raised.
func (h *Huawei) Partners(cfg learn.Config) [][]Partner {
	cfg.Open = len(h.alarms)
	c := learn.NewCounter(cfg, func(a, b string) bool { return a == b || h.near[[2]string{a, b}] })
	for _, a := range h.alarms {
		at := schemas.Time(int64(a.start) * schemas.Second)
		c.Add(learn.Type{Name: strconv.Itoa(a.kind)}, strconv.Itoa(a.device), at, at)
	}
	out := make([][]Partner, h.types)
	for _, p := range c.Partners() {
		a, _ := strconv.Atoi(p.A.Name) // written above
		b, _ := strconv.Atoi(p.B.Name)
		out[a] = append(out[a], Partner{b, p.Lift, int(p.N)})
		out[b] = append(out[b], Partner{a, p.Lift, int(p.N)})
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
