package schemas

import (
	"slices"
	"strings"

	"pinkstar/schemas/jsonscan"
)

// Label is one name and its value.
type Label struct{ Name, Value string }

// Labels is a set of labels sorted by name, without empty values or repeated
// names. A slice, not a map: it is smaller, has an order, and is what the hot
// path compares. In JSON it is an object.
type Labels []Label

// LabelsOf builds Labels from a map, leaving out empty values, which
// Prometheus defines to be the same as absent ones.
func LabelsOf(m map[string]string) Labels {
	if len(m) == 0 {
		return nil
	}
	ls := make(Labels, 0, len(m))
	for n, v := range m {
		ls = append(ls, Label{n, v})
	}
	return ls.normal()
}

func (ls Labels) sort() {
	slices.SortFunc(ls, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
}

// Get returns the value of the label called name, or "".
func (ls Labels) Get(name string) string {
	for i := range ls {
		if ls[i].Name == name {
			return ls[i].Value
		}
	}
	return ""
}

// First returns the first non-empty value among names, and the name it was
// found under.
func (ls Labels) First(names []string) (value, name string) {
	for _, n := range names {
		if v := ls.Get(n); v != "" {
			return v, n
		}
	}
	return "", ""
}

// Map returns the labels as a new map.
func (ls Labels) Map() map[string]string {
	m := make(map[string]string, len(ls))
	for _, l := range ls {
		m[l.Name] = l.Value
	}
	return m
}

// MarshalJSON implements json.Marshaler.
func (ls Labels) MarshalJSON() ([]byte, error) { return ls.AppendJSON(nil), nil }

// AppendJSON appends the labels as a JSON object.
func (ls Labels) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, l := range ls {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, l.Name)
		b = append(b, ':')
		b = AppendString(b, l.Value)
	}
	return append(b, '}')
}

// UnmarshalJSON implements json.Unmarshaler. Numbers and booleans are taken as
// their text, since producers write them; nested values are an error.
func (ls *Labels) UnmarshalJSON(b []byte) error {
	r := jsonscan.NewCopying(string(b))
	v, err := ReadLabels(&r)
	*ls = v
	return err
}
