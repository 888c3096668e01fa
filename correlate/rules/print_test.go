package rules

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestPrintedRulesAreReadBackToTheSame changes figures and curves at random.
func TestPrintedRulesAreReadBackToTheSame(t *testing.T) {
	for seed := range uint64(8) { // few: the weights are long, and the library slow
		r := rand.New(rand.NewPCG(seed, 1))
		s := defaults()
		every, n := 1+r.IntN(400), 0
		s.Correlation.EachPoints(func(_ string, p *int64) {
			if n++; n%every == 0 {
				*p += int64(n)
			}
		})
		if r.IntN(2) == 0 {
			s.Correlation.Same.Gap, s.Correlation.Events.Apart = nil, Curves{}
		}
		if r.IntN(2) == 0 {
			s.Rules = []Rule{{Name: "x: y", Match: []string{`team="shield"`}, By: []string{"realm"}}}
			s.Impact.Services = map[string]Revenue{"web": {PerMinute: 3, Hours: []RevenueHours{{Days: []string{"mon"}, From: 1, To: 2, PerMinute: 9}}}}
		}
		s.Lifecycle.Inactivity = Duration(1 + r.Int64N(1<<40))
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
		for _, all := range []bool{false, true} {
			text := s.Print(all)
			back, err := Parse("printed", text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if back.Version != s.Version || !bytes.Equal(back.Text, s.Text) || !reflect.DeepEqual(s.Limits, back.Limits) {
				t.Fatalf("all %t: read back differently:\n%s", all, text)
			}
		}
	}
}

func TestFittedWeightsArePrintedWhenTheyDifferOrAreAskedFor(t *testing.T) {
	s := defaults()
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if text := string(s.Print(false)); strings.Contains(text, "same_service") || !strings.Contains(text, "max_lifetime: 7d") {
		t.Errorf("printed:\n%s", text)
	}
	if text := string(s.Print(true)); !strings.Contains(text, "same_service") {
		t.Errorf("the weights are not printed:\n%s", text)
	}
	s.Correlation.Weights.SameService++
	if text := string(s.Print(false)); !strings.Contains(text, "same_service") || strings.Contains(text, "firing:") {
		t.Errorf("printed:\n%s", text)
	}
}

func TestWhatALogHoldsIsTakenAsEver(t *testing.T) {
	const text = "limits: {members: 7}\n---\nlimits: {members: 8}\n"
	if s, err := Parse("x", []byte(text), FromLog); err != nil || s.Limits.Members != 7 || s.Version != VersionOf([]byte(text)) {
		t.Errorf("got %v", err)
	}
	for name, parse := range map[string]func(string, []byte, ...Source) error{
		"rules":    func(f string, b []byte, s ...Source) error { _, err := Parse(f, b, s...); return err },
		"topology": func(f string, b []byte, s ...Source) error { _, err := ParseTopology(f, b, s...); return err },
		"learnt":   func(f string, b []byte, s ...Source) error { _, err := ParseLearnt(f, b, s...); return err },
	} {
		first := map[string]string{"rules": "rules: []\n", "topology": "services: {}\n", "learnt": "pairs: []\n"}[name]
		if err := parse("x.yaml", []byte(first+"---\n"+first)); err == nil || !strings.Contains(err.Error(), "x.yaml: line 2, column 1: there is a second document") {
			t.Errorf("%s: %v", name, err)
		}
		for between, line := range map[string]string{"---\n---\n": "line 2", "---\n# nothing\n---\n": "line 2", "...\n": "line 2", "...\n---\n": "line 2", "--- # x\n": "line 2"} {
			if err := parse("x.yaml", []byte(first+between+first)); err == nil || !strings.Contains(err.Error(), line) {
				t.Errorf("%s, %q between two: %v", name, between, err)
			}
		}
		for around, text := range map[string]string{"an empty one before": "---\n---\n" + first} {
			if err := parse("x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "line 2") {
				t.Errorf("%s, %s: %v", name, around, err)
			}
		}
		for _, text := range []string{"\ufeff" + first, "---\n" + first, first + "---\n", first + "...\n", "# x\n---\n" + first + "---\n# y\n", "%YAML 1.2\n---\n" + first} {
			if err := parse("x.yaml", []byte(text)); err != nil {
				t.Errorf("%s: %q: %v", name, text, err)
			}
		}
		if err := parse("x.yaml", []byte(first+"---\n"+first), FromLog); err != nil {
			t.Errorf("%s out of a log: %v", name, err)
		}
		if err := parse("x.yaml", []byte("- a\n")); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s as a list: %v", name, err)
		}
	}
}
