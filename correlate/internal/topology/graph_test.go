package topology

import (
	"testing"

	"pinkstar/correlate/rules"
)

func TestMachinesWithAndWithoutTheirDomains(t *testing.T) {
	src, err := rules.ParseTopology("test", []byte("services: {s: {hosts: [node-1, db-3.example.com, a.x, a.y]}, u: {hosts: [node-1]}}"))
	if err != nil {
		t.Fatal(err)
	}
	c := rules.Default().Correlation
	topo := New(src, &c)
	for name, want := range map[string]string{
		"node-1": "node-1", "node-1.eu.example.com": "node-1", "node-2": "node-2",
		"db-3": "db-3.example.com", "db-3.example.com": "db-3.example.com",
		"db-3.other.com": "db-3.other.com", // another machine of that name
		"a":              "a",              // which of the two?
	} {
		if got := topo.Machine(name); got != want {
			t.Errorf("%s is taken for %s, not %s", name, got, want)
		}
	}
}
