package engine

import (
	"strings"
	"testing"
)

// A log is not filled with the same line, and a download that broke is not
// said to be whole.
func TestProgressSaysWhatIsThere(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := newProgress(&out)
	for _, done := range []int64{0, 40e6, 100e6, 100e6, 120e6} { // npm's copy makes more than the whole
		p.show(done, 100e6)
	}
	if want := "  0 MB of 100 MB (0 %)\n  40 MB of 100 MB (40 %)\n  100 MB of 100 MB (100 %)\n"; out.String() != want {
		t.Errorf("said\n%swant\n%s", out.String(), want)
	}

	out.Reset()
	p = newProgress(&out)
	p.watch(100e6, func() int64 { return 30e6 })()
	if want := "  30 MB of 100 MB (30 %)\n"; out.String() != want {
		t.Errorf("after a download that broke: said %q, want %q", out.String(), want)
	}
}
