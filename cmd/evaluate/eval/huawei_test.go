package eval

import (
	"testing"

	"pinkstar/correlate/learn"
)

// What `pinkstar learn` would teach of these alarms is what the experts drew.
func TestHuaweiPartners(t *testing.T) {
	h, err := LoadHuawei()
	if err != nil {
		t.Fatal(err)
	}
	if len(h.alarms) != 30691 || h.types != 59 || len(h.edges) != 147 {
		t.Fatalf("%d alarms of %d types, %d edges", len(h.alarms), h.types, len(h.edges))
	}
	cfg := learn.Default()
	cfg.Window = 60_000
	s := h.ScorePartners(h.Partners(cfg))
	t.Logf("as taught, within 60 s: precision %.3f recall %.3f, by chance %.2f", s.Precision, s.Recall, s.Chance)
	if s.Precision < 0.9 || s.Recall < 0.79 {
		t.Errorf("precision %.3f recall %.3f of what would be taught; it was .91 and .80", s.Precision, s.Recall)
	}
}

// With the loosest threshold: what is not surely below chance, by lift. The
// bounds are the figures of an earlier learner that had no threshold at all, so
// the better precision is partly the threshold's; without any, this lift gives
// .80/.78, .52/.97 and .28/1.00 (precision and recall) where that one gave
// .76/.80, .48/.99 and .24/1.00.
func TestHuaweiOrder(t *testing.T) {
	h, err := LoadHuawei()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		most             int
		precision, least float64 // least: of F
	}{{4, 0.76, 0.779}, {8, 0.48, 0.646}, {16, 0.24, 0.387}} {
		cfg := learn.Default()
		cfg.Window, cfg.Together, cfg.Occasions, cfg.Partners, cfg.Lift = 60_000, 3, 1, c.most, 1
		s := h.ScorePartners(h.Partners(cfg))
		f := 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
		t.Logf("top %d within 60 s: precision %.2f recall %.2f F %.3f, by chance %.2f", c.most, s.Precision, s.Recall, f, s.Chance)
		if s.Precision < c.precision || f < c.least {
			t.Errorf("top %d: precision %.3f and F %.3f are worse than %.2f and %.3f", c.most, s.Precision, f, c.precision, c.least)
		}
	}
}
