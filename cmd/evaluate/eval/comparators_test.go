package eval

import (
	"slices"
	"testing"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

const chain = `
services:
  web:   {depends_on: [api], instances: [web-1, shared-host]}
  api:   {depends_on: [db], instances: [api-1, shared-host]}
  db:    {instances: [db-1]}
  other: {}
`

// at is an alert on a service, seconds after some start.
func at(seconds int64, service, name string) sim.Labelled {
	t := schemas.Time(1_000_000_000_000 + seconds*1000)
	return sim.Labelled{Signal: schemas.Signal{
		Kind: schemas.KindAlert, Scope: "s", Service: service, Name: name, StartsAt: t, ReceivedAt: t,
	}}
}

// groups renders an assignment as the list of groups of indices.
func groups(t *testing.T, a Assigner, signals ...sim.Labelled) [][]int {
	t.Helper()
	cluster, _, err := a.Assign([]byte(chain), signals)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]int
	seen := map[string]int{}
	for i, c := range cluster {
		k, ok := seen[c]
		if !ok {
			k = len(out)
			seen[c] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return out
}

func TestComparators(t *testing.T) {
	for _, c := range []struct {
		name    string
		a       Assigner
		signals []sim.Labelled
		want    [][]int
	}{
		{"singleton", Singleton{}, []sim.Labelled{at(0, "db", "A"), at(0, "db", "A")}, [][]int{{0}, {1}}},
		{"tumbling cuts at its borders", Tumbling{100_000}, []sim.Labelled{at(99, "db", "A"), at(101, "db", "A"), at(102, "web", "B")}, [][]int{{0}, {1, 2}}},
		{"session goes on while something comes", Session{60_000}, []sim.Labelled{at(0, "db", "A"), at(60, "web", "A"), at(120, "other", "A"), at(181, "db", "A")}, [][]int{{0, 1, 2}, {3}}},
		{"group_by keeps services apart", GroupBy{300_000}, []sim.Labelled{at(0, "db", "A"), at(1, "web", "A"), at(300, "db", "B"), at(601, "db", "C")}, [][]int{{0, 2}, {1}, {3}}},
		{"alec: 75 s on one node", ALEC{}, []sim.Labelled{at(0, "db", "A"), at(75, "db", "B"), at(151, "db", "C")}, [][]int{{0, 1}, {2}}},
		{"alec: 26 s at one hop", ALEC{}, []sim.Labelled{at(0, "db", "A"), at(26, "api", "B"), at(53, "web", "C")}, [][]int{{0, 1}, {2}}},
		{"alec: never at two hops", ALEC{}, []sim.Labelled{at(0, "db", "A"), at(0, "web", "B")}, [][]int{{0}, {1}}},
		{"topology: two hops, 60 s", TopologyUnion{}, []sim.Labelled{at(0, "db", "A"), at(60, "web", "B"), at(60, "other", "B"), at(121, "web", "C")}, [][]int{{0, 1}, {2}, {3}}},
		{"text: half of the words", Text{}, []sim.Labelled{at(0, "db", "disk is full"), at(1, "web", "disk full"), at(2, "web", "cpu high")}, [][]int{{0, 1}, {2}}},
	} {
		if got := groups(t, c.a, c.signals...); !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTopologyUnionCap(t *testing.T) {
	var s []sim.Labelled
	for i := range int64(15) { // one a minute for fourteen minutes
		s = append(s, at(i*59, "db", "A"))
	}
	if got := groups(t, TopologyUnion{}, s...); len(got) != 2 {
		t.Errorf("%v: a group must not last longer than ten minutes", got)
	}
}

func TestGraphResolves(t *testing.T) {
	g, err := parseGraph([]byte(chain))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s    schemas.Signal
		want string
	}{
		{schemas.Signal{Service: "api"}, "api"},
		{schemas.Signal{Instance: "api-1"}, "api"},
		{schemas.Signal{Service: "node-exporter", Instance: "db-1"}, "db"},
		{schemas.Signal{Instance: "web-7d9f8b6c5-x2x4z"}, "web"},
		{schemas.Signal{Instance: "shared-host"}, "host shared-host"},
		{schemas.Signal{Instance: "10.0.0.1"}, "unknown 10.0.0.1"},
	} {
		if n := g.resolve(&c.s); n < 0 || g.names[n] != c.want {
			t.Errorf("%+v: %d %q, want %q", c.s, n, g.names[max(n, 0)], c.want)
		}
	}
	if n := g.resolve(&schemas.Signal{}); n != -1 {
		t.Errorf("a signal about nothing is node %d", n)
	}
	if !g.adjacent(g.byName["host shared-host"], g.byName["web"]) {
		t.Error("a shared host is not next to its services")
	}
}
