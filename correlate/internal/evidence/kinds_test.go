package evidence

import (
	"testing"

	"pinkstar/correlate/internal/phrase"
)

// codes are frozen: they stand in snapshots that are out there. A kind that is
// new adds a line.
var codes = [...]string{"", "rule", "rule", "same_service", "same_instance", "same_host", "host_of_service",
	"depends_on", "depends_on", "shared_dependency", "shared_dependency", "alike", "namespace", "learnt", "mention", "mention",
	"same_alert", "storm", "operator", "maintenance", "together",
	"time", "onset", "firing", "idle", "age", "size", "spread", "active", "pace", "background", "template", "change",
	"refire", "events", "begun", "tied", "tied", "size", "pace",
	"again", "wave", "over",
	"usual", "usual", "lull"}

func TestKindsKeepTheirCodes(t *testing.T) {
	if len(kinds) != len(codes) {
		t.Fatalf("%d kinds, %d codes", len(kinds), len(codes))
	}
	for code := 1; code < len(codes); code++ {
		k := Kind(code)
		if !k.Known() {
			t.Errorf("nobody says anything about kind %d", code)
			continue
		}
		if kinds[k].name != codes[code] {
			t.Errorf("kind %d is %q and was released as %q", code, kinds[k].name, codes[code])
		}
		var p phrase.Builder
		ev := Item{Kind: k, Other: "x", Extra: "y", Count: 2, Gap: 1000}
		if ev.Render(&p, "web"); p.String() == "" {
			t.Errorf("kind %d has no sentence", code)
		}
	}
	if Kind(0).Known() || Kind(len(codes)).Known() {
		t.Error("a code that no kind has is known")
	}
}
