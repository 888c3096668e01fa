package correlate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// What an incident, a decision or a link says in words is so. The sentences that name
// services are checked against the topology, the state and what had been decided by
// then, over random logs.
func TestNoSentenceIsFalse(t *testing.T) {
	t.Parallel()
	c := &sentences{t: t, said: map[string]int{}, checked: map[string]bool{}}
	for seed := range 2 * seeds() {
		c.seed, c.first, c.other = seed, map[string]map[string]schemas.Time{}, map[string]bool{}
		e := New(testRules(), testTopology())
		for _, x := range logOf(seed+100, 500) {
			var out Output
			if !e.Repeat(x.id, x.at, &out) {
				e.Step(x.s, x.at, &out)
			}
			for i := range out.Decisions {
				c.decision(&out.Decisions[i])
			}
			for i := range out.Incidents {
				c.published(e, &out.Incidents[i])
			}
		}
	}
	for _, kind := range []string{"depends", "order", "machine", "only", "root depends", "link"} {
		if c.said[kind] == 0 {
			t.Errorf("no sentence was checked of the kind %q: %v", kind, c.said)
		}
	}
	t.Log(c.said)
}

type sentences struct {
	t       *testing.T
	seed    uint64
	first   map[string]map[string]schemas.Time // incident -> service -> first start placed there
	other   map[string]bool                    // incidents that hold something else than alerts of a service by its name
	said    map[string]int
	checked map[string]bool // sentences that are not about one moment
}

func (c *sentences) bad(where, text, why string) {
	c.t.Helper()
	c.t.Errorf("seed %d: %s: %q: %s", c.seed, where, text, why)
}

var (
	dependsOn = regexp.MustCompile(`([\w.-]+) depends on ([\w.-]+)(?: \((\d) hops\))?, (which was affected first|which was affected only later|which was affected at about the same time|and was affected after it|but was affected before it|and was affected at about the same time)`)
	bothOn    = regexp.MustCompile(`([\w.-]+) and ([\w.-]+) (?:depend on the same service|are named alike)`)
)

// hops is how many steps a depends on b in the topologies of these tests (the second
// is put in force by the logs); 0: it does not.
func hops(a, b string) int {
	deps := map[string][]string{"web": {"api", "auth"}, "api": {"db", "cache", "stranger"}, "auth": {"db"}, "batch": {"db"}}
	at := []string{a}
	for n := 1; n < 5; n++ {
		var next []string
		for _, x := range at {
			for _, d := range deps[x] {
				if d == b {
					return n
				}
				next = append(next, d)
			}
		}
		at = next
	}
	return 0
}

// sentence checks what a text says of dependencies. signal is what the decision is
// about, nil for a link between incidents.
func (c *sentences) sentence(where, text string, d *schemas.Decision) {
	if d == nil {
		if c.checked[text] {
			return
		}
		c.checked[text] = true
	}
	for _, m := range dependsOn.FindAllStringSubmatch(text, -1) {
		c.said["depends"]++
		n := hops(m[1], m[2])
		if m[1] == m[2] || n == 0 {
			c.bad(where, text, "the topology does not say so")
		} else if want := fmt.Sprint(n); n > 1 != (m[3] != "") || m[3] != "" && m[3] != want {
			c.bad(where, text, "it is "+want+" hops")
		}
		if d != nil && d.Signal != nil {
			c.order(where, text, d, m)
		}
	}
	for _, m := range bothOn.FindAllStringSubmatch(text, -1) {
		if m[1] == m[2] {
			c.bad(where, text, "it is one service")
		}
	}
}

// order checks which of two was affected first, by what was placed in the incident
// before the signal.
func (c *sentences) order(where, text string, d *schemas.Decision, m []string) {
	self, other := m[1], m[2] // caller, callee
	first := c.first[d.IncidentID]
	_, callerKnown := first[self]
	_, calleeKnown := first[other]
	if c.other[d.IncidentID] || callerKnown == calleeKnown { // both known by now: the signal is another one of the service
		return
	}
	c.said["order"]++
	caller, callee := d.Signal.StartsAt, first[other]
	if callerKnown {
		caller, callee = first[self], d.Signal.StartsAt
	}
	right := callee <= caller
	if says := m[4] == "which was affected first" || m[4] == "and was affected after it"; says && !right {
		c.bad(where, text, fmt.Sprintf("%s began at %v, %s at %v", self, caller, other, callee))
	}
	if says := m[4] == "which was affected only later" || m[4] == "but was affected before it"; says && right {
		c.bad(where, text, fmt.Sprintf("%s began at %v, %s at %v", self, caller, other, callee))
	}
}

func (c *sentences) decision(d *schemas.Decision) {
	if d.Verdict != schemas.VerdictPlaced || d.IncidentID == "" {
		return
	}
	plain := d.Kind == schemas.KindAlert && d.Signal != nil && slices.Contains([]string{"web", "api", "auth", "db", "cache", "batch", "mail", "stranger"}, d.Signal.Service)
	if !plain { // it may be about a service under another name, or a text, or a move
		c.other[d.IncidentID] = true
	}
	c.sentence("decision", d.Reason, d)
	if joined := strings.HasPrefix(d.Reason, "joined "); joined {
		c.reason(d)
	}
	if d.Kind == schemas.KindAlert && d.Signal != nil && d.Signal.Status == schemas.StatusFiring {
		service := d.Signal.Service
		at := c.first[d.IncidentID]
		if at == nil {
			at = map[string]schemas.Time{}
			c.first[d.IncidentID] = at
		}
		if t, ok := at[service]; !ok || d.Signal.StartsAt < t {
			at[service] = d.Signal.StartsAt
		}
	}
}

// reason checks that what speaks against a choice is not told as its reason.
func (c *sentences) reason(d *schemas.Decision) {
	_, rest, _ := strings.Cut(d.Reason, ": ")
	lead, _, _ := strings.Cut(rest, "; ")
	for _, ev := range d.Evidence {
		if ev.Detail == lead && ev.Points < 0 && d.Score >= d.Threshold {
			for _, other := range d.Evidence {
				if other.Points > 0 {
					c.bad("decision", d.Reason, fmt.Sprintf("its first reason has %d points", ev.Points))
					return
				}
			}
		}
	}
}

func (c *sentences) published(e *Engine, inc *schemas.Incident) {
	for i := range inc.Links {
		c.said["link"]++
		c.sentence("link of "+inc.ID, inc.Links[i].Reason, nil)
		for _, ev := range inc.Links[i].Evidence {
			c.sentence("evidence of a link of "+inc.ID, ev.Detail, nil)
		}
	}
	for _, m := range inc.Members {
		c.sentence("member of "+inc.ID, m.Reason, nil)
	}
	c.roots(e, inc)
	c.title(inc)
}

// roots checks what is said of suspected roots.
func (c *sentences) roots(e *Engine, inc *schemas.Incident) {
	affected := len(inc.Services)
	for _, r := range inc.Roots {
		if strings.Contains(r.Reason, "the only service affected") {
			c.said["only"]++
			if affected > 1 {
				c.bad("root of "+inc.ID, r.Reason, fmt.Sprintf("%v are affected", inc.Services))
			}
		}
		if strings.Contains(r.Reason, "depends on it") || strings.Contains(r.Reason, "depend on it") {
			c.said["root depends"]++
			n := 0
			for _, s := range inc.Services {
				if hops(s, r.Service) > 0 {
					n++
				}
			}
			if n == 0 {
				c.bad("root of "+inc.ID+", "+r.Service, r.Reason, fmt.Sprintf("none of %v depends on it", inc.Services))
			}
		}
		if strings.Contains(r.Reason, "run on it") || strings.Contains(r.Reason, "runs on it") {
			c.said["machine"]++
			if e.st.Topology.Exact(r.Service) >= 0 {
				c.bad("root of "+inc.ID, r.Reason, r.Service+" is a service")
			}
		}
		if strings.Contains(r.Reason, "raises no alert itself") && containsService(inc, r.Service) {
			c.bad("root of "+inc.ID, r.Reason, r.Service+" is affected")
		}
	}
}

func containsService(inc *schemas.Incident, name string) bool {
	for i := range inc.Members {
		if inc.Members[i].Service == name && inc.Members[i].Kind == schemas.KindAlert {
			return true
		}
	}
	return false
}

var moreAlerts = regexp.MustCompile(`\(\+(\d+) alerts?(?: on (\d+) services)?\)`)

// title checks the counts of a title, and that its root is the first suspected.
func (c *sentences) title(inc *schemas.Incident) {
	alerts := inc.AlertCount
	if inc.Tree != nil {
		alerts = inc.Tree.Alerts
	}
	if m := moreAlerts.FindStringSubmatch(inc.Title); m != nil && m[1] != fmt.Sprint(alerts-1) {
		c.bad("title of "+inc.ID, inc.Title, fmt.Sprintf("it has %d alerts", alerts))
	}
	if _, root, ok := strings.Cut(inc.Title, ", suspected root "); ok {
		root, _, _ = strings.Cut(root, " (")
		if len(inc.Roots) == 0 || inc.Roots[0].Service != root {
			c.bad("title of "+inc.ID, inc.Title, fmt.Sprintf("suspected are %+v", inc.Roots))
		}
	}
}
