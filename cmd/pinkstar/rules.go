package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/correlate/scenario"
)

func (c *cli) addRules() {
	parent := c.app.Command("rules", "Check rules and topology, and test them with scenarios.")
	check := parent.Command("check", "Check a rule set and a topology.")
	checked := withSettings(check, config.ForEngine)
	c.on(check, func(_ context.Context, w world) error {
		set, topo, learnt, err := loadRules(checked, w)
		if err != nil {
			return err
		}
		for _, warning := range topo.Warnings {
			fmt.Fprintf(w.out, "topology: %s\n", warning)
		}
		_, err = fmt.Fprintf(w.out, "%d rules (version %s), %d services (version %s)%s: good.\n",
			len(set.Rules), set.Version, len(topo.Services), topo.Version, learntText(learnt))
		return err
	})
	test := parent.Command("test", "Run scenarios and show where they differ; exit code 3 when one does.")
	paths := test.Arg("scenario", "scenario files, or directories with *.txt in them").Required().Strings()
	update := test.Flag("update", "write what came out into the files as what is expected").Bool()
	tested := withSettings(test, config.ForEngine)
	c.on(test, func(ctx context.Context, w world) error {
		set, topo, learnt, err := loadRules(tested, w)
		if err != nil {
			return err
		}
		return testScenarios(ctx, w, *paths, *update, scenario.Options{Rules: set, Topology: topo, Learnt: learnt})
	})
}

func loadRules(s *settings, w world) (*rules.Set, *rules.Topology, *rules.Learnt, error) {
	cfg, err := s.load(w)
	if err != nil {
		return nil, nil, nil, err
	}
	set, topo, err := app.LoadRules(cfg)
	if err != nil {
		return nil, nil, nil, asUsage(err)
	}
	learnt, err := app.LoadLearnt(cfg)
	return set, topo, learnt, asUsage(err)
}

// learntText says what has been learnt, after a list of other things.
func learntText(l *rules.Learnt) string {
	if l.Version == "" {
		return ""
	}
	return fmt.Sprintf(", %d learnt pairs (version %s)", len(l.Pairs), l.Version)
}

// testScenarios runs every file; a scenario without sections of its own runs
// under opts.
func testScenarios(ctx context.Context, w world, paths []string, update bool, opts scenario.Options) error {
	files, err := scenarioFiles(paths)
	if err != nil {
		return err
	}
	failed := 0
	for _, name := range files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		good, err := testScenario(w, name, update, opts)
		if err != nil {
			return err
		}
		if !good {
			failed++
		}
	}
	if failed > 0 {
		fmt.Fprintf(w.out, "%d of %d scenarios differ.\n", failed, len(files))
		return errFound
	}
	_, err = fmt.Fprintf(w.out, "%d scenarios, all as expected.\n", len(files))
	return err
}

func testScenario(w world, name string, update bool, opts scenario.Options) (good bool, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	f, err := scenario.Parse(name, text)
	if err != nil {
		return false, usageError{err}
	}
	result, err := scenario.Run(f, opts)
	if err != nil {
		return false, usageError{err}
	}
	if update {
		if now := result.Update(); !bytes.Equal(now, text) {
			fmt.Fprintf(w.out, "%s: updated\n", name)
			return true, os.WriteFile(name, now, 0o644)
		}
		return true, nil
	}
	diff := result.Diff()
	if diff != "" {
		fmt.Fprintf(w.out, "%s: what is expected (-) and what came out (+) differ:\n%s\n", name, strings.TrimRight(diff, "\n"))
	}
	return diff == "", nil
}

func scenarioFiles(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, p)
			continue
		}
		inside, err := filepath.Glob(filepath.Join(p, "*.txt"))
		if err != nil {
			return nil, err
		}
		if len(inside) == 0 {
			return nil, usageError{fmt.Errorf("%s holds no *.txt", p)}
		}
		out = append(out, inside...)
	}
	return out, nil
}
