package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/past"
	"pinkstar/correlate/backtest"
	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/correlate/suggest"
	"pinkstar/schemas"
)

// suggestArgs is what was asked of rules to be proposed.
type suggestArgs struct {
	wanted, json bool
	limit        int
	c            suggest.Config
}

func (a *suggestArgs) flags(clause *kingpin.CmdClause) {
	d := suggest.Default()
	clause.Flag("suggest", "propose rules that would have done what operators did (moves, splits, links, unlinks), or that suppress what nobody ever acted on, each with its precision and recall on a later part of the past than it was made from").BoolVar(&a.wanted)
	clause.Flag("precision", "with --suggest: what the lower bound of a rule's precision (95 %) must reach").Default(fmt.Sprint(d.Precision)).Float64Var(&a.c.Precision)
	clause.Flag("untouched", "with --suggest: the same for rules that suppress: of the incidents with such alerts, how many nobody did anything about").Default(fmt.Sprint(d.Untouched)).Float64Var(&a.c.Untouched)
	clause.Flag("earlier", "with --suggest: the share of corrections and of incidents, the earlier ones, that rules are made from").Default(fmt.Sprint(d.Earlier)).Float64Var(&a.c.Earlier)
	clause.Flag("support", "with --suggest: earlier corrections that a rule must spare").Default(fmt.Sprint(d.Support)).IntVar(&a.c.Support)
	clause.Flag("tries", "with --suggest: rules that are tried at most, each on the whole past").Default(fmt.Sprint(d.Tried)).IntVar(&a.c.Tried)
	clause.Flag("limit", "with --suggest: most signals held in memory").Default("2000000").IntVar(&a.limit)
	clause.Flag("json", "with --suggest: print JSON").BoolVar(&a.json)
}

// suggestRules proposes rules.
func (a *learnArgs) suggestRules(ctx context.Context, w world, s *settings) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	if err := a.suggest.c.Check(); err != nil {
		return usageError{err}
	}
	since, err := sinceOf(a.since, time.Now())
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	p, err := readLog(ctx, w, cfg, a.file, past.Options{Since: since, Scope: a.scope, Limit: a.suggest.limit})
	if err != nil {
		return err
	}
	side, o, err := ruledBy(cfg, p.Log)
	if err != nil {
		return asUsage(err)
	}
	r, err := suggest.Suggest(ctx, p.Log, side, o, a.suggest.c)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if a.suggest.json {
		if err := writeJSON(&b, r); err != nil {
			return err
		}
	} else {
		writeSuggestions(&b, r, &a.suggest.c)
	}
	if a.out != "" {
		return replaceFile(a.out, b.Bytes())
	}
	_, err = w.out.Write(b.Bytes())
	return err
}

// ruledBy is what a past is run under: what the configuration names, and else what the
// log put in force last.
func ruledBy(cfg *config.Config, log *history.Log) (backtest.Side, backtest.Options, error) {
	set, topo, err := app.LoadRules(cfg)
	if err != nil {
		return backtest.Side{}, backtest.Options{}, err
	}
	learnt, err := app.LoadLearnt(cfg)
	if err != nil {
		return backtest.Side{}, backtest.Options{}, err
	}
	if len(cfg.Rules)+len(cfg.RulesFile) == 0 {
		for i := range log.Records {
			s := log.Records[i].Signal
			if s == nil || s.Activation == nil || s.Activation.What != schemas.WhatRules {
				continue
			}
			if set, err = rules.Parse("activation", []byte(s.Activation.Text), rules.FromLog); err != nil {
				return backtest.Side{}, backtest.Options{}, err
			}
		}
	}
	return backtest.Side{Name: "now", Rules: set, Topology: topo, Learnt: learnt},
		backtest.Options{FixTopology: len(topo.Services) > 0, FixLearnt: learnt.Version != ""}, nil
}

// writeSuggestions prints what a rules file may take, and why.
func writeSuggestions(b *bytes.Buffer, r *suggest.Report, c *suggest.Config) {
	fmt.Fprintf(b, "# %d corrections by operators (%d moves and splits, %d links, %d unlinks; %d void).\n",
		r.Corrections.Moves+r.Corrections.Links+r.Corrections.Unlinks, r.Corrections.Moves, r.Corrections.Links, r.Corrections.Unlinks, r.Corrections.Void)
	fmt.Fprintf(b, "# What the rules in force do not do by themselves: %d occasions, of which %d made rules", r.Earlier+r.Later, r.Earlier)
	if r.Split != 0 {
		fmt.Fprintf(b, " and the %d from %s on judged them", r.Later, r.Split)
	}
	fmt.Fprintf(b, "; %d rules tried.\n", r.Tried)
	if r.Tried == 0 {
		fmt.Fprintf(b, "# Too few: there must be %d occasions with something in common, and later ones.\n", c.Support)
	}
	if r.Looked == 0 {
		b.WriteString("# People acted on too few incidents to say that nobody acts on an alert.\n")
	} else {
		fmt.Fprintf(b, "# %d kinds of alerts that never were worse than a warning: whether anybody acts on them.\n", r.Looked)
	}
	if len(r.Suggestions) == 0 {
		fmt.Fprintf(b, "# Nothing to propose: no rule whose precision is %.2f or more beyond doubt (%.2f for one that suppresses).\n", c.Precision, c.Untouched)
	} else {
		b.WriteString("# Take what is right into the rules file; `pinkstar backtest --rules FILE` shows which incidents would have differed.\nrules:\n")
	}
	for _, s := range r.Suggestions {
		right, all := "of what it would have put together or apart, this is as operators left it", "of the corrections"
		if s.From == suggest.FromUntouched {
			right, all = "of the incidents with such an alert, these were of nothing else and nobody did anything about them", "of all incidents that nobody did anything about"
		}
		fmt.Fprintf(b, "# Precision %s: %s.\n# Recall %s: %s.\n%s\n", shareText(s.Precision), right, shareText(s.Recall), all, s.Text)
	}
	for _, s := range r.Rejected {
		fmt.Fprintf(b, "# Not proposed: precision %s, recall %s:\n# %s\n", shareText(s.Precision), shareText(s.Recall), strings.ReplaceAll(s.Text, "\n", "\n# "))
	}
}

func shareText(s suggest.Share) string {
	return fmt.Sprintf("%d of %d (95 %%: %.2f to %.2f)", s.Right, s.N, s.Low, s.High)
}
