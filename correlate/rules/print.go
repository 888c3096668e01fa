package rules

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// fitted are the parts of Correlation that are fitted, not written by hand:
// hundreds of figures.
var fitted = []string{"weights", "same", "across", "again", "apart", "ticket", "events", "link"}

// Print returns s with every default written out; read back, it is the same set
// under the same version. Fitted weights and curves are left out when they are
// the defaults, unless all is true.
func (s *Set) Print(all bool) []byte {
	if all {
		return marshal(s)
	}
	tree := mapOf(s)
	ours, usual := child(tree, "correlation"), child(mapOf(defaults()), "correlation")
	for _, name := range fitted {
		if string(marshal(value(ours, name))) == string(marshal(value(usual, name))) {
			ours = slices.DeleteFunc(ours, func(i yaml.MapItem) bool { return i.Key == name })
		}
	}
	set(tree, "correlation", ours)
	return marshal(tree)
}

// mapOf is s as an ordered tree.
func mapOf(s *Set) yaml.MapSlice {
	var tree yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(marshal(s), &tree, yaml.UseOrderedMap()); err != nil { // what marshal wrote
		panic("rules: " + err.Error())
	}
	return tree
}

func value(m yaml.MapSlice, key string) any {
	for _, i := range m {
		if i.Key == key {
			return i.Value
		}
	}
	return nil
}

func child(m yaml.MapSlice, path string) yaml.MapSlice {
	for key := range strings.SplitSeq(path, ".") {
		m, _ = value(m, key).(yaml.MapSlice)
	}
	return m
}

func set(m yaml.MapSlice, key string, v any) {
	for i := range m {
		if m[i].Key == key {
			m[i].Value = v
		}
	}
}
