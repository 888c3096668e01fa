package ingest

import (
	"slices"
	"strings"

	"pinkstar/schemas"
)

// everywhere tells a silence that names no environment in each that there is
// (labels.environments): at Alertmanager it holds in all of them, and here nothing
// crosses a scope. Which alerts it means is for its matchers to say in each.
func (b *batch) everywhere() error {
	n := b.naming
	for i := range len(b.found) {
		f := b.found[i]
		if f.err != nil || !isSilence(&f.signal) || f.signal.Environment != "" || slices.ContainsFunc(n.Environment, func(name string) bool { return f.signal.Labels.Get(name) != "" }) {
			continue
		}
		for _, env := range n.Environments {
			if n.EnvironmentOf(env) == n.EnvironmentOf("") {
				continue // it is there already
			}
			x, err := b.next(f.place)
			if err != nil {
				return err
			}
			x.signal, x.wrapped = f.signal, f.wrapped
			x.signal.Environment = env
			c := *f.signal.Change
			c.Matchers = slices.Clone(c.Matchers)
			x.signal.Change = &c
		}
	}
	return nil
}

func isSilence(s *schemas.Signal) bool {
	return s.Kind == schemas.KindMaintenance && s.Change != nil && strings.EqualFold(s.Change.Type, "silence")
}
