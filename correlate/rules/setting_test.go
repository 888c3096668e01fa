package rules

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestWithChangesOneSetting(t *testing.T) {
	s, err := Parse("rules", []byte("rules:\n  - {name: by-team, match: ['team=\"ops\"'], window: 5m}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, value, old string
		got              func(*Set) bool
	}{
		{"correlation.join", "1500", fmt.Sprint(s.Correlation.Join), func(s *Set) bool { return s.Correlation.Join == 1500 }},
		{"rules[0].window", "15m", "5m", func(s *Set) bool { return s.Rules[0].Window.String() == "15m" }},
		{"rules[by-team].window", "1h", "5m", func(s *Set) bool { return s.Rules[0].Window.String() == "1h" }},
		{"rules[0].by", "[cluster, team]", "", func(s *Set) bool { return len(s.Rules[0].By) == 2 }},
		{"correlation.same.gap[0].points", "-7", strconv.FormatInt(s.Correlation.Same.Gap[0].Points, 10), func(s *Set) bool { return s.Correlation.Same.Gap[0].Points == -7 }},
		{"impact.people.critical", "9", "5", func(s *Set) bool { return s.Impact.People["critical"] == 9 }},
	} {
		n, old, err := s.With(c.path, c.value)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if old != c.old && !strings.HasPrefix(old, c.old+".") {
			t.Errorf("%s: was %q, want %q", c.path, old, c.old)
		}
		if !c.got(n) || c.got(s) {
			t.Errorf("%s=%s: not set, or set in the original", c.path, c.value)
		}
		if n.Version == s.Version {
			t.Errorf("%s: the version did not change", c.path)
		}
	}
}

func TestWithRefuses(t *testing.T) {
	s := Default()
	for path, want := range map[string]string{
		"correlation.jion":           "jion",
		"rules[0].window":            "list",
		"correlation.same.gap[x].at": "that name",
		"correlation.join.x":         "nothing it could be in",
		"":                           "missing",
		"a..b":                       "empty",
		"correlation.hops":           "0 to 3",
	} {
		if _, _, err := s.With(path, "15"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want it to say %q", path, err, want)
		}
	}
}

func TestTopologyWith(t *testing.T) {
	topo, err := ParseTopology("t", []byte("services:\n  web: {depends_on: [api]}\n  api: {}\n  db: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	n, old, err := topo.With("services.api.depends_on", "[db]")
	if err != nil || old != "" || len(n.Services["api"].DependsOn) != 1 || len(topo.Services["api"].DependsOn) != 0 {
		t.Fatalf("%v %q %+v", err, old, n)
	}
}
