package scenario

import (
	"fmt"
	"slices"
	"strings"

	"pinkstar/schemas"
)

// File is a scenario, taken apart.
type File struct {
	Name     string
	sections []section
}

type section struct {
	name  string
	line  int    // of its heading
	lines string // everything up to the next heading
}

// activated are the sections of which there may be several: the input puts them
// in force one after the other.
var activated = schemas.Activatable

// checked are the sections that hold what is to come out.
var checked = func() (names []string) {
	for _, k := range schemas.Outcomes {
		if k.FromEngine() {
			names = append(names, k.Names().Plural)
		}
	}
	return names
}()

var sectionNames = slices.Concat(activated, []string{"input"}, checked)

// Parse takes a scenario apart. name is used in messages.
func Parse(name string, text []byte) (*File, error) {
	f := &File{Name: name}
	cur := section{}
	for i, line := range strings.SplitAfter(string(text), "\n") {
		title, ok := strings.CutPrefix(line, "---")
		if !ok {
			cur.lines += line
			continue
		}
		f.sections = append(f.sections, cur)
		cur = section{name: strings.TrimSpace(title), line: i + 1}
		if !slices.Contains(sectionNames, cur.name) {
			return nil, fmt.Errorf("%s: line %d: section %q is not one of %s", name, i+1, cur.name, strings.Join(sectionNames, ", "))
		}
		if !slices.Contains(activated, cur.name) && f.has(cur.name) {
			return nil, fmt.Errorf("%s: line %d: a second section %q", name, i+1, cur.name)
		}
	}
	f.sections = append(f.sections, cur)
	if !f.has("input") {
		return nil, fmt.Errorf("%s: there is no section \"--- input\"", name)
	}
	return f, nil
}

func (f *File) has(name string) bool {
	return slices.ContainsFunc(f.sections, func(s section) bool { return s.name == name })
}

// all returns the sections called name, in order.
func (f *File) all(name string) []section {
	var out []section
	for _, s := range f.sections {
		if s.name == name {
			out = append(out, s)
		}
	}
	return out
}

// comment reports whether a line of the file says nothing.
func comment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#") && !(len(line) > 1 && line[1] >= '0' && line[1] <= '9')
}

// significant keeps the lines that say something, without trailing spaces.
func significant(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimRight(line, " \t\r"); !comment(line) {
			out = append(out, line)
		}
	}
	return out
}
