package strict

import (
	"strings"
	"testing"
	"time"
)

type inner struct {
	N    int               `yaml:"n"`
	Span time.Duration     `yaml:"span"`
	Tags map[string]string `yaml:"tags"`
}

type outer struct {
	A      string           `yaml:"a"`
	Inline inner            `yaml:",inline"`
	List   []inner          `yaml:"list"`
	Map    map[string]inner `yaml:"map"`
	Ptr    *inner           `yaml:"ptr"`
	Hidden int              `yaml:"-"`
}

func TestEveryFaultIsFoundAndTheRestIsRead(t *testing.T) {
	const text = `a: good
n: x
tags: [not, a, map]
list:
  - {n: 1, m: 2}
  - n: [1]
map:
  one: {n: 5}
  two: {n: no}
ptr:
  n: 6
  spam: 1s
hidden: 3
`
	v := outer{A: "default", Inline: inner{N: 4}}
	_, faults := Decode("f.yaml", []byte(text), &v)
	want := []string{
		"f.yaml: line 2, column 4: n: x is not a whole number",
		"f.yaml: line 3,", // the library's own words
		`f.yaml: line 5, column 12: list[0].m: unknown field; did you mean "n"?`,
		"f.yaml: line 6, column 8: list[1].n: [1] is not a whole number",
		"f.yaml: line 9, column 12: map.two.n: no is not a whole number",
		`f.yaml: line 12, column 3: ptr.spam: unknown field; did you mean "span"?`,
		"f.yaml: line 13, column 1: hidden: unknown field; there are a, n, span, tags, list, map, ptr",
	}
	got := strings.Split(faults.Err().Error(), "\n")[1:]
	if len(got) != len(want) {
		t.Fatalf("got %d faults, want %d:\n%v", len(got), len(want), faults)
	}
	for i, w := range want {
		if !strings.HasPrefix(strings.TrimSpace(got[i]), w) {
			t.Errorf("got  %s\nwant %s", got[i], w)
		}
	}
	if v.A != "good" || v.Inline.N != 4 || v.List[0].N != 1 || v.Map["one"].N != 5 || v.Ptr.N != 6 {
		t.Errorf("read %+v", v)
	}
}

func TestWhatTheLibraryTakesHasNoFault(t *testing.T) {
	for _, text := range []string{"", "# only a comment\n", "~\n", "---\na: x\n", "a: x\n---\n", "a: x\n...\n", "%YAML 1.2\n---\na: x\n", "ptr: &p {n: 1}\nlist: [*p]\n", "map: {x: ~}\nlist: ~\n"} {
		var v outer
		if _, faults := Decode("f.yaml", []byte(text), &v); len(faults) > 0 {
			t.Errorf("%q: %v", text, faults)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"listen", "retention", "signals", "n"}
	for word, want := range map[string]string{"lisen": "listen", "lsiten": "listen", "signalls": "signals", "retnetoin": "retention", "colour": "", "": ""} {
		if got, ok := Nearest(word, known); got != want || ok != (want != "") {
			if word == "" && got == "n" { // one letter away
				continue
			}
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
