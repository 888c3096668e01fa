package app

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/deliver"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
)

// shadow returns the role that runs the second rule set beside the first; it
// runs where the correlator runs.
func (a *App) shadow() (*role, error) {
	eng, err := newShadowEngines(a.cfg)
	if err != nil {
		return nil, err
	}
	a.beside = eng
	c, err := process.NewShadow(a.cfg.Process, a.kafka, eng, eng.texts.Load().imposed(), process.Deps{Log: a.log.With().Bool("shadow", true).Logger(), Registerer: a.reg})
	if err != nil {
		return nil, err
	}
	// The installation is ready without it: it starts at the beginning of the
	// log, and that may take a while.
	return &role{run: c.Run, ready: always, ailing: c.Ready}, nil
}

// shadowWriter returns the role that carries what the shadow decides to
// ClickHouse.
func (a *App) shadowWriter() (*role, error) {
	if a.sql == nil {
		return nil, errNoSQL
	}
	reg := prometheus.WrapRegistererWithPrefix("shadow_", a.reg)
	sink := clickhouse.NewShadowWriter(a.sql.conn, a.cfg.Writer.WriterConfig, reg)
	a.sql.mends(sink)
	d, err := deliver.New(a.cfg.Writer.Config, a.kafka.ForShadow(), kafka.Deps{Log: a.log.With().Bool("shadow", true).Logger(), Registerer: reg}, sink)
	if err != nil {
		return nil, err
	}
	return &role{run: a.sql.rebuilding(d.Run), ready: always, ailing: d.Failing}, nil
}

// CheckShadow says what is wrong with the shadow's rules and topology.
func CheckShadow(cfg *config.Config) error {
	_, err := newShadowEngines(cfg)
	return err
}

// startShadow starts the shadow's part of this process's roles.
func (a *App) startShadow() error {
	for _, r := range [...]struct {
		of, name string
		make     func() (*role, error)
	}{{config.RoleWrite, "shadow write", a.shadowWriter}, {config.RoleCorrelate, "shadow correlate", a.shadow}} {
		if !a.cfg.Has(r.of) {
			continue
		}
		made, err := r.make()
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		a.health.add(part{name: r.name, ready: made.ready, ailing: made.ailing})
		a.goRole(r.name, made.run)
	}
	return nil
}

// shadowEngines makes engines under the shadow's rules and topology.
type shadowEngines struct{ texts atomic.Pointer[shadowTexts] }

// shadowTexts are the rules and the topology of a shadow, and which of the two are
// its own.
type shadowTexts struct {
	set            *rules.Set
	topo           *rules.Topology
	ownSet, ownTop bool
	wanted         []schemas.Activation // its own texts, which the log does not say
}

func newShadowEngines(cfg *config.Config) (*shadowEngines, error) {
	t, err := loadShadow(cfg)
	if err != nil {
		return nil, err
	}
	e := &shadowEngines{}
	e.texts.Store(t)
	return e, nil
}

func loadShadow(cfg *config.Config) (*shadowTexts, error) {
	t := &shadowTexts{ownSet: cfg.Shadow.RulesFile != "", ownTop: cfg.Shadow.TopologyFile != ""}
	var err error
	if t.set, t.topo, err = LoadRules(cfg); err != nil {
		return nil, err
	}
	if name := cfg.Shadow.RulesFile; name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, cfg.At("shadow.rules_file", err)
		}
		if t.set, err = rules.Parse(name, text); err != nil {
			return nil, err
		}
		if t.set, err = Named(cfg, t.set); err != nil {
			return nil, err
		}
	}
	if name := cfg.Shadow.TopologyFile; name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, cfg.At("shadow.topology_file", err)
		}
		if t.topo, err = rules.ParseTopology(name, text); err != nil {
			return nil, err
		}
	}
	if t.ownSet {
		t.wanted = append(t.wanted, schemas.Activation{What: schemas.WhatRules, Version: t.set.Version, Text: string(t.set.Text)})
	}
	if t.ownTop {
		t.wanted = append(t.wanted, schemas.Activation{What: schemas.WhatTopology, Version: t.topo.Version, Text: string(t.topo.Text)})
	}
	return t, nil
}

func (t *shadowTexts) imposed() (list []string) {
	for _, a := range t.wanted {
		list = append(list, a.What)
	}
	return list
}

func (e *shadowEngines) New() (process.Engine, error) {
	t := e.texts.Load()
	return correlate.New(t.set, t.topo), nil
}

// Restore puts what is imposed in force, should it have changed since the
// snapshot: the log does not say it.
func (e *shadowEngines) Restore(r io.Reader) (process.Engine, error) {
	restored, err := correlate.Restore(r)
	if err != nil {
		return nil, err
	}
	var out correlate.Output
	for _, a := range e.Wanted() {
		if restored.Active(a.What) != a.Version {
			restored.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &a}, restored.Now(), &out)
		}
	}
	return restored, nil
}

// Wanted lists what is imposed.
func (e *shadowEngines) Wanted() []schemas.Activation { return e.texts.Load().wanted }
