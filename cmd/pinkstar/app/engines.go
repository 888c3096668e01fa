package app

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/correlate/rules/strict"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// LoadRules reads the configured rule set and topology. Without any they are this
// binary's defaults and an empty topology.
func LoadRules(cfg *config.Config) (set *rules.Set, topo *rules.Topology, err error) {
	var faults strict.Faults
	doc, err := fitting(cfg.RulesDocument())
	if err != nil {
		doc.Text = nil
		faults = append(faults, strict.Of(err)...)
	}
	set, err = rules.Default(), nil
	if len(doc.Text) > 0 {
		set, err = rules.Parse(doc.Name, doc.Text)
	}
	if err == nil {
		set, err = Named(cfg, set)
	}
	if err == nil {
		_, err = fitting(config.Document{Name: doc.Name + " with every default", Text: set.Text}, nil)
	}
	faults = append(faults, strict.Of(doc.Located(err))...)
	doc, err = fitting(cfg.TopologyDocument())
	faults = append(faults, strict.Of(err)...)
	topo = rules.EmptyTopology()
	if len(doc.Text) > 0 && err == nil {
		topo, err = rules.ParseTopology(doc.Name, doc.Text)
		faults = append(faults, strict.Of(doc.Located(err))...)
	}
	return set, topo, faults.Err()
}

// Named returns set with what the settings say of labels, which thereby comes into
// force as rules do: by the log.
func Named(cfg *config.Config, set *rules.Set) (*rules.Set, error) {
	set, _, err := set.Named(&cfg.Labels)
	return set, err
}

// Texts says what is wrong with the configured rules, topology, learnt pairs and
// shadow: all of it.
func Texts(cfg *config.Config) (set *rules.Set, topo *rules.Topology, learnt *rules.Learnt, faults strict.Faults) {
	set, topo, err := LoadRules(cfg)
	faults = append(faults, strict.Of(err)...)
	learnt, err = LoadLearnt(cfg)
	faults = append(faults, strict.Of(err)...)
	shadowed := *cfg // only what is its own: the rest has been judged
	shadowed.Rules, shadowed.RulesFile, shadowed.Topology, shadowed.TopologyFile = "", "", "", ""
	faults = append(faults, strict.Of(CheckShadow(&shadowed))...)
	return set, topo, learnt, faults
}

// LoadLearnt reads the configured learnt pairs; without a file there are none.
func LoadLearnt(cfg *config.Config) (*rules.Learnt, error) {
	doc, err := fitting(cfg.LearntDocument())
	if err != nil {
		return nil, err
	}
	return rules.ParseLearnt(doc.Name, doc.Text)
}

// fitting refuses at once what the log could not carry later.
func fitting(doc config.Document, err error) (config.Document, error) {
	if n := len(doc.Text); err == nil && n > process.MaxActivation {
		err = fmt.Errorf("%s: %d bytes; it travels in one record of the log and may take %d: leave out what is not needed to correlate, such as instances that follow the pattern of their service's name",
			doc.Name, n, process.MaxActivation)
	}
	return doc, err
}

// engines makes the correlator's engines. A new one starts with what the first
// release started with: the configured rules, topology and learnt pairs reach it
// through its log, and so do the defaults and weights of this binary.
type engines struct {
	mu     sync.Mutex
	texts  []schemas.Activation          // configured
	shifts map[string]schemas.Activation // by calendar
	wanted atomic.Pointer[[]schemas.Activation]
	latest atomic.Pointer[texts] // what is wanted, read
	duty   atomic.Pointer[map[string]*rules.Shifts]
}

// texts are what decisions follow from besides the log's signals.
type texts struct {
	rules    *rules.Set
	topology *rules.Topology
	learnt   *rules.Learnt
}

func newEngines(set *rules.Set, topo *rules.Topology, learnt *rules.Learnt) *engines {
	e := &engines{}
	e.want(set, topo, learnt)
	return e
}

// want has the running partitions follow to other texts, through their logs.
func (e *engines) want(set *rules.Set, topo *rules.Topology, learnt *rules.Learnt) {
	e.latest.Store(&texts{set, topo, learnt})
	e.mu.Lock()
	defer e.mu.Unlock()
	behaviour := strconv.FormatInt(correlate.Behaviour, 10)
	e.texts = []schemas.Activation{
		{What: schemas.WhatBehaviour, Version: behaviour, Text: behaviour},
		{What: schemas.WhatRules, Version: set.Version, Text: string(set.Text)},
		{What: schemas.WhatTopology, Version: topo.Version, Text: string(topo.Text)},
		{What: schemas.WhatLearnt, Version: learnt.Version, Text: string(learnt.Text)},
	}
	e.store()
}

// wantShifts has them follow to what a calendar says of who is on duty.
func (e *engines) wantShifts(a schemas.Activation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shifts == nil {
		e.shifts = map[string]schemas.Activation{}
	}
	e.shifts[a.Name] = a
	e.store()
	known := maps.Clone(e.calendars())
	if s, err := rules.ParseShifts(a.Text); err == nil { // who made it has read it
		known[a.Name] = s
	}
	e.duty.Store(&known)
}

// calendars are the shifts that were read here.
func (e *engines) calendars() map[string]*rules.Shifts {
	if p := e.duty.Load(); p != nil {
		return *p
	}
	return map[string]*rules.Shifts{}
}

func (e *engines) store() {
	all := slices.Clone(e.texts)
	for _, name := range slices.Sorted(maps.Keys(e.shifts)) {
		all = append(all, e.shifts[name])
	}
	e.wanted.Store(&all)
}

func (e *engines) New() (process.Engine, error) { return correlate.New(rules.Released(), nil), nil }

func (e *engines) Restore(r io.Reader) (process.Engine, error) {
	restored, err := correlate.Restore(r)
	if err != nil { // not in the interface: a nil engine would be one
		return nil, err
	}
	return restored, nil
}

func (e *engines) Wanted() []schemas.Activation { return *e.wanted.Load() }
