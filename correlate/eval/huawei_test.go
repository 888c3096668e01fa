package eval

import "testing"

func TestHuaweiPartners(t *testing.T) {
	h, err := LoadHuawei()
	if err != nil {
		t.Fatal(err)
	}
	if len(h.alarms) != 30691 || h.types != 59 || len(h.edges) != 147 {
		t.Fatalf("%d alarms of %d types, %d edges", len(h.alarms), h.types, len(h.edges))
	}
	for _, most := range []int{4, 8, 16} {
		s := h.ScorePartners(h.Partners(60, most, 3))
		t.Logf("top %d within 60 s: precision %.2f recall %.2f, by chance %.2f", most, s.Precision, s.Recall, s.Chance)
		if s.Precision < 1.3*s.Chance {
			t.Errorf("top %d: precision %.2f is no better than chance, %.2f", most, s.Precision, s.Chance)
		}
	}
}

func TestPartnersByHand(t *testing.T) {
	// Types 0 and 1 always together on one device, 2 far away in time.
	h := &Huawei{types: 3, neighbours: map[[2]int]bool{}, edges: map[[2]int]bool{{0, 1}: true}, alarms: []alarm{
		{0, 1, 0}, {1, 1, 10}, {2, 1, 500}, {0, 1, 1000}, {1, 1, 1010}, {2, 2, 1011},
	}}
	p := h.Partners(60, 16, 1)
	if len(p[0]) != 1 || p[0][0].Kind != 1 || p[0][0].N != 2 {
		t.Errorf("partners of 0: %+v", p[0])
	}
	if len(p[2]) != 0 {
		t.Errorf("partners of 2: %+v", p[2])
	}
	// 2 pairs, a third of the alarms each: expected 2*2*(1/3)*(1/3) = 4/9, seen 2.
	near(t, "lift", p[0][0].Lift, 4.5)
	if s := h.ScorePartners(p); s.Precision != 1 || s.Recall != 1 {
		t.Errorf("%+v", s)
	}
}
