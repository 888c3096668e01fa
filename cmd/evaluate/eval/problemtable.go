package eval

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate/rules"
)

// ProblemRow is one manner of recurring causes, over seeds.
type ProblemRow struct {
	Manner  sim.Manner          `json:"manner"`
	Seeds   []uint64            `json:"seeds"`
	PerSeed []ProblemScores     `json:"per_seed"`
	Figures map[string]Interval `json:"figures_95"`
}

// problemFigures lists what is averaged, in the order it is printed.
var problemFigures = []struct {
	name string
	of   func(*ProblemScores) float64
}{
	{"precision", func(s *ProblemScores) float64 { return s.Precision }},
	{"recall", func(s *ProblemScores) float64 { return s.Recall }},
	{"carry", func(s *ProblemScores) float64 { return s.Carry }},
	{"astray", func(s *ProblemScores) float64 { return s.Astray }},
	{"needed", func(s *ProblemScores) float64 { return s.Needed }},
	{"seconds", func(s *ProblemScores) float64 { return s.Seconds }},
	{"jobs", func(s *ProblemScores) float64 { return float64(s.Seasonal) }},
	{"twice", func(s *ProblemScores) float64 { return float64(s.Again) }},
}

// RunProblems judges recurring problems in the worlds of some manners. set may be
// nil.
func RunProblems(seeds []uint64, manners []sim.Manner, workers int, set *rules.Set) ([]ProblemRow, error) {
	rows := make([]ProblemRow, len(manners))
	for i, m := range manners {
		rows[i] = ProblemRow{Manner: m, Seeds: seeds, PerSeed: make([]ProblemScores, len(seeds)), Figures: map[string]Interval{}}
	}
	errs := make([]error, len(seeds)*len(manners))
	each(len(errs), workers, func(i int) {
		m, s := i/len(seeds), i%len(seeds)
		rows[m].PerSeed[s], errs[i] = JudgeProblems(sim.ForProblems(seeds[s], manners[m]), set)
	})
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	for i := range rows {
		for _, f := range problemFigures {
			var xs []float64
			for k := range rows[i].PerSeed {
				xs = append(xs, f.of(&rows[i].PerSeed[k]))
			}
			rows[i].Figures[f.name] = IntervalOf(xs)
		}
	}
	return rows, nil
}

// WriteProblems prints the rows for people; with what went wrong in each world,
// if that is asked for.
func WriteProblems(out io.Writer, rows []ProblemRow, lost bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nrecurring problems (mean ±95%% over seeds)\n%-10s%5s", "", "runs")
	for _, f := range problemFigures {
		fmt.Fprintf(&b, "%14s", f.name)
	}
	b.WriteByte('\n')
	for _, r := range rows {
		fmt.Fprintf(&b, "%-10s%5d", r.Manner, len(r.Seeds))
		for _, f := range problemFigures {
			iv := r.Figures[f.name]
			fmt.Fprintf(&b, "%8.2f ±%4.2f", iv.Mean, iv.Half)
		}
		b.WriteByte('\n')
		for i := range r.PerSeed {
			for _, l := range r.PerSeed[i].Lost {
				if lost {
					fmt.Fprintf(&b, "    %d: %s\n", r.Seeds[i], l)
				}
			}
		}
	}
	b.WriteString("precision: problems that are about a recurring cause, the first about each. recall: causes of three occurrences or more that\nwere flagged. carry: occurrences after the flagging whose incident carries the problem. astray: incidents that carry a problem\nof another cause. needed: occurrences until flagged. seconds: first alert to the incident saying so. jobs, twice: problems a\nworld that are a job's, or another's again.\n")
	_, err := io.WriteString(out, b.String())
	return err
}
