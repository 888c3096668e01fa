package state

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Whatever windows ask for, come and go: the index finds the one that a look at
// every window finds.
func TestFirstWindowIsThatOfALookAtAll(t *testing.T) {
	found := 0
	for seed := range uint64(20) {
		d := rand.New(rand.NewPCG(seed, 7))
		st, sc := &State{}, &Scope{ByKey: map[AlertKey]*Change{}}
		for i := range 400 {
			if len(sc.Changes) > 0 && d.IntN(4) == 0 {
				sc.DropChange(sc.Changes[d.IntN(len(sc.Changes))])
				continue
			}
			sc.AddChange(someWindow(t, d, int64(i)))
			s := someAlert(d)
			covers := func(ch *Change) bool {
				if ch.AsSent {
					return ch.Matchers.MatchLabels(s)
				}
				return ch.Matchers.Match(s)
			}
			var want *Change
			for _, ch := range sc.Changes {
				if covers(ch) {
					want = ch
					break
				}
			}
			if got := st.FirstWindow(sc, s, s.Service, covers); got != want {
				t.Fatalf("seed %d, step %d: %+v\nfound %v\nwant  %v", seed, i, s.Labels, got, want)
			}
			if want != nil {
				found++
			}
		}
		for len(sc.Changes) > 0 {
			sc.DropChange(sc.Changes[0])
		}
		if x := &sc.found; len(x.byNeed)+len(x.lengths)+len(x.scan) > 0 {
			t.Fatalf("seed %d: an empty index holds %v %v %v", seed, x.byNeed, x.lengths, x.scan)
		}
	}
	if found < 1500 {
		t.Errorf("a window was found %d times: the test shows little", found)
	}
}

func someWindow(t *testing.T, d *rand.Rand, seq int64) *Change {
	t.Helper()
	ch := &Change{Seq: seq, Key: AlertKey(fmt.Sprint(seq)), Suppress: true, AsSent: d.IntN(2) == 0}
	w := func() string { return someWords[d.IntN(len(someWords))] }
	for range 1 + d.IntN(3) {
		name := someNames[d.IntN(len(someNames))]
		ch.Texts = append(ch.Texts, name+[]string{
			fmt.Sprintf("=%q", w()), fmt.Sprintf("!=%q", w()), fmt.Sprintf("=~%q", w()+"|"+w()), fmt.Sprintf("=~%q", w()+".*"), fmt.Sprintf("=~%q", ".*"+w()),
			fmt.Sprintf("=~%q", ".*"+w()+".*"), fmt.Sprintf("=~%q", "(?i)"+w()+".*"), fmt.Sprintf("=~%q", "^("+w()+"-.+|"+w()+".*)$"), fmt.Sprintf("=~%q", w()+"?"),
			fmt.Sprintf("!~%q", w()+".*"), `=~".+"`, `!=""`, `=""`, `=~".*"`, fmt.Sprintf("=~%q", ".+("+w()+"|"+w()+")"), fmt.Sprintf("=~%q", w()+"[0-9]*|"+w()),
		}[d.IntN(16)])
	}
	var err error
	if ch.Matchers, err = rules.ParseMatchers(ch.Texts); err != nil {
		t.Fatal(ch.Texts, err)
	}
	return ch
}

var (
	someNames = []string{"service", "host", "pod", "zone", "alertname"}
	someWords = []string{"a", "db", "web", "web-1", "db-web", "a-very-long-name-that-is-cut-somewhere-in-it", "é", "Web"}
)

func someAlert(d *rand.Rand) *schemas.Signal {
	labels := map[string]string{}
	for _, name := range someNames {
		if d.IntN(3) > 0 {
			labels[name] = []string{"", "x-", ""}[d.IntN(3)] + someWords[d.IntN(len(someWords))] + []string{"", "-7", ""}[d.IntN(3)]
		}
	}
	return &schemas.Signal{Kind: schemas.KindAlert, Name: someWords[d.IntN(len(someWords))], Service: someWords[d.IntN(len(someWords))], Labels: schemas.LabelsOf(labels)}
}
