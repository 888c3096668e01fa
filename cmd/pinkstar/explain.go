package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/console"
	"pinkstar/cmd/pinkstar/past"
	"pinkstar/correlate/explain"
	"pinkstar/correlate/history"
	"pinkstar/pipeline/ingest"
)

// explainArgs is what was asked.
type explainArgs struct {
	id, with, log, api string
	whatIf             []string
	json               bool
	limit              int
}

func (c *cli) addExplain() {
	clause := c.app.Command("explain", "Say why a signal is where it is, why not elsewhere, and what another setting would change.")
	a := &explainArgs{}
	clause.Arg("id", "an incident's or a signal's id").Required().StringVar(&a.id)
	clause.Flag("with", "another signal or incident: why are the two not together").PlaceHolder("ID").StringVar(&a.with)
	clause.Flag("what-if", "a setting with another value, such as correlation.join=1500, rules[by-team].window=15m or topology.services.web.depends_on=[api]; may be given again. Needs --log").
		PlaceHolder("KEY=VALUE").StringsVar(&a.whatIf)
	clause.Flag("log", "a recorded log as `pinkstar replay` takes it, - for standard input; without it a running pinkstar is asked").PlaceHolder("FILE").StringVar(&a.log)
	clause.Flag("api", "address of a running pinkstar, http://host:port; default: the one that runs on --data. It may want a token, in $PINKSTAR_TOKEN").PlaceHolder("URL").StringVar(&a.api)
	clause.Flag("json", "print JSON").BoolVar(&a.json)
	clause.Flag("limit", "most signals held in memory").Default("2000000").IntVar(&a.limit)
	s := withSettings(clause, config.ForEngine, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error {
		cfg, err := s.load(w)
		if err != nil {
			return err
		}
		x, err := a.explanation(ctx, w, cfg)
		if err != nil {
			return err
		}
		if a.json {
			return writeJSON(w.out, x)
		}
		return x.WriteText(w.out)
	})
}

func (a *explainArgs) explanation(ctx context.Context, w world, cfg *config.Config) (*explain.Explanation, error) {
	if a.log != "" {
		return a.offline(ctx, w, cfg)
	}
	if len(a.whatIf) > 0 {
		return nil, usageError{errors.New("--what-if runs the log again: give it with --log FILE")}
	}
	return a.online(ctx, w, cfg)
}

// offline explains from a recorded log.
func (a *explainArgs) offline(ctx context.Context, w world, cfg *config.Config) (*explain.Explanation, error) {
	set, topo, err := app.LoadRules(cfg)
	if err != nil {
		return nil, usageError{err}
	}
	learnt, err := app.LoadLearnt(cfg)
	if err != nil {
		return nil, usageError{err}
	}
	p, err := readPast(ctx, w, cfg, a.log, past.Options{Limit: a.limit})
	if err != nil {
		return nil, err
	}
	setup := history.Setup{Rules: set, Topology: topo, Learnt: learnt}
	changed, changes, err := explain.Apply(setup, a.whatIf)
	if err != nil {
		return nil, usageError{fmt.Errorf("--what-if: %w", err)}
	}
	run, err := p.Log.Play(ctx, setup)
	if err != nil {
		return nil, err
	}
	x := explain.Of(explain.OfRun(run), a.id)
	if x == nil {
		return nil, fmt.Errorf("%s is neither a signal nor an incident of this log; `pinkstar replay --emit incident,decision` lists them", a.id)
	}
	if a.with != "" {
		if x.WhyNot, err = explain.FindWhyNot(ctx, explain.OfRun(run), p.Log, setup, a.id, a.with); err != nil {
			return nil, err
		}
	}
	if len(changes) > 0 {
		x.WhatIf, err = explain.FindWhatIf(ctx, run, changed, a.id, changes)
	}
	return x, err
}

// readPast reads a file and says what could not be read.
func readPast(ctx context.Context, w world, cfg *config.Config, file string, o past.Options) (*past.Past, error) {
	in, done, err := openInput(file, w)
	if err != nil {
		return nil, err
	}
	defer done()
	p, err := past.FromFile(ctx, in, ingest.NewTranslator(cfg.Labels, cfg.Gateway.Limits, cfg.Gateway.Mappings), int(cfg.Gateway.Limits.DecompressedBytes), o)
	if err != nil {
		return nil, err
	}
	warnPast(w, p)
	return p, nil
}

func warnPast(w world, p *past.Past) {
	if p.Refused > 0 {
		fmt.Fprintf(w.err, "pinkstar: %d could not be read, the first: %s\n", p.Refused, p.Reason)
	}
}

// tokenEnv holds what a running installation asks for; a flag would show it to
// everybody who lists processes.
const tokenEnv = "PINKSTAR_TOKEN"

// online asks a running installation.
func (a *explainArgs) online(ctx context.Context, w world, cfg *config.Config) (*explain.Explanation, error) {
	base, err := a.address(cfg)
	if err != nil {
		return nil, err
	}
	kind := "signals"
	if strings.HasPrefix(a.id, "INC-") {
		kind = "incidents"
	}
	query := url.Values{}
	if a.with != "" {
		query.Set("with", a.with)
	}
	x := &explain.Explanation{}
	cl := console.Client{Base: base, Token: w.getenv(tokenEnv)}
	err = cl.Get(ctx, "/api/v1/"+kind+"/"+url.PathEscape(a.id)+"/explanation", query, x)
	refused, is := errors.AsType[*console.RefusedError](err)
	switch {
	case err == nil:
		return x, nil
	case is && refused.Status == http.StatusUnauthorized:
		return nil, fmt.Errorf("%s asks who you are: put a token of its access.tokens into %s", base, tokenEnv)
	case is:
		return nil, err
	case a.api == "":
		return nil, fmt.Errorf("the pinkstar that wrote %s does not answer, so it no longer runs: start it, give the --data of one that does, --api URL, or --log FILE (%w)",
			filepath.Join(cfg.Data, app.EndpointsName), err)
	}
	return nil, fmt.Errorf("asking %s: %w", base, err)
}

// address is where the running installation is reached.
func (a *explainArgs) address(cfg *config.Config) (string, error) {
	if a.api != "" {
		return strings.TrimSuffix(a.api, "/"), nil
	}
	base, err := runningOn(cfg.Data)
	if isUsage(err) {
		err = usageError{fmt.Errorf("%w, or --log FILE with a recorded log", err)}
	}
	return base, err
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
