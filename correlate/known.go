package correlate

import (
	"encoding/json"

	"pinkstar/schemas"
)

// KnownProblems returns the problems that the engine knows, in the order of their
// scopes and of their first appearance, so that another engine can be told of them
// (schemas.WhatProblems).
func (e *Engine) KnownProblems() []schemas.KnownProblem {
	var out []schemas.KnownProblem
	for _, sc := range e.st.Order {
		for _, p := range sc.Patterns.List {
			if k, ok := p.Known(); ok {
				out = append(out, k)
			}
		}
	}
	return out
}

// meet makes problems of the past known. Nothing is written: they are published
// already.
func (e *Engine) meet(text []byte) error {
	var list []schemas.KnownProblem
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for i := range list {
		k := &list[i]
		if k.Problem.ID == "" || k.Problem.Service == "" && k.Problem.Machine == "" || len(k.Alerts) == 0 {
			e.st.Stats.BadActivations++
			continue
		}
		sc := e.st.ScopeOf(&schemas.Signal{Scope: k.Problem.Scope})
		if sc == nil || len(sc.Patterns.List) >= e.st.Rules.Limits.Patterns {
			e.st.Stats.Limited++
			continue
		}
		sc.Patterns.Meet(k, e.st.NextSeq())
	}
	return nil
}
