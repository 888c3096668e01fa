package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/past"
	"pinkstar/correlate/learn"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// learnArgs is what was asked.
type learnArgs struct {
	file, since, scope, out string
	window, occasion        string
	together, occasions     int64

	suggest suggestArgs
}

func (c *cli) addLearn() {
	d := learn.Default()
	clause := c.app.Command("learn", "Count over a recorded past which alerts come together more often than chance has it, and write them down for learnt_file; or, with --suggest, propose rules from what operators corrected.")
	a := &learnArgs{}
	clause.Arg("file", "a log as `pinkstar replay` takes it, - for standard input; without it --brokers' signals topic or --clickhouse's signals are read").StringVar(&a.file)
	clause.Flag("since", "leave out what is older: a time, or how long before now, such as 30d").StringVar(&a.since)
	clause.Flag("scope", "only this correlation scope").StringVar(&a.scope)
	clause.Flag("out", "write to this file instead of standard output").Short('o').PlaceHolder("FILE").StringVar(&a.out)
	clause.Flag("window", "how far apart two alerts may start and still have come together").Default(rules.Duration(d.Window).String()).StringVar(&a.window)
	clause.Flag("together", "times a pair must have come together").Default(fmt.Sprint(d.Together)).Int64Var(&a.together)
	clause.Flag("occasions", "different occasions on which it must have: one storm teaches nothing").Default(fmt.Sprint(d.Occasions)).Int64Var(&a.occasions)
	clause.Flag("occasion", "how long an occasion is").Default(rules.Duration(d.Occasion).String()).StringVar(&a.occasion)
	a.suggest.flags(clause)
	s := withSettings(clause, config.ForEngine, config.ForKafka, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error {
		if a.suggest.wanted {
			return a.suggestRules(ctx, w, s)
		}
		return a.run(ctx, w, s)
	})
}

func (a *learnArgs) run(ctx context.Context, w world, s *settings) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	l, err := a.learner(cfg)
	if err != nil {
		return asUsage(err)
	}
	since, err := sinceOf(a.since, time.Now())
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	each := func(s *schemas.Signal, at schemas.Time) { l.Step(s, at) }
	if _, err := readLog(ctx, w, cfg, a.file, past.Options{Since: since, Scope: a.scope, Each: each}); err != nil {
		return err
	}
	learnt := l.Learnt()
	a.tell(w, l.Stats(), learnt)
	if a.out == "" {
		_, err = w.out.Write(learnt.Text)
		return err
	}
	return replaceFile(a.out, learnt.Text)
}

// learner returns a learner that names services as the configuration does, or
// as the log says where it says nothing.
func (a *learnArgs) learner(cfg *config.Config) (*learn.Learner, error) {
	set, topo, err := app.LoadRules(cfg)
	if err != nil {
		return nil, err
	}
	c := learn.Default()
	for _, f := range []struct {
		name, text string
		into       *int64
	}{{"--window", a.window, &c.Window}, {"--occasion", a.occasion, &c.Occasion}} {
		d, err := rules.ParseDuration(f.text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		*f.into = d.Milliseconds()
	}
	c.Together, c.Occasions = a.together, a.occasions
	return learn.New(c, learn.Setup{Rules: set, Topology: topo,
		FixRules: len(cfg.Rules)+len(cfg.RulesFile) > 0, FixTopology: len(topo.Services) > 0})
}

// tell says on stderr what the file is worth.
func (a *learnArgs) tell(w world, st learn.Stats, l *rules.Learnt) {
	fmt.Fprintf(w.err, "pinkstar: %d pairs from the starts of %d alerts between %s and %s (version %s)\n",
		len(l.Pairs), l.Alerts, schemas.Time(l.From), schemas.Time(l.To), l.Version)
	var lost []string
	for _, c := range []struct {
		n    int64
		what string
	}{
		{st.Unplaced, "of no service that could be told"}, {st.Late, "came too late"}, {st.BeyondScopes, "in more scopes than are counted"},
	} {
		if c.n > 0 {
			lost = append(lost, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if len(lost) > 0 {
		fmt.Fprintf(w.err, "pinkstar: not counted: %s\n", strings.Join(lost, ", "))
	}
	if st.DroppedPairs+st.DroppedTypes > 0 {
		fmt.Fprintf(w.err, "pinkstar: %d rare pairs and %d rare types were forgotten on the way, to bound the memory; what is rare may be missed\n", st.DroppedPairs, st.DroppedTypes)
	}
}

// replaceFile writes a file that is whole at any moment: a Pinkstar that starts
// meanwhile reads the old one or the new one.
func replaceFile(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}
