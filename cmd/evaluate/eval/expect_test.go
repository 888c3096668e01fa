package eval

import "testing"

func TestExpectations(t *testing.T) {
	all, err := expectations()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		cluster, _, err := Engine{}.Assign(d.Topology, d.Signals)
		if err != nil {
			t.Fatal(err)
		}
		if s := Score(d, cluster, nil); s.BF < 1 {
			for i := range d.Signals {
				t.Logf("%s: %s on %s belongs to %s, is in %s", d.Name, d.Signals[i].Name, d.Signals[i].Service, d.Signals[i].Fault, cluster[i])
			}
			t.Errorf("%s: not as people expect", d.Name)
		}
	}
}
