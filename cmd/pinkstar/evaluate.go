package main

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"pinkstar/correlate/eval"
	"pinkstar/correlate/rules"
	"pinkstar/correlate/sim"
)

func (c *cli) addEvaluate() {
	clause := c.app.Command("evaluate", "Score the engine beside published ways of grouping, on simulated and real alerts.")
	levels := clause.Flag("level", "simulated worlds, with commas: easy, standard, hard").Default("standard,hard").String()
	seeds := clause.Flag("seeds", "seeds of the worlds, for example 1-20").Default("1001-1005").String()
	micross := clause.Flag("micross", "also the MicroSS data set").Default("true").Bool()
	perSeed := clause.Flag("per-seed", "also print each seed").Bool()
	asJSON := clause.Flag("json", "print JSON").Bool()
	fit := clause.Flag("fit", "instead: fit the weights anew on the tuning seeds in so many rounds, and print them").PlaceHolder("ROUNDS").Int()
	tune := clause.Flag("tune", "with --fit, or alone on the defaults: then turn each weight and curve in so many rounds").PlaceHolder("ROUNDS").Int()
	workers := clause.Flag("workers", "how many cores to use").Default(strconv.Itoa(runtime.NumCPU())).Int()
	c.on(clause, func(ctx context.Context, w world) error {
		if *fit > 0 || *tune > 0 {
			return printWeights(w, *fit, *tune, *workers)
		}
		list, err := seedRange(*seeds)
		if err != nil {
			return usageError{err}
		}
		o := eval.Options{Seeds: list, Workers: *workers, MicroSS: *micross, Fresh: func() []eval.Assigner { return append([]eval.Assigner{eval.Engine{}}, eval.Comparators()...) }}
		for _, l := range splitList(*levels) {
			o.Levels = append(o.Levels, sim.Level(l))
		}
		table, err := eval.Run(o)
		if err != nil {
			return err
		}
		if *asJSON {
			return table.WriteJSON(w.out)
		}
		if err := table.WriteText(w.out); err != nil || !*perSeed {
			return err
		}
		return table.WriteSeeds(w.out)
	})
}

// printWeights makes the weights that correlate/rules/weights.yaml holds.
func printWeights(w world, fit, tune, workers int) error {
	set := rules.Default()
	var err error
	if fit > 0 {
		if set, err = eval.Fit(eval.FitOptions{Rounds: fit, Workers: workers, Log: w.err}); err != nil {
			return err
		}
	}
	if tune > 0 {
		if set, _, err = eval.Tune(eval.TuneOptions{Start: set, Rounds: tune, Workers: workers, Log: w.err}); err != nil {
			return err
		}
	}
	_, err = w.out.Write(set.Correlation.WeightsText())
	return err
}

// maxSeeds bounds one evaluation.
const maxSeeds = 1000

// seedRange reads "7", "1-20" and "1,5,9-12".
func seedRange(s string) ([]uint64, error) {
	var out []uint64
	for _, part := range splitList(s) {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 63)
		to, err2 := strconv.ParseUint(last, 10, 63)
		if err1 != nil || err2 != nil || to < from {
			return nil, fmt.Errorf("seeds: %q is neither a number nor a range such as 1-20", part)
		}
		if to-from >= maxSeeds || len(out)+int(to-from) >= maxSeeds {
			return nil, fmt.Errorf("seeds: at most %d", maxSeeds)
		}
		for n := from; n <= to; n++ {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("seeds: none")
	}
	return out, nil
}
