package rules

import (
	"maps"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

// other are the defaults of a binary in which everything that can be fitted, and
// more, is another.
func other() *Set {
	s := defaults()
	s.Correlation.EachPoints(func(_ string, p *int64) { *p += 7 })
	s.Correlation.Same.Gap, s.Correlation.Link.Pace = nil, CountCurve{{At: 1, Points: 2}}
	s.Correlation.ServiceLabels = []string{"unit"}
	s.Lifecycle.ResolveDelay *= 2
	s.Impact.Loss["critical"] = []float64{0, 0, 1}
	s.Impact.People["critical"] = 99
	s.Limits.Members++
	return s
}

const ofAnOperator = `
rules: [{name: by team, match: ['team="shield"'], by: [realm]}]
correlation: {join: 2500}
lifecycle: {inactivity: 2h}
procedures: [{name: p, match: ['service="web"'], owner: web}]
impact: {services: {web: {per_minute: 3}}}
`

// The version names what decides: not how it is written, and not only what the
// operator wrote.
func TestVersionIsThatOfTheEffectiveSet(t *testing.T) {
	read := func(text string, onto *Set) *Set {
		t.Helper()
		s, err := parseOnto(onto, "x", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ours, commented := read(ofAnOperator, defaults()), read("# why\n"+ofAnOperator, defaults())
	if ours.Version != commented.Version {
		t.Errorf("a comment changed the version: %s, %s", ours.Version, commented.Version)
	}
	theirs := read(ofAnOperator, other())
	if ours.Version == theirs.Version {
		t.Errorf("the same version under other defaults")
	}
	if written := read(string(ours.Text), other()); written.Version != ours.Version || string(written.Text) != string(ours.Text) {
		t.Errorf("another binary puts something of its own into what was written out:\n%s", written.Text)
	}
}

// What an activation or a snapshot carries decides alike in every binary, under
// the version it was written under.
func TestEffectiveSetSurvivesOtherDefaults(t *testing.T) {
	for _, set := range []*Set{Default(), Released(), other()} {
		if set.Version == "" {
			if err := set.Seal(); err != nil {
				t.Fatal(err)
			}
		}
		back, err := Parse("log", set.Text, FromLog)
		if err != nil {
			t.Fatal(err)
		}
		if back.Version != set.Version || string(marshal(back)) != string(set.Text) {
			t.Errorf("%s became %s:\n%s", set.Version, back.Version, marshal(back))
		}
	}
}

// A text of a log that leaves something out was written when the defaults were
// not in it: it means those of then.
func TestOldTextsMeanTheDefaultsOfThen(t *testing.T) {
	s, err := Parse("log", []byte(ofAnOperator), FromLog)
	if err != nil {
		t.Fatal(err)
	}
	if s.Version != VersionOf([]byte(ofAnOperator)) || string(s.Text) != ofAnOperator {
		t.Errorf("version %s, text:\n%s", s.Version, s.Text)
	}
	want, err := parseOnto(released(), "log", []byte(ofAnOperator), nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(marshal(s)) != string(want.Text) {
		t.Errorf("it means something else than it did:\n%s", marshal(s))
	}
}

// released.yaml says everything, and says the same for ever.
func TestReleasedDefaultsAreFrozenAndWhole(t *testing.T) {
	var have, need yaml.MapSlice
	for text, into := range map[*[]byte]*yaml.MapSlice{&releasedText: &have, new(marshal(defaults())): &need} {
		if err := yaml.UnmarshalWithOptions(*text, into, yaml.UseOrderedMap()); err != nil {
			t.Fatal(err)
		}
	}
	got, want := map[string]bool{}, map[string]bool{}
	paths(have, "", got)
	paths(need, "", want)
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if !got[path] {
			t.Errorf("%s is not in released.yaml: add it there with the value under which older logs go on as they did", path)
		}
	}
	// Only a setting that is added may change this.
	if v := Released().Version; v != "bb6369a3e399" {
		t.Errorf("released.yaml is version %s: was more changed than a setting added?", v)
	}
}

func paths(m yaml.MapSlice, at string, into map[string]bool) {
	for _, i := range m {
		path := at + "." + i.Key.(string)
		into[path] = true
		if below, ok := i.Value.(yaml.MapSlice); ok {
			paths(below, path, into)
		}
	}
}
