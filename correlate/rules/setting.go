package rules

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"pinkstar/correlate/rules/strict"
)

// With returns a copy of s in which one setting has another value, and the old
// value as text ("" when it was not there). path is written as in the file:
// correlation.join, rules[0].window, rules[by-team].window (by name),
// correlation.same.gap[2].points. value is YAML.
func (s *Set) With(path, value string) (*Set, string, error) {
	text, err := yaml.Marshal(s)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	text, old, err := replaced(text, path, value)
	if err != nil {
		return nil, "", err
	}
	n, err := Parse(path+"="+value, text)
	return n, old, err
}

// With does the same for a topology: services.web.depends_on.
func (t *Topology) With(path, value string) (*Topology, string, error) {
	text, err := yaml.Marshal(t)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	text, old, err := replaced(text, path, value)
	if err != nil {
		return nil, "", err
	}
	n, err := ParseTopology(path+"="+value, text)
	return n, old, err
}

func replaced(text []byte, path, value string) ([]byte, string, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	var v any
	if _, faults := strict.Decode("", []byte(value), &v); len(faults) > 0 {
		return nil, "", fmt.Errorf("%s: the value %q is not YAML: %w", path, value, faults.Err())
	}
	steps, err := stepsOf(path)
	if err != nil {
		return nil, "", err
	}
	old, err := replace(doc, steps, v)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	oldText := ""
	if old != nil {
		b, err := yaml.MarshalWithOptions(old, yaml.Flow(true))
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", path, err)
		}
		oldText = string(bytes.TrimSpace(b))
	}
	text, err = yaml.Marshal(doc)
	return text, oldText, err
}

// stepsOf splits a.b[c].d into a, b, [c, d.
func stepsOf(path string) ([]string, error) {
	var out []string
	for rest := path; rest != ""; {
		if rest[0] == '[' {
			in, after, ok := strings.Cut(rest[1:], "]")
			if !ok || in == "" {
				return nil, fmt.Errorf("%s: write an element of a list as name[0] or name[its-name]", path)
			}
			out, rest = append(out, "["+in), strings.TrimPrefix(after, ".")
			continue
		}
		n := strings.IndexAny(rest, ".[")
		if n < 0 {
			n = len(rest)
		}
		if n == 0 {
			return nil, fmt.Errorf("%s: an empty name", path)
		}
		out, rest = append(out, rest[:n]), strings.TrimPrefix(rest[n:], ".")
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the name of the setting is missing: write it as in the file, for example correlation.join")
	}
	return out, nil
}

// replace sets what steps lead to and returns what was there.
func replace(in any, steps []string, v any) (any, error) {
	step, last := steps[0], len(steps) == 1
	if name, ok := strings.CutPrefix(step, "["); ok {
		list, ok := in.([]any)
		if !ok {
			return nil, fmt.Errorf("[%s]: there is no list", name)
		}
		i, err := element(list, name)
		if err != nil {
			return nil, err
		}
		if last {
			old := list[i]
			list[i] = v
			return old, nil
		}
		return replace(list[i], steps[1:], v)
	}
	m, ok := in.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: there is nothing it could be in", step)
	}
	if last {
		old := m[step]
		m[step] = v
		return old, nil
	}
	if m[step] == nil {
		m[step] = map[string]any{}
	}
	return replace(m[step], steps[1:], v)
}

// element finds a list's element by its number, or by its field "name".
func element(list []any, name string) (int, error) {
	i, err := strconv.Atoi(name)
	if err != nil {
		i = slices.IndexFunc(list, func(x any) bool {
			m, ok := x.(map[string]any)
			return ok && m["name"] == name
		})
		if i < 0 {
			return 0, fmt.Errorf("[%s]: nothing in the list has that name", name)
		}
	}
	if i < 0 || i >= len(list) {
		return 0, fmt.Errorf("[%d]: the list has %d elements, the first is [0]", i, len(list))
	}
	return i, nil
}
