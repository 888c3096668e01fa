package scenario

import (
	"strings"
	"testing"
)

const small = `# a comment
--- topology
services:
  api: {}

--- input
10:00 alert Down service=api severity=critical
10:00:30 again @1 x3
10:05 resolve @1

--- incidents
`

func runText(t *testing.T, text string) *Result {
	t.Helper()
	f, err := Parse("s.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestUpdatedScenarioHolds(t *testing.T) {
	r := runText(t, small)
	if r.Diff() == "" {
		t.Fatal("an empty expectation was met")
	}
	updated := r.Update()
	input, _, _ := strings.Cut(small, "--- incidents")
	if !strings.HasPrefix(string(updated), input) {
		t.Errorf("the input was changed:\n%s", updated)
	}
	again := runText(t, string(updated))
	if d := again.Diff(); d != "" {
		t.Errorf("an updated scenario does not hold:\n%s", d)
	}
	wrong := strings.Replace(string(updated), "repeats 3", "repeats 4", 1)
	if d := runText(t, wrong).Diff(); !strings.Contains(d, "- ") || !strings.Contains(d, "repeats 3") {
		t.Errorf("a wrong expectation was not told apart:\n%s", d)
	}
}

func TestMistakesNameTheLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"--- inptu\n", "line 1: section \"inptu\""},
		{"--- rules\n", "no section \"--- input\""},
		{"--- input\nsoon alert X\n", "line 2"},
		{"--- input\n10:00 alarm X\n", "\"alarm\" is not one of"},
		{"--- input\n10:00 resolve @3\n", "\"@3\" is not a signal"},
		{"--- input\n10:00 command acknowledge incident=#1\n", "\"#1\" is not an incident"},
		{"--- input\n10:00 command dance\n", "command \"dance\""},
		{"--- input\n10:00 alert X service=\"a\n", "quotation mark"},
		{"--- input\n10:00 topology\n", "no further section"},
		{"--- rules\nruels: []\n--- input\n", "ruels"},
	} {
		f, err := Parse("s.txt", []byte(c.text))
		if err == nil {
			_, err = Run(f, Options{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want something with %q", c.text, err, c.want)
		}
	}
}

func FuzzScenario(f *testing.F) {
	f.Add(small)
	f.Add("--- input\n+3d 10:00 ticket OPS-1 open text=\"a b\" links=OPS-2\n10:01 impact service=a revenue=3\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 || strings.Contains(text, " x") { // "again @1 x999999999" is slow, not wrong
			return
		}
		s, err := Parse("f", []byte(text))
		if err != nil {
			return
		}
		if r, err := Run(s, Options{}); err == nil {
			r.Diff()
		}
	})
}
