// Command evaluate measures the engine: it scores it beside published ways of
// grouping, on simulated and on real alerts, and fits its weights. It is no part
// of the product: the binary pinkstar carries none of it.
//
// # Which file do I open
//
//   - main.go: the flags
//   - eval/: figures, comparators, real data, the fitting of weights
//   - sim/: seeded worlds whose truth is known
//
// # Non-obvious
//
//   - It looks at the engine from outside, as pinkstar does: through package
//     correlate and never into its rooms.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/evaluate/eval"
	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate/rules"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run evaluates and returns the exit code.
func run(args []string, out, errs io.Writer) int {
	o, err := parse(args, out, errs)
	if err != nil {
		fmt.Fprintf(errs, "evaluate: %v; --help lists the flags\n", err)
		return exitUsage
	}
	switch {
	case o.fit > 0 || o.tune > 0:
		err = printWeights(o, out, errs)
	case o.causes:
		err = printCauses(o, out)
	case o.impact:
		err = printImpact(o, out)
	case o.problems:
		err = printProblems(o, out)
	default:
		err = printTable(o, out)
	}
	if err != nil {
		fmt.Fprintf(errs, "evaluate: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// options are the command line.
type options struct {
	levels          []sim.Level
	seeds           []uint64
	micross         bool
	worlds          []string
	perSeed, asJSON bool
	fit, tune       int
	fitSeeds        int
	near            float64
	leaveOut        string
	workers         int
	problems        bool
	causes          bool
	impact          bool
}

func parse(args []string, out, errs io.Writer) (options, error) {
	o := options{}
	app := kingpin.New("evaluate", "Score the engine beside published ways of grouping, on simulated and real alerts.")
	app.UsageWriter(out)
	app.ErrorWriter(errs)
	app.HelpFlag.Short('h')
	levels := app.Flag("level", "simulated worlds, with commas: easy, standard, hard, hosts, quiet, storm").Default("standard,hard").String()
	seeds := app.Flag("seeds", "seeds of the worlds, for example 1-20").Default("1001-1005").String()
	app.Flag("micross", "also the MicroSS data set").Default("true").BoolVar(&o.micross)
	app.Flag("problems", "instead: how well recurring problems are found, in worlds of every manner").BoolVar(&o.problems)
	app.Flag("causes", "instead: how well roots and causes are told, with innocent changes about, and whether probabilities are so").BoolVar(&o.causes)
	app.Flag("impact", "instead: how well lost revenue is measured, on simulated takings of every kind").BoolVar(&o.impact)
	app.Flag("world", "also the world in this folder; may be given again (eval/world.go says what is in it)").PlaceHolder("DIR").StringsVar(&o.worlds)
	app.Flag("per-seed", "also print each seed").BoolVar(&o.perSeed)
	app.Flag("json", "print JSON").BoolVar(&o.asJSON)
	app.Flag("fit", "instead: fit the weights anew on the tuning seeds in so many rounds, and print them").PlaceHolder("ROUNDS").IntVar(&o.fit)
	app.Flag("tune", "with --fit, or alone on the defaults: then turn each weight and curve in so many rounds").PlaceHolder("ROUNDS").IntVar(&o.tune)
	app.Flag("fit-seeds", "with --fit and --tune: how many tuning seeds, all unless given").PlaceHolder("N").IntVar(&o.fitSeeds)
	app.Flag("near", "with --fit: start from the weights in force and stay near them, the more the higher").PlaceHolder("RIDGE").Float64Var(&o.near)
	app.Flag("leave-out", "with --fit: levels and worlds whose names begin so take no part").PlaceHolder("NAME").StringVar(&o.leaveOut)
	app.Flag("workers", "how many cores to use").Default(strconv.Itoa(runtime.NumCPU())).IntVar(&o.workers)
	if _, err := app.Parse(args); err != nil {
		return o, err
	}
	for _, l := range splitList(*levels) {
		if !slices.Contains(sim.AllLevels, sim.Level(l)) {
			return o, fmt.Errorf("--level: %q is not one of %v", l, sim.AllLevels)
		}
		o.levels = append(o.levels, sim.Level(l))
	}
	if len(o.levels) == 0 && !o.micross && len(o.worlds) == 0 {
		return o, fmt.Errorf("--level: none, --no-micross and no --world: there is nothing to score")
	}
	var err error
	o.seeds, err = seedRange(*seeds)
	return o, err
}

func printImpact(o options, out io.Writer) error {
	rows, err := eval.Impact(o.seeds)
	if err != nil {
		return err
	}
	return eval.RenderImpact(out, rows)
}

func printTable(o options, out io.Writer) error {
	table, err := eval.Run(eval.Options{Seeds: o.seeds, Levels: o.levels, Workers: o.workers, MicroSS: o.micross, Worlds: o.worlds,
		Fresh: func() []eval.Assigner { return append([]eval.Assigner{eval.Engine{}}, eval.Comparators()...) }})
	if err != nil {
		return err
	}
	if o.asJSON {
		return table.WriteJSON(out)
	}
	if err := table.WriteText(out); err != nil || !o.perSeed {
		return err
	}
	return table.WriteSeeds(out)
}

func printCauses(o options, out io.Writer) error {
	rows, err := eval.RunCauses(o.seeds, o.levels, o.worlds, o.workers, nil)
	if err != nil {
		return err
	}
	if o.asJSON {
		return json.NewEncoder(out).Encode(rows)
	}
	return eval.WriteCauses(out, rows)
}

func printProblems(o options, out io.Writer) error {
	rows, err := eval.RunProblems(o.seeds, sim.Manners, o.workers, nil)
	if err != nil {
		return err
	}
	if o.asJSON {
		return json.NewEncoder(out).Encode(rows)
	}
	return eval.WriteProblems(out, rows, o.perSeed)
}

// printWeights makes the weights that correlate/rules/weights.yaml holds.
func printWeights(o options, out, errs io.Writer) error {
	set := rules.Default()
	var err error
	if o.fit > 0 {
		if set, err = eval.Fit(eval.FitOptions{Rounds: o.fit, Seeds: o.fitSeeds, Near: o.near, Worlds: o.worlds, LeaveOut: o.leaveOut, Workers: o.workers, Log: errs}); err != nil {
			return err
		}
	}
	if o.tune > 0 {
		if set, _, err = eval.Tune(eval.TuneOptions{Start: set, Rounds: o.tune, Seeds: o.fitSeeds, Worlds: o.worlds, LeaveOut: o.leaveOut, Workers: o.workers, Log: errs}); err != nil {
			return err
		}
	}
	_, err = out.Write(set.Correlation.WeightsText())
	return err
}

func splitList(s string) []string {
	var out []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
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
