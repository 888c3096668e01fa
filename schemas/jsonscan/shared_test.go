package jsonscan

import (
	"strconv"
	"strings"
	"testing"
)

// Whatever was read before, a string is what the text says: far more strings than
// there is room for push each other out.
func TestSharedStringsAreWhatTheTextSays(t *testing.T) {
	var m Shared
	for round := range 3 {
		for i := range 4 * sharedStrings {
			want := strings.Repeat("x", i%(2*maxSharedBytes)) + strconv.Itoa(i)
			text := []byte(`"` + want + `"`)
			r := NewSharing(string(text), &m)
			if got, err := r.String(); err != nil || got != want {
				t.Fatalf("round %d: got %q, %v, want %q", round, got, err, want)
			}
		}
	}
	held := 0
	for _, s := range &m.slots {
		held = max(held, len(s))
	}
	if held == 0 || held > maxSharedBytes {
		t.Errorf("strings of up to %d bytes are held, the limit is %d", held, maxSharedBytes)
	}
}

func TestStringsThatComeAgainCostNothing(t *testing.T) {
	var m Shared
	read := func() {
		r := NewSharing(`{"alertname":"HighErrorRate","service":"checkout"}`, &m)
		_ = r.Object(func(name string) error {
			_ = r.Own(name)
			_, err := r.String()
			return err
		})
	}
	if n := testing.AllocsPerRun(100, read); n > 1 { // the function
		t.Errorf("%v allocations, of strings that were there", n)
	}
}
