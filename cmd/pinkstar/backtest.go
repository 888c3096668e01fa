package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/past"
	"pinkstar/correlate/backtest"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
)

// backtestArgs is what was asked.
type backtestArgs struct {
	file, old, oldTopology, oldLearnt string
	since, scope                      string
	failOn                            string
	json                              bool
	limit, max                        int
}

// failReasons are what --fail-on takes.
var failReasons = []string{"differs", "worse", "joined", "split", "moved", "grown", "shrunk", "appeared", "gone", "verdict", "never"}

func (c *cli) addBacktest() {
	clause := c.app.Command("backtest", "Compare a rule set, or learnt pairs, with others over recorded history; exit code 3 when --fail-on finds something.")
	a := &backtestArgs{}
	clause.Arg("file", "a log as `pinkstar replay` takes it, - for standard input; without it --brokers' signals topic or --clickhouse's signals are read").StringVar(&a.file)
	clause.Flag("old", "the rule set --rules is compared with; default: what --config names, or else what the log itself ran under").PlaceHolder("FILE").StringVar(&a.old)
	clause.Flag("old-topology", "the topology of the old side; default: the new side's").PlaceHolder("FILE").StringVar(&a.oldTopology)
	clause.Flag("old-learnt", "the learnt pairs of the old side; default: what --config names when --learnt is given, and otherwise the new side's").PlaceHolder("FILE").StringVar(&a.oldLearnt)
	clause.Flag("since", "leave out what is older: a time, or how long before now, such as 30d").StringVar(&a.since)
	clause.Flag("scope", "only this correlation scope").StringVar(&a.scope)
	clause.Flag("fail-on", "what makes the exit code 3, with commas: "+strings.Join(failReasons, ", ")).Default("differs").StringVar(&a.failOn)
	clause.Flag("json", "print JSON").BoolVar(&a.json)
	clause.Flag("limit", "most signals held in memory").Default("2000000").IntVar(&a.limit)
	clause.Flag("max", "differences shown in full").Default("20").IntVar(&a.max)
	s := withSettings(clause, config.ForEngine, config.ForKafka, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error { return a.run(ctx, w, s) })
}

func (a *backtestArgs) run(ctx context.Context, w world, s *settings) error {
	fail := splitList(a.failOn)
	for _, f := range fail {
		if !slices.Contains(failReasons, f) {
			return usageError{fmt.Errorf("--fail-on: %q is not one of %s", f, strings.Join(failReasons, ", "))}
		}
	}
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	opts, err := a.sides(w, s, cfg)
	if err != nil {
		return asUsage(err)
	}
	p, err := a.read(ctx, w, cfg)
	if err != nil {
		return err
	}
	opts.Old.AsLogged, opts.MaxDifferences = opts.Old.Rules == nil, a.max
	report, err := backtest.Compare(ctx, p.Log, opts)
	if err != nil {
		return err
	}
	if a.json {
		err = writeJSON(w.out, report)
	} else {
		err = report.WriteText(w.out)
	}
	if err == nil && failed(report, fail) {
		return errFound
	}
	return err
}

// sides reads what is compared. --rules and --learnt name the new ones; the
// configuration's own are the old ones, unless --old and --old-learnt name
// others. With --learnt alone only the pairs differ.
func (a *backtestArgs) sides(w world, s *settings, cfg *config.Config) (backtest.Options, error) {
	var o backtest.Options
	set, topo, err := app.LoadRules(cfg)
	if err != nil {
		return o, err
	}
	learnt, err := app.LoadLearnt(cfg)
	if err != nil {
		return o, err
	}
	if len(cfg.Rules)+len(cfg.RulesFile) == 0 && *s.flags["learnt"] == "" {
		return o, errors.New("nothing to test: give --rules FILE or --learnt FILE")
	}
	o.New = backtest.Side{Name: "new", Rules: set, Topology: topo, Learnt: learnt}
	o.Old = backtest.Side{Name: "old", Topology: topo}
	o.FixTopology = len(topo.Services) > 0
	own, onlyLearnt := a.own(w, s), *s.flags["rules"] == "" && *s.flags["learnt"] != ""
	if o.Old.Rules, err = a.oldRules(own, *s.flags["rules"] != ""); err != nil {
		return o, err
	}
	switch {
	case a.old != "" || !onlyLearnt:
	case len(cfg.Rules)+len(cfg.RulesFile) > 0:
		o.Old.Rules = set
	default: // under the log's rules
		o.New.Rules, o.New.AsLogged = nil, true
	}
	if a.oldTopology != "" {
		text, err := os.ReadFile(a.oldTopology)
		if err != nil {
			return o, err
		}
		if o.Old.Topology, err = rules.ParseTopology(a.oldTopology, text); err != nil {
			return o, err
		}
		o.FixTopology = true
	}
	if o.Old.Learnt, err = a.oldPairs(own, learnt, *s.flags["learnt"] != ""); err != nil {
		return o, err
	}
	o.FixLearnt = *s.flags["learnt"] != "" || learnt.Version != "" || o.Old.Learnt.Version != ""
	return o, nil
}

// own is the configuration without what the flags name to be tested, nil when
// there is none.
func (a *backtestArgs) own(w world, s *settings) *config.Config {
	for _, name := range [...]string{"rules", "learnt"} {
		given := *s.flags[name]
		*s.flags[name] = ""
		defer func() { *s.flags[name] = given }()
	}
	cfg, err := s.load(w)
	if err != nil {
		return nil
	}
	return cfg
}

// oldRules are the old side's: those of --old; or else, when --rules names new
// ones, the configuration's own; nil when nothing says which.
func (a *backtestArgs) oldRules(own *config.Config, given bool) (*rules.Set, error) {
	if a.old != "" {
		text, err := os.ReadFile(a.old)
		if err != nil {
			return nil, err
		}
		set, err := rules.Parse(a.old, text)
		if err != nil || own == nil {
			return set, err
		}
		return app.Named(own, set)
	}
	if !given || own == nil || len(own.Rules)+len(own.RulesFile) == 0 {
		return nil, nil
	}
	set, _, err := app.LoadRules(own)
	return set, err
}

// oldPairs are the old side's learnt pairs: those of --old-learnt; or else, when
// --learnt names new ones, the configuration's own; or else the same.
func (a *backtestArgs) oldPairs(own *config.Config, same *rules.Learnt, given bool) (*rules.Learnt, error) {
	switch {
	case a.oldLearnt != "":
		text, err := os.ReadFile(a.oldLearnt)
		if err != nil {
			return nil, err
		}
		return rules.ParseLearnt(a.oldLearnt, text)
	case !given:
		return same, nil
	case own == nil:
		return rules.EmptyLearnt(), nil
	}
	return app.LoadLearnt(own)
}

// read reads the log into memory.
func (a *backtestArgs) read(ctx context.Context, w world, cfg *config.Config) (*past.Past, error) {
	since, err := sinceOf(a.since, time.Now())
	if err != nil {
		return nil, usageError{fmt.Errorf("--since: %w", err)}
	}
	return readLog(ctx, w, cfg, a.file, past.Options{Since: since, Scope: a.scope, Limit: a.limit})
}

// readLog reads the log from wherever it is: a file, ClickHouse, or the signals
// topic.
func readLog(ctx context.Context, w world, cfg *config.Config, file string, o past.Options) (*past.Past, error) {
	switch {
	case file != "":
		return readPast(ctx, w, cfg, file, o)
	case !cfg.EmbeddedClickHouse():
		conn, err := clickhouse.Open(cfg.ClickHouse.DSN)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		return past.FromSQL(ctx, clickhouse.NewQueries(conn), 0, o)
	default:
		if err := useRunning(cfg); err != nil {
			return nil, err
		}
		p, err := past.FromTopic(ctx, cfg.Kafka.Config, kafka.Deps{Log: app.NewLogger(cfg.Log, w.err).Level(zerolog.ErrorLevel)}, o)
		if err == nil {
			warnPast(w, p)
		}
		return p, err
	}
}

// sinceOf reads a time, or a span before now.
func sinceOf(s string, now time.Time) (schemas.Time, error) {
	if s == "" {
		return 0, nil
	}
	if d, err := rules.ParseDuration(s); err == nil {
		return schemas.TimeOf(now).Add(-d.Milliseconds()), nil
	}
	if t, err := schemas.ParseTime(s); err == nil {
		return t, nil
	}
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return schemas.TimeOf(t), nil
	}
	return 0, fmt.Errorf("%q is neither a time such as 2026-11-22T10:00:00Z, nor a day, nor a span such as 30d", s)
}

// failed reports whether the report has what the caller wants to be told of.
func failed(r *backtest.Report, fail []string) bool {
	for _, f := range fail {
		switch f {
		case "differs":
			if !r.Same() {
				return true
			}
		case "worse":
			if r.Worse() {
				return true
			}
		case "verdict":
			if len(r.Verdicts) > 0 {
				return true
			}
		default:
			if r.ByKind[f] > 0 {
				return true
			}
		}
	}
	return false
}
