package scenario

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Diff says how the result differs from what the file expects, line by line;
// "" when it does not. Lines that should be there begin with "-", lines that
// are there instead with "+".
func (r *Result) Diff() string {
	var b strings.Builder
	any := false
	for _, name := range checked {
		for _, s := range r.file.all(name) {
			any = true
			if d := diff(significant(s.lines), significant(r.got[name])); d != "" {
				fmt.Fprintf(&b, "%s: line %d: %s\n%s", r.file.Name, s.line, name, d)
			}
		}
	}
	if !any {
		return fmt.Sprintf("%s: nothing is expected: add a section such as \"--- incidents\", or run with -update\n", r.file.Name)
	}
	return b.String()
}

// Update returns the file's text with its expectations replaced by the result.
// A file without any gets incidents and decisions.
func (r *Result) Update() []byte {
	f := *r.file
	f.sections = slices.Clone(f.sections)
	found := false
	for i := range f.sections {
		s := &f.sections[i]
		if got, ok := r.got[s.name]; ok {
			found = true
			s.lines = got
			if i+1 < len(f.sections) {
				s.lines += "\n"
			}
		}
	}
	if !found {
		last := &f.sections[len(f.sections)-1]
		last.lines = strings.TrimRight(last.lines, "\n") + "\n\n"
		f.sections = append(f.sections, section{name: "incidents", lines: r.got["incidents"] + "\n"},
			section{name: "decisions", lines: r.got["decisions"]})
	}
	var b bytes.Buffer
	for i, s := range f.sections {
		if i > 0 {
			fmt.Fprintf(&b, "--- %s\n", s.name)
		}
		b.WriteString(s.lines)
	}
	return b.Bytes()
}

// diff compares by the longest common subsequence of lines.
func diff(want, got []string) string {
	n, m := len(want), len(got)
	common := make([][]int, n+1)
	for i := range common {
		common[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	if common[0][0] == n && n == m {
		return ""
	}
	var b strings.Builder
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case i < n && j < m && want[i] == got[j]:
			fmt.Fprintf(&b, "    %s\n", want[i])
			i++
			j++
		case i < n && (j == m || common[i+1][j] >= common[i][j+1]):
			fmt.Fprintf(&b, "  - %s\n", want[i])
			i++
		default:
			fmt.Fprintf(&b, "  + %s\n", got[j])
			j++
		}
	}
	return b.String()
}
